"""Examine one file from start to end. Runs inside the sandbox; what it raises, the sandbox turns into a finding."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from workers.documents.checks.archives import check_office_archive, check_ole
from workers.documents.checks.file_types import (
    IMAGE_TYPES,
    ODF_TYPES,
    OLE_TYPES,
    OOXML_TYPES,
    detect_type,
    extension_fits,
)
from workers.documents.checks.images import check_image
from workers.documents.checks.pdf import check_pdf
from workers.documents.checks.text_form import legacy_encoding

if TYPE_CHECKING:
    from pathlib import Path

    from workers.documents.checks.report import Report
    from workers.documents.policy import DocumentPolicy

# A file with macros is told so; that its type is not on the list besides would only hide the reason.
_MACRO_TYPES = ("docm", "xlsm", "pptm")
_LONGEST_NAME = 255
_FORBIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def examine(report: Report, path: Path, name: str, policy: DocumentPolicy) -> None:
    """Check name, type and content of a file that is known to be readable, not empty and not too large."""
    report.detected_type = detect_type(path)
    _check_name(report, name)
    _check_content(report, path, policy)
    _check_type(report, name, policy)


def _check_name(report: Report, name: str) -> None:
    if is_unsafe_name(name):
        report.add("name_unsafe")
    if not unicodedata.is_normalized("NFC", name):
        report.add("name_not_nfc")
    if encoding := legacy_encoding(name.replace("_", " ").replace("-", " ")):
        report.add("legacy_encoding", encoding=encoding)


def is_unsafe_name(name: str) -> bool:
    """Tell whether a name could leave its folder or deceive the eye: separators, control or bidi characters."""
    return (
        name in ("", ".", "..")
        or len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME
        or any(sign in name for sign in "/\\:")
        or any(unicodedata.category(sign) in _FORBIDDEN_CATEGORIES for sign in name)
    )


def _check_content(report: Report, path: Path, policy: DocumentPolicy) -> None:
    kind = report.detected_type
    if kind == "pdf":
        check_pdf(report, path, policy)
    elif kind in IMAGE_TYPES:
        check_image(report, path, policy)
    elif kind in OOXML_TYPES + ODF_TYPES:
        check_office_archive(report, path, policy)
    elif kind in OLE_TYPES:
        check_ole(report, path)


def _check_type(report: Report, name: str, policy: DocumentPolicy) -> None:
    kind = report.detected_type
    suffix = PurePosixPath(name).suffix
    explained = any(found.code in ("encrypted", "macro") for found in report.findings)
    if kind not in policy.allowed_types:
        if not explained or (kind not in _MACRO_TYPES and kind not in OLE_TYPES):
            report.add("type_not_allowed", detected=kind or "không nhận ra", allowed=", ".join(policy.allowed_types))
    elif not extension_fits(suffix, kind):
        report.add("type_mismatch", suffix=suffix or "không có", detected=kind.upper())
