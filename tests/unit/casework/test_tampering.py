"""Variables that somebody changed in Operate or Tasklist: an operator is told, nothing wrong is done."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from tests.unit.journey import Traveller
from tests.unit.office import MONDAY, PERSON, jobs, three_parts
from workers.errors import AlreadyDone, NeedsOperator
from workers.runtime import answers
from workers.runtime.answers import Case, answer_to
from workers.runtime.backoff import JOB_RETRY
from workers.runtime.variables import parse_input, serialise_output
from workers.workplace import Workplace

CITY_PROCEDURE = ("1.009645", "H29.04")
STRANGER = PERSON.model_copy(update={"name": "Trần Văn Khác", "email": "khac@example.vn", "id_number": "079000000999"})
HOSTILE = (
    None,
    True,
    -1,
    10**30,
    1e308,
    "",
    "H29.999",
    "H29.14",
    "khac@example.vn",
    "x" * 60_000,
    "\x00\x1b[31m\u202e",
    "\ud800",
    '{{ 7 * 7 }} #read("/etc/passwd") ${jndi:ldap://x}',
    "0001-01-01T00:00:00+07:00",
    "9999-12-31T23:59:59+07:00",
    ["H29.14"] * 3,
    {"code": "x", "text": "dossier_withdrawn", "outcome": "agree"},
    [[[{}]]],
)


class Tampered(Exception):
    """Carry what became of a changed job, so that its changes are dropped."""


async def dry(office, job_type, given, element=None, instance=None):
    """Run a job without keeping anything; give the engine's answer and the letters it would have queued."""
    spec = jobs()[job_type]
    job = office.job(job_type, element, instance)
    letters = []
    async with Workplace(office.services).open(spec.contract, job) as place:
        try:
            inp = parse_input(spec.contract, given)
            result = serialise_output(spec.contract, await spec.handler(inp, place.context))
            letters = await office.queued(place.context.read)
        except AlreadyDone as done:
            return answers.Complete(done.result), []
        except Exception as error:  # noqa: BLE001 - the runtime answers any of them
            return answer_to(error, Case(spec.contract, job, None), JOB_RETRY), letters
    return answers.Complete(result), letters


@pytest.fixture
async def city_office(office):
    async def queued(reader):
        rows = await reader.rows(text("select recipient, dossier_code from outbox where channel = 'email'"))
        return [(row["recipient"], row["dossier_code"]) for row in rows]

    office.queued = queued
    return office


def is_told(answer, variable):
    """An operator or the desk is told in Vietnamese what to do, without a value of a variable."""
    assert answer.outcome in {answers.OPERATOR, answers.BUSINESS_ERROR}, answer
    assert unicodedata.is_normalized("NFC", answer.message)
    assert re.search("[ạảấầẩậắặẹẻếềểệịọỏốồổộớờởợụủứừửựỳỵỷỹđ]", answer.message)
    assert "x" * 100 not in answer.message
    assert len(answer.message) < 2000
    assert variable


class Saboteur:
    """Delivers every job of a journey, after as many changed ones; `letters` are what changed ones would have sent."""

    def __init__(self, office, changes):
        self.office = office
        self.changes = changes
        self.tried = []

    async def deliver(self, job_type, **given):
        place = {key: given[key] for key in ("element", "instance") if key in given}
        at = given.get("at")
        if at is not None:
            self.office.clock.now = at
        variables = {key: value for key, value in given.items() if key not in {"element", "instance", "at"}}
        before = await self.office.queued(self.office.read)
        for variable, value in self.changes(job_type, variables):
            answer, letters = await dry(self.office, job_type, {**variables, variable: value}, **place)
            self.tried.append(SimpleNamespace(job_type=job_type, variable=variable, value=value, answer=answer))
            if answer.outcome != answers.COMPLETED:
                is_told(answer, variable)
            new = letters[len(before) :] if letters else []
            self.tried[-1].letters = new
        return await self.office.run(job_type, **given)


def every_declared_variable(job_type, variables):
    """Each variable of the contract with each hostile value: once a job type is enough for one that is not given."""
    for variable in jobs()[job_type].contract.input_names:
        for value in HOSTILE:
            if variables.get(variable) != value:
                yield variable, value


async def mailboxes(office, code):
    dossier = await office.dossier(code)
    asked = {opinion.unit for opinion in await office.read.opinions(code)}
    units = {dossier.lead_unit, dossier.origin_unit, office.rules.office_unit, office.rules.city_unit, *asked}
    return {PERSON.email, *(office.rules.mailbox(unit) for unit in units)}


async def test_no_hostile_value_crashes_a_job_or_sends_a_letter_elsewhere(city_office):
    office = city_office
    seen = set()

    def once(job_type, variables):
        changes = [one for one in every_declared_variable(job_type, variables) if (job_type, one[0]) not in seen]
        seen.update((job_type, variable) for variable, _ in changes)
        return changes

    saboteur = Saboteur(office, once)
    code = await Traveller(office, "Lời của cán bộ xử lý hồ sơ ví dụ", saboteur.deliver).all_the_way(*CITY_PROCEDURE)
    allowed = await mailboxes(office, code)
    for one in saboteur.tried:
        asked_by_hand = one.job_type == "opinion.open_round" and one.variable == "opinion_units"
        for recipient, dossier in one.letters:
            assert dossier == code, one
            assert asked_by_hand or recipient in allowed, one
    assert {one.job_type for one in saboteur.tried} > {"result.issue", "result_feedback.send", "timeline.open"}


async def test_another_dossiers_code_in_any_job_changes_neither_dossier(city_office):
    office = city_office
    other = await office.accepted(*CITY_PROCEDURE, applicant=STRANGER)
    await office.change(other, process_instance_key=78)
    summary = {"code": None}

    def swapped(job_type, variables):
        summary["code"] = variables.get("dossier_code")
        if "dossier_code" in variables and job_type != "dossier.request_change":
            yield "dossier_code", other

    class Swapper(Saboteur):
        async def deliver(self, job_type, **given):
            if "dossier_code" in given:
                given["dossier_summary"] = {"code": given["dossier_code"]}
            return await super().deliver(job_type, **given)

    saboteur = Swapper(office, swapped)
    before = await office.rows(f"select * from dossiers where code = '{other}'")
    await Traveller(office, "Lời của cán bộ xử lý hồ sơ ví dụ", saboteur.deliver).all_the_way(*CITY_PROCEDURE)
    assert len(saboteur.tried) > 25
    for one in saboteur.tried:
        assert one.answer.outcome == answers.OPERATOR, one
        assert one.answer.code in {"HS-006", "DT-003"}, one
    assert await office.rows(f"select * from dossiers where code = '{other}'") == before


async def test_the_first_process_knows_its_dossier_without_a_summary(office):
    code = await office.accepted()
    await office.change(code, process_instance_key=78)
    with pytest.raises(NeedsOperator) as refused:
        await office.run("result.issue", dossier_code=code, authority="department")
    three_parts(refused.value, "HS-006")


@pytest.mark.parametrize(
    ("job", "variable", "value", "code"),
    [
        ("appraisal.return_package", "lead_unit", "H29.14", "HS-007"),
        ("appraisal.present", "office_unit", "H29.14", "HS-007"),
        ("opinion.open_round", "lead_unit", "H29.14", "HS-007"),
        ("opinion.open_round", "round_unit", "H29.14", "PH-005"),
        ("opinion.close_round", "opinion_round", 99, "PH-004"),
        ("opinion.compile", "opinion_round", 99, "PH-004"),
        ("result.issue", "authority", "department", "HS-007"),
        ("result_feedback.send", "authority", "department", "HS-007"),
        ("result_feedback.send", "origin_unit", "H29.14", "HS-007"),
        ("result_feedback.send", "result_number", "01/GP-SXD", "HS-007"),
        ("result_feedback.confirm", "feedback_unit", "H29.14", "PH-006"),
    ],
)
async def test_what_the_registry_knows_better_is_not_believed(city_office, job, variable, value, code):
    def this(job_type, _):
        if job_type == job:
            yield variable, value

    saboteur = Saboteur(city_office, this)
    await Traveller(city_office, "Lời của cán bộ xử lý hồ sơ ví dụ", saboteur.deliver).all_the_way(*CITY_PROCEDURE)
    assert {one.answer.code for one in saboteur.tried} == {code}


APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")


@pytest.mark.parametrize("job", ["result.issue", "appraisal.present", "appraisal.check_package"])
async def test_a_decision_changed_after_it_was_taken_is_not_carried_out(office, job):
    code = await office.accepted()
    step = await office.open(code, APPRAISE)
    await office.run("timeline.close", element=APPRAISE, instance=step, dossier_code=code, appraisal_decision="refuse")
    given = {"authority": "department", "lead_unit": "H29.07", "office_unit": "H29.01"}
    for changed in ("approve", None):
        with pytest.raises(NeedsOperator) as refused:
            await office.run(job, dossier_code=code, appraisal_decision=changed, **given)
        three_parts(refused.value, "HS-009")
        assert "refuse" in refused.value.action
    await office.run(job, dossier_code=code, appraisal_decision="refuse", **given)


async def test_a_result_is_issued_once_however_often_the_step_is_reached(office):
    code = await office.accepted()
    number = (await office.run("result.issue", dossier_code=code, authority="department"))["result_number"]
    before = await office.footprint()
    with pytest.raises(NeedsOperator) as refused:
        await office.run("result.issue", dossier_code=code, authority="department")
    three_parts(refused.value, "HS-008")
    assert number in refused.value.message
    assert await office.footprint() == before


async def test_nobody_is_told_of_a_result_that_is_not_there(office):
    code = await office.accepted()
    before = await office.footprint()
    for job, given in (
        ("result.notify", {}),
        ("result_feedback.send", {"authority": "department", "origin_unit": "H29.07", "lead_unit": "H29.07"}),
    ):
        with pytest.raises(NeedsOperator) as refused:
            await office.run(job, dossier_code=code, **given)
        three_parts(refused.value, "HS-012")
    assert await office.footprint() == before


async def test_an_opinion_of_another_dossier_is_out_of_reach(office):
    mine, other = await office.accepted(), await office.accepted()
    asked = await office.run("opinion.open_round", dossier_code=other, lead_unit="H29.07")
    request = asked["opinion_requests"][0]["request_id"]
    for job, given in (
        ("opinion.record_reply", {"opinion_answer": "agree"}),
        ("opinion.record_silence", {}),
        ("opinion.resolve_silence", {"silence_decision": "extend"}),
    ):
        with pytest.raises(NeedsOperator) as refused:
            await office.run(job, dossier_code=mine, request_id=request, **given)
        three_parts(refused.value, "PH-003")
    assert (await office.read.opinion(request)).answer is None


async def test_a_step_for_another_unit_than_was_asked_is_not_opened(office):
    code = await office.accepted()
    asked = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07")
    given = {"request_id": asked["opinion_requests"][0]["request_id"], "unit": "H29.04"}
    with pytest.raises(NeedsOperator) as refused:
        await office.open(code, ("opinion_reply", "Task_ReplyOpinion"), **given)
    three_parts(refused.value, "DT-004")


@pytest.mark.parametrize("whose", ["stranger", "registered", "unknown"])
async def test_a_supplement_that_somebody_else_sent_is_not_filed(office, whose):
    code = await office.accepted()
    await office.run("supplement.request", dossier_code=code, extra_requirements="Bản vẽ")
    submission = await office.submitted(**({"applicant": STRANGER} if whose == "stranger" else {}))
    if whose == "registered":
        await office.run("dossier.register", submission_id=submission.id)
    named = "unknown" if whose == "unknown" else submission.id
    with pytest.raises(NeedsOperator) as refused:
        await office.run("supplement.receive", dossier_code=code, supplement_submission_id=named)
    three_parts(refused.value, "HS-010")


@pytest.mark.parametrize("batch", ["..", "../documents", "/etc", "khong-co", "a\x00b", "x" * 300])
async def test_a_scan_batch_that_is_not_there_is_for_the_operator(office, batch):
    code = await office.accepted()
    await office.run("supplement.request", dossier_code=code, extra_requirements="Bản vẽ")
    with pytest.raises(NeedsOperator) as refused:
        await office.run("supplement.receive", dossier_code=code, supplement_scan_batch=batch)
    three_parts(refused.value, "HS-011")


async def test_registering_again_at_the_desk_is_for_the_operator(office):
    form = {
        "intake_procedure_code": "1.009974",
        "intake_title": "Xây dựng nhà kho ví dụ",
        "intake_origin_unit": "H29.07",
        "intake_applicant_name": PERSON.name,
    }
    await office.run("dossier.register", **form)
    with pytest.raises(NeedsOperator) as refused:
        await office.run("dossier.register", **form)
    three_parts(refused.value, "HS-013")
    assert (await office.footprint())["dossiers"] == 1


async def test_a_deadline_outside_the_calendar_is_for_the_operator(office):
    code = await office.accepted()
    for moment in (MONDAY - timedelta(days=400), MONDAY.replace(year=9999), MONDAY.replace(year=2000)):
        with pytest.raises(NeedsOperator):
            await office.run("deadline.recompute", dossier_code=code, new_due_at=moment.isoformat())
    assert (await office.dossier(code)).deadline_revision == 0


async def test_a_step_with_another_deadline_than_was_asked_for_is_not_opened(office):
    code = await office.accepted()
    asked = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07")
    request = asked["opinion_requests"][0]
    given = {"request_id": request["request_id"], "unit": request["unit"]}
    later = (datetime.fromisoformat(request["request_due_at"]) + timedelta(days=30)).isoformat()
    with pytest.raises(NeedsOperator) as refused:
        await office.open(code, ("opinion_reply", "Task_ReplyOpinion"), **given, request_due_at=later)
    three_parts(refused.value, "HS-007")
    assert request["request_due_at"] in refused.value.action
    await office.open(code, ("opinion_reply", "Task_ReplyOpinion"), **given, request_due_at=request["request_due_at"])
