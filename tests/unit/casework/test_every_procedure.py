"""Every procedure of config goes the whole way: every paper and every text can be made for it."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.unit.journey import Traveller
from tests.unit.office import PERSON, ZONE, job_types_of_dossiers, shipped_rules
from workers.channels.texts import OF_DOSSIERS
from workers.papers.models import PAPERS
from workers.records import Applicant

WORDS = "Đề nghị bổ sung căn cứ pháp lý (ví dụ)"
DAYS = {
    "2018": (datetime(2025, 8, 4, 9, tzinfo=ZONE), datetime(2025, 2, 10, 9, tzinfo=ZONE)),
    "2025": (datetime(2026, 11, 2, 9, tzinfo=ZONE),),
}
RULES = shipped_rules()
CASES = [
    pytest.param(procedure, day, id=f"{procedure.code} {procedure.version} forms {forms}")
    for procedure in RULES.procedures.all()
    for forms, days in DAYS.items()
    for day in [one for one in days if procedure.in_force_on(one.date())][:1]
]
ORIGINS = {"department": "H29.14", "commune": "H29.26740", "city": "H29.02"}
CHANNELS = ("online", "in_person", "postal")
# No job makes these: the register is a report, the others are for work outside the engine.
MADE_ELSEWHERE = {"register", "reminder", "handover_slip", "feedback_report"}


def origin(procedure, day):
    unit = "H29.31" if procedure.lead_unit == "H29.31" else ORIGINS[procedure.level]
    return unit if RULES.unit_at(unit, day.date()) else "H29.03"


def test_every_version_and_both_sets_of_forms_are_travelled():
    assert {(case.values[0].code, case.values[0].version) for case in CASES} == {
        (one.code, one.version) for one in RULES.procedures.all()
    }
    sets = {(case.values[0].code, RULES.form_set(case.values[1].date())) for case in CASES}
    assert len(sets) == 2 * len({code for code, _ in sets})


@pytest.mark.parametrize(("procedure", "day"), CASES)
async def test_every_paper_and_text_of_a_procedure_can_be_made(office, procedure, day):
    office.clock.now = day
    unit = origin(procedure, day)
    applicant = PERSON if procedure.kind == "administrative_procedure" else Applicant(name="Sở Ví Dụ", unit=unit)
    traveller = Traveller(office, WORDS)
    common = {"applicant": applicant, "kind": procedure.kind}
    channel = CHANNELS[CASES.index(next(case for case in CASES if case.values == (procedure, day))) % len(CHANNELS)]
    code = await traveller.all_the_way(procedure.code, unit, channel=channel, **common)
    await traveller.end_early(procedure.code, unit, channel=channel, **common, submitted_at=day)
    made = {paper.kind for paper in office.press.made}
    without = {"stop_notice"} if RULES.form_set(day.date()) == "2018" else set()
    assert made == set(PAPERS) - MADE_ELSEWHERE - without
    assert {mail["event"] for mail in await office.mails() if mail["channel"] == "email"} == set(OF_DOSSIERS)
    assert (await office.dossier(code)).result_number
    assert {job_type for job_type, _ in traveller.results} == job_types_of_dossiers()
    statutory = [paper for paper in office.press.made if paper.form_code()]
    assert {paper.form_set for paper in statutory} == {RULES.form_set(day.date())}
