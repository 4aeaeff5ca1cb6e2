"""Issue, announce and rate results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers import paperwork
from workers.casework import close_open_steps, in_charge, moment_label, note, tell_applicant
from workers.claims import check_decisions, dossier_of, open_dossier_of, resolved_dossier_of
from workers.contract import DossierIn, Nothing
from workers.dossier.contracts import IssueResultIn, IssueResultOut, NotifyResultOut, RateResultIn
from workers.records import DossierState
from workers.regulation import codes

if TYPE_CHECKING:
    from workers.ports import Work
    from workers.records import PaperRecord

GRANTED, REFUSED = "granted", "refused"
CITY = "city_people_committee"


async def issue(inp: IssueResultIn, work: Work) -> IssueResultOut:
    """Mint the document number and make the result and the control slip."""
    dossier = await open_dossier_of(inp, work)
    await check_decisions(dossier, inp, work)
    procedure = work.rules.procedure_of(dossier)
    kind = REFUSED if inp.appraisal_decision == "refuse" or inp.leader_decision == "reject" else GRANTED
    issuer = work.rules.city_unit if inp.authority == CITY else in_charge(work, dossier, dossier.lead_unit)
    timeline = await work.read.timeline(dossier.code)

    reason = (inp.leader_note or inp.refusal_reason) if kind == REFUSED else inp.appraisal_summary
    counter = codes.document_counter(issuer, procedure.result.type, work.now.year)

    async def decide(ordinal: int) -> PaperRecord:
        number = work.rules.document_number(ordinal, procedure.result.type, issuer, work.now.date())
        form = paperwork.decision(work, dossier, number, issuer, kind == GRANTED, reason or "")
        return await paperwork.make(work, dossier, form)

    # Setting a paper takes long, and whoever mints holds up all others of this counter: so the number is foreseen, and
    # the paper is set again in the rare case that somebody else took it meanwhile.
    foreseen = await work.read.coming_number(counter)
    decision = await decide(foreseen)
    slip = await paperwork.make(work, dossier, paperwork.control_slip(work, dossier, timeline))
    writer = await work.write()
    minted = await writer.next_number(counter)
    if minted != foreseen:
        decision = await decide(minted)
    number = decision.number or ""
    dossier = await writer.update_dossier(
        dossier.code,
        state=DossierState.RESOLVED,
        resolved_at=work.now,
        worked_minutes=work.rules.worked_minutes(dossier, work.now),
        result_number=number,
        result_type=kind,
    )
    await close_open_steps(work, writer, dossier.code, "đã có kết quả")
    await writer.add_paper(decision)
    await writer.add_paper(slip)
    await note(work, writer, dossier.code, f"Phát hành kết quả số {number}", unit=issuer)
    return IssueResultOut(result_number=number, result_kind=kind)


async def notify(inp: DossierIn, work: Work) -> NotifyResultOut:
    """Tell the applicant that the result is there and until when it may be rated."""
    dossier = await resolved_dossier_of(inp, work)
    decisions = [paper for paper in await work.read.papers(dossier.code) if paper.kind == "decision"]
    writer = await work.write()
    dossier = await writer.update_dossier(dossier.code, state=DossierState.RETURNED, finished_at=work.now)
    until = work.rules.after(dossier.origin_unit, work.now, work.rules.step_limit("rate_result", dossier)).at
    values = {"result_number": dossier.result_number or "", "rating_until_label": moment_label(until)}
    await tell_applicant(work, writer, dossier, "result_ready", values, decisions[-1:])
    await note(work, writer, dossier.code, "Báo kết quả cho người nộp", unit=dossier.origin_unit)
    return NotifyResultOut(rating_until=until)


async def rate(inp: RateResultIn, work: Work) -> Nothing:
    """Keep the rating that the applicant gave."""
    dossier = await dossier_of(inp, work)
    writer = await work.write()
    await writer.update_dossier(dossier.code, rating=inp.rating)
    await note(work, writer, dossier.code, f"Người nộp đánh giá {inp.rating}/5")
    return Nothing()
