"""Make every file below examples/ and the example root in config/trust/examples: `python examples/make_examples.py`.

The same library versions make the same bytes, so that running it again shows no change in git.
"""

from __future__ import annotations

import shutil
import unicodedata
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import example_ca
import file_kinds as kinds
import pikepdf
from example_dossiers import DOSSIERS
from file_kinds import Paper
from PIL import Image, ImageDraw
from pyhanko.pdf_utils import generic
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).resolve().parent
TRUST = EXAMPLES.parent / "config" / "trust" / "examples"

LETTER = Paper(
    "Đơn đề nghị",
    (
        "Kính gửi: Ủy ban nhân dân phường Ví Dụ, Thành phố Hồ Chí Minh.",
        "Tôi tên là Nguyễn Văn Ví Dụ, số định danh cá nhân 079000000001, trú tại số 1 đường Ví Dụ.",
        (
            "Kính đề nghị quý cơ quan xem xét, giải quyết hồ sơ theo quy định. "
            "Tôi xin chịu trách nhiệm về nội dung đã khai."
        ),
    ),
)
DECOMPOSED_NAME = unicodedata.normalize("NFD", "Đơn đề nghị tổ hợp.pdf")


def main() -> None:
    """Write good files, bad files, dossiers and the example root."""
    for folder in ("dossiers", "files"):
        shutil.rmtree(EXAMPLES / folder, ignore_errors=True)
    example_ca.write_root(kinds.EXAMPLE_ROOT, TRUST / "example_root.pem")
    for name, make in GOOD.items():
        _write(EXAMPLES / "files" / "good" / name, make())
    for name, make in BAD.items():
        _write(EXAMPLES / "files" / "bad" / name, make())
    for name, dossier in DOSSIERS.items():
        _write_dossier(EXAMPLES / "dossiers" / name, dossier)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_dossier(folder: Path, dossier: dict[str, Any]) -> None:
    description = {**dossier, "documents": [_write_document(folder, dict(item)) for item in dossier["documents"]]}
    text = YAML()
    text.indent(mapping=2, sequence=4, offset=2)
    text.width = 110
    with (folder / "dossier.yaml").open("w", encoding="utf-8") as target:
        target.write("# Hồ sơ ví dụ: mọi tên người, số giấy tờ, địa chỉ đều là bịa.\n")
        text.dump(description, target)


def _write_document(folder: Path, document: dict[str, Any]) -> dict[str, Any]:
    paper = Paper(document.pop("title"), tuple(document.pop("body")), document.pop("signer", LETTER.signer))
    _write(folder / document["file"], MAKERS[document.pop("make")](paper))
    return document


def portrait(_: Paper) -> bytes:
    """Draw a 4 by 6 cm portrait of nobody, at 300 dpi."""
    picture = Image.new("RGB", (472, 709), (210, 225, 245))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((136, 130, 336, 400), fill=(225, 190, 165))
    pen.pieslice((126, 100, 346, 380), 180, 360, fill=(40, 35, 35))
    pen.rectangle((206, 380, 266, 470), fill=(225, 190, 165))
    pen.pieslice((36, 440, 436, 980), 180, 360, fill=(60, 80, 120))
    target = BytesIO()
    picture.save(target, "JPEG", quality=60, dpi=(300, 300))
    return target.getvalue()


def plan(paper: Paper) -> bytes:
    """Draw a ground plan and put it into a PDF as a scan."""
    sheet = Image.new("L", (1654, 2339), 255)
    pen = ImageDraw.Draw(sheet)
    for left, top, right, bottom in ((200, 300, 1450, 1900), (200, 300, 800, 1000), (800, 300, 1450, 1300)):
        pen.rectangle((left, top, right, bottom), outline=0, width=6)
    pen.rectangle((1000, 2050, 1450, 2250), outline=0, width=3)
    caption = kinds.bitmap(paper).crop((300, 370, 1354, 470))
    sheet.paste(caption, (260, 1400))
    return kinds.scan_pdf(sheet)


MAKERS: dict[str, Callable[[Paper], bytes]] = {
    "pdf": kinds.pdf,
    "signed": lambda paper: kinds.signed(kinds.pdf(paper), paper.signer),
    "signed_claimed": lambda paper: kinds.signed(kinds.pdf(paper), paper.signer, stamped=False),
    "scan": lambda paper: kinds.scan_pdf(kinds.bitmap(paper)),
    "jpeg": lambda paper: kinds.jpeg(kinds.bitmap(paper)),
    "png": lambda paper: kinds.png(kinds.bitmap(paper)),
    "tiff": lambda paper: kinds.tiff(kinds.bitmap(paper)),
    "docx": kinds.docx,
    "odt": kinds.odt,
    "portrait": portrait,
    "plan": plan,
    "encrypted": lambda paper: kinds.encrypted(kinds.pdf(paper), "mat-khau-vi-du"),
}

GOOD: dict[str, Callable[[], bytes]] = {
    "official.pdf": lambda: kinds.pdf(LETTER, "Phụ lục: danh mục giấy tờ kèm theo"),
    "signed.pdf": lambda: kinds.signed(kinds.pdf(LETTER), LETTER.signer),
    "signed-twice.pdf": lambda: kinds.signed(kinds.signed(kinds.pdf(LETTER), LETTER.signer), "Trần Thị Ví Dụ"),
    "signed-claimed-time.pdf": lambda: kinds.signed(kinds.pdf(LETTER), LETTER.signer, stamped=False),
    "scan.pdf": lambda: kinds.scan_pdf(kinds.bitmap(LETTER)),
    "scan.jpg": lambda: kinds.jpeg(kinds.bitmap(LETTER)),
    "scan.png": lambda: kinds.png(kinds.bitmap(LETTER)),
    "scan.tiff": lambda: kinds.tiff(kinds.bitmap(LETTER), kinds.bitmap(LETTER)),
    "letter.docx": lambda: kinds.docx(LETTER),
    "letter.odt": lambda: kinds.odt(LETTER),
    "list.xlsx": lambda: kinds.xlsx((("Họ và tên", "Chức vụ"), ("Nguyễn Văn Ví Dụ", "Giám đốc"))),
}


def _changed(change: Callable[[pikepdf.Pdf], None]) -> bytes:
    target = BytesIO()
    with pikepdf.open(BytesIO(kinds.pdf(LETTER))) as document:
        change(document)
        document.save(target, deterministic_id=True)
    return target.getvalue()


def _add_javascript(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert('vi du')"))


def _add_launch(document: pikepdf.Pdf) -> None:
    action = pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("chuong-trinh.exe"))
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[72, 72, 144, 144], Border=[0, 0, 0], A=action
    )
    document.pages[0].Annots = pikepdf.Array([link])


def _add_attachment(document: pikepdf.Pdf) -> None:
    moment = "D:20260302100000+07'00'"
    content = pikepdf.AttachedFileSpec(
        document, b"vi du", filename="du-toan.xlsx", creation_date=moment, mod_date=moment
    )
    document.attachments["du-toan.xlsx"] = content


def _break_cross_references(data: bytes) -> bytes:
    head, marker, tail = data.rpartition(b"startxref\n")
    offset, _, end = tail.partition(b"\n")
    return head + marker + str(int(offset) + 7).encode() + b"\n" + end


def _old_version() -> bytes:
    plain = pikepdf.ObjectStreamMode.disable
    return kinds.resaved(kinds.pdf(LETTER), force_version="1.3", object_stream_mode=plain)


def _empty_sheet() -> Image.Image:
    return kinds.rough(Image.new("L", (1654, 2339), 250), "blank")


def _alter_signed() -> bytes:
    data = kinds.signed(kinds.pdf(LETTER), LETTER.signer)
    title = data.index(b"Title")
    inside = data.index(b"(", title) + 3
    return data[:inside] + bytes([data[inside] ^ 1]) + data[inside + 1 :]


def _extend_signed() -> bytes:
    with kinds.later_revision(kinds.signed(kinds.pdf(LETTER), LETTER.signer)) as (writer, target):
        page = writer.root["/Pages"]["/Kids"][0]
        added = writer.add_object(generic.StreamObject(stream_data=b"0.2 g 80 90 300 30 re f"))
        page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), added])
        writer.update_container(page)
    return target.getvalue()


def _legacy(body: tuple[str, ...], font: str) -> bytes:
    return kinds.docx(Paper(body[0], body[1:], body[0]), font=font)


BAD: dict[str, Callable[[], bytes]] = {
    "empty.pdf": lambda: b"",
    "encrypted.pdf": lambda: kinds.encrypted(kinds.pdf(LETTER), "mat-khau-vi-du"),
    "encrypted.docx": lambda: kinds.ole("EncryptionInfo", "EncryptedPackage"),
    "restricted.pdf": lambda: kinds.encrypted(kinds.pdf(LETTER), ""),
    "truncated.pdf": lambda: kinds.pdf(LETTER)[:15000],
    "truncated.jpg": lambda: kinds.jpeg(kinds.bitmap(LETTER))[:30000],
    "truncated.docx": lambda: kinds.docx(LETTER)[:900],
    "damaged.pdf": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 4 + b"\n%%EOF\n",
    "cross-references.pdf": lambda: _break_cross_references(kinds.pdf(LETTER)),
    "wrong-extension.pdf": lambda: kinds.png(kinds.bitmap(LETTER)),
    "program.pdf": lambda: b"MZ\x90\x00" + bytes(60) + b"PE\x00\x00" + bytes(512),
    "archive.zip": lambda: kinds.archive({"don.txt": "ví dụ"}),
    "macro.docm": lambda: kinds.docx(LETTER, macro=True, extra={"word/vbaProject.bin": b"vi du"}),
    "macro-hidden.docx": lambda: kinds.docx(LETTER, extra={"word/vbaProject.bin": b"vi du"}),
    "macro.doc": lambda: kinds.ole("WordDocument", "_VBA_PROJECT"),
    "remote-template.docx": lambda: kinds.docx(LETTER, relations=kinds.remote_template()),
    "embedded-object.docx": lambda: kinds.docx(LETTER, extra={"word/embeddings/oleObject1.bin": b"vi du"}),
    "zip-bomb.docx": lambda: kinds.docx(LETTER, extra={"word/media/image1.bmp": bytes(40 * 1024 * 1024)}),
    "javascript.pdf": lambda: _changed(_add_javascript),
    "launch.pdf": lambda: _changed(_add_launch),
    "embedded-file.pdf": lambda: _changed(_add_attachment),
    "old-version.pdf": _old_version,
    "blank-page.pdf": lambda: kinds.pdf(LETTER, "", "Phụ lục sau trang trắng"),
    "blank-scan.pdf": lambda: kinds.scan_pdf(_empty_sheet()),
    "low-resolution.pdf": lambda: kinds.scan_pdf(kinds.bitmap(LETTER, 100), dpi=100),
    "low-resolution.jpg": lambda: kinds.jpeg(kinds.bitmap(LETTER, 96), dpi=96),
    "huge-image.png": lambda: kinds.png(Image.new("1", (12000, 11000), 1)),
    "decomposed-text.docx": lambda: kinds.docx(Paper(unicodedata.normalize("NFD", LETTER.title), LETTER.body)),
    "legacy-tcvn3.docx": lambda: _legacy(
        ("Céng hßa x· héi chñ nghÜa ViÖt Nam", "§éc lËp - Tù do - H¹nh phóc", "§¬n ®Ò nghÞ cÊp giÊy phÐp"), ".VnTime"
    ),
    "legacy-vni.docx": lambda: _legacy(
        ("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "Ñoäc laäp - Töï do - Haïnh phuùc", "Ñôn ñeà nghò"), "VNI-Times"
    ),
    "signed-altered.pdf": _alter_signed,
    "signed-extended.pdf": _extend_signed,
    "signed-untrusted.pdf": lambda: kinds.signed(kinds.pdf(LETTER), LETTER.signer, root=kinds.UNKNOWN_ROOT),
    "signed-expired.pdf": lambda: kinds.signed(kinds.pdf(LETTER), LETTER.signer, stamped=False, expired=True),
    DECOMPOSED_NAME: lambda: kinds.pdf(LETTER),
}

if __name__ == "__main__":
    main()
