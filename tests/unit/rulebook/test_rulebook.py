"""The rulebook: one face over calendar, organisation, procedures and diagrams; it guesses nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.unit.office import MONDAY, ZONE, three_parts
from workers.errors import NeedsOperator
from workers.records import DossierRecord, FiledDocument
from workers.regulation.calendar import Calendar
from workers.regulation.limits import Limit, LimitUnit
from workers.rulebook import local

TODAY = date(2026, 11, 2)


def a_dossier(**changes):
    return DossierRecord(
        code="H29.07-261102-0001",
        submission_id="s",
        process_instance_key=1,
        kind="administrative_procedure",
        procedure_code="1.009974",
        procedure_version="2025.1",
        case=None,
        title="Ví dụ",
        urgency="normal",
        channel="online",
        origin_unit="H29.07",
        lead_unit="H29.07",
        received_at=MONDAY,
        original_due_at=datetime(2026, 11, 23, 17, tzinfo=ZONE),
        due_at=datetime(2026, 11, 23, 17, tzinfo=ZONE),
        near_due_at=datetime(2026, 11, 19, 17, tzinfo=ZONE),
        tracking_secret="ABCDEFGHJK",
    ).model_copy(update=changes)


def filed(composition, **changes):
    given = {"composition": composition, "name": f"{composition}.pdf", "sha256": "a" * 64, "size": 1}
    return FiledDocument(**{**given, "original": "original", **changes})


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda rules: rules.unit_name("H29.999", TODAY), "DV-001"),
        (lambda rules: rules.mailbox("H29.999"), "DV-001"),
        (lambda rules: rules.step("dossier_resolution", "Task_Nobody"), "QT-001"),
        (lambda rules: rules.procedure_of(a_dossier(procedure_version="1.0")), "TT-001"),
        (lambda rules: rules.form_set(date(2017, 12, 31)), "BM-001"),
        (lambda rules: rules.add_working_minutes("H29.07", datetime(2028, 1, 3, tzinfo=ZONE), 1), "TG-001"),
        (lambda rules: rules.after("H29.07", datetime(2027, 12, 31, 9, tzinfo=ZONE), days(3)), "TG-001"),
    ],
)
def test_what_nobody_configured_is_for_the_operator(shipped_rules, ask, code):
    with pytest.raises(NeedsOperator) as failure:
        ask(shipped_rules)
    three_parts(failure.value, code)


def reorganised(rules, changes):
    """The same rules with H29.07 changed."""
    old = rules.organization
    raw = next(unit for unit in old.units if unit.code == "H29.07" and unit.valid_to is None)
    own = type(raw).model_validate({**raw.model_dump(), **changes})
    units = tuple(own if unit is raw else unit for unit in old.units)
    new_codes_from = date(2020, 1, 1)
    organization = type(old)(units, (), city=old.city, office=old.office, new_codes_from=new_codes_from)
    return replace(rules, organization=organization)


def days(amount):
    return Limit(amount=amount, unit=LimitUnit.WORKING_DAY)


def test_a_unit_without_a_mailbox_is_for_the_operator(shipped_rules):
    bare = reorganised(shipped_rules, {"mailbox": None})
    with pytest.raises(NeedsOperator) as failure:
        bare.mailbox("H29.07")
    three_parts(failure.value, "DV-002")


def test_a_unit_that_ended_is_called_like_its_successor_unless_it_was_divided(shipped_rules):
    assert shipped_rules.unit_at("H29.31", TODAY) is None
    assert shipped_rules.unit_name("H29.31", date(2025, 2, 28)) == "Sở Kế hoạch và Đầu tư"
    assert shipped_rules.unit_name("H29.31", TODAY) == "Sở Tài chính"
    assert shipped_rules.unit_name("H29.760", TODAY) == "Quận 1"


def test_units_to_ask_are_the_departments_of_today(shipped_rules):
    codes = {unit.code for unit in shipped_rules.units_to_ask(TODAY)}
    assert {"H29.04", "H29.07"} <= codes
    assert "H29.31" not in codes
    assert not any(code in codes for code in ("H29", "H29.01", "H29.26740"))


def test_work_is_given_to_officers_not_to_heads_or_clerks(shipped_rules):
    assert [one.user for one in shipped_rules.officers_of("H29.07")] == ["officer.h29-07"]
    assert [one.user for one in shipped_rules.officers_of("H29.01")] == ["specialist.h29-01"]
    assert shipped_rules.officers_of("H29") == []


def test_codes_and_numbers_are_written_with_the_agency_and_the_issuer(shipped_rules):
    assert shipped_rules.dossier_code("H29.07", TODAY, 12) == "H29.07-261102-0012"
    assert shipped_rules.dossier_counter("H29.07", TODAY) == "dossier:H29.07:261102"
    assert shipped_rules.document_number(7, "permit", "H29.07", TODAY) == "07/GP-SXD"
    assert shipped_rules.document_number(123, "decision", "H29", TODAY) == "123/QĐ-UBND"


def test_an_issuer_without_abbreviation_signs_with_its_code(shipped_rules):
    ward = shipped_rules.unit_named("H29.26740", TODAY)
    number = shipped_rules.document_number(1, "letter", "H29.26740", TODAY)
    assert number == f"01/{ward.abbreviation or 'H29.26740'}"


@pytest.mark.parametrize(("day", "forms"), [(date(2025, 9, 14), "2018"), (date(2025, 9, 15), "2025")])
def test_the_set_of_forms_follows_the_receiving_day(shipped_rules, day, forms):
    assert shipped_rules.form_set(day) == forms


@pytest.mark.parametrize(
    ("urgency", "procedure", "amount"),
    [("normal", "1.009974", 5), ("urgent", "1.009974", 2), ("normal", "1.009645", 15), ("normal", "2.001583", 5)],
)
def test_the_time_to_answer_is_the_procedures_the_general_or_the_urgent_one(shipped_rules, urgency, procedure, amount):
    dossier = a_dossier(urgency=urgency, procedure_code=procedure)
    assert shipped_rules.opinion_limit(dossier).amount == amount


def test_a_demanded_opinion_differs_from_one_that_may_be_asked(shipped_rules):
    optional, demanded = a_dossier(), a_dossier(procedure_code="1.009645")
    assert shipped_rules.opinion_units(optional) == ("H29.14", "H29.06")
    assert shipped_rules.must_ask(optional) == ()
    assert shipped_rules.must_ask(demanded) == shipped_rules.opinion_units(demanded) != ()
    assert shipped_rules.opinion_units(a_dossier(procedure_code="2.001583")) == ()


def test_a_step_takes_the_procedures_own_limit_before_the_general_norm(shipped_rules):
    own = a_dossier(procedure_code="1.009645")
    assert shipped_rules.step_limit("appraise_dossier", own).amount == 5
    assert shipped_rules.step_limit("appraise_dossier", a_dossier()).amount == 2
    assert shipped_rules.step_limit("appraise_dossier").amount == 2
    assert shipped_rules.step_limit("nobody_named_this").amount == 1


def test_composition_follows_the_case(shipped_rules):
    everything = [filed(code) for code in ("application", "land_right", "design_drawings", "religious_approval")]
    missing = shipped_rules.missing_documents(a_dossier(case="religious"), everything, TODAY)
    assert missing == ()
    assert [one.code for one in shipped_rules.missing_documents(a_dossier(), everything, TODAY)] == ["project_approval"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"original": "copy"}, "application.pdf: là bản sao, cần bản chính."),
        ({"original": "something"}, "application.pdf: là bản sao, cần bản chính."),
        ({"expires_on": date(2026, 11, 1)}, "application.pdf: đã hết hạn ngày 01/11/2026."),
        ({"findings": [{"severity": "error", "message": "Tệp hỏng."}]}, "application.pdf: Tệp hỏng."),
        ({"findings": [{"severity": "warning", "message": "Mờ."}]}, None),
        ({"expires_on": TODAY}, None),
    ],
)
def test_why_a_filed_paper_does_not_do(shipped_rules, changes, reason):
    rest = [filed(code) for code in ("land_right", "project_approval", "design_drawings")]
    missing = shipped_rules.missing_documents(a_dossier(), [filed("application", **changes), *rest], TODAY)
    assert [one.reason for one in missing] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("minutes", "label"),
    [
        (0, "0 phút"),
        (1, "1 phút làm việc"),
        (59, "59 phút làm việc"),
        (60, "1 giờ làm việc"),
        (61, "1 giờ 1 phút làm việc"),
        (480, "1 ngày làm việc"),
        (481, "1 ngày làm việc"),
        (540, "1 ngày 1 giờ làm việc"),
        (1439, "2 ngày 7 giờ làm việc"),
    ],
)
def test_working_time_is_written_in_days_of_eight_hours(shipped_rules, minutes, label):
    assert shipped_rules.amount_label(minutes) == label


def test_half_way_is_half_of_the_working_time(shipped_rules):
    end = datetime(2026, 11, 3, 17, tzinfo=ZONE)
    middle = shipped_rules.halfway("H29.07", MONDAY, end)
    before = shipped_rules.working_minutes("H29.07", MONDAY, middle)
    assert before == shipped_rules.working_minutes("H29.07", middle, end) == 435
    assert shipped_rules.halfway("H29.07", end, MONDAY) == MONDAY


def test_a_deadline_in_the_past_is_near_when_it_is_due(shipped_rules):
    assert shipped_rules.near_due("H29.07", MONDAY, MONDAY - timedelta(days=1)) == MONDAY - timedelta(days=1)
    assert shipped_rules.near_due("H29.07", MONDAY, MONDAY) == MONDAY


def test_a_unit_with_hours_of_its_own_counts_by_them(shipped_rules):
    week = {"saturday": [{"start": "08:00", "end": "10:00"}]}
    rules = reorganised(shipped_rules, {"sessions": week})
    saturday = datetime(2026, 11, 7, 9, tzinfo=ZONE)
    assert rules.working_minutes("H29.07", saturday, saturday + timedelta(hours=2)) == 60
    assert rules.working_minutes("H29.06", saturday, saturday + timedelta(hours=2)) == 0


def test_an_unconfirmed_year_makes_a_moment_provisional(shipped_rules):
    raw = shipped_rules.calendar.model_dump()
    for year in raw["years"]:
        year["confirmed"] = year["year"] == 2026
        year["basis"] = "Thông báo ví dụ"
    rules = replace(shipped_rules, calendar=Calendar.model_validate(raw))
    assert not rules.after("H29.07", MONDAY, days(3)).provisional
    assert rules.after("H29.07", datetime(2026, 12, 30, 9, tzinfo=ZONE), days(5)).provisional
    assert not rules.recomputed_due(a_dossier()).provisional


def test_moments_are_shown_in_the_time_of_this_country():
    assert local(datetime(2026, 11, 2, 2, tzinfo=UTC)).isoformat() == MONDAY.isoformat()


def test_citizens_are_not_written_to_at_night(shipped_rules):
    night = datetime(2026, 11, 2, 22, tzinfo=ZONE)
    assert shipped_rules.quiet_until(night) == datetime(2026, 11, 3, 7, tzinfo=ZONE)
    assert shipped_rules.quiet_until(MONDAY) is None
