"""Ask units for opinions, keep silence apart from answers, and have every opinion accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers import paperwork
from workers.casework import (
    close_open_steps,
    in_charge,
    moment_label,
    note,
    tell_unit,
)
from workers.claims import dossier_of, is_same_work, open_dossier_of, opinion_of
from workers.contract import Nothing
from workers.coordination.contracts import (
    CloseRoundIn,
    CloseRoundOut,
    CompileOut,
    OpenRoundIn,
    OpenRoundOut,
    OpinionRequest,
    OpinionRow,
    OpinionStatus,
    RecordLateIn,
    RecordReplyIn,
    RecordSilenceIn,
    RecordSilenceOut,
    ResolveSilenceIn,
    ResolveSilenceOut,
    RoundIn,
)
from workers.errors import NeedsOperator
from workers.records import OpinionRecord
from workers.regulation import codes
from workers.regulation.silence import ANSWER_NAMES, OUTCOME_NAMES, OpinionAnswer, SilenceOutcome, silence_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.ports import Reader, Work
    from workers.records import DossierRecord

DISPOSITION_LABELS = {"accepted": "Tiếp thu", "partly_accepted": "Tiếp thu một phần", "explained": "Giải trình"}
ANSWERED, SILENT = "answered", "silent"


async def open_round(inp: OpenRoundIn, work: Work) -> OpenRoundOut:
    """Make one request a unit, each with its own deadline, and send the letters."""
    dossier = await open_dossier_of(inp, work)
    procedure = work.rules.procedure_of(dossier)
    asking = in_charge(work, dossier, inp.round_unit or inp.lead_unit)
    units = _units_to_ask(inp, work, dossier, asking)
    earlier = await work.read.opinions(dossier.code)
    round_number = max((opinion.round for opinion in earlier), default=0) + 1
    limit = work.rules.opinion_limit(dossier)
    requests, letters = [], {}
    for unit in units:
        due = work.rules.after(unit, work.now, limit)
        requests.append(
            OpinionRequest(
                request_id=codes.opinion_request_id(dossier.code, round_number, unit),
                unit=unit,
                unit_name=work.rules.unit_name(unit, work.now.date()),
                request_due_at=due.at,
                request_remind_at=work.rules.halfway(unit, work.now, due.at),
                regulation=procedure.silence_regulation,
            )
        )
        form = paperwork.opinion_request(work, dossier, asking, unit, due.at, limit)
        letters[unit] = await paperwork.make(work, dossier, form)

    writer = await work.write()
    for request in requests:
        await writer.add_opinion(
            OpinionRecord(
                request_id=request.request_id,
                dossier_code=dossier.code,
                round=round_number,
                unit=request.unit,
                regulation=request.regulation,
                asked_at=work.now,
                due_at=request.request_due_at,
            )
        )
        letter = letters[request.unit]
        await writer.add_paper(letter)
        values = {"request_due_label": moment_label(request.request_due_at)}
        await tell_unit(work, writer, dossier, request.unit, "opinion_requested", values, [letter])
    await note(work, writer, dossier.code, "Gửi phiếu lấy ý kiến", unit=asking, remark=f"{len(units)} đơn vị")
    return OpenRoundOut(opinion_round=round_number, opinion_requests=requests)


async def record_reply(inp: RecordReplyIn, work: Work) -> OpinionStatus:
    """Keep a unit's answer."""
    writer = await work.write()
    dossier = await dossier_of(inp, work)
    opinion = await opinion_of(inp.request_id, dossier.code, work)
    await writer.update_opinion(
        inp.request_id,
        answered_at=work.now,
        answer=inp.opinion_answer,
        content=inp.opinion_content,
        late=work.now > opinion.due_at,
    )
    return OpinionStatus(opinion_status=ANSWERED)


async def record_silence(inp: RecordSilenceIn, work: Work) -> RecordSilenceOut:
    """Keep that a unit did not answer in time, and what the rule makes of that; without a rule nothing is assumed."""
    rule = silence_rule(inp.silence.model_dump() if inp.silence else None)
    writer = await work.write()
    dossier = await dossier_of(inp, work)
    opinion = await opinion_of(inp.request_id, dossier.code, work)
    await writer.update_opinion(inp.request_id, silent=True, silence_outcome=rule.outcome, silence_clause=rule.clause)
    values = {"request_due_label": moment_label(opinion.due_at), "consequence": OUTCOME_NAMES[rule.outcome]}
    await close_open_steps(work, writer, dossier.code, "không trả lời", request_id=inp.request_id)
    await tell_unit(work, writer, dossier, opinion.unit, "opinion_overdue", values)
    await note(
        work,
        writer,
        dossier.code,
        "Đơn vị không trả lời đúng hạn",
        unit=opinion.unit,
        clause=rule.clause,
        remark=OUTCOME_NAMES[rule.outcome],
    )
    return RecordSilenceOut(opinion_status=SILENT, silence_outcome=rule.outcome)


async def resolve_silence(inp: ResolveSilenceIn, work: Work) -> ResolveSilenceOut:
    """Give the unit its time again, or go on without its opinion, as the Office decided."""
    dossier = await dossier_of(inp, work)
    writer = await work.write()
    opinion = await opinion_of(inp.request_id, dossier.code, work)
    due_at = opinion.due_at
    if inp.silence_decision == "extend":
        due_at = work.rules.after(opinion.unit, work.now, work.rules.opinion_limit(dossier)).at
        await writer.update_opinion(inp.request_id, due_at=due_at)
    await note(
        work,
        writer,
        dossier.code,
        "Quyết định khi đơn vị không trả lời",
        unit=work.rules.office_unit,
        remark="gia hạn trả lời" if inp.silence_decision == "extend" else "tiếp tục không có ý kiến",
    )
    return ResolveSilenceOut(
        request_due_at=due_at, request_remind_at=work.rules.halfway(opinion.unit, work.now, max(due_at, work.now))
    )


async def record_late(inp: RecordLateIn, work: Work) -> Nothing:
    """Keep an answer that came outside its task, late if after the deadline; what silence meant stays as it was."""
    writer = await work.write()
    dossier = await dossier_of(inp, work)
    opinions = await writer.opinions(dossier.code)
    asked = [o for o in opinions if o.answer is None and is_same_work(work, o.unit, inp.request_unit)]
    if not asked:
        raise NeedsOperator(
            f"Hồ sơ {dossier.code}: đơn vị nêu ở biến request_unit không có phiếu lấy ý kiến nào chưa trả lời.",
            action="Kiểm tra biến request_unit trong Operate, sửa đúng mã đơn vị rồi bấm Retry.",
            code="PH-001",
        )
    late = work.now > asked[-1].due_at
    await writer.update_opinion(
        asked[-1].request_id, answered_at=work.now, answer=inp.late_answer, content=inp.late_content, late=late
    )
    await note(work, writer, dossier.code, "Nhận ý kiến muộn", unit=inp.request_unit)
    return Nothing()


async def compile_opinions(inp: RoundIn, work: Work) -> CompileOut:
    """List the opinions of the round for the lead unit to account for each."""
    await dossier_of(inp, work)
    opinions = await _round(work.read, inp)
    return CompileOut(opinions=[_row(opinion, work) for opinion in opinions])


async def close_round(inp: CloseRoundIn, work: Work) -> CloseRoundOut:
    """Keep the disposition of every opinion of the round and make the table once none is left without."""
    dossier = await dossier_of(inp, work)
    rows = {row.request_id: row for row in inp.opinions if _is_disposed(row)}
    asked = await _round(work.read, inp)
    left = [work.rules.unit_name(opinion.unit, work.now.date()) for opinion in asked if opinion.request_id not in rows]
    if left:
        message = f"Chưa tiếp thu hoặc giải trình: {', '.join(left)}"
        return CloseRoundOut(undisposed=len(left), undisposed_message=message)
    unit = in_charge(work, dossier, inp.round_unit or inp.lead_unit)
    disposed = [opinion.model_copy(update=_disposition(rows[opinion.request_id])) for opinion in asked]
    paper = await paperwork.make(work, dossier, paperwork.opinion_table(work, dossier, unit, disposed))
    writer = await work.write()
    for opinion in disposed:
        await writer.update_opinion(opinion.request_id, **_disposition(rows[opinion.request_id]))
    await writer.add_paper(paper)
    await note(work, writer, dossier.code, "Lập bảng tổng hợp, tiếp thu, giải trình ý kiến", unit=unit)
    return CloseRoundOut(undisposed=0, undisposed_message="")


def _units_to_ask(inp: OpenRoundIn, work: Work, dossier: DossierRecord, asking: str) -> list[str]:
    named = inp.opinion_units or work.rules.opinion_units(dossier)
    unknown = [unit for unit in dict.fromkeys(named) if not work.rules.heirs(unit, work.now.date())]
    units = [unit for unit in dict.fromkeys(in_charge(work, dossier, one) for one in named) if unit != asking]
    if not units or unknown:
        problem = f"đơn vị không hoạt động: {', '.join(unknown)}" if unknown else "không có đơn vị nào để hỏi"
        raise NeedsOperator(
            f"Hồ sơ {dossier.code}: không gửi được phiếu lấy ý kiến, {problem}.",
            action="Sửa danh sách opinion_units trong Operate (mã đơn vị, ví dụ H29.06) rồi bấm Retry.",
            code="PH-002",
        )
    return units


async def _round(reader: Reader, inp: RoundIn) -> Sequence[OpinionRecord]:
    opinions = [opinion for opinion in await reader.opinions(inp.dossier_code) if opinion.round == inp.opinion_round]
    if not opinions:
        raise NeedsOperator(
            f"Hồ sơ {inp.dossier_code} không có vòng lấy ý kiến nào mang số ở biến opinion_round.",
            action="Sửa biến opinion_round trong Operate theo `dieuphoi show` (mục opinions) rồi bấm Retry.",
            code="PH-004",
        )
    return opinions


def _row(opinion: OpinionRecord, work: Work) -> OpinionRow:
    return OpinionRow(
        request_id=opinion.request_id,
        unit_name=work.rules.unit_name(opinion.unit, work.now.date()),
        answer=opinion.answer,
        answer_label=answer_label(opinion),
        content=opinion.content or "",
        silent=opinion.silent,
        disposition=opinion.disposition,
        explanation=opinion.explanation,
    )


def answer_label(opinion: OpinionRecord) -> str:
    """Write an answer, or the silence and what it means."""
    if opinion.answer is None:
        return OUTCOME_NAMES[SilenceOutcome(opinion.silence_outcome or SilenceOutcome.NEVER_ASSUME)]
    label = ANSWER_NAMES[OpinionAnswer(opinion.answer)]
    return f"{label} (trả lời muộn)" if opinion.late else label


def _disposition(row: OpinionRow) -> dict[str, str | None]:
    return {"disposition": row.disposition, "explanation": row.explanation or row.accepted_how}


def _is_disposed(row: OpinionRow) -> bool:
    if row.disposition not in DISPOSITION_LABELS:
        return False
    return row.disposition == "accepted" or bool((row.explanation or "").strip())
