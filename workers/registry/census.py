"""Count what is open. Every query walks the open rows of an index, so its cost does not grow with what is finished."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from workers.records import DossierState, OutboxChannel, Record
from workers.registry import tables as t
from workers.registry.outbox import OutboxState
from workers.regulation.statuses import FINISHED_STATES

if TYPE_CHECKING:
    from sqlalchemy import Select

    from workers.registry.database import Registry
    from workers.registry.reader import Reader


class TimeLeft(StrEnum):
    """Sort open dossiers by the time until their deadline; `paused` while the applicant owes a supplement."""

    LATE = "late"
    DAY = "1d"
    THREE_DAYS = "3d"
    WEEK = "7d"
    LATER = "later"
    PAUSED = "paused"
    RESOLVED = "resolved"


_LIMITS = {
    TimeLeft.DAY: timedelta(days=1),
    TimeLeft.THREE_DAYS: timedelta(days=3),
    TimeLeft.WEEK: timedelta(days=7),
}
_UNFINISHED = [state.value for state in DossierState if state.value not in FINISHED_STATES]
_WAITING = [state.value for state in OutboxState if state is not OutboxState.SENT]


class OpenSteps(Record):
    """Count the open steps of one kind that a unit holds, and those of them past their norm."""

    unit: str
    process_id: str
    element_id: str
    name: str
    open: int
    late: int


class OpenDossiers(Record):
    """Count the unfinished dossiers a unit leads in one state, with this much time left."""

    lead_unit: str
    state: DossierState
    left: TimeLeft
    count: int


class WaitingMessages(Record):
    """Count the messages of one channel that are not sent."""

    channel: OutboxChannel
    state: OutboxState
    count: int


class Census(Record):
    """Hold what is open at one instant. `oldest_due`: how long the message due longest has waited, None for none."""

    steps: Sequence[OpenSteps]
    dossiers: Sequence[OpenDossiers]
    messages: Sequence[WaitingMessages]
    oldest_due: timedelta | None


async def take_census(registry: Registry, units: Sequence[str], now: datetime) -> Census:
    """Count in one snapshot. `units`: every code a unit ever had; the indexes begin with it."""
    async with registry.read() as reader:
        return Census(
            steps=[OpenSteps(**row) for row in await reader.rows(_steps(units, now))],
            dossiers=[OpenDossiers(**row) for row in await reader.rows(_dossiers(units, now))],
            messages=[WaitingMessages(**row) for row in await reader.rows(_messages())],
            oldest_due=await _oldest_due(reader, now),
        )


def _steps(units: Sequence[str], now: datetime) -> Select[tuple[object, ...]]:
    s = t.steps.c
    kind = (s.unit, s.process_id, s.element_id, s.name)
    late = func.coalesce(func.sum(case((s.due_at < now, 1), else_=0)), 0)
    return (
        select(*kind, func.count().label("open"), late.label("late"))
        .where(s.unit.in_(units), s.closed_at.is_(None))
        .group_by(*kind)
    )


def _dossiers(units: Sequence[str], now: datetime) -> Select[tuple[object, ...]]:
    d = t.dossiers.c
    left = case(
        (d.resolved_at.is_not(None), TimeLeft.RESOLVED.value),
        (d.paused_at <= d.due_at, TimeLeft.PAUSED.value),
        (d.due_at < now, TimeLeft.LATE.value),
        *((d.due_at < now + limit, bucket.value) for bucket, limit in _LIMITS.items()),
        else_=TimeLeft.LATER.value,
    )
    # Named, because PostgreSQL does not recognise an expression with parameters as the one it groups by.
    rows = select(d.lead_unit, d.state, left.label("left")).where(d.lead_unit.in_(units), d.state.in_(_UNFINISHED))
    open_rows = rows.subquery()
    group = (open_rows.c.lead_unit, open_rows.c.state, open_rows.c.left)
    return select(*group, func.count().label("count")).group_by(*group)


def _messages() -> Select[tuple[object, ...]]:
    o = t.outbox.c
    return (
        select(o.channel, o.state, func.count().label("count"))
        .where(o.state.in_(_WAITING))
        .group_by(o.channel, o.state)
    )


async def _oldest_due(reader: Reader, now: datetime) -> timedelta | None:
    o = t.outbox.c
    channels = [channel.value for channel in OutboxChannel]
    due = select(func.min(o.due_at).label("due_at")).where(
        o.state == OutboxState.PENDING.value, o.channel.in_(channels), o.due_at <= now
    )
    (row,) = await reader.rows(due)
    return None if row["due_at"] is None else now - row["due_at"]
