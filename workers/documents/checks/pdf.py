"""Check a PDF: soundness, encryption, active content, pages, scans, PDF/A claim, text form, signatures."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pikepdf
import pypdf
from PIL import Image

from workers.documents.checks.images import DPI_TOLERANCE, is_blank, report_blank_pages
from workers.documents.checks.pdf_pages import PageContent, examine_page
from workers.documents.checks.signatures import check_signatures
from workers.documents.checks.text_form import check_text
from workers.documents.checks.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.documents.checks.report import Report
    from workers.documents.policy import DocumentPolicy

_END_WITHIN = 2048
_TEXT_PAGES = 5
_SMALL_IMAGE_SHARE = 0.05
_LAUNCHING_ACTIONS = ("/Launch", "/ImportData", "/SubmitForm")
_UNPARSABLE = (
    pikepdf.PdfError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def check_pdf(report: Report, path: Path, policy: DocumentPolicy) -> None:
    """Run every PDF check that the state of the file allows."""
    if not _has_end(path):
        report.add("truncated")
        return
    pdf = _open(report, path)
    if pdf is None:
        return
    with pdf:
        _check_document(report, pdf, policy)
        parts = _find_parts(pdf)
        _check_active_content(report, parts)
        _check_pages(report, pdf, policy)
        text = _metadata_text(pdf) + (_text_layer(path) if report.has_text else "")
    check_text(report, text, parts.fonts)
    check_signatures(report, path, policy)


def _has_end(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_WITHIN))
        return b"%%EOF" in file.read()


def _open(report: Report, path: Path) -> pikepdf.Pdf | None:
    for recover in (False, True):
        try:
            pdf = pikepdf.open(path, attempt_recovery=recover, suppress_warnings=True)
        except pikepdf.PasswordError:
            report.add("encrypted")
            return None
        except pikepdf.PdfError:
            continue
        if recover:
            report.add("pdf_repaired")
        return pdf
    report.add("damaged")
    return None


def _check_document(report: Report, pdf: pikepdf.Pdf, policy: DocumentPolicy) -> None:
    report.pages = len(pdf.pages)
    report.pdf_version = str(pdf.pdf_version)
    minimum = policy.expectations.pdf_version
    if _version(report.pdf_version) < _version(minimum):
        report.add("pdf_version_old", version=report.pdf_version, minimum=minimum)
    if pdf.is_encrypted:
        report.add("restricted")
    report.pdfa = _pdfa_claim(pdf)
    if not report.pdfa:
        report.add("pdfa_missing")
    if report.pages == 0:
        report.add("no_pages")
    if report.pages > policy.limits.pages:
        report.add("too_many_pages", pages=report.pages, limit=policy.limits.pages)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _pdfa_claim(pdf: pikepdf.Pdf) -> str | None:
    try:
        return pdf.open_metadata().pdfa_status or None
    except Exception:  # noqa: BLE001 - a broken XMP packet is no claim, whatever the XML parser raises
        return None


@dataclass
class _Parts:
    javascript: bool = False
    launch: bool = False
    attachments: list[str] = field(default_factory=list)
    fonts: set[str] = field(default_factory=set)


def _find_parts(pdf: pikepdf.Pdf) -> _Parts:
    parts = _Parts()
    for node in _dictionaries(pdf):
        kind = node.get("/S")
        parts.javascript |= kind == "/JavaScript" or "/JS" in node
        parts.launch |= kind in _LAUNCHING_ACTIONS
        if "/EF" in node:
            parts.attachments.append(str(node.get("/UF", node.get("/F", "không tên"))))
        if "/BaseFont" in node:
            parts.fonts.add(str(node["/BaseFont"]))
    return parts


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Visit every dictionary, also those written inside others: actions hide in annotations."""
    for root in pdf.objects:
        waiting: list[Any] = [root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, pikepdf.Array):
                children: list[Any] = list(node)
            elif isinstance(node, (pikepdf.Dictionary, pikepdf.Stream)):
                yield node
                children = [value for _, value in node.items()]
            else:
                continue
            waiting += [child for child in children if isinstance(child, pikepdf.Object) and not child.is_indirect]


def _check_active_content(report: Report, parts: _Parts) -> None:
    if parts.javascript:
        report.add("javascript")
    if parts.launch:
        report.add("launch_action")
    if parts.attachments:
        report.add("embedded_file", names=shorten(parts.attachments))


def _check_pages(report: Report, pdf: pikepdf.Pdf, policy: DocumentPolicy) -> None:
    examined: list[PageContent] = []
    blanks = []
    for number, page in enumerate(pdf.pages[: policy.limits.examined_pages], start=1):
        try:
            content = examine_page(page)
        except _UNPARSABLE:
            report.add("damaged", number)
            continue
        examined.append(content)
        _check_resolution(report, content, number, policy)
        if _is_blank_page(content, policy):
            blanks.append(number)
    pages = report.pages or 0
    report_blank_pages(report, blanks, pages)
    report.has_text = any(content.has_text for content in examined)
    if not report.has_text and len(blanks) < pages and any(content.is_scan for content in examined):
        report.add("no_text_layer")
    if pages > policy.limits.examined_pages:
        report.add("pages_not_examined", examined=policy.limits.examined_pages, pages=pages)


def _check_resolution(report: Report, content: PageContent, number: int, policy: DocumentPolicy) -> None:
    if not content.is_scan:
        return
    large = [placed for placed in content.images if placed.width * placed.height >= _SMALL_IMAGE_SHARE * content.area]
    dpi = min((placed.dpi for placed in large), default=float("inf"))
    minimum = policy.expectations.scan_dpi
    if dpi < minimum * DPI_TOLERANCE:
        report.add("low_resolution", number, dpi=round(dpi), minimum=minimum)


def _is_blank_page(content: PageContent, policy: DocumentPolicy) -> bool:
    if content.has_text or content.has_drawing:
        return False
    return all(_is_blank_image(placed.image, policy) for placed in content.images)


def _is_blank_image(image: pikepdf.Stream, policy: DocumentPolicy) -> bool:
    pixels = float(image.get("/Width", 0)) * float(image.get("/Height", 0))
    if pixels > policy.limits.image_megapixels * 1_000_000:
        return False
    Image.MAX_IMAGE_PIXELS = None
    try:
        return is_blank(pikepdf.PdfImage(image).as_pil_image(), policy.expectations.blank_ink_share)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - an image kind that cannot be decoded here may well show something
        return False


def _metadata_text(pdf: pikepdf.Pdf) -> str:
    try:
        return " ".join(str(value) for _, value in pdf.docinfo.items()) + " "
    except _UNPARSABLE:
        return ""


def _text_layer(path: Path) -> str:
    try:
        pages = pypdf.PdfReader(path, strict=False).pages
        return " ".join(page.extract_text() for page in pages[:_TEXT_PAGES])
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - only the form of the text is judged here; soundness is checked elsewhere
        return ""
