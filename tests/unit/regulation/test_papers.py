from datetime import date

import pytest

from workers.regulation.papers import FormSet, PaperEvent, form_for, form_set_at

OLD = FormSet(
    code="2018",
    basis="TT 01/2018/TT-VPCP",
    valid_from=date(2018, 1, 1),
    valid_to=date(2025, 9, 14),
    forms={"control_slip": {"code": "05", "title": "Phiếu kiểm soát", "page": "a5"}},
)
NEW = FormSet(
    code="2025",
    basis="TT 03/2025/TT-VPCP",
    valid_from=date(2025, 9, 15),
    forms={
        "stop": {"code": "05", "title": "Thông báo dừng"},
        "control_slip": {"code": "06", "title": "Phiếu kiểm soát"},
    },
)
SETS = (OLD, NEW)


@pytest.mark.parametrize(("day", "code"), [(date(2025, 9, 14), "2018"), (date(2025, 9, 15), "2025")])
def test_the_receiving_date_chooses_the_set(day, code):
    assert form_set_at(SETS, day).code == code


def test_before_the_first_set_there_is_none():
    assert form_set_at(SETS, date(2017, 12, 31)) is None


def test_the_number_of_a_form_depends_on_the_set():
    assert form_for(SETS, PaperEvent.CONTROL_SLIP, date(2025, 1, 2))[1].code == "05"
    assert form_for(SETS, PaperEvent.CONTROL_SLIP, date(2026, 1, 2))[1].code == "06"


def test_a_set_may_lack_a_form():
    assert form_for(SETS, PaperEvent.STOP, date(2025, 1, 2)) is None


def test_two_forms_of_a_set_may_not_share_a_number():
    with pytest.raises(ValueError, match="số khác nhau"):
        FormSet(
            code="x",
            basis="x",
            valid_from=date(2025, 1, 1),
            forms={"stop": {"code": "05", "title": "A"}, "receipt": {"code": "05", "title": "B"}},
        )
