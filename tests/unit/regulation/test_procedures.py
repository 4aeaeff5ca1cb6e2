from datetime import date

import pytest
from pydantic import ValidationError

from workers.regulation.limits import Limit
from workers.regulation.norms import Norms
from workers.regulation.procedures import Procedure, Procedures

LIMIT = {"amount": 5, "unit": "working_day"}
RULE = {"effect": "pause", "answer_within": LIMIT}


def procedure(**more: object) -> Procedure:
    values: dict[str, object] = {
        "code": "9.000099",
        "version": "2024.1",
        "name": "Thủ tục mẫu",
        "field": {"code": "sample", "name": "Lĩnh vực mẫu"},
        "kind": "administrative_procedure",
        "level": "department",
        "authority": "department",
        "lead_unit": "H29.04",
        "valid_from": date(2024, 1, 1),
        "limit": LIMIT,
        "composition": [{"code": "application", "name": "Đơn", "form": "original"}],
        "supplement": {"intake": RULE, "appraisal": RULE},
        "extension": {"notify_before": LIMIT},
        "result": {"type": "decision", "name": "Quyết định"},
    }
    return Procedure.model_validate({**values, **more})


OLD = procedure(valid_to=date(2025, 6, 30))
NEW = procedure(version="2025.1", valid_from=date(2025, 7, 1), steps=[{"step": "decide", "limit": LIMIT}])


@pytest.fixture
def procedures() -> Procedures:
    return Procedures([NEW, OLD])


@pytest.mark.parametrize(
    ("received", "version"), [(date(2024, 1, 1), "2024.1"), (date(2025, 6, 30), "2024.1"), (date(2025, 7, 1), "2025.1")]
)
def test_the_receiving_date_chooses_the_version(procedures, received, version):
    assert procedures.at("9.000099", received).version == version


def test_before_the_first_version_there_is_none(procedures):
    assert procedures.at("9.000099", date(2023, 12, 31)) is None
    assert procedures.at("unknown", date(2025, 1, 1)) is None


def test_a_dossier_keeps_its_version_after_a_new_one_came_into_force(procedures):
    assert procedures.version("9.000099", "2024.1") is OLD
    with pytest.raises(KeyError):
        procedures.version("9.000099", "1999.1")


def test_procedures_in_force_are_listed(procedures):
    assert procedures.in_force(date(2025, 7, 1)) == (NEW,)
    assert procedures.all() == (OLD, NEW)


def test_a_procedure_may_limit_its_own_steps():
    assert NEW.step_limit("decide") == Limit(**LIMIT)
    assert OLD.step_limit("decide") is None


def test_a_step_without_a_norm_gets_the_general_one():
    step = {"step": "decide", "name": "Quyết định", "limit": {"amount": 1, "unit": "working_hour"}}
    norms = Norms(steps=[step], default_step=LIMIT, opinion=LIMIT, opinion_urgent=LIMIT)
    assert norms.limit("decide").label == "1 giờ làm việc"
    assert norms.limit("other").label == "5 ngày làm việc"


def test_the_case_of_a_dossier_falls_back_to_the_default():
    cases = [{"code": "person", "name": "Cá nhân"}, {"code": "company", "name": "Tổ chức"}]
    one = procedure(cases=cases, default_case="person")
    assert [one.case_or_default(case) for case in ("company", None, "other")] == ["company", "person", "person"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"composition": [{"code": "a", "name": "A", "form": "copy"}] * 2}, "mã giấy tờ “a” ghi hai lần"),
        ({"composition": [{"code": "a", "name": "A", "form": "copy", "cases": ["x"]}]}, "trường hợp “x” không có"),
        ({"cases": [{"code": "x", "name": "X"}]}, "default_case phải là"),
        ({"valid_to": date(2023, 1, 1)}, "valid_to phải từ valid_from"),
        ({"steps": [{"step": "decide", "limit": LIMIT}] * 2}, "bước “decide” ghi hai lần"),
    ],
)
def test_contradictions_are_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        procedure(**change)
