from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from workers.regulation.composition import FiledPaper, PaperForm, Requirement, missing_papers

TODAY = date(2026, 3, 2)
APPLICATION = Requirement(code="application", name="Đơn đề nghị", form="original")
DEGREE = Requirement(code="degree", name="Bằng cấp", form="certified", copies=2)
HOUSEHOLD = Requirement(code="household", name="Giấy đăng ký hộ kinh doanh", form="copy", cases=("household",))
OPTIONAL = Requirement(code="extra", name="Văn bản ủy quyền", form="copy", required=False)
ALL = (APPLICATION, DEGREE, HOUSEHOLD, OPTIONAL)


def filed(code: str, form: str = "original", **more: object) -> FiledPaper:
    return FiledPaper(composition=code, name=f"{code}.pdf", form=form, **more)


def reasons(*papers: FiledPaper, case: str | None = None) -> dict[str, str]:
    return {one.code: one.reason for one in missing_papers(ALL, papers, case, TODAY)}


def test_everything_missing_is_listed_at_once_in_the_order_of_the_procedure():
    assert list(reasons(case="household")) == ["application", "degree", "household"]


def test_a_complete_dossier_lacks_nothing():
    assert reasons(filed("application"), filed("degree", "certified", copies=2)) == {}


def test_a_missing_paper_says_what_is_asked_for():
    assert reasons(filed("application"))["degree"] == "Chưa nộp (cần 2 bản sao chứng thực)."


def test_a_case_decides_which_papers_are_asked_for():
    assert "household" not in reasons(case="enterprise")
    assert "household" in reasons(case="household")


def test_a_weaker_form_is_refused_and_a_stronger_one_accepted():
    weak = reasons(filed("application", "copy"), filed("degree", "original", copies=2))
    assert weak == {"application": "application.pdf: là bản sao, cần bản chính."}


def test_a_defective_file_is_listed_with_every_reason():
    paper = filed("application", "copy", problems=("Tệp bị mã hóa.",), expires_on=date(2026, 3, 1))
    text = reasons(paper)["application"]
    assert text == "application.pdf: Tệp bị mã hóa, đã hết hạn ngày 01/03/2026, là bản sao, cần bản chính."


def test_a_paper_is_good_on_its_last_day():
    assert "application" not in reasons(filed("application", expires_on=TODAY))


def test_one_usable_filing_settles_a_paper():
    assert "application" not in reasons(filed("application", problems=("Hỏng",)), filed("application"))


def test_too_few_copies_are_counted_together():
    assert reasons(filed("degree"))["degree"] == "Mới có 1 bản, cần 2 bản."
    assert "degree" not in reasons(filed("degree"), filed("degree"))


def test_one_electronic_file_stands_for_all_copies():
    assert "degree" not in reasons(filed("degree", digital=True))


def test_paper_is_asked_for_where_no_file_is_accepted():
    paper_only = APPLICATION.model_copy(update={"digital_ok": False})
    missing = missing_papers((paper_only,), [filed("application", digital=True)], None, TODAY)
    assert missing[0].reason == "application.pdf: là tệp điện tử, cần nộp bản giấy."


def test_a_defective_optional_paper_is_listed_but_an_absent_one_is_not():
    assert "extra" in reasons(filed("extra", problems=("Không mở được",)))
    assert "extra" not in reasons()


def test_what_no_requirement_names_is_not_judged():
    assert "unknown" not in reasons(filed("unknown", problems=("Không mở được",)))


papers = st.builds(
    FiledPaper,
    composition=st.sampled_from(["application", "degree", "household", "extra", "unknown"]),
    name=st.just("tep.pdf"),
    form=st.sampled_from(PaperForm),
    problems=st.lists(st.just("Hỏng"), max_size=1).map(tuple),
)


@given(st.lists(papers, max_size=6), papers)
def test_filing_more_never_makes_a_required_paper_missing(before, more):
    required = {one.code for one in ALL if one.required}
    lacking = {one.code for one in missing_papers(ALL, before, "household", TODAY)} & required
    afterwards = {one.code for one in missing_papers(ALL, [*before, more], "household", TODAY)} & required
    assert afterwards <= lacking


@given(st.lists(papers, max_size=6))
def test_each_paper_is_listed_once(filings):
    codes = [one.code for one in missing_papers(ALL, filings, "household", TODAY)]
    assert len(codes) == len(set(codes))
