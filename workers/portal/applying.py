"""File a dossier in four pages: choose a procedure, say who and what, add the papers, read again and send.

What was sent stays: each page writes to the registry, each file is kept as soon as it arrived, and who lost the line
goes on where they were. The registry's row becomes a dossier only with the last page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.routing import Route

from workers import intake
from workers.portal import details
from workers.portal.uploads import take_upload
from workers.portal.visit import Visit
from workers.records import FiledDocument, Submission

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from workers.portal.details import Details
    from workers.regulation.composition import Requirement
    from workers.regulation.procedures import Procedure

START, PAPERS, REVIEW, SENT = "/nop-ho-so", "/nop-ho-so/giay-to", "/nop-ho-so/xem-lai", "/nop-ho-so/da-nop"
SUBMISSION = "submission"


async def choose(request: Request) -> Response:
    """List the procedures, by field."""
    visit = Visit(request)
    fields: dict[str, list[Procedure]] = {}
    for procedure in details.offered(visit.services.rules, visit.now.date()):
        fields.setdefault(procedure.field.name, []).append(procedure)
    return visit.page("procedures", fields=fields, unfinished=await _unsent(visit))


async def describe(request: Request) -> Response:
    """Show what a procedure asks for, and its form."""
    visit = Visit(request)
    procedure = _procedure(visit, request.path_params["procedure"])
    begun = await _unsent(visit)
    same = begun is not None and begun.procedure_code == procedure.code
    return _form(visit, procedure, details.answers_of(begun) if begun and same else details.blank())


async def save(request: Request) -> Response:
    """Keep the form, or show what is wrong with it."""
    visit = Visit(request)
    given = await visit.form()
    today = visit.now.date()
    procedure = _procedure(visit, request.path_params["procedure"])
    units = details.receivers(procedure, visit.services.rules, today)
    answers = details.check(given, procedure, units, today)
    if answers.wrong:
        return _form(visit, procedure, answers, status=422)
    begun = await _unsent(visit)
    submission = answers.submission(begun.id if begun else uuid4().hex, procedure, visit.now)
    async with visit.services.registry.write() as writer:
        if begun:
            await writer.change_submission(submission)
        else:
            await writer.add_submission(submission)
    visit.session[SUBMISSION] = submission.id
    return visit.go(PAPERS)


async def papers(request: Request) -> Response:
    """Show which papers are asked for and which are there."""
    visit = Visit(request)
    return _papers(visit, await _begun(visit))


async def add_paper(request: Request) -> Response:
    """Keep one file."""
    visit = Visit(request)
    given = await visit.form()
    submission = await _begun(visit)
    procedure = _procedure(visit, submission.procedure_code)
    found = await take_upload(visit, given, [item.code for item in procedure.composition])
    if not isinstance(found, FiledDocument):
        return _papers(visit, submission, problems={str(given.get("composition", "")): found}, status=422)
    async with visit.services.registry.write() as writer:
        await writer.add_to_submission(submission.id, found)
    return visit.go(f"{PAPERS}#{found.composition}")


async def drop_paper(request: Request) -> Response:
    """Take one file out again."""
    visit = Visit(request)
    given = await visit.form()
    submission = await _begun(visit)
    sha256, composition = str(given.get("sha256", "")), str(given.get("composition", ""))
    async with visit.services.registry.write() as writer:
        await writer.drop_from_submission(submission.id, sha256, composition)
    return visit.go(f"{PAPERS}#{composition}")


async def review(request: Request) -> Response:
    """Show everything once more before it is sent."""
    visit = Visit(request)
    return _review(visit, await _begun(visit))


async def send(request: Request) -> Response:
    """Send the dossier. A second press sends nothing more."""
    visit = Visit(request)
    given = await visit.form()
    submission = await _begun(visit)
    if given.get("declared") != "yes":
        return _review(visit, submission, wrong="wrong.declare", status=422)
    await intake.send_submission(visit.services, submission.id)
    return visit.go(SENT)


async def sent(request: Request) -> Response:
    """Show code and secret; until the dossier is registered the page asks again by itself."""
    visit = Visit(request)
    submission = await _mine(visit)
    if submission is None:
        return visit.go(START)
    dossier = await visit.services.registry.latest.dossier(submission.dossier_code) if submission.dossier_code else None
    return visit.page("sent", dossier=dossier, submission=submission)


def _form(visit: Visit, procedure: Procedure, answers: Details, status: int = 200) -> Response:
    today = visit.now.date()
    return visit.page(
        "details",
        status=status,
        procedure=procedure,
        units=details.receivers(procedure, visit.services.rules, today),
        answers=answers,
    )


def _papers(
    visit: Visit, submission: Submission, problems: dict[str, list[str]] | None = None, status: int = 200
) -> Response:
    policy = visit.services.files.policy
    return visit.page(
        "papers",
        status=status,
        submission=submission,
        rows=_rows(visit, submission),
        problems=problems or {},
        most_mb=round(policy.limits.file_mb),
        types=", ".join(policy.allowed_types).upper(),
    )


def _review(visit: Visit, submission: Submission, wrong: str | None = None, status: int = 200) -> Response:
    procedure = _procedure(visit, submission.procedure_code)
    today = visit.now.date()
    answers = details.answers_of(submission)
    units = details.receivers(procedure, visit.services.rules, today)
    return visit.page(
        "review",
        status=status,
        wrong=wrong,
        submission=submission,
        procedure=procedure,
        unit=visit.services.rules.unit_name(submission.origin_unit, today),
        case=next((one.name for one in procedure.cases if one.code == submission.case), None),
        rows=_rows(visit, submission),
        doubts=details.check(answers.values, procedure, units, today).doubts,
    )


def _rows(visit: Visit, submission: Submission) -> list[tuple[Requirement, list[FiledDocument]]]:
    procedure = _procedure(visit, submission.procedure_code)
    asked = [item for item in procedure.composition if item.applies_to(procedure.case_or_default(submission.case))]
    return [(item, [one for one in submission.documents if one.composition == item.code]) for item in asked]


def _procedure(visit: Visit, code: str) -> Procedure:
    for procedure in details.offered(visit.services.rules, visit.now.date()):
        if procedure.code == code:
            return procedure
    raise HTTPException(404)


async def _mine(visit: Visit) -> Submission | None:
    number = visit.session.get(SUBMISSION)
    return await visit.services.registry.latest.submission(number) if number else None


async def _unsent(visit: Visit) -> Submission | None:
    submission = await _mine(visit)
    if submission is None or await visit.services.registry.latest.is_sent(submission.id):
        return None
    return submission


async def _begun(visit: Visit) -> Submission:
    """Find what the visitor has begun. Raises HTTPException 409 when there is nothing or it was sent already."""
    submission = await _unsent(visit)
    if submission is None:
        raise HTTPException(409)
    return submission


ROUTES = [
    Route(START, choose),
    Route(START + "/thu-tuc/{procedure}", describe),
    Route(START + "/thu-tuc/{procedure}", save, methods=["POST"]),
    Route(PAPERS, papers),
    Route(PAPERS, add_paper, methods=["POST"]),
    Route(PAPERS + "/bo-ra", drop_paper, methods=["POST"]),
    Route(REVIEW, review),
    Route(REVIEW, send, methods=["POST"]),
    Route(SENT, sent),
]
