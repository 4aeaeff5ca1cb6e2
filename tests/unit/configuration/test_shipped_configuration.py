from datetime import date, datetime

import pytest

from workers.configuration import calendar_due, calendar_year
from workers.papers.models import FormSet
from workers.regulation.calendar import VIETNAM
from workers.regulation.organization import UnitLevel
from workers.regulation.procedures import Authority, DossierKind

TODAY = date(2026, 11, 23)
REFERENCE_VECTORS = [
    ("2026-02-12", 5, "2026-02-26"),
    ("2026-08-20", 5, "2026-08-26"),
    ("2026-04-23", 5, "2026-05-05"),
    ("2026-11-20", 3, "2026-11-26"),
    ("2026-12-29", 5, "2027-01-06"),
    ("2027-02-02", 5, "2027-02-16"),
    ("2027-04-28", 5, "2027-05-07"),
    ("2025-12-30", 3, "2026-01-06"),
]


@pytest.mark.parametrize(("received", "days", "due"), REFERENCE_VECTORS)
def test_the_shipped_calendar_gives_the_reference_deadlines(shipped, received, days, due):
    assert calendar_due(shipped, received, days).due_at == datetime.fromisoformat(f"{due}T17:00+07:00")


def test_there_are_168_communes_of_three_types(shipped):
    communes = list(shipped.organization.units_at(TODAY, UnitLevel.COMMUNE))
    types = [unit.type for unit in communes]
    assert [types.count(one) for one in ("ward", "rural_commune", "special_zone")] == [113, 54, 1]
    assert len({unit.admin_code for unit in communes}) == 168
    assert not list(shipped.organization.units_at(date(2025, 6, 30), UnitLevel.COMMUNE))


def test_the_22_district_units_are_history_and_have_successors(shipped):
    assert not list(shipped.organization.units_at(TODAY, UnitLevel.DISTRICT))
    districts = list(shipped.organization.units_at(date(2025, 6, 30), UnitLevel.DISTRICT))
    assert len(districts) == 22
    assert all(shipped.organization.successors_at(unit.code, TODAY) for unit in districts)


def test_no_commune_succeeds_two_districts(shipped):
    followed = [
        code for unit in shipped.organization.units if unit.level is UnitLevel.DISTRICT for code in unit.successors
    ]
    assert len(followed) == len(set(followed)) == 102


def test_the_department_of_information_was_merged_into_science(shipped):
    assert [unit.name for unit in shipped.organization.successors_at("H29.34", TODAY)] == ["Sở Khoa học và Công nghệ"]


def test_every_unit_that_ended_has_a_successor_of_today(shipped):
    ended = {unit.code for unit in shipped.organization.units if unit.valid_to}
    assert all(shipped.organization.successors_at(code, TODAY) for code in ended)


def test_unknown_agency_codes_are_marked(shipped):
    known = {unit.code for unit in shipped.organization.units if not unit.placeholder}
    assert known == {"H29"}


def test_every_unit_has_a_made_up_mailbox(shipped):
    assert shipped.organization.last_version("H29.04").mailbox == "vanthu.h29-04@example.vn"
    assert all((unit.mailbox or "").endswith("@example.vn") for unit in shipped.organization.units)


def test_procedures_come_from_different_departments(shipped):
    in_force = shipped.procedures.in_force(TODAY)
    assert len({one.lead_unit for one in in_force if one.level == "department"}) >= 6
    assert len([one for one in in_force if one.kind is DossierKind.ADMINISTRATIVE_PROCEDURE]) >= 8
    assert any(one.kind is DossierKind.WORK_DOSSIER for one in in_force)


def test_the_city_decides_one_procedure_with_several_opinions(shipped):
    procedure = shipped.procedures.at("1.009645", TODAY)
    assert procedure.authority is Authority.CITY_PEOPLE_COMMITTEE
    assert len(procedure.opinions.units) >= 3


def test_one_procedure_has_two_versions(shipped):
    old = shipped.procedures.at("2.001583", date(2025, 2, 28))
    new = shipped.procedures.at("2.001583", date(2025, 3, 1))
    assert (old.lead_unit, new.lead_unit) == ("H29.31", "H29.04")
    assert old.version != new.version


def test_no_example_passes_for_the_law(shipped):
    assert not any(one.confirmed or one.limit.confirmed for one in shipped.procedures.all())
    limits = [one.opinions.limit for one in shipped.procedures.all() if one.opinions]
    assert {limit.clause for limit in limits if limit.confirmed} == {"TT 02/2022/TT-BTNMT Điều 16"}
    assert not any(table.confirmed for table in shipped.calendar.years)


def test_every_set_of_forms_that_can_be_printed_is_used(shipped):
    assert [one.code for one in shipped.form_sets] == list(FormSet)


def test_what_is_not_confirmed_is_listed_for_the_operator(shipped):
    assert "Lịch làm việc chưa xác nhận: 2025, 2026, 2027" in shipped.unconfirmed()


def test_units_share_the_common_hours(shipped):
    assert shipped.hours_of("H29.04") is shipped.common_hours


def test_the_swap_that_the_library_misses_shows_as_a_difference(shipped):
    rows = {row.day: row for row in calendar_year(shipped.calendar, 2026).rows}
    assert rows[date(2026, 1, 2)].difference
    assert rows[date(2026, 1, 10)].source == "làm bù"
    assert [day for day, row in rows.items() if row.difference] == [date(2026, 1, 2)]


def test_a_year_without_a_table_shows_the_library_alone(shipped):
    year = calendar_year(shipped.calendar, 2028)
    assert not year.in_table
    assert date(2028, 11, 24) in {row.day for row in year.rows}


def test_a_deadline_names_the_special_days_on_the_way(shipped):
    due = calendar_due(shipped, "2026-08-20T09:00", 5, "H29.04")
    assert due.counted_from == datetime(2026, 8, 20, 9, tzinfo=VIETNAM)
    assert [row.day for row in due.on_the_way] == [date(2026, 8, 22)]
    assert due.provisional
