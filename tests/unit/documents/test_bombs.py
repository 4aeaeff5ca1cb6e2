"""Small files made to be endless, huge or two things at once: refused in words, within time and memory."""

from __future__ import annotations

import io
import struct
import tarfile
import time
import unicodedata
import zipfile
import zlib

import pytest

from tests.unit.documents.test_hostile_files import EXAMPLES, codes, limited, pdf_with_content

DEADLINE = 25
TYPES = (
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Override PartName="/word/document.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
BODY = b"<w:document><w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>"


def docx(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("word/document.xml", BODY % b"Don de nghi")
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def flat_bomb():
    return docx(**{"word/media/a.bin": bytes(300 << 20)})


def many_entries():
    return docx(**{f"word/{number}": b"" for number in range(6000)})


def lying_size():
    """The directory says a few bytes; the content goes on."""
    data = bytearray(docx(**{"word/media/a.bin": bytes(50 << 20)}))
    for place in (data.find(b"word/media/a.bin") - 30, data.rfind(b"word/media/a.bin") - 46):
        offset = 22 if data[place : place + 4] == b"PK\x03\x04" else 24
        struct.pack_into("<I", data, place + offset, 10)
    return bytes(data)


def overlapping():
    """Every entry of the directory points at the same content."""
    one = io.BytesIO()
    with zipfile.ZipFile(one, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES + bytes(9 << 20))
    data = one.getvalue()
    start = data.rfind(b"PK\x01\x02")
    end = data.rfind(b"PK\x05\x06")
    record = data[start:end]
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 1000, 1000, len(record) * 1000)
    return data[:start] + record * 1000 + bytes(tail)


def nested():
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1 << 20))
    content = inner.getvalue()
    for _ in range(8):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{number}.zip", content)
        content = outer.getvalue()
    return content


def tar_traversal():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../../etc/cron.d/x"))
    return out.getvalue()


LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>%s]>" % b"".join(
    b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 50) for n in range(9)
)
XXE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY % r SYSTEM "http://127.0.0.1:9/x">%r;]>'


def entity_bomb():
    return docx(**{"docProps/core.xml": LAUGHS + b"<x>&j;</x>", "word/settings.xml": LAUGHS + b"<x>&j;</x>"})


def external_entity():
    return docx(**{"docProps/core.xml": XXE + b"<x>&f;</x>"})


def slow_pattern():
    return docx(**{"word/_rels/document.xml.rels": b"<Relationship " * 400_000})


def pdf(objects: list[bytes], trailer: bytes = b"", prev: bytes = b"") -> bytes:
    data, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    prev = b"/Prev %d" % start if prev else b""
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return data + b"trailer<</Size %d/Root 1 0 R%s%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        prev,
        trailer,
        start,
    )


def page_loop():
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>"])


def deep_pages():
    depth = 20_000
    nodes = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 3) for number in range(depth)]
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", *nodes, b"<</Type/Page/MediaBox[0 0 595 842]>>"])


def xref_loop():
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page], prev=b"x")


def huge_page():
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1e38 1e38]/UserUnit 1e38>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page])


def deep_objects():
    return pdf([b"<</Type/Catalog/Pages 2 0 R/X " + b"[" * 200_000 + b"]" * 200_000 + b">>", b"<</Type/Pages/Kids[]>>"])


def layered_streams():
    content = bytes(200 << 20)
    for _ in range(4):
        content = zlib.compress(content, 9)
    filters = b"/FlateDecode" * 4
    stream = b"<</Length %d/Filter[%s]>>stream\n%s\nendstream" % (len(content), filters, content)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream])


def form_loop():
    form = b"/Resources<</XObject<</F 4 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]%s/Contents 5 0 R>>" % form
    drawing = b"<</Type/XObject/Subtype/Form/BBox[0 0 1 1]%s/Length 5>>stream\n/F Do\nendstream" % form
    content = b"<</Length 5>>stream\n/F Do\nendstream"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, drawing, content])


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def huge_png():
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(10 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def text_bomb_png():
    head = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    text = b"k\0\0" + zlib.compress(bytes(100 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"zTXt", text) * 20 + chunk(b"IEND", b"")


def tiff(entries: list[tuple[int, int, int, int]], following: int) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following)


def looping_tiff():
    return tiff([(256, 4, 1, 10), (257, 4, 1, 10), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 4)], 8)


def huge_tiff():
    return tiff([(256, 4, 1, 2**31), (257, 4, 1, 2**31), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)], 0)


def huge_jpeg():
    data = bytearray((EXAMPLES / "files" / "good" / "scan.jpg").read_bytes())
    place = data.find(b"\xff\xc0")
    struct.pack_into(">HH", data, place + 5, 65_500, 65_500)
    return bytes(data)


def jpeg2000():
    return b"\x00\x00\x00\x0cjP  \r\n\x87\n" + struct.pack(">I4s4s", 20, b"ftyp", b"jp2 ") + bytes(64)


def pdf_and_zip():
    return pdf_with_content(b"0 0 m") + docx(**{"word/vbaProject.bin": b"x"})


def image_and_zip():
    return (EXAMPLES / "files" / "good" / "scan.png").read_bytes() + nested()


NAMES = {
    flat_bomb: ("a.docx", {"archive_bomb"}),
    many_entries: ("a.docx", {"archive_bomb"}),
    lying_size: ("a.docx", {"damaged", "archive_bomb"}),
    overlapping: ("a.docx", {"damaged", "archive_bomb"}),
    nested: ("a.docx", {"type_not_allowed"}),
    tar_traversal: ("a.tar", {"type_not_allowed"}),
    entity_bomb: ("a.docx", None),
    external_entity: ("a.docx", None),
    slow_pattern: ("a.docx", None),
    page_loop: ("a.pdf", {"damaged", "no_pages", "pdf_repaired", "inspection_stopped", "blank_document"}),
    deep_pages: ("a.pdf", {"damaged", "inspection_stopped", "blank_document", "no_pages"}),
    xref_loop: ("a.pdf", {"damaged", "blank_document"}),
    huge_page: ("a.pdf", {"damaged", "blank_document"}),
    deep_objects: ("a.pdf", {"damaged", "no_pages", "inspection_stopped"}),
    layered_streams: ("a.pdf", {"damaged", "inspection_stopped", "blank_document"}),
    form_loop: ("a.pdf", {"damaged", "inspection_stopped", "blank_document"}),
    huge_png: ("a.png", {"image_too_large"}),
    text_bomb_png: ("a.png", {"damaged", "truncated", "low_resolution", "blank_document"}),
    looping_tiff: ("a.tif", {"damaged", "low_resolution", "blank_document", "too_many_pages"}),
    huge_tiff: ("a.tif", {"damaged", "image_too_large"}),
    huge_jpeg: ("a.jpg", {"image_too_large"}),
    jpeg2000: ("a.jp2", {"type_not_allowed"}),
    pdf_and_zip: ("a.pdf", None),
    image_and_zip: ("a.png", None),
}


@pytest.mark.parametrize("make", NAMES, ids=lambda make: make.__name__)
def test_a_bomb_is_a_finding_in_time(inspect, policy, tmp_path, make):
    name, expected = NAMES[make]
    path = tmp_path / name
    path.write_bytes(make())
    started = time.monotonic()
    inspection = inspect(path, policy=limited(policy, cpu_seconds=8, wall_seconds=15))
    assert time.monotonic() - started < DEADLINE
    assert expected is None or codes(inspection) & expected, inspection.findings
    for found in inspection.findings:
        assert unicodedata.is_normalized("NFC", found.message)


def test_a_file_that_is_also_a_zip_is_judged_as_what_a_reader_opens(inspect, tmp_path):
    path = tmp_path / "a.docx"
    path.write_bytes(pdf_and_zip())
    assert "type_mismatch" in codes(inspect(path))


def test_what_grows_beyond_the_limit_is_not_even_hashed(inspect, tmp_path):
    path = tmp_path / "a.pdf"
    path.touch()
    with path.open("r+b") as file:
        file.truncate(1 << 42)
    inspection = inspect(path)
    assert (codes(inspection), inspection.size) == ({"too_large"}, 1 << 42)
