"""Draw every form as Tasklist does and fill it in."""

from __future__ import annotations

import json

import pytest

from workers.casework import URGENCY_LABELS
from workers.coordination.opinions import DISPOSITION_LABELS
from workers.dossier.endings import MESSAGES
from workers.regulation.silence import ANSWER_NAMES
from workers.studio.intake import check_options, procedure_options, unit_options

SUMMARY = {
    "code": "H29.04-260105-0001",
    "procedure_name": "Chấp thuận chủ trương đầu tư",
    "title": "Chấp thuận chủ trương đầu tư dự án Ví Dụ",
    "urgency_label": "Khẩn",
    "origin_unit_name": "Trung tâm Phục vụ hành chính công Thành phố",
    "lead_unit_name": "Sở Tài chính",
    "received_label": "05/01/2026 08:12",
    "due_label": "09/02/2026 17:00",
    "provisional_label": "",
}
OPINION = {
    "request_id": "H29.04-260105-0001-1-H29.07",
    "unit_name": "Sở Xây dựng",
    "answer": "agree_with_comments",
    "answer_label": "Đồng ý, có góp ý",
    "content": "Bổ sung phương án đấu nối.",
    "silent": False,
    "disposition": "accepted",
}
FINDING = {"place": "Nội dung, dòng 1", "what": "Số điện thoại: 090****001", "to_do": "bỏ"}
FEEDBACK_SUMMARY = {
    "code": "PA-7KX2MQ9D",
    "field_name": "Chiếu sáng công cộng",
    "text": "Đèn đường tắt (ví dụ)",
    "place": "12 Đường Ví Dụ",
    "commune_name": "Phường Sài Gòn",
    "received_label": "05/01/2026 08:12",
    "due_label": "10/01/2026 17:00",
}
DATA = {
    "draft_findings": [FINDING],
    "dossier_summary": SUMMARY,
    "feedback_summary": FEEDBACK_SUMMARY,
    "duplicate_options": [{"label": "PA-7KX2MQ9D (giống 90%)", "value": "PA-7KX2MQ9D"}],
    "due_label": "07/01/2026 17:00",
    "time_left_label": "1 ngày 3 giờ làm việc",
    "documents": [
        {"name": "Tờ trình", "file": "to-trinh.pdf", "status_label": "Đạt", "findings_text": "Ký số hợp lệ."}
    ],
    "missing": [{"name": "Đề xuất dự án", "reason": "không có trong hồ sơ"}],
    "opinions": [OPINION],
    "officer_options": [{"label": "Nguyễn Văn Ví Dụ", "value": "vi.du"}],
    "unit_options": [{"label": "Sở Xây dựng", "value": "H29.07"}],
}
PUBLICATION = {
    "publication_title": "Khơi thông cống trước đợt triều cường",
    "publication_summary": "Các phường, xã khơi thông cống.",
    "publication_text": "Chủ tịch yêu cầu khơi thông cống.",
    "publication_topics": ["flooding_weather"],
    "publication_areas": ["H29"],
    "publication_channels": ["email"],
    "source_number": "1234/UBND-ĐT",
    "source_date": "2026-01-05",
    "source_signer": "Phó Chủ tịch Nguyễn Văn Ví Dụ",
    "signed_at": "2026-01-05T08:00+07:00",
    "approver": "approver.h29-01",
}
NEWS_TEXTS = ("publication_title", "publication_summary", "publication_text")
INTAKE = {
    "intake_procedure_code": "1.009645",
    "intake_title": "Chấp thuận chủ trương đầu tư",
    "intake_urgency": "urgent",
    "intake_origin_unit": "H29.04",
    "intake_applicant_name": "Nguyễn Văn Ví Dụ",
    "intake_id_number": "079000000001",
    "intake_phone": "0900000001",
    "intake_email": "vi.du@example.vn",
    "intake_address": "1 Đường Ví Dụ",
    "intake_consent_email": True,
    "intake_scan_batch": "quet-20260105-01",
    "intake_papers": [{"composition": "application", "original": "original"}],
}
REPORT = {
    "report_text": "Đèn đường trước số 12 bị tắt ba ngày nay",
    "report_place": "12 Đường Ví Dụ",
    "report_commune": "H29.26740",
    "report_field": "street_light",
}
FORWARD = {
    "triage_decision": "forward",
    "field_code": "street_light",
    "commune_code": "H29.26740",
    "unit_choice": "H29.07",
    "publication": "shown",
    "public_text": "Đèn đường tắt (ví dụ)",
}
LONG = "Hồ sơ đủ điều kiện theo quy định, đề nghị xem xét."

# What a person enters, and what must come back; a key that is hidden must not come back.
FILLED = {
    "dossier_intake": [INTAKE],
    "dossier_correction": [INTAKE],
    "dossier_reception": [
        {"reception_decision": "accept"},
        {"reception_decision": "supplement", "extra_requirements": "Bản vẽ – chưa có."},
        {"reception_decision": "supplement", "missing": [], "required_supplement": "Bản vẽ – chưa có."},
        {
            "reception_decision": "refuse",
            "reception_note": "Không thuộc thẩm quyền.",
            "refusal_clause": "Điều 1 (ví dụ)",
        },
    ],
    "officer_assignment": [{"officer": "vi.du", "assignment_note": "Trình trước thứ Sáu."}],
    "dossier_appraisal": [
        {"appraisal_decision": "approve", "appraisal_summary": LONG},
        {
            "appraisal_decision": "refuse",
            "appraisal_summary": LONG,
            "refusal_reason": "Sai quy hoạch.",
            "refusal_clause": "Điều 1",
        },
        {"appraisal_decision": "opinions", "opinion_units": ["H29.07"]},
        {"appraisal_decision": "supplement", "extra_requirements": "Bản vẽ – chưa có."},
    ],
    "result_signature": [
        {"signature_decision": "sign"},
        {"signature_decision": "revise", "signature_note": "Sửa căn cứ."},
    ],
    "supplement_reception": [
        {"supplement_scan_batch": "quet-02", "supplement_papers": [{"composition": "application", "original": "copy"}]}
    ],
    "extension_proposal": [
        {"extension_decision": "on_time"},
        {"extension_decision": "extend", "extension_reason": "Chờ kết quả thực địa.", "extension_days": 5},
    ],
    "result_handover": [{"handover_method": "in_person", "handover_note": "Đã nhận bản gốc."}],
    "publication_draft": [{**PUBLICATION, "editor": "editor.h29-01"}],
    "publication_revision": [
        {**PUBLICATION, "draft_decision": "submit", "disclosures_confirmed": True},
    ],
    "publication_approval": [
        {"approval_decision": "approve"},
        {"approval_decision": "return", "approval_note": "Bổ sung căn cứ."},
    ],
    "publication_change": [
        {
            "publication_code": "TT-260105-0001",
            "publication_change": "recall",
            "change_reason": "Văn bản đã được thay thế.",
        }
    ],
    "dossier_change": [
        {"dossier_code": "H29.04-260105-0001", "change_kind": "withdraw", "reason": "Có đơn rút hồ sơ."},
        {
            "dossier_code": "H29.04-260105-0001",
            "change_kind": "stop",
            "reason": "Có văn bản.",
            "clause": "Điều 1 (ví dụ)",
        },
    ],
    "opinion_reply": [
        {"opinion_answer": "agree"},
        {"opinion_answer": "disagree", "opinion_content": "Chưa phù hợp quy hoạch."},
    ],
    "opinion_dispositions": [
        {"opinions": [{**OPINION, "disposition": "partly_accepted", "explanation": "Đã bổ sung."}]},
        {"opinions": [{**OPINION, "accepted_how": "Đã bổ sung."}]},
    ],
    "silence_decision": [
        {"silence_decision": "extend"},
        {"silence_decision": "proceed", "silence_note": "Đã đôn đốc ba lần."},
    ],
    "specialist_assignment": [{"specialist": "vi.du"}],
    "package_appraisal": [
        {"package_decision": "present", "package_opinion": LONG},
        {"package_decision": "return", "returned_items": "Bổ sung ý kiến."},
        {"package_decision": "opinions", "opinion_units": ["H29.07"]},
    ],
    "presentation_review": [{"review_decision": "approve"}, {"review_decision": "revise", "review_note": "Rút gọn."}],
    "leader_decision": [{"leader_decision": "sign"}, {"leader_decision": "meeting", "leader_note": "Họp sáng mai."}],
    "meeting_conclusion": [{"meeting_conclusion": LONG}],
    "feedback_intake": [
        {
            **REPORT,
            "report_anonymous": False,
            "reporter_name": "Nguyễn Văn Ví Dụ",
            "reporter_phone": "0900000001",
            "reporter_email": "vi.du@example.vn",
            "reporter_consent_email": True,
            "reporter_consent_sms": False,
            "reporter_consent_zalo": False,
        },
        {**REPORT, "report_anonymous": True},
    ],
    "feedback_triage": [
        FORWARD,
        {"triage_decision": "merge", "merged_into": "PA-7KX2MQ9D"},
        {"triage_decision": "route_out", "matter_code": "denunciation"},
        {"triage_decision": "reject", "triage_note": "Không nêu sự việc."},
    ],
    "feedback_acceptance": [
        {"acceptance_decision": "accept", "accepted_field": "flooding"},
        {"acceptance_decision": "wrong_address", "return_reason": "Đường do phường quản lý."},
    ],
    "feedback_result": [
        {"result_decision": "final", "answer_text": LONG, "photo_batch": "anh-01"},
        {"result_decision": "interim", "answer_text": LONG, "committed_on": "2030-01-12"},
    ],
    "feedback_review": [
        {"moderation_decision": "approve", "public_answer": LONG, "public_photos": "none"},
        {"moderation_decision": "return", "review_note": "Nêu rõ đã làm gì."},
    ],
    "receipt_confirmation": [{"receipt_confirmed": True, "receipt_note": "Đủ trang."}],
}
NOTHING_MISSING = {"missing": []}

# What each decision makes necessary to say; where the automatic check found nothing, also the list of what is missing.
NEEDED = {
    ("dossier_reception", "reception_decision"): {
        "accept": (),
        "supplement": ("required_supplement",),
        "refuse": ("reception_note", "refusal_clause"),
    },
    ("dossier_appraisal", "appraisal_decision"): {
        "approve": ("appraisal_summary",),
        "refuse": ("appraisal_summary", "refusal_reason", "refusal_clause"),
        "opinions": (),
        "supplement": ("extra_requirements",),
    },
    ("result_signature", "signature_decision"): {"sign": (), "revise": ("signature_note",)},
    ("extension_proposal", "extension_decision"): {"on_time": (), "extend": ("extension_reason",)},
    ("result_handover", "handover_method"): {"in_person": (), "postal": ()},
    ("dossier_change", "change_kind"): {
        "withdraw": ("dossier_code", "reason"),
        "stop": ("dossier_code", "reason", "clause"),
        "deadline": ("dossier_code", "reason", "clause", "new_due_at"),
        "late_opinion": ("dossier_code", "reason"),
    },
    ("dossier_change", "late_answer"): {
        "agree": ("dossier_code", "reason"),
        "agree_with_comments": ("dossier_code", "reason", "late_content"),
        "disagree": ("dossier_code", "reason", "late_content"),
        "not_competent": ("dossier_code", "reason", "late_content"),
    },
    ("publication_revision", "draft_decision"): {"submit": NEWS_TEXTS, "discard": NEWS_TEXTS},
    ("publication_approval", "approval_decision"): {"approve": (), "return": ("approval_note",)},
    ("publication_change", "publication_change"): {
        "correct": ("publication_code", "change_reason"),
        "recall": ("publication_code", "change_reason"),
    },
    ("opinion_reply", "opinion_answer"): {
        "agree": (),
        "agree_with_comments": ("opinion_content",),
        "disagree": ("opinion_content",),
        "not_competent": ("opinion_content",),
    },
    ("silence_decision", "silence_decision"): {"extend": (), "proceed": ("silence_note",)},
    ("package_appraisal", "package_decision"): {
        "present": ("package_opinion",),
        "return": ("returned_items",),
        "opinions": (),
    },
    ("presentation_review", "review_decision"): {"approve": (), "revise": ("review_note",)},
    ("leader_decision", "leader_decision"): {
        "sign": (),
        "revise": ("leader_note",),
        "reject": ("leader_note",),
        "meeting": ("leader_note",),
    },
    ("feedback_triage", "triage_decision"): {
        "forward": (),
        "merge": (),
        "route_out": (),
        "reject": ("triage_note",),
    },
    ("feedback_triage", "publication"): {"shown": ("public_text",), "hidden": ()},
    ("feedback_acceptance", "acceptance_decision"): {"accept": (), "wrong_address": ("return_reason",)},
    ("feedback_result", "result_decision"): {"final": ("answer_text",), "interim": ("answer_text", "committed_on")},
    ("feedback_review", "moderation_decision"): {"approve": ("public_answer",), "return": ("review_note",)},
    ("feedback_review", "public_photos"): {
        "none": ("public_answer",),
        "unit": ("public_answer",),
        "all": ("public_answer",),
    },
    ("opinion_dispositions", "disposition"): {
        "accepted": (),
        "partly_accepted": ("explanation",),
        "explained": ("explanation",),
    },
}
DECISIONS = [(form, key, value) for (form, key), values in NEEDED.items() for value in values]
CASES = [(form_id, entered) for form_id, rows in FILLED.items() for entered in rows]


@pytest.fixture(scope="module")
def drawn(models, node, browser, tmp_path_factory):
    """Draw all cases in one browser: filled ones first, then each form empty."""
    pictures = tmp_path_factory.mktemp("forms")
    requests = [
        {
            "schema": models.form(form_id).path,
            "data": {**DATA, "procedure_code": "1.009645", **entered},
            "picture": None,
        }
        for form_id, entered in CASES
    ]
    requests += [
        {"schema": models.form(name).path, "data": DATA, "picture": pictures / f"{name}.png"} for name in FILLED
    ]
    answers = node("draw_forms", {"browser": browser, "forms": requests})
    return answers[: len(CASES)], dict(zip(FILLED, answers[len(CASES) :], strict=True))


def test_every_form_has_an_example(models):
    assert {form.id for form in models.forms} == FILLED.keys()


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{name}-{i}" for i, (name, _) in enumerate(CASES)])
def test_a_filled_form_gives_back_what_was_entered(drawn, number):
    answer = drawn[0][number]
    assert answer["errors"] == {}
    entered = {key: value for key, value in CASES[number][1].items() if key != "missing"}
    assert {key: value for key, value in answer["submitted"].items() if value not in ("", None)} == entered


@pytest.mark.parametrize("form_id", sorted(FILLED.keys() - {"supplement_reception", "opinion_dispositions"}))
def test_a_form_without_a_decision_cannot_be_completed(drawn, form_id):
    assert drawn[1][form_id]["errors"] != {}


def decided(form_id, key, value, blank):
    """Answer a form with a decision and, in every text, nothing or blanks."""
    if form_id == "opinion_dispositions":
        return {"opinions": [{**OPINION, key: value, "explanation": blank}]}
    late = {"late_answer": {"change_kind": "late_opinion"}, "publication": {"triage_decision": "forward"},
            "public_photos": {"moderation_decision": "approve"}}.get(key, {})  # fmt: skip
    texts = {text for known in NEEDED[form_id, key].values() for text in known}
    chosen = PUBLICATION if form_id == "publication_revision" else {}
    return {**NOTHING_MISSING, **chosen, **dict.fromkeys(texts, blank), **late, key: value}


@pytest.fixture(scope="module", params=["", "     "], ids=["empty", "blanks"])
def unsaid(request, models, node, browser):
    """Submit every decision of every form without its texts; gives the texts that the form asks for."""
    requests = [
        {
            "schema": models.form(form).path,
            "data": {**DATA, **decided(form, key, value, request.param)},
            "picture": None,
        }
        for form, key, value in DECISIONS
    ]
    answers = node("draw_forms", {"browser": browser, "forms": requests})
    return [_refused(models.form(form), answer) for (form, _, _), answer in zip(DECISIONS, answers, strict=True)]


def _refused(form, answer):
    texts = {one["id"]: one["key"] for one in form.components if one["type"] in {"textarea", "textfield", "datetime"}}
    return {key for field, key in texts.items() if any(name.startswith(field) for name in answer["errors"])}


@pytest.mark.parametrize("number", range(len(DECISIONS)), ids=["-".join(one[1:]) for one in DECISIONS])
def test_a_decision_needs_its_texts_and_no_other(unsaid, number):
    form, key, value = DECISIONS[number]
    assert unsaid[number] == set(NEEDED[form, key][value])


def test_every_decision_of_every_form_says_which_texts_it_needs(models):
    offered = {
        (form.id, one["key"]): {choice["value"] for choice in one["values"]}
        for form in models.forms
        for one in form.components
        if one["type"] == "radio"
    }
    assert {at: set(values) for at, values in NEEDED.items()} == offered


@pytest.mark.parametrize("form_id", sorted(FILLED))
def test_tasklist_fetches_the_variables_that_our_reader_sees(drawn, models, form_id):
    form = models.form(form_id)
    fetched = set(drawn[1][form_id]["variables"])
    assert form.reads | form.keys <= fetched


def test_no_text_of_a_dossier_becomes_markup(models, node, browser):
    poison = "<img src=x onerror=window.hit=1> [liên kết](http://example.vn)"
    data = {**DATA, "missing": [{"name": poison, "reason": poison}], "dossier_summary": {**SUMMARY, "title": poison}}
    request = {"schema": models.form("dossier_reception").path, "data": data, "picture": None}
    (answer,) = node("draw_forms", {"browser": browser, "forms": [request]})
    assert poison in answer["text"]
    assert answer["images"] == 0


def test_start_forms_offer_what_config_has(config, bpmn):
    assert check_options(config, bpmn) == []


def test_start_forms_of_another_config_are_found(config, bpmn, tmp_path):
    (tmp_path / "procedures").mkdir()
    for path in config.joinpath("procedures").glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace("name: Đăng ký khai sinh", "name: Đăng ký khai sinh lại")
        (tmp_path / "procedures" / path.name).write_text(text, encoding="utf-8")
    for path in config.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert [message.split(":")[0].rpartition("/")[2] for message in check_options(tmp_path, bpmn)]


def test_choices_of_a_start_form_are_distinct(config):
    for options in (procedure_options(config), unit_options(config)):
        values = [option["value"] for option in options]
        assert values
        assert len(values) == len(set(values)), json.dumps(values)


def labels(models, form_id, key):
    found = next(component for component in models.form(form_id).components if component.get("key") == key)
    return {option["value"]: option["label"] for option in found["values"]}


@pytest.mark.parametrize("form_id", ["dossier_intake", "dossier_correction"])
def test_degrees_of_urgency_are_those_the_workers_know(models, form_id):
    assert labels(models, form_id, "intake_urgency") == URGENCY_LABELS


@pytest.mark.parametrize(("form_id", "key"), [("opinion_reply", "opinion_answer"), ("dossier_change", "late_answer")])
def test_answers_are_those_the_workers_know(models, form_id, key):
    assert labels(models, form_id, key) == {answer.value: name for answer, name in ANSWER_NAMES.items()}


def test_dispositions_are_those_the_workers_know(models):
    assert labels(models, "opinion_dispositions", "disposition") == DISPOSITION_LABELS


def test_kinds_of_change_are_those_the_workers_know(models):
    assert labels(models, "dossier_change", "change_kind").keys() == MESSAGES.keys()


def test_a_rule_that_an_error_message_would_only_name_in_symbols_stands_in_the_label(models):
    """Tasklist's message takes the place of the help text and shows the pattern itself, in English."""
    for form in models.forms:
        for component in form.components:
            rules = component.get("validate", {}).keys() & {"pattern", "minLength", "min", "max"}
            assert not rules or "(" in component["label"], (form.id, component["label"])


def test_a_message_takes_the_place_of_a_help_text_so_that_nothing_moves_under_the_mouse(models):
    """Tasklist checks a field when it is left: what moves down then is missed by the click that left it."""
    rules = {"required", "pattern", "minLength", "min", "validationType"}
    for form in models.forms:
        for component in form.components:
            typed = component["type"] in {"textfield", "textarea", "number"}
            checked = typed and component.get("validate", {}).keys() & rules
            assert not checked or component.get("description"), (form.id, component["label"])


def test_lists_of_papers_say_that_each_copy_takes_a_row(models):
    """A paper wanted in two copies is complete when it stands there twice."""
    lists = {"intake_papers", "supplement_papers"}
    labels = [one["label"] for form in models.forms for one in form.components if one.get("path") in lists]
    assert labels
    assert [label for label in labels if "(mỗi bản một dòng)" not in label] == []


def test_whoever_reads_the_opinions_sees_how_they_were_accepted(models, node, browser):
    """The lead's form names what is said of an accepted opinion apart, as it need not be said."""
    how = "Đã đưa vào Điều 3 của dự thảo (ví dụ)."
    data = {**DATA, "opinions": [{**OPINION, "accepted_how": how}]}
    readers = [form for form in models.forms if "Ý kiến; tiếp thu, giải trình" in form.path.read_text("utf-8")]
    requests = [{"schema": form.path, "data": data, "picture": None} for form in readers]
    answers = node("draw_forms", {"browser": browser, "forms": requests})
    assert answers
    assert [form.id for form, answer in zip(readers, answers, strict=True) if how not in answer["text"]] == []
