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
LADDER = {"step_name", "holder_name", "step_due_label", "time_left_label"}
GIVEN = {
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
        (("Xin chào.", "Xin chào {{ nobody }}."), r"greeting\.yaml:9: dùng “nobody”"),
        (("Thư cho {{ recipient_name }}", "Thư {{ x }}"), r"greeting\.yaml:5: dùng “x”"),
        (("  recipient_name: Nguyễn", "  unused: a\n  recipient_name: Nguyễn"), r"greeting\.yaml:4: khai báo “unused”"),
        (("Xin chào.", "{% if %}"), r"greeting\.yaml:9: không đúng cú pháp"),
        (("audience: applicant", "audience: all"), r"greeting\.yaml:2: mục “audience”"),
        (("name: Ví dụ", "nom: Ví dụ"), r"greeting\.yaml:\d+: mục “name”"),
        (("audience: applicant", "audience: [applicant"), r"greeting\.yaml:\d+: không đúng cú pháp YAML"),
        (("Xin chào.", "{{ recipient_name.no_such }}"), r"greeting\.yaml:7: không dựng được"),
        (("Xin chào.", "{% include 'x' %}"), r"greeting\.yaml:\d+: nội dung không được lấy từ tệp khác"),
        (("Xin chào.", "{{ ''.__class__.__mro__ }}"), r"không dựng được"),
    ],
)
def test_a_wrong_text_is_reported_with_file_and_line(tmp_path, change, message):
    assert change[0] in GOOD
    with pytest.raises(ConfigError, match=message):
        one(tmp_path, GOOD.replace(*change))


def test_missing_and_unknown_files_are_reported(tmp_path):
    with pytest.raises(ConfigError, match="cần một tệp nội dung"):
        TextCatalog(tmp_path, ["greeting"])
    (tmp_path / "greting.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"greting\.yaml: không có sự kiện"):
        one(tmp_path, GOOD)
    (tmp_path / "greting.yaml").unlink()
    with pytest.raises(ConfigError, match="cần các mục"):
        one(tmp_path, "- a")
