from datetime import date

import pytest

from workers.regulation.papers import FormSet, form_set_at

OLD = FormSet(code="2018", basis="TT 01/2018/TT-VPCP", valid_from=date(2018, 1, 1), valid_to=date(2025, 9, 14))
NEW = FormSet(code="2025", basis="TT 03/2025/TT-VPCP", valid_from=date(2025, 9, 15))
SETS = (OLD, NEW)


@pytest.mark.parametrize(("day", "code"), [(date(2025, 9, 14), "2018"), (date(2025, 9, 15), "2025")])
def test_the_receiving_date_chooses_the_set(day, code):
    assert form_set_at(SETS, day).code == code


def test_before_the_first_set_there_is_none():
    assert form_set_at(SETS, date(2017, 12, 31)) is None
