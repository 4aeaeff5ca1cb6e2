import dataclasses
import hashlib
import io
import re
import shutil
import unicodedata
from datetime import datetime
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from workers.errors import ConfigError
from workers.papers.models import (
    Agency,
    Basis,
    ControlSlip,
    FormSet,
    Limit,
    Person,
    Receipt,
    Register,
    StopNotice,
    view,
)
from workers.papers.press import PaperPress, RenderedPaper
from workers.papers.samples import sample_papers
from workers.papers.text import LOCAL, clean, moment_parts

FORMS = Path(__file__).parents[3] / "config" / "forms"
ALL = [(form_set, paper) for form_set in FormSet for paper in sample_papers(form_set)]
NAMES = [f"{form_set.value}-{paper.kind}" for form_set, paper in ALL]


@pytest.fixture(scope="module")
def press():
    return PaperPress(FORMS)


def sample(kind, form_set=FormSet.Y2025):
    return next(paper for paper in sample_papers(form_set) if paper.kind == kind)


def text_of(made: RenderedPaper) -> str:
    pages = PdfReader(io.BytesIO(made.pdf)).pages
    return unicodedata.normalize("NFC", " ".join(page.extract_text() for page in pages))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(("form_set", "paper"), ALL, ids=NAMES)
def test_every_paper_is_an_archival_pdf_whose_words_are_found(press, form_set, paper):
    made = press.render(paper)
    found = squeezed(text_of(made))
    assert made.undrawable == ""
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in found
    assert "Độc lập - Tự do - Hạnh phúc" in found
    assert made.title.upper() in found
    assert "Ví Dụ" in found
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf, pdf.open_metadata() as metadata:
        assert metadata.pdfa_status == "2A"
        assert metadata["dc:title"] == made.title
        assert str(pdf.Root.Lang) == "vi"


@pytest.mark.parametrize(("form_set", "paper"), ALL, ids=NAMES)
def test_size_follows_the_form_set(press, form_set, paper):
    pages = PdfReader(io.BytesIO(press.render(paper).pdf)).pages
    width = round(float(pages[0].mediabox.width) / 72 * 25.4)
    small = form_set is FormSet.Y2018 and paper.form_code() is not None and paper.kind != "register"
    flipped = paper.kind in {"register", "opinion_table", "feedback_report"}
    assert width == (148 if small else 297 if flipped else 210)
    assert len(pages) == 1


def test_the_same_data_gives_the_same_bytes(press):
    first, second = press.render(sample("receipt")), PaperPress(FORMS).render(sample("receipt"))
    assert first.pdf == second.pdf
    assert first.sha256 == hashlib.sha256(first.pdf).hexdigest()
    other = sample("receipt").model_copy(update={"copies": 2})
    assert press.render(other).sha256 != first.sha256


def test_the_pdf_is_dated_by_the_paper(press):
    made = press.render(sample("receipt"))
    assert PdfReader(io.BytesIO(made.pdf)).metadata.creation_date == sample("receipt").issued_at


@pytest.mark.parametrize(
    "trick",
    [
        '#panic("x")',
        '#read("/etc/passwd")',
        '"); #panic(1); ("',
        "$x^2$ *đậm* _nghiêng_ @nguon <nhan> = Tiêu đề",
        "\\u{41} \\#let x = 1",
        '{"a": 1}',
    ],
)
def test_words_are_shown_and_never_evaluated(press, trick):
    paper = sample("receipt").model_copy(update={"applicant": Person(name=trick), "request": trick})
    assert squeezed(trick) in squeezed(text_of(press.render(paper)))


@settings(max_examples=40, deadline=None)
@given(name=st.text(min_size=1, max_size=200).filter(lambda text: clean(text) != ""))
def test_no_name_breaks_a_paper(name):
    press = PRESS
    person = Person(name=name)
    made = press.render(sample("refusal").model_copy(update={"applicant": person}))
    assert made.pdf.startswith(b"%PDF-")


PRESS = PaperPress(FORMS)


def test_a_mark_without_a_base_letter_is_reported_too(press):
    made = press.render(sample("refusal").model_copy(update={"applicant": Person(name="\u0f8d")}))
    assert made.undrawable == "\u0f8d"


def test_a_letter_the_fonts_lack_is_reported_and_stood_in_for(press):
    made = press.render(sample("refusal").model_copy(update={"applicant": Person(name="Công ty 株式会社 Ví Dụ")}))
    assert set("株式会社") <= set(made.undrawable)
    assert "Công ty □□□□ Ví Dụ" in squeezed(text_of(made))


def test_hidden_characters_are_dropped_and_text_is_composed():
    decomposed = unicodedata.normalize("NFD", "Nguyễn Thị Hưởng")
    assert Person(name=f"  {decomposed}\u202e\u200b\x00 ").name == "Nguyễn Thị Hưởng"


def test_a_long_word_stays_on_the_page(press):
    paper = sample("receipt").model_copy(update={"applicant": Person(name="Ư" * 400)})
    made = press.render(paper)
    for page in PdfReader(io.BytesIO(made.pdf)).pages:
        right = float(page.mediabox.width)
        ends = []
        page.extract_text(visitor_text=lambda text, cm, tm, font, size, ends=ends: ends.append((tm[4], text, size)))
        widest = max(start + 0.5 * (size or 0) * len(text.strip().split("\n")[0]) for start, text, size in ends)
        assert widest < right
    assert text_of(made).count("Ư") >= 400


@pytest.mark.parametrize(("kind", "label"), [("control_slip", "Bên giao"), ("register", "Tên TTHC")])
def test_a_long_table_breaks_and_repeats_its_header(press, kind, label):
    short = sample(kind)
    made = press.render(short.model_copy(update={"rows": short.rows * 20}))
    pages = PdfReader(io.BytesIO(made.pdf)).pages
    assert len(pages) > 2
    assert all(label in squeezed(page.extract_text()) for page in pages)


@pytest.mark.parametrize(("confirmed", "times"), [(True, 0), (False, 1)])
def test_an_unconfirmed_limit_is_marked(press, confirmed, times):
    paper = sample("receipt").model_copy(update={"limit": Limit(text="5 ngày làm việc", confirmed=confirmed)})
    assert squeezed(text_of(press.render(paper))).count("(ví dụ, chờ văn bản)") == times


def test_silence_is_never_counted_as_agreement(press):
    found = squeezed(text_of(press.render(sample("opinion_table"))))
    assert (
        "đồng ý: 1; đồng ý, có ý kiến bổ sung: 1; không đồng ý: 1; không thuộc thẩm quyền: 0; không trả lời: 1."
        in found
    )


def test_form_numbers_follow_the_set():
    assert [p.form_code() for p in sample_papers(FormSet.Y2018)[:6]] == ["01", "02", "03", "04", "05", "06"]
    assert [p.form_code() for p in sample_papers(FormSet.Y2025)[:7]] == ["01", "02", "03", "04", "05", "06", "07"]
    assert sample("apology", FormSet.Y2018).title() == "Phiếu xin lỗi và hẹn lại ngày trả kết quả"
    assert sample("apology").title() == "Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết"


def test_a_set_without_the_form_is_refused(press):
    paper = StopNotice.model_validate({**dict(sample("stop_notice")), "form_set": FormSet.Y2018})
    with pytest.raises(ValueError, match="Bộ mẫu 2018 không có mẫu"):
        press.render(paper)


def test_a_paper_leaves_out_facts_it_does_not_name():
    facts = {**dict(sample("reminder")), "unit_name": "Sở Ví Dụ", "procedure_confirmed": True}
    assert type(sample("reminder")).model_validate(facts) == sample("reminder")


def test_recipients_are_listed_once(press):
    given = sample("result_feedback").model_copy(update={"recipients": ["Như trên", "Sở Ví Dụ", "Lưu: VT, hồ sơ"]})
    found = squeezed(text_of(press.render(given)))
    assert "- Như trên; - Sở Ví Dụ; - Lưu: VT, hồ sơ." in found


def test_a_broken_template_is_named(tmp_path):
    forms = tmp_path / "forms"
    shutil.copytree(FORMS, forms)
    (forms / "receipt.typ").write_text("#let x = ", encoding="utf-8")
    press = PaperPress(forms)
    with pytest.raises(ConfigError, match=r"receipt\.typ không dựng được"):
        press.render(sample("receipt"))
    (forms / "receipt.typ").unlink()
    with pytest.raises(ConfigError, match="Thiếu mẫu"):
        press.render(sample("receipt"))


def test_only_shipped_fonts_are_in_a_paper(press):
    made = press.render(sample("receipt"))
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
        names = {
            str(font.BaseFont).split("+")[-1]
            for page in pdf.pages
            for font in page.Resources.Font.values()  # type: ignore[operator]
        }
    assert names
    assert all(name.startswith(("LiberationSerif", "LibertinusSerif")) for name in names)


def test_moments_are_written_in_local_time():
    parts = moment_parts(datetime.fromisoformat("2026-02-01T18:05:00+00:00"))
    assert parts["full"] == "01 giờ 05 phút, ngày 02 tháng 02 năm 2026"
    assert moment_parts(datetime(2026, 11, 12, 8, tzinfo=LOCAL))["day"] == "ngày 12 tháng 11 năm 2026"


def test_a_paper_names_its_file_in_vietnamese(press):
    assert press.render(sample("handover_slip")).name == "Phiếu bàn giao kết quả giải quyết hồ sơ 19 PBG-STC.pdf"
    assert dataclasses.asdict(press.render(sample("receipt")))["name"].startswith("Giấy tiếp nhận hồ sơ")


async def test_papers_are_rendered_in_threads(press):
    made = await press.render_async(sample("decision"))
    assert made == press.render(sample("decision"))


def test_an_empty_register_says_so(press):
    empty = sample("register").model_copy(update={"rows": []})
    assert "Trong kỳ không có hồ sơ nào" in squeezed(text_of(press.render(empty)))
    assert isinstance(empty, Register)


def test_templates_read_moments_as_words():
    slip = sample("control_slip")
    assert isinstance(slip, ControlSlip)
    assert view(slip)["rows"][0]["at"]["date"] == "02/11/2026"
    assert view(Agency(name="Sở Ví Dụ"))["place"] == "Thành phố Hồ Chí Minh"
    assert view([Basis(text="Điều 1")]) == [{"text": "Điều 1", "confirmed": True}]
    assert isinstance(sample("receipt"), Receipt)
