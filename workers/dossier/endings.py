"""End a dossier out of turn: stop it, let the applicant withdraw it, and record what staff asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers import paperwork
from workers.casework import close_open_steps, effect_id, note, tell_applicant
from workers.claims import dossier_of
from workers.contract import Nothing
from workers.errors import BusinessError
from workers.records import IN_PROGRESS, DossierState, OutboxDraft

if TYPE_CHECKING:
    from workers.dossier.contracts import RequestChangeIn, StopIn, WithdrawIn
    from workers.ports import Work

MESSAGES = {
    "withdraw": "Msg_DossierWithdrawn",
    "stop": "Msg_DossierStopRequested",
    "deadline": "Msg_DeadlineChanged",
    "late_opinion": "Msg_LateOpinion",
}
NOT_OPEN = "Err_DossierNotOpen"


async def stop(inp: StopIn, work: Work) -> Nothing:
    """Stop the dossier, make the notice of the form set in force, and tell the applicant."""
    dossier = await dossier_of(inp, work)
    applicant = await work.read.applicant(dossier.code)
    reason = inp.stop_reason or "Theo quyết định dừng giải quyết"
    form = paperwork.stop_notice(work, dossier, applicant, reason, inp.stop_clause)
    paper = await paperwork.make(work, dossier, form)
    writer = await work.write()
    dossier = await writer.update_dossier(dossier.code, state=DossierState.STOPPED, finished_at=work.now)
    await close_open_steps(work, writer, dossier.code, "dừng giải quyết")
    await writer.add_paper(paper)
    await tell_applicant(work, writer, dossier, "dossier_stopped", {"reason": reason}, [paper])
    await note(work, writer, dossier.code, "Dừng giải quyết hồ sơ", clause=inp.stop_clause, remark=reason)
    return Nothing()


async def withdraw(inp: WithdrawIn, work: Work) -> Nothing:
    """End the dossier because the applicant withdraws it, and confirm that to the applicant."""
    dossier = await dossier_of(inp, work)
    writer = await work.write()
    dossier = await writer.update_dossier(dossier.code, state=DossierState.WITHDRAWN, finished_at=work.now)
    await close_open_steps(work, writer, dossier.code, "rút hồ sơ")
    await tell_applicant(work, writer, dossier, "dossier_withdrawn", {})
    await note(work, writer, dossier.code, "Người nộp rút hồ sơ", remark=inp.withdrawal_reason)
    return Nothing()


async def request_change(inp: RequestChangeIn, work: Work) -> Nothing:
    """Pass a request that staff recorded on to the running dossier.

    Raises BusinessError(Err_DossierNotOpen) when there is no such dossier in progress.
    """
    dossier = await work.read.dossier(inp.dossier_code)
    if dossier is None or dossier.state not in IN_PROGRESS:
        raise BusinessError(NOT_OPEN, f"Không có hồ sơ đang giải quyết mang mã {inp.dossier_code}.")
    writer = await work.write()
    message_id, name = effect_id(work, inp.change_kind), MESSAGES[inp.change_kind]
    await writer.send(OutboxDraft.to_engine(message_id, name, dossier.code, _message_variables(inp), dossier.code))
    return Nothing()


def _message_variables(inp: RequestChangeIn) -> dict[str, Any]:
    if inp.change_kind == "withdraw":
        return {"withdrawal_reason": inp.reason}
    if inp.change_kind == "stop":
        return {"stop_reason": inp.reason, "stop_clause": inp.clause}
    if inp.change_kind == "deadline":
        moment = inp.new_due_at.isoformat() if inp.new_due_at else None
        return {"change_reason": inp.reason, "change_clause": inp.clause, "new_due_at": moment}
    return {"request_unit": inp.request_unit, "late_answer": inp.late_answer, "late_content": inp.late_content}
