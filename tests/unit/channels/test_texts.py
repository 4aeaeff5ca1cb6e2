import unicodedata
from pathlib import Path

import pytest

from workers.channels.texts import EVENTS, TextCatalog
from workers.errors import ConfigError, NeedsOperator

TEXTS = Path(__file__).parents[3] / "config" / "texts"
FACTS = {
    "dossier_code", "procedure_name", "title", "unit_name", "lead_unit_name", "received_label", "due_label",
    "tracking_url", "recipient_name",
}  # fmt: skip
FEEDBACK = {"feedback_code", "field_name"}
LADDER = {"step_name", "holder_name", "step_due_label", "time_left_label"}
NEWS = {"title", "summary", "source_number", "signed_label", "news_url", "manage_url", "reason"}
GIVEN = {
    "news_published": NEWS,
    "news_corrected": NEWS,
    "news_recalled": NEWS,
    "subscription_confirm": {"confirm_code", "confirm_url", "hours"},
    "dossier_received": {"tracking_secret"},
    "supplement_requested": {"items", "until_label"},
    "supplement_reminder": set(),
    "dossier_refused": {"reason"},
    "extension_notice": {"reason", "before_label", "new_due_label"},
    "dossier_stopped": {"reason"},
    "dossier_withdrawn": set(),
    "result_ready": {"result_number", "rating_until_label"},
    "opinion_requested": {"request_due_label"},
    "opinion_reminder": LADDER,
    "opinion_overdue": {"request_due_label", "consequence"},
    "package_returned": {"items"},
    "result_feedback": {"sender_name", "result_number", "confirm_by_label"},
    "feedback_reminder": LADDER,
    "step_near_due": LADDER,
    "step_due": LADDER,
    "step_overdue_office": LADDER,
    "step_overdue_leader": LADDER,
    "deadline_changed": {"before_label", "reason"},
    "feedback_received": FEEDBACK | {"tracking_secret", "emergency_label"},
    "feedback_forwarded": FEEDBACK,
    "feedback_interim": FEEDBACK | {"answer", "committed_label"},
    "feedback_answered": FEEDBACK | {"answer", "rating_until_label"},
    "feedback_routed_out": FEEDBACK | {"answer"},
    "feedback_rejected": FEEDBACK | {"answer"},
    "feedback_merged": FEEDBACK,
    "feedback_merged_answered": FEEDBACK | {"answer"},
    "feedback_reopened": FEEDBACK,
    "feedback_assigned": FEEDBACK,
    "feedback_returned": FEEDBACK | {"reason"},
    "feedback_near_due": FEEDBACK | LADDER,
    "feedback_due": FEEDBACK | LADDER,
    "feedback_overdue": FEEDBACK | LADDER,
}
GOOD = """\
name: Ví dụ
audience: applicant
values:
  recipient_name: Nguyễn Văn Ví Dụ
subject: Thư cho {{ recipient_name }}
body: |
  Kính gửi {{ recipient_name }},

  Xin chào.
"""


def mistakes_in(tmp_path, content):
    with pytest.raises(ConfigError) as caught:
        one(tmp_path, content)
    lines = caught.value.message.splitlines()
    assert all(line.startswith(f"{tmp_path / 'greeting.yaml'}, dòng ") and line.endswith(".") for line in lines)
    return lines


@pytest.fixture(scope="module")
def catalog():
    return TextCatalog(TEXTS)


def one(tmp_path, content, event="greeting"):
    (tmp_path / f"{event}.yaml").write_text(content, encoding="utf-8")
    return TextCatalog(tmp_path, [event])


@pytest.mark.parametrize("event", EVENTS)
def test_every_text_renders_with_its_examples(catalog, event):
    text = catalog.example(event)
    assert "\n" not in text.subject
    assert text.subject == unicodedata.normalize("NFC", text.subject)
    assert text.body == unicodedata.normalize("NFC", text.body)
    assert len(text.subject) <= 140
    assert text.body.startswith("Kính gửi")
    assert "{{" not in text.subject + text.body
    assert "{%" not in text.body
    assert "\n\n\n" not in text.body


@pytest.mark.parametrize("event", EVENTS)
def test_a_text_asks_for_nothing_the_handlers_do_not_give(catalog, event):
    assert catalog.values_of(event) <= FACTS | GIVEN[event]


def test_facts_a_text_does_not_use_are_left_out(catalog):
    values = dict.fromkeys(FACTS, "x") | {"reason": "Lý do", "procedure_confirmed": False, "received_at": object()}
    assert "Lý do: Lý do" in catalog.render("dossier_refused", values).body


def test_a_missing_value_goes_to_a_person(catalog):
    values = dict.fromkeys(FACTS, "Bí mật")
    with pytest.raises(NeedsOperator, match="thiếu reason") as caught:
        catalog.render("dossier_refused", {**values, "reason": None})
    assert "Bí mật" not in caught.value.message
    with pytest.raises(NeedsOperator, match="Không có nội dung"):
        catalog.render("no_such_event", values)


def test_a_value_cannot_add_a_subject_line_or_hidden_characters(tmp_path):
    text = one(tmp_path, GOOD).render("greeting", {"recipient_name": "A\r\nBcc: x@example.vn\u202e\x00"})
    assert text.subject == "Thư cho A Bcc: x@example.vn"
    assert "\u202e" not in text.body
    assert "\x00" not in text.body


def test_a_value_is_text_and_never_a_template(tmp_path):
    text = one(tmp_path, GOOD).render("greeting", {"recipient_name": "{{ 7 * 7 }}{% if x %}"})
    assert "{{ 7 * 7 }}{% if x %}" in text.body


def test_decomposed_values_are_composed(tmp_path):
    name = unicodedata.normalize("NFD", "Nguyễn Thị Hưởng")
    assert "Nguyễn Thị Hưởng" in one(tmp_path, GOOD).render("greeting", {"recipient_name": name}).body


def test_audience_is_told(catalog):
    assert catalog.audience("dossier_received") == "applicant"
    assert catalog.audience("step_due") == "unit"
    assert catalog.audience("no_such_event") == "unit"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("Xin chào.", "Xin chào {{ nobody }}."), "dòng 9: dùng “nobody” nhưng mục values không khai báo"),
        (("Thư cho {{ recipient_name }}", "Thư {{ x }}"), "dòng 5: dùng “x”"),
        (("  recipient_name: Nguyễn", "  unused: a\n  recipient_name: Nguyễn"), "dòng 4: “values.unused”: nội dung"),
        (("Xin chào.", "{% if %}"), "dòng 9: không đúng cú pháp"),
        (
            ("audience: applicant", "audience: all"),
            "dòng 2: “audience”: đang ghi “all”, cần một trong: applicant, unit.",
        ),
        (("name: Ví dụ", "nom: Ví dụ"), "dòng 1: “name”: bị thiếu, cần bổ sung."),
        (("name: Ví dụ", "nom: Ví dụ"), "dòng 1: “nom”: không phải tên được dùng ở đây"),
        (("name: Ví dụ", "name: 12"), "dòng 1: “name”: đang ghi “12”, cần chữ, đặt trong dấu nháy kép."),
        (("Nguyễn Văn Ví Dụ", "12"), "dòng 4: “values.recipient_name”: cần một ví dụ là chữ trong dấu nháy kép"),
        (("Nguyễn Văn Ví Dụ", "[a, 12]"), "dòng 4: “values.recipient_name”: cần một ví dụ là chữ trong dấu nháy kép"),
        (("name: Ví dụ", "name: Ví dụ\nname: Hai"), "dòng 2: tên “name” ghi hai lần, chỉ được ghi một lần."),
        (("audience: applicant", "audience: [applicant"), "dòng 3: sai cú pháp"),
        (("Xin chào.", "{{ recipient_name.no_such }}"), "dòng 7: không dựng được"),
        (("Xin chào.", "{% include 'x' %}"), "dòng 7: nội dung lấy từ tệp khác"),
        (("Xin chào.", "{{ ''.__class__.__mro__ }}"), "dòng 7: không dựng được"),
    ],
)
def test_a_wrong_text_is_reported_with_file_and_line(tmp_path, change, message):
    assert change[0] in GOOD
    assert any(message in line for line in mistakes_in(tmp_path, GOOD.replace(*change, 1)))


def test_a_text_that_is_not_normalised_is_reported_with_its_line(tmp_path):
    wrong = GOOD.replace("Xin chào.", unicodedata.normalize("NFD", "Xin chào."))
    assert ["dòng 9" in line and "NFC" in line for line in mistakes_in(tmp_path, wrong)] == [True]


def test_missing_and_unknown_files_are_reported(tmp_path):
    with pytest.raises(ConfigError, match=r"greeting\.yaml, dòng 1: không có tệp này"):
        TextCatalog(tmp_path, ["greeting"])
    (tmp_path / "greting.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"greting\.yaml, dòng 1: không có sự kiện"):
        one(tmp_path, GOOD)
    (tmp_path / "greting.yaml").unlink()
    with pytest.raises(ConfigError, match=r"greeting\.yaml, dòng 1: cần các dòng dạng “tên: giá trị”"):
        one(tmp_path, "- a")


def test_all_mistakes_of_all_texts_are_said_at_once(tmp_path):
    (tmp_path / "greting.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "greeting.yaml").write_text(GOOD.replace("Xin", "{{ x }}").replace("cho {{", "{{ y }}{{"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        TextCatalog(tmp_path, ["greeting", "farewell"])
    files = [Path(line.partition(",")[0]).name for line in caught.value.message.splitlines()]
    assert files == ["farewell.yaml", "greeting.yaml", "greeting.yaml", "greting.yaml"]


SHORT = """name: Báo tin
audience: applicant
values:
  title: "Ví dụ"
subject: "{{ title }}"
body: |
  {{ title }}
sms: "SMS {{ title }}"
zalo: {template: "300123", values: [title]}
"""


def short_catalog(folder, text, most=2):
    (folder / "news.yaml").write_text(text, encoding="utf-8")
    return TextCatalog(folder, ["news"], most_segments=most)


def test_a_text_has_its_short_forms(tmp_path):
    text = short_catalog(tmp_path, SHORT).render("news", {"title": "Ngập\n nước"})
    assert (text.sms, text.template, text.template_data) == ("SMS Ngập nước", "300123", {"title": "Ngập\n nước"})


def test_a_short_text_that_is_too_long_is_a_mistake_with_its_line(tmp_path):
    with pytest.raises(ConfigError, match=r"news\.yaml, dòng 8: .*3 đoạn.*2 đoạn"):
        short_catalog(tmp_path, SHORT.replace('sms: "SMS', 'sms: "' + "ư" * 130))


def test_what_a_short_text_or_template_uses_must_be_declared(tmp_path):
    with pytest.raises(ConfigError, match="“other”"):
        short_catalog(tmp_path, SHORT.replace("SMS {{ title", "SMS {{ other"))
    with pytest.raises(ConfigError, match="“other”"):
        short_catalog(tmp_path, SHORT.replace("values: [title]", "values: [other]"))
