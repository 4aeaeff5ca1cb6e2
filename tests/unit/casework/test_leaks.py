"""What is known of an applicant goes through every handler and comes out only where the contract means it."""

from __future__ import annotations

import asyncio
import json
import logging
import unicodedata
from typing import Any

import pytest
import structlog
from pyzeebe.job.job import Job

from tests.unit.journey import Traveller
from tests.unit.office import PERSON, SECRETS, job_types_of_dossiers, jobs
from workers.errors import NeedsOperator
from workers.registry.tables import metadata
from workers.runtime.acknowledge import Acknowledged
from workers.runtime.answers import Complete
from workers.runtime.floor import Floor
from workers.runtime.logging import configure_logging
from workers.runtime.metrics import Metrics
from workers.runtime.onion import Onion
from workers.workplace import Workplace

QUIET_WORDS = "Đề nghị bổ sung căn cứ (ví dụ)"
TELLING = "; ".join(SECRETS)
STAFF_TEXT = {
    "supplement.request": {"supplement_list"},
    "opinion.compile": {"opinions"},
    "appraisal.return_package": {"returned_list"},
}
"""Outputs that carry what staff wrote, because a form shows it to the next person."""


class Desk:
    """Delivers jobs through the runtime's layers and keeps every answer to the engine."""

    def __init__(self, office: Any) -> None:
        self.office = office
        self.metrics = Metrics(jobs().types)
        self.answers: list[tuple[str, Any]] = []

    async def send(self, _key: int, job_type: str, answer: Any, _deadline: float) -> Acknowledged:
        self.answers.append((job_type, answer))
        return Acknowledged.ACCEPTED

    async def deliver(
        self, job_type: str, *, at: Any = None, element: Any = None, instance: Any = None, **variables: Any
    ) -> Any:
        if at is not None:
            self.office.clock.now = at
        meta = self.office.job(job_type, element, instance)
        onion = Onion(
            jobs()[job_type],
            workplace=Workplace(self.office.services),
            acknowledger=self,
            metrics=self.metrics,
            floor=Floor(asyncio.Semaphore(8), 8),
        )
        job = Job(
            key=meta.key,
            type=job_type,
            process_instance_key=meta.process_instance_key,
            bpmn_process_id=meta.process_id,
            process_definition_version=1,
            process_definition_key=1,
            element_id=meta.element_id,
            element_instance_key=meta.element_instance_key,
            custom_headers={},
            worker="test",
            retries=3,
            deadline=0,
            variables=variables,
        )
        await onion(job, None)
        answer = self.answers[-1][1]
        return answer.variables if isinstance(answer, Complete) else answer


@pytest.fixture
def lines(caplog, capfd):
    """Log as the product does at its most talkative; gives everything that was written anywhere."""
    factory, root = logging.getLogRecordFactory(), logging.getLogger()
    handlers, level, wide = root.handlers[:], root.level, structlog.get_config()
    levels = {name: logging.getLogger(name).level for name in list(root.manager.loggerDict)}
    configure_logging("json", "DEBUG")
    root.addHandler(caplog.handler)
    yield lambda: "\n".join([*capfd.readouterr(), caplog.text, *(str(one.__dict__) for one in caplog.records)])
    logging.setLogRecordFactory(factory)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    structlog.configure(**wide)


def leaks(text: str) -> list[str]:
    normal = unicodedata.normalize("NFC", text)
    return [secret for secret in SECRETS if secret in normal]


def without_staff_text(job_type: str, variables: dict[str, Any]) -> str:
    kept = {key: value for key, value in variables.items() if key not in STAFF_TEXT.get(job_type, set())}
    return json.dumps(kept, ensure_ascii=False)


async def ledger(office) -> str:
    rows = await office.rows("select job_type, dossier_code, result from effects")
    assert rows
    return "\n".join(
        f"{row['job_type']} {row['dossier_code']} {without_staff_text(row['job_type'], json.loads(row['result']))}"
        for row in rows
    )


@pytest.mark.parametrize("words", [QUIET_WORDS, TELLING], ids=["staff writes plainly", "staff writes of the person"])
async def test_no_handler_lets_the_applicant_out(office, lines, words):
    desk = Desk(office)
    traveller = Traveller(office, words, desk.deliver)
    await traveller.all_the_way("1.009974", "H29.14")
    await traveller.end_early("1.009974", "H29.14")
    assert {job_type for job_type, _ in traveller.results} == job_types_of_dossiers()
    for job_type, result in traveller.results:
        assert isinstance(result, dict), (job_type, result)
        assert leaks(without_staff_text(job_type, result)) == [], job_type
        if words == QUIET_WORDS:
            assert leaks(json.dumps(result, ensure_ascii=False)) == [], job_type
    assert leaks(await ledger(office)) == []
    assert leaks((await desk.metrics.scrape()).decode()) == []
    written = lines()
    assert "job.completed" in written
    assert leaks(written) == []


async def test_a_persons_data_stands_in_two_tables_only(office):
    traveller = Traveller(office, QUIET_WORDS)
    await traveller.all_the_way("1.009974", "H29.14")
    await traveller.end_early("1.009974", "H29.14")
    tables = list(metadata.tables)
    found = {}
    for table in tables:
        content = str(await office.rows(f"select * from {table}"))
        if leaks(content):
            found[table] = leaks(content)
    assert found == {"applicants": list(SECRETS), "outbox": [PERSON.name, PERSON.email]}


async def test_the_fields_of_the_desk_form_come_out_of_registration_empty(office, lines):
    desk = Desk(office)
    fields = {"id_number": PERSON.id_number, "phone": PERSON.phone, "email": PERSON.email, "address": PERSON.address}
    form = {f"intake_{name}": value for name, value in fields.items()}
    form |= {"intake_applicant_name": PERSON.name, "intake_procedure_code": "1.001193"}
    form |= {"intake_origin_unit": "H29.26740", "intake_title": "Khai sinh ví dụ"}
    result = await desk.deliver("dossier.register", **form)
    assert result["dossier_code"]
    assert leaks(json.dumps(result, ensure_ascii=False)) == []
    assert leaks(await ledger(office)) == []
    assert leaks(lines()) == []


MISTAKES = {
    "a code that is a citizen number": {"dossier_code": PERSON.id_number},
    "a code of the wrong type": {"dossier_code": {"name": PERSON.name, "phone": PERSON.phone}},
    "everything at once": {"dossier_code": f"{PERSON.id_number} {PERSON.phone} {PERSON.email}"},
}
FILLED = {
    "lead_unit": "H29.07",
    "origin_unit": PERSON.phone,
    "office_unit": "H29.01",
    "request_id": PERSON.id_number,
    "request_unit": PERSON.phone,
    "opinion_answer": "agree",
    "late_answer": "agree",
    "silence_decision": "extend",
    "opinion_round": 1,
    "opinions": [],
    "escalation_kind": "dossier",
    "rung": 0,
    "ladder": {"text": "step_due"},
    "authority": "department",
    "rating": 5,
    "extension_reason": PERSON.name,
    "extension_days": 1,
    "change_kind": "stop",
    "reason": PERSON.name,
    "feedback_unit": "H29.07",
    "submission_id": PERSON.id_number,
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("job_type", jobs().types)
async def test_no_failure_tells_the_engine_or_the_log_about_a_person(office, lines, job_type, mistake):
    desk = Desk(office)
    element = ("dossier_resolution", "Task_ReceiveDossier") if job_type.startswith("timeline") else None
    await desk.deliver(job_type, element=element, **{**FILLED, **mistake})
    answer = desk.answers[-1][1]
    told = f"{getattr(answer, 'message', '')} {getattr(answer, 'variables', '')}"
    numbers = (PERSON.id_number, PERSON.phone, PERSON.email)
    assert [secret for secret in numbers if secret in told] == []
    assert leaks(lines()) == []


async def test_a_file_that_cannot_be_read_is_named_by_no_person(office, lines):
    desk = Desk(office)

    async def burst(*_given: Any) -> None:
        raise OSError(f"cannot read {TELLING}")

    office.looker.inspect = burst
    code = await office.registered()
    answer = await desk.deliver("dossier.check", dossier_code=code)
    assert answer.retries == 2
    assert "OSError" in answer.message
    assert leaks(answer.message) == leaks(lines()) == []


async def test_messages_of_operators_name_no_applicant(office):
    code = await office.registered()
    await office.change(code, procedure_version="lost")
    with pytest.raises(NeedsOperator) as failure:
        await office.run("dossier.accept", dossier_code=code)
    assert leaks(failure.value.message + failure.value.action) == []


async def test_mail_and_papers_do_name_the_applicant(office):
    """The traps of this file are set where data does flow."""
    code = await office.accepted()
    (mail,) = await office.mails()
    assert leaks(mail["body"]) == [PERSON.name]
    assert leaks(str(office.press.made[-1])) == list(SECRETS)
    assert leaks(str(await office.read.applicant(code))) == list(SECRETS)
