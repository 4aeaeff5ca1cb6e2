"""Look into office files that are zip archives (OOXML, ODF) and into OLE files."""

from __future__ import annotations

import html
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from workers.documents.checks.file_types import contains_utf16
from workers.documents.checks.text_form import check_text
from workers.documents.checks.wording import shorten

if TYPE_CHECKING:
    from pathlib import Path

    from workers.documents.checks.report import Report
    from workers.documents.policy import DocumentPolicy, SizeLimits

_MEGABYTE = 1024 * 1024
# Below this size a high ratio is normal: small XML packs very well.
_RATIO_MATTERS_FROM = 10 * _MEGABYTE
_TEXT_LIMIT = 8 * _MEGABYTE
_TEXT_PARTS = ("word/document.xml", "xl/sharedStrings.xml", "content.xml", "docProps/core.xml", "meta.xml")
_CONTENT_PARTS = re.compile(r"^(word/document\.xml|xl/worksheets/.+\.xml|ppt/slides/.+\.xml|content\.xml)$")
_EMBEDDED = re.compile(r"/embeddings/.|/activeX/.|oleObject\d*\.bin$|^Object \d+/content\.xml")
_FROM_NETWORK = re.compile(rb"/(attachedTemplate|oleObject|frame|subDocument)\"")
_FONTS = re.compile(rb'(?:w:ascii|w:hAnsi|svg:font-family|style:font-name|<name val)="?([^"]{1,80})"')
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)


def check_ole(report: Report, path: Path) -> None:
    """Tell encrypted OOXML and macros in an OLE file."""
    if contains_utf16(path, "EncryptedPackage", "EncryptionInfo"):
        report.add("encrypted")
    elif contains_utf16(path, "_VBA_PROJECT", "VBA"):
        report.add("macro")


def check_office_archive(report: Report, path: Path, policy: DocumentPolicy) -> None:
    """Check size when unpacked, soundness, encryption, macros, embedded and remote parts, content and text form."""
    try:
        with zipfile.ZipFile(path) as archive:
            if _is_bomb(archive, policy.limits):
                report.add("archive_bomb")
                return
            _check_sound_archive(report, archive)
    except _BROKEN:
        report.add("damaged")


def _check_sound_archive(report: Report, archive: zipfile.ZipFile) -> None:
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        report.add("encrypted")
        return
    if archive.testzip() is not None:
        report.add("damaged")
        return
    names = archive.namelist()
    if _odf_is_encrypted(archive, names):
        report.add("encrypted")
        return
    _check_active_parts(report, archive, names)
    _check_content(report, archive, names)


def _is_bomb(archive: zipfile.ZipFile, limits: SizeLimits) -> bool:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    return (
        len(entries) > limits.archive_entries
        or unpacked > limits.unpacked_mb * _MEGABYTE
        or (unpacked > _RATIO_MATTERS_FROM and unpacked / packed > limits.unpacked_ratio)
    )


def _odf_is_encrypted(archive: zipfile.ZipFile, names: list[str]) -> bool:
    return "META-INF/manifest.xml" in names and b"encryption-data" in _read(archive, "META-INF/manifest.xml")


def _check_active_parts(report: Report, archive: zipfile.ZipFile, names: list[str]) -> None:
    if any(name.lower().endswith("vbaproject.bin") or name.startswith(("Basic/", "Scripts/")) for name in names):
        report.add("macro")
    embedded = [name for name in names if _EMBEDDED.search(name)]
    if embedded:
        report.add("embedded_object", names=shorten(name.rpartition("/")[2] for name in embedded))
    relations = [name for name in names if name.endswith(".rels")]
    if any(_loads_from_network(_read(archive, name)) for name in relations):
        report.add("remote_template")


def _loads_from_network(relations: bytes) -> bool:
    return any(
        b'TargetMode="External"' in relation and _FROM_NETWORK.search(relation)
        for relation in re.findall(rb"<Relationship\b[^>]*>", relations)
    )


def _check_content(report: Report, archive: zipfile.ZipFile, names: list[str]) -> None:
    main_parts = [name for name in names if _CONTENT_PARTS.match(name)]
    if not main_parts:
        report.add("damaged")
        return
    has_media = any(re.search(r"(^|/)(media|Pictures|charts)/.", name) for name in names)
    shown_text = " ".join(_visible_text(_read(archive, name)) for name in main_parts[:50])
    report.has_text = bool(shown_text.strip())
    if not report.has_text and not has_media and "xl/sharedStrings.xml" not in names:
        report.add("blank_document")
    raw = [_read(archive, name) for name in names if name in _TEXT_PARTS]
    fonts = {font.decode("utf-8", "replace") for part in raw for font in _FONTS.findall(part)}
    check_text(report, " ".join(_visible_text(part) for part in raw), fonts)


def _visible_text(part: bytes) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", part.decode("utf-8", "replace")))


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(_TEXT_LIMIT)
