"""Details of single checks, on files made in the test."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pikepdf
import pytest
from PIL import Image, ImageDraw


def codes(inspection):
    return {found.code for found in inspection.findings if found.severity != "info"}


def put(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def saved(picture, kind, **options):
    target = BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def pdf_page(content: bytes, *, image: Image.Image | None = None) -> bytes:
    """Make a one-page A4 PDF; `image` becomes /Im0."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(595, 842))
    page = document.pages[0]
    page.Contents = document.make_stream(content)
    if image is not None:
        stream = document.make_stream(image.convert("L").tobytes())
        stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        stream.Width, stream.Height = image.size
        stream.ColorSpace, stream.BitsPerComponent = pikepdf.Name.DeviceGray, 8
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=stream))
    target = BytesIO()
    document.save(target, min_version="1.7")
    return target.getvalue()


def written_sheet(width=1654, height=2339, paper=255, ink=0):
    sheet = Image.new("L", (width, height), paper)
    ImageDraw.Draw(sheet).rectangle((width // 16, 40, width // 2, 55), fill=ink)
    return sheet


@pytest.mark.parametrize(
    "content",
    [b"", b"q Q", b"1 g 0 0 595 842 re f", b"1 1 1 rg 0 0 595 842 re f", b"BT /F1 12 Tf (   ) Tj ET"],
)
def test_page_without_anything_to_see_is_blank(inspect, tmp_path, content):
    assert codes(inspect(put(tmp_path, "a.pdf", pdf_page(content)))) == {"blank_document"}


@pytest.mark.parametrize("content", [b"0 g 10 10 90 9 re f", b"0 0 m 9 9 l S", b"BT /F1 12 Tf (a) Tj ET"])
def test_page_with_drawing_or_text_is_not_blank(inspect, tmp_path, content):
    assert codes(inspect(put(tmp_path, "a.pdf", pdf_page(content)))) == set()


def test_yellowed_empty_sheet_is_blank(inspect, tmp_path):
    sheet = Image.new("L", (1654, 2339), 190)
    assert codes(inspect(put(tmp_path, "a.png", saved(sheet, "PNG", dpi=(200, 200))))) == {"blank_document"}


def test_written_sheet_on_dark_paper_is_not_blank(inspect, tmp_path):
    sheet = written_sheet(paper=120, ink=10)
    assert codes(inspect(put(tmp_path, "a.png", saved(sheet, "PNG", dpi=(200, 200))))) == set()


@pytest.mark.parametrize(("width", "height", "expected"), [(1654, 2339, set()), (827, 1170, {"low_resolution"})])
def test_scan_is_measured_by_the_size_it_has_on_the_page(inspect, tmp_path, width, height, expected):
    data = pdf_page(b"q 595 0 0 842 0 0 cm /Im0 Do Q", image=written_sheet(width, height))
    assert codes(inspect(put(tmp_path, "a.pdf", data))) == expected


def test_small_logo_need_not_have_the_resolution_of_a_scan(inspect, tmp_path):
    data = pdf_page(b"q 90 0 0 90 50 700 cm /Im0 Do Q", image=written_sheet(60, 60))
    assert codes(inspect(put(tmp_path, "a.pdf", data))) == set()


def test_image_without_stated_resolution_is_taken_as_a_whole_sheet(inspect, tmp_path):
    assert codes(inspect(put(tmp_path, "a.png", saved(written_sheet(800, 1100), "PNG")))) == {"low_resolution"}
    assert codes(inspect(put(tmp_path, "b.png", saved(written_sheet(1700, 2400), "PNG")))) == set()


def test_one_blank_page_among_scans_is_named(inspect, tmp_path):
    pages = [written_sheet(), Image.new("L", (1654, 2339), 255), written_sheet()]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], dpi=(200, 200))
    inspection = inspect(put(tmp_path, "a.tiff", data))

    assert inspection.pages == 3
    assert [(found.code, found.page) for found in inspection.findings] == [("blank_page", 2)]


def test_javascript_inside_an_annotation_is_found(inspect, examples, tmp_path):
    path = tmp_path / "a.pdf"
    with pikepdf.open(examples / "files" / "good" / "official.pdf") as document:
        action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("1"))
        widget = pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[0, 0, 1, 1], AA=pikepdf.Dictionary(E=action))
        document.pages[1].Annots = pikepdf.Array([widget])
        document.save(path)

    assert codes(inspect(path)) == {"javascript"}


def test_pages_and_size_have_limits(inspect, examples, policy, tmp_path):
    path = examples / "files" / "good" / "official.pdf"
    few = policy.model_copy(update={"limits": policy.limits.model_copy(update={"pages": 1})})
    small = policy.model_copy(update={"limits": policy.limits.model_copy(update={"file_mb": 0.01})})

    assert codes(inspect(path, policy=few)) == {"too_many_pages"}
    assert [found.message for found in inspect(path, policy=small).findings] == [
        "Tệp lớn 0,0 MB, vượt giới hạn 0,0 MB. Giảm dung lượng hoặc tách tệp rồi nộp lại."
    ]


def test_pages_beyond_the_examined_ones_are_said(inspect, examples, policy):
    few = policy.model_copy(update={"limits": policy.limits.model_copy(update={"examined_pages": 1})})
    inspection = inspect(examples / "files" / "good" / "official.pdf", policy=few)

    assert [found.code for found in inspection.findings] == ["pages_not_examined"]


def test_pdf_without_pages_is_an_error(inspect, tmp_path):
    target = BytesIO()
    pikepdf.new().save(target, min_version="1.7")

    assert codes(inspect(put(tmp_path, "a.pdf", target.getvalue()))) == {"no_pages"}


def test_archive_with_too_many_entries_is_a_bomb(inspect, examples, policy):
    few = policy.model_copy(update={"limits": policy.limits.model_copy(update={"archive_entries": 3})})

    assert codes(inspect(examples / "files" / "good" / "letter.docx", policy=few)) == {"archive_bomb"}


def test_office_file_whose_main_part_is_damaged_is_damaged(inspect, examples, tmp_path):
    data = bytearray((examples / "files" / "good" / "letter.docx").read_bytes())
    with zipfile.ZipFile(BytesIO(bytes(data))) as package:
        start = package.getinfo("word/document.xml").header_offset + 60
    data[start : start + 20] = bytes(20)

    assert codes(inspect(put(tmp_path, "a.docx", bytes(data)))) == {"damaged"}


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.pdf",
        "a/b.pdf",
        "c:\\x.pdf",
        "tệp\u202efdp.pdf",
        "a\x00.pdf",
        "a\n.pdf",
        "..",
        "x" * 300 + ".pdf",
    ],
)
def test_name_that_leaves_its_folder_or_deceives_is_unsafe(inspect, examples, name):
    assert "name_unsafe" in codes(inspect(examples / "files" / "good" / "official.pdf", name))


@pytest.mark.parametrize("name", ["Đơn đề nghị (bản 2).pdf", "HỒ SƠ.PDF", "a.b.pdf", "Tờ khai – số 1.pdf"])
def test_ordinary_vietnamese_names_are_safe(inspect, examples, name):
    assert codes(inspect(examples / "files" / "good" / "official.pdf", name)) == set()


@pytest.mark.parametrize("name", ["don", "don.docx", "don.pdf.exe"])
def test_name_must_carry_the_extension_of_its_content(inspect, examples, name):
    assert codes(inspect(examples / "files" / "good" / "official.pdf", name)) == {"type_mismatch"}


def test_missing_file_and_folder_are_findings(inspect, tmp_path):
    assert codes(inspect(tmp_path / "nothing.pdf")) == {"unreadable"}
    assert codes(inspect(tmp_path)) == {"unreadable"}
