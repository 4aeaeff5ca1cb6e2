"""Read feedback for the monthly report and for the public. Each query reads the rows of its span by index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, or_, select

from workers.records import FeedbackRecord, FeedbackState, PublicState
from workers.registry import tables as t
from workers.regulation.feedback_report import Case, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workers.registry.reader import Reader

_OUTCOMES = {
    FeedbackState.ROUTED_OUT: Outcome.ROUTED_OUT,
    FeedbackState.REJECTED: Outcome.REJECTED,
    FeedbackState.MERGED: Outcome.MERGED,
}


async def feedback_cases(reader: Reader, since: datetime, until: datetime) -> Sequence[Case]:
    """List the feedback that was open or came in at some time of a span, `until` not included."""
    f = t.feedback.c
    set_aside = f.state.in_([state.value for state in _OUTCOMES])
    ended_at = case((set_aside, f.closed_at), else_=f.resolved_at).label("ended_at")
    columns = (f.code, f.unit, f.field, f.state, f.received_at, f.original_due_at, f.forwarded_at, f.forward_due_at)
    rows = await reader.rows(
        select(*columns, f.round, ended_at).where(
            f.received_at < until,
            or_(
                f.received_at >= since,
                f.resolved_at >= since,
                and_(f.resolved_at.is_(None), or_(f.closed_at.is_(None), f.closed_at >= since)),
            ),
        )
    )
    return [
        Case(
            code=row["code"],
            unit=row["unit"],
            field=row["field"],
            received_at=row["received_at"],
            due_at=row["original_due_at"],
            forwarded_in_time=row["forwarded_at"] is not None and row["forwarded_at"] <= row["forward_due_at"],
            reopened=row["round"] > 0,
            ended_at=row["ended_at"],
            outcome=_OUTCOMES.get(FeedbackState(row["state"]), Outcome.DONE),
        )
        for row in rows
    ]


async def wrong_addresses(reader: Reader, since: datetime, until: datetime, coordinator: str) -> dict[str, int]:
    """Count by unit how often it gave feedback of a span back as not its own."""
    h = t.feedback_handovers.c
    rows = await reader.rows(
        select(h.from_unit).where(h.at >= since, h.at < until, h.from_unit != coordinator, h.to_unit == coordinator)
    )
    units = [row["from_unit"] for row in rows]
    return {unit: units.count(unit) for unit in set(units)}


async def stars(reader: Reader, since: datetime, until: datetime) -> Sequence[tuple[str | None, int]]:
    """List the ratings of a span with the unit that answered."""
    r, f = t.feedback_ratings.c, t.feedback.c
    rows = await reader.rows(
        select(f.unit, r.stars).join(t.feedback, f.code == r.feedback_code).where(r.at >= since, r.at < until)
    )
    return [(row["unit"], row["stars"]) for row in rows]


async def shown_feedback(
    reader: Reader,
    *,
    field: str | None = None,
    units: Sequence[str] = (),
    commune: str | None = None,
    state: FeedbackState | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> Sequence[FeedbackRecord]:
    """List the feedback that the public sees, newest first, beginning behind moment and code of `after`."""
    f = t.feedback.c
    statement = select(t.feedback).where(f.public_state == PublicState.SHOWN.value, f.restricted.is_(False))
    for column, wanted in ((f.field, field), (f.commune, commune), (f.state, state.value if state else None)):
        if wanted:
            statement = statement.where(column == wanted)
    if units:
        statement = statement.where(f.unit.in_(units))
    if after:
        moment, code = after
        statement = statement.where(or_(f.received_at < moment, and_(f.received_at == moment, f.code < code)))
    rows = await reader.rows(statement.order_by(f.received_at.desc(), f.code.desc()).limit(limit))
    return [FeedbackRecord(**row) for row in rows]


async def public_photo(reader: Reader, sha256: str) -> bool:
    """Say whether the public may see a photo: it is marked so, and its feedback is shown."""
    p, f = t.feedback_photos.c, t.feedback.c
    shown = and_(p.public.is_(True), f.public_state == PublicState.SHOWN.value, f.restricted.is_(False))
    found = select(p.id).join(t.feedback, f.code == p.feedback_code).where(p.sha256 == sha256, shown)
    return bool(await reader.rows(found))
