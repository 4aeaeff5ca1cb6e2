"""Feed results back to the unit they came from, until it confirms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers import paperwork
from workers.casework import close_open_steps, in_charge, moment_label, note, tell_unit
from workers.claims import dossier_of, resolved_dossier_of
from workers.contract import Nothing
from workers.coordination.contracts import ConfirmFeedbackIn, SendFeedbackIn, SendFeedbackOut
from workers.errors import NeedsOperator

if TYPE_CHECKING:
    from workers.ports import Work

CITY = "city_people_committee"


async def send(inp: SendFeedbackIn, work: Work) -> SendFeedbackOut:
    """Send the feedback letter with the result to the unit the dossier came from."""
    dossier = await resolved_dossier_of(inp, work)
    lead_unit = in_charge(work, dossier, inp.lead_unit)
    unit = lead_unit if inp.authority == CITY else in_charge(work, dossier, inp.origin_unit)
    sender = work.rules.office_unit if inp.authority == CITY else lead_unit
    due = work.rules.after(unit, work.now, work.rules.step_limit("confirm_receipt"))
    paper = await paperwork.make(work, dossier, paperwork.result_feedback(work, dossier, sender, unit, due.at))
    values = {
        "sender_name": work.rules.unit_name(sender, work.now.date()),
        "result_number": dossier.result_number or "",
        "confirm_by_label": moment_label(due.at),
    }
    decisions = [p for p in await work.read.papers(dossier.code) if p.kind == "decision"]
    writer = await work.write()
    await writer.add_paper(paper)
    await tell_unit(work, writer, dossier, unit, "result_feedback", values, [paper, *decisions[-1:]])
    await note(work, writer, dossier.code, "Phản hồi kết quả cho đơn vị", unit=sender)
    return SendFeedbackOut(feedback_unit=unit, feedback_due_at=due.at)


async def confirm(inp: ConfirmFeedbackIn, work: Work) -> Nothing:
    """Keep that the unit confirmed the receipt of the result."""
    dossier = await dossier_of(inp, work)
    if inp.feedback_unit not in {dossier.lead_unit, dossier.origin_unit}:
        raise NeedsOperator(
            f"Hồ sơ {dossier.code}: biến feedback_unit không phải đơn vị đã được gửi phản hồi kết quả.",
            action="Trả biến feedback_unit trong Operate về đơn vị ghi ở bước gửi phản hồi rồi bấm Retry.",
            code="PH-006",
        )
    writer = await work.write()
    await close_open_steps(work, writer, dossier.code, "đã xác nhận qua trục", work.job.process_id)
    await note(work, writer, dossier.code, "Đơn vị xác nhận đã nhận kết quả", unit=inp.feedback_unit)
    return Nothing()
