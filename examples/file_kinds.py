"""Make files of each kind from a paper: PDF/A, signed PDF, scan, photograph, office documents."""

from __future__ import annotations

import os
import random
import secrets
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING
from unittest import mock

import example_ca
import pikepdf
import time_machine
import typst
import tzlocal
from PIL import Image, ImageFilter
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE_ROOT = "Gốc chứng thư ví dụ dieuphoi"
UNKNOWN_ROOT = "Gốc chứng thư ví dụ không ai tin"
_MOMENT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
_OWNER_PASSWORD = "chu-so-huu-vi-du"  # noqa: S105 - of an example
_ZIP_MOMENT = (2026, 3, 2, 10, 0, 0)

_TEMPLATE = """
#set document(title: data.title, author: "dieuphoi (ví dụ)", date: datetime(year: 2026, month: 3, day: 2))
#let notice = text(8pt, fill: luma(90))[Tài liệu ví dụ, không có giá trị pháp lý]
#set page(paper: "a4", margin: (x: 2.5cm, y: 2cm), footer: align(center, notice))
#set text(font: "Libertinus Serif", size: 13pt, lang: "vi")
#set par(justify: true, leading: 0.8em)
#align(center)[*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM* \\ *Độc lập - Tự do - Hạnh phúc* \\ #line(length: 5cm)]
#v(1cm)
#align(center, text(15pt)[*#upper(data.title)*])
#v(0.6cm)
#for line in data.body [#par(first-line-indent: 1cm)[#line] #v(0.2cm)]
#v(0.8cm)
#align(right)[Thành phố Hồ Chí Minh, ngày 02 tháng 3 năm 2026 \\ *#data.signer*]
"""


@dataclass(frozen=True)
class Paper:
    """Hold what one example paper says."""

    title: str
    body: tuple[str, ...]
    signer: str = "Nguyễn Văn Ví Dụ"


def pdf(paper: Paper, *appendices: str) -> bytes:
    """Set a paper as PDF/A-2b; each appendix begins a page, an empty one leaves it blank."""
    source = _source(paper) + "".join(
        f"\n#set page(footer: none)\n#text({_quote(appendix)})\n" for appendix in appendices
    )
    return typst.compile(
        source.encode(), format="pdf", pdf_standards=["a-2b"], timestamp=_MOMENT, ignore_system_fonts=True
    )


def bitmap(paper: Paper, dpi: int = 200) -> Image.Image:
    """Render a paper as a grey picture of an A4 sheet, a little rough as from a scanner."""
    png = typst.compile(_source(paper).encode(), format="png", ppi=dpi, timestamp=_MOMENT, ignore_system_fonts=True)
    return rough(Image.open(BytesIO(png)).convert("L"), paper.title)


def rough(image: Image.Image, seed: str) -> Image.Image:
    """Turn an image a little and sprinkle specks on it."""
    turned = image.rotate(0.4, fillcolor=250, resample=Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(0.4))
    source = random.Random(seed)  # noqa: S311 - the same every time
    for _ in range(60):
        turned.putpixel((source.randrange(turned.width), source.randrange(turned.height)), 120)
    return turned


def scan_pdf(*images: Image.Image, dpi: int = 200) -> bytes:
    """Put black-and-white pictures into a PDF, one a page, as an office scanner does."""
    target = BytesIO()
    first, *others = [image.convert("1", dither=Image.Dither.NONE) for image in images]
    moment = _MOMENT.timetuple()
    first.save(target, "PDF", resolution=dpi, save_all=True, append_images=others, creationDate=moment, modDate=moment)
    return resaved(target.getvalue())


def jpeg(image: Image.Image, dpi: int = 200) -> bytes:
    """Save a picture as JPEG."""
    target = BytesIO()
    image.save(target, "JPEG", quality=35, dpi=(dpi, dpi))
    return target.getvalue()


def png(image: Image.Image, dpi: int = 200) -> bytes:
    """Save a picture as black-and-white PNG."""
    target = BytesIO()
    image.convert("1", dither=Image.Dither.NONE).save(target, "PNG", dpi=(dpi, dpi), optimize=True)
    return target.getvalue()


def tiff(*images: Image.Image, dpi: int = 200) -> bytes:
    """Save pictures as the pages of a fax-compressed TIFF."""
    target = BytesIO()
    first, *others = [image.convert("1", dither=Image.Dither.NONE) for image in images]
    first.save(target, "TIFF", compression="group4", dpi=(dpi, dpi), save_all=True, append_images=others)
    return target.getvalue()


def resaved(data: bytes, **options: object) -> bytes:
    """Write a PDF again in a form that depends on nothing but its content."""
    target = BytesIO()
    with pikepdf.open(BytesIO(data)) as document:
        document.save(target, deterministic_id=True, **options)
    return target.getvalue()


def signed(data: bytes, name: str, *, root: str = EXAMPLE_ROOT, stamped: bool = True, expired: bool = False) -> bytes:
    """Sign a PDF (PAdES), with a time stamp or with the claimed time only."""
    stamper = example_ca.timestamper(root, "Dịch vụ dấu thời gian ví dụ") if stamped else None
    with _repeatable(name):
        writer = IncrementalPdfFileWriter(BytesIO(data))
        count = len(list(PdfFileReader(BytesIO(data)).embedded_signatures))
        field = f"ChuKy{count + 1}"
        metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
        signer = PdfSigner(
            metadata,
            example_ca.signer(root, name, expired=expired),
            timestamper=stamper,
            new_field_spec=SigFieldSpec(field),
        )
        return signer.sign_pdf(writer).getvalue()


def encrypted(data: bytes, user_password: str) -> bytes:
    """Encrypt a PDF; with an empty user password it opens, but with restrictions."""
    target = BytesIO()
    with _repeatable("encrypted"):
        writer = copy_into_new_writer(PdfFileReader(BytesIO(data)))
        writer.encrypt(owner_pass=_OWNER_PASSWORD, user_pass=user_password)
        writer.write(target)
    return target.getvalue()


@contextmanager
def later_revision(data: bytes) -> Iterator[tuple[IncrementalPdfFileWriter, BytesIO]]:
    """Append to a PDF what the caller changes, without touching the bytes that are there."""
    target = BytesIO()
    with _repeatable("revision"):
        writer = IncrementalPdfFileWriter(BytesIO(data))
        yield writer, target
        writer.write(target)


@contextmanager
def _repeatable(seed: str) -> Iterator[None]:
    """Take clock and chance out of pyHanko, so that the same script makes the same bytes."""
    source = random.Random(seed)  # noqa: S311 - the same every time
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(os, "urandom", source.randbytes))
        patches.enter_context(mock.patch.object(secrets, "token_bytes", source.randbytes))
        patches.enter_context(mock.patch.object(tzlocal, "get_localzone", return_value=UTC))
        patches.enter_context(time_machine.travel(_MOMENT, tick=False))
        yield


def archive(parts: dict[str, str | bytes]) -> bytes:
    """Zip parts, in order, with a fixed date."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _ZIP_MOMENT)
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            package.writestr(entry, content)
    return target.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_DOCM_TYPE = "application/vnd.ms-word.document.macroEnabled.main+xml"


def docx(
    paper: Paper,
    *,
    macro: bool = False,
    font: str = "Times New Roman",
    relations: str = "",
    extra: dict[str, str | bytes] | None = None,
) -> bytes:
    """Write a small Word document."""
    main_type = _DOCM_TYPE if macro else _DOCX_TYPE
    lines = [paper.title, *paper.body, paper.signer]
    paragraphs = "".join(
        f'<w:p><w:r><w:rPr><w:rFonts w:ascii="{font}" w:hAnsi="{font}"/></w:rPr><w:t>{escape(line)}</w:t></w:r></w:p>'
        for line in lines
    )
    types = (
        f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main_type}"/></Types>'
    )
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": types,
        "_rels/.rels": f'{_XML}<Relationships xmlns="{package}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'{_XML}<Relationships xmlns="{package}">{relations}</Relationships>',
        "word/document.xml": f'{_XML}<w:document xmlns:w="{_WORD}"><w:body>{paragraphs}</w:body></w:document>',
    }
    return archive(parts | (extra or {}))


def remote_template() -> str:
    """Write the relation by which Word loads a template from the network."""
    target = "http://mau.example.vn/mau.dotm"
    return f'<Relationship Id="rId9" Type="{_OFFICE}/attachedTemplate" Target="{target}" TargetMode="External"/>'


def xlsx(rows: tuple[tuple[str, ...], ...]) -> bytes:
    """Write a small spreadsheet with the texts in the cells."""
    sheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    return archive(
        {
            "[Content_Types].xml": f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            '<Override PartName="/xl/worksheets/sheet1.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
            "_rels/.rels": f'{_XML}<Relationships xmlns="{package}">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{package}">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/workbook.xml": f'{_XML}<workbook xmlns="{sheet}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="Danh sách" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/worksheets/sheet1.xml": f'{_XML}<worksheet xmlns="{sheet}"><sheetData>{cells}</sheetData></worksheet>',
        }
    )


def odt(paper: Paper) -> bytes:
    """Write a small OpenDocument text."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    paragraphs = "".join(f"<text:p>{escape(line)}</text:p>" for line in [paper.title, *paper.body, paper.signer])
    kind = "application/vnd.oasis.opendocument.text"
    return archive(
        {
            "mimetype": kind,
            "META-INF/manifest.xml": f'{_XML}<manifest:manifest xmlns:manifest="{space}:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
            '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
            "</manifest:manifest>",
            "content.xml": f'{_XML}<office:document-content xmlns:office="{space}:office:1.0" '
            f'xmlns:text="{space}:text:1.0" office:version="1.3"><office:body><office:text>{paragraphs}</office:text>'
            "</office:body></office:document-content>",
        }
    )


def ole(*streams: str) -> bytes:
    """Write a compound file (OLE) whose directory holds empty streams of the given names."""
    sector = 512
    free, end, fat_sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + (0x3E).to_bytes(2, "little") + (3).to_bytes(2, "little")
    header += b"\xfe\xff" + (9).to_bytes(2, "little") + (6).to_bytes(2, "little") + bytes(10)
    numbers = (1, 1, 0, 4096, end, 0, end, 0, 0, *[free] * 108)
    header += b"".join(number.to_bytes(4, "little") for number in numbers)
    table = b"".join(number.to_bytes(4, "little") for number in (fat_sector, end, *[free] * (sector // 4 - 2)))
    entries = [_ole_entry("Root Entry", 5, child=1)]
    entries += [
        _ole_entry(name, 2, right=index + 1 if index < len(streams) else free)
        for index, name in enumerate(streams, start=1)
    ]
    return header + table + b"".join(entries).ljust(sector, b"\x00")


def _ole_entry(name: str, kind: int, *, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF) -> bytes:
    encoded = name.encode("utf-16-le") + b"\x00\x00"
    entry = encoded.ljust(64, b"\x00") + len(encoded).to_bytes(2, "little") + bytes([kind, 1])
    entry += b"".join(number.to_bytes(4, "little") for number in (0xFFFFFFFF, right, child))
    return entry + bytes(36) + (0xFFFFFFFE).to_bytes(4, "little") + bytes(8)


def _source(paper: Paper) -> str:
    body = ", ".join(_quote(line) for line in paper.body)
    data = f"(title: {_quote(paper.title)}, body: ({body},), signer: {_quote(paper.signer)})"
    return f"#let data = {data}\n{_TEMPLATE}"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
