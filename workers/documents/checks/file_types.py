"""Tell the type of a file from its bytes, never from its name."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import puremagic

if TYPE_CHECKING:
    from pathlib import Path

EXTENSIONS: dict[str, tuple[str, ...]] = {
    "pdf": (".pdf",),
    "jpeg": (".jpg", ".jpeg"),
    "png": (".png",),
    "tiff": (".tif", ".tiff"),
    "docx": (".docx",),
    "docm": (".docm",),
    "xlsx": (".xlsx",),
    "xlsm": (".xlsm",),
    "pptx": (".pptx",),
    "pptm": (".pptm",),
    "odt": (".odt",),
    "ods": (".ods",),
    "odp": (".odp",),
    "zip": (".zip",),
    "doc": (".doc",),
    "xls": (".xls",),
    "ppt": (".ppt",),
}

OOXML_TYPES = ("docx", "docm", "xlsx", "xlsm", "pptx", "pptm")
ODF_TYPES = ("odt", "ods", "odp")
IMAGE_TYPES = ("jpeg", "png", "tiff")
OLE_TYPES = ("doc", "xls", "ppt", "ole")

_HEAD_BYTES = 4096
_PDF_HEADER_WITHIN = 1024
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_IMAGE_MAGIC = {
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "tiff": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
}
_OLE_STREAMS = {"doc": "WordDocument", "xls": "Workbook", "ppt": "PowerPoint Document"}
_OOXML_MAIN_PARTS = {
    "docx": b"wordprocessingml.document.main+xml",
    "docm": b"ms-word.document.macroEnabled.main+xml",
    "xlsx": b"spreadsheetml.sheet.main+xml",
    "xlsm": b"ms-excel.sheet.macroEnabled.main+xml",
    "pptx": b"presentationml.presentation.main+xml",
    "pptm": b"ms-powerpoint.presentation.macroEnabled.main+xml",
}
_ODF_MIME_TYPES = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
_CONTENT_TYPES_LIMIT = 1 << 20


def detect_type(path: Path) -> str:
    """Name the type by magic number and, inside zip, by structure; "" when nothing is recognised."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return "pdf"
    for kind, magics in _IMAGE_MAGIC.items():
        if head.startswith(magics):
            return kind
    if head.startswith(_OLE_MAGIC):
        return _detect_ole(path)
    if head.startswith(_ZIP_MAGIC):
        return _detect_zip(path)
    return _detect_other(head)


def extension_fits(suffix: str, detected: str) -> bool:
    """Tell whether a name's extension, with its dot, is one that files of the detected type carry."""
    return suffix.lower() in EXTENSIONS.get(detected, (f".{detected}",))


def contains_utf16(path: Path, *names: str) -> bool:
    """Search an OLE file for stream names, which its directory keeps as UTF-16."""
    data = path.read_bytes()
    return any(name.encode("utf-16-le") in data for name in names)


def _detect_ole(path: Path) -> str:
    for kind, stream in _OLE_STREAMS.items():
        if contains_utf16(path, stream):
            return kind
    return "ole"


def _detect_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "[Content_Types].xml" in names:
                return _detect_ooxml(archive)
            if "mimetype" in names:
                with archive.open("mimetype") as member:
                    return _ODF_MIME_TYPES.get(member.read(200).strip(), "zip")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return _guess_broken_zip(path)
    return "zip"


def _detect_ooxml(archive: zipfile.ZipFile) -> str:
    with archive.open("[Content_Types].xml") as member:
        content_types = member.read(_CONTENT_TYPES_LIMIT)
    for kind, marker in _OOXML_MAIN_PARTS.items():
        if marker in content_types:
            return kind
    return "zip"


def _guess_broken_zip(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if mime := re.search(rb"mimetype(application/vnd\.oasis\.opendocument\.[a-z]+)", head):
        return _ODF_MIME_TYPES.get(mime[1].removesuffix(b"PK"), "zip")
    for kind, folder in (("docx", b"word/"), ("xlsx", b"xl/"), ("pptx", b"ppt/")):
        if b"[Content_Types].xml" in head and folder in head:
            return kind
    return "zip"


def _detect_other(head: bytes) -> str:
    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return "txt" if _looks_like_text(head) else ""
    return guesses[0].extension.lstrip(".") if guesses else ""


def _looks_like_text(head: bytes) -> bool:
    return bool(head) and b"\x00" not in head and not re.search(rb"[\x01-\x08\x0e-\x1f]", head)
