"""Read where the time of dossiers goes: who held them for how long, to whom they went, where deadlines broke.

Each query reads the timeline entries or late dossiers of one span by index, not the table.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, func, or_, select

from workers.records import Record, TimelineKind
from workers.registry import tables as t
from workers.registry.figures import kept_first_deadline
from workers.regulation.codes import FEEDBACK_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from workers.registry.reader import Reader


HOUR, HALF_HOUR = 60, 30


class HeldFor(NamedTuple):
    """Count the steps that one kind of holder finished after about the same number of working minutes.

    `asked`: the unit was asked for its opinion. `minutes`: exact below an hour, then of the half hour begun, so that a
    month of a whole city is few rows. `total`: their exact sum. `late`: how many of them were over their limit.
    """

    unit: str
    role: str
    asked: bool
    minutes: int
    steps: int
    total: int
    late: int


class Passage(Record):
    """Count the dossiers that went from one unit to another."""

    source: str
    target: str
    count: int


class Break(Record):
    """Name a dossier that missed its deadline and a step that was open at that moment, if any was."""

    dossier_code: str
    lead_unit: str
    deadline: datetime
    resolved_at: datetime | None
    unit: str | None
    role: str | None
    asked: bool
    name: str | None


class HeldStep(Record):
    """Name one finished step."""

    dossier_code: str
    name: str
    unit: str
    role: str
    at: datetime
    working_minutes: int
    limit_minutes: int | None


class Spread(Record):
    """Describe many durations in working minutes; `median` and `p90` None when there is none."""

    steps: int
    minutes: int
    late: int
    median: int | None
    p90: int | None


def spread(held: Iterable[HeldFor]) -> Spread:
    """Describe the durations counted: the median is the mean of the two in the middle, p90 the nearest rank."""
    counts: dict[int, int] = defaultdict(int)
    total = late = 0
    for one in held:
        counts[one.minutes] += one.steps
        total += one.total
        late += one.late
    steps = sum(counts.values())
    if not steps:
        return Spread(steps=0, minutes=0, late=0, median=None, p90=None)
    middle = round((_at_rank(counts, (steps + 1) // 2) + _at_rank(counts, steps // 2 + 1)) / 2 + 1e-9)
    return Spread(steps=steps, minutes=total, late=late, median=middle, p90=_at_rank(counts, -(-9 * steps // 10)))


def _at_rank(counts: Mapping[int, int], rank: int) -> int:
    seen = 0
    for minutes in sorted(counts):
        seen += counts[minutes]
        if seen >= rank:
            return minutes
    raise ValueError(rank)


async def held_for(reader: Reader, since: datetime, until: datetime) -> Sequence[HeldFor]:
    """Count the steps finished in a span by holder and working minutes."""
    e = t.timeline.c
    exact = e.working_minutes
    columns = (
        e.unit,
        e.role,
        e.request_id.is_not(None).label("asked"),
        case((exact < HOUR, exact), else_=exact - exact % HALF_HOUR).label("minutes"),
    )
    over = case((exact > e.limit_minutes, 1), else_=0)
    finished = select(*columns, exact.label("exact"), over.label("over")).where(_finished(since, until)).subquery().c
    group = (finished.unit, finished.role, finished.asked, finished.minutes)
    counts = (func.count(), func.sum(finished.exact), func.sum(finished.over))
    rows = await reader.rows(select(*group, *counts).group_by(*group))
    return [HeldFor(*row.values()) for row in rows]


async def held_steps(reader: Reader, since: datetime, until: datetime, unit: str, *, limit: int) -> Sequence[HeldStep]:
    """List the longest steps that a unit finished in a span."""
    e = t.timeline.c
    rows = await reader.rows(
        select(*(e[name] for name in HeldStep.model_fields))
        .where(_finished(since, until), e.unit == unit)
        .order_by(e.working_minutes.desc(), e.dossier_code, e.seq)
        .limit(limit)
    )
    return [HeldStep(**row) for row in rows]


async def passages(reader: Reader, since: datetime, until: datetime) -> Sequence[Passage]:
    """Count the hand-overs of a span between different units, most first."""
    e, earlier = t.timeline.c, t.timeline.alias("earlier")
    before = (
        select(earlier.c.unit)
        .where(
            earlier.c.dossier_code == e.dossier_code, earlier.c.seq < e.seq, earlier.c.kind == TimelineKind.OPENED.value
        )
        .order_by(earlier.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    opened = (
        select(before.label("source"), e.unit.label("target"))
        .where(e.kind == TimelineKind.OPENED.value, _of_dossiers(since, until))
        .subquery()
    ).c
    rows = await reader.rows(
        select(opened.source, opened.target, func.count().label("count"))
        .where(opened.source != opened.target)
        .group_by(opened.source, opened.target)
        .order_by(func.count().desc(), opened.source, opened.target)
    )
    return [Passage(**row) for row in rows]


async def breaks(reader: Reader, since: datetime, until: datetime, now: datetime) -> Sequence[Break]:
    """Find who held the dossiers that got their result late in a span when their deadline passed.

    A span with today in it has those too that are late now. The deadline is the one by which public figures count.
    Steps open side by side each give a row.
    """
    d, s = t.dossiers.c, t.steps.c
    deadline = case((and_(d.extensions == 0, d.due_set_by_hand.is_(False)), d.due_at), else_=d.original_due_at)
    unresolved = and_(d.finished_at.is_(None), d.resolved_at.is_(None), _passed(deadline, now))
    ended = and_(d.resolved_at >= since, d.resolved_at < until, ~kept_first_deadline())
    late = (
        select(d.code, d.lead_unit, deadline.label("deadline"), d.resolved_at)
        .where(or_(ended, unresolved) if since <= now < until else ended)
        .subquery()
    ).c
    held_then = and_(
        s.dossier_code == late.code,
        s.opened_at <= late.deadline,
        or_(s.closed_at.is_(None), s.closed_at > late.deadline),
    )
    rows = await reader.rows(
        select(
            late.code.label("dossier_code"), late.lead_unit, late.deadline, late.resolved_at,
            s.unit, s.role, s.request_id.is_not(None).label("asked"), s.name,
        )
        .outerjoin(t.steps, held_then)
        .order_by(late.deadline, late.code, s.step_id)
    )  # fmt: skip
    return [Break(**row) for row in rows]


def _finished(since: datetime, until: datetime) -> ColumnElement[bool]:
    e = t.timeline.c
    return and_(e.kind == TimelineKind.CLOSED.value, _of_dossiers(since, until), e.working_minutes.is_not(None))


def _of_dossiers(since: datetime, until: datetime) -> ColumnElement[bool]:
    # Feedback has entries on the timeline too; its figures are those of the monthly report.
    e = t.timeline.c
    return and_(e.at >= since, e.at < until, e.dossier_code.not_like(f"{FEEDBACK_PREFIX}%"))


def _passed(deadline: Any, now: datetime) -> ColumnElement[bool]:
    d = t.dossiers.c
    return and_(deadline < now, or_(d.paused_at.is_(None), d.paused_at > deadline))
