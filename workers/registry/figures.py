"""Count dossiers for the public: by unit, for a span of time. Each query reads the rows of that span, not the table."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select

from workers.records import Record
from workers.registry import tables as t

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from workers.registry.reader import Reader


class UnitFigures(Record):
    """Hold a unit's dossiers of a span; `median_minutes`: office hours to the result, None when there is none.

    `received` and `resolved` lie in the span. `on_time` of the resolved kept their first deadline: waiting for the
    applicant does not count against it, an extension does. `open` and `open_late` are those unresolved now.
    """

    unit: str
    received: int = 0
    resolved: int = 0
    on_time: int = 0
    median_minutes: int | None = None
    open: int = 0
    open_late: int = 0


async def unit_figures(reader: Reader, since: datetime, until: datetime, now: datetime) -> Sequence[UnitFigures]:
    """Count the dossiers of every lead unit that has any, `until` not included."""
    d = t.dossiers.c
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for statement in (
        _by_unit(and_(d.received_at >= since, d.received_at < until), received=func.count()),
        _by_unit(_resolved(since, until), resolved=func.count(), on_time=_sum(kept_first_deadline())),
        _medians(since, until),
        _by_unit(
            and_(d.finished_at.is_(None), d.resolved_at.is_(None)),
            open=func.count(),
            open_late=_sum(and_(d.due_at < now, or_(d.paused_at.is_(None), d.paused_at > d.due_at))),
        ),
    ):
        for row in await reader.rows(statement):
            found[row["lead_unit"]].update({name: value for name, value in row.items() if name != "lead_unit"})
    return [UnitFigures(unit=unit, **counts) for unit, counts in sorted(found.items())]


def total(figures: Sequence[UnitFigures], unit: str) -> UnitFigures:
    """Add figures up; a median cannot be added and stays empty."""
    names = ("received", "resolved", "on_time", "open", "open_late")
    sums: Mapping[str, int] = {name: sum(getattr(one, name) for one in figures) for name in names}
    return UnitFigures(unit=unit, **sums)


def _by_unit(which: ColumnElement[bool], **counts: Any) -> Any:
    unit = t.dossiers.c.lead_unit
    columns = [count.label(name) for name, count in counts.items()]
    return select(unit, *columns).where(which).group_by(unit)


def _resolved(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(t.dossiers.c.resolved_at >= since, t.dossiers.c.resolved_at < until)


def kept_first_deadline() -> ColumnElement[bool]:
    """Tell the resolved dossiers that are on time: within the first deadline, moved by the applicant's pauses only."""
    d = t.dossiers.c
    never_moved = and_(d.extensions == 0, d.due_set_by_hand.is_(False))
    return or_(d.resolved_at <= d.original_due_at, and_(never_moved, d.resolved_at <= d.due_at))


def _medians(since: datetime, until: datetime) -> Any:
    # The middle row, or the mean of the two middle rows, of each unit: the same on SQLite, which has no median.
    d = t.dossiers.c
    ranked = (
        select(
            d.lead_unit,
            d.worked_minutes,
            func.row_number().over(partition_by=d.lead_unit, order_by=d.worked_minutes).label("place"),
            func.count().over(partition_by=d.lead_unit).label("all_of_them"),
        )
        .where(_resolved(since, until), d.worked_minutes.is_not(None))
        .subquery()
    )
    r = ranked.c
    middle = and_(2 * r.place >= r.all_of_them, 2 * r.place <= r.all_of_them + 2)
    median = func.round(func.sum(r.worked_minutes) * 1.0 / func.count())
    return select(r.lead_unit, median.label("median_minutes")).where(middle).group_by(r.lead_unit)


def _sum(what: ColumnElement[bool]) -> Any:
    return func.sum(case((what, 1), else_=0))
