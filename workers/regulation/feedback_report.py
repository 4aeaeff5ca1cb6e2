"""Work out the monthly report of 1022 from cases. Pure.

The period runs from 12:00 on the 25th to 12:00 on the 25th. Every case of it is carried over or received, and at its
end done, routed out, rejected, merged or in progress: the two sums are equal. On time means by the first deadline.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from workers.errors import UserError
from workers.regulation.calendar import VIETNAM

CUT_DAY, CUT_HOUR = 25, 12
OLD_DAYS = (5, 10, 30)
"""Age bands of what is late, in days after the deadline."""
SATISFIED = 4


class Outcome(StrEnum):
    """Say how a case ended."""

    DONE = "done"
    ROUTED_OUT = "routed_out"
    REJECTED = "rejected"
    MERGED = "merged"


class Case(NamedTuple):
    """Hold what the report needs of one feedback; `due_at` is the first deadline, None while nobody has it."""

    code: str
    unit: str | None
    field: str | None
    received_at: datetime
    due_at: datetime | None
    forwarded_in_time: bool
    reopened: bool
    ended_at: datetime | None
    outcome: Outcome


class Period(NamedTuple):
    """Name a reporting period by the month it ends in."""

    year: int
    month: int

    @property
    def since(self) -> datetime:
        """Give its first instant."""
        before = self.plus(-1)
        return datetime(before.year, before.month, CUT_DAY, CUT_HOUR, tzinfo=VIETNAM)

    @property
    def until(self) -> datetime:
        """Give the first instant after it."""
        return datetime(self.year, self.month, CUT_DAY, CUT_HOUR, tzinfo=VIETNAM)

    @property
    def label(self) -> str:
        """Write it as people do: 10/2026."""
        return f"{self.month:02}/{self.year}"

    def __str__(self) -> str:
        """Write it as addresses and commands do: 2026-10."""
        return f"{self.year}-{self.month:02}"

    def plus(self, months: int) -> "Period":
        """Count periods on, or back."""
        count = self.year * 12 + self.month - 1 + months
        return Period(count // 12, count % 12 + 1)


def read_period(text: str) -> Period:
    """Read a period as `Period` writes it. Raises UserError naming the form that is expected."""
    found = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", text)
    if found is None:
        raise UserError(f"“{text}” không phải kỳ báo cáo. Kỳ báo cáo ghi dạng 2026-10.")
    return Period(int(found[1]), int(found[2]))


def period_at(moment: datetime) -> Period:
    """Find the period an instant lies in."""
    here = moment.astimezone(VIETNAM)
    this = Period(here.year, here.month)
    return this if moment < this.until else this.plus(1)


class Totals(NamedTuple):
    """Count the cases of a unit, a field or all.

    `done_on_time`: of `done`. `open_late`: of `in_progress`, past the first deadline at the end of the period;
    `late_for`: those by days after it, one count for each band of OLD_DAYS. `forwarded_in_time`
    and `reopened`: of `received`.
    """

    carried_over: int
    received: int
    done: int
    done_on_time: int
    routed_out: int
    rejected: int
    merged: int
    in_progress: int
    open_late: int
    late_for: tuple[int, ...]
    forwarded_in_time: int
    reopened: int

    @property
    def on_time_of_due(self) -> float | None:
        """Divide what was done on time by what was done or is late; None when there is none."""
        return _share(self.done_on_time, self.done + self.open_late)

    @property
    def on_time_of_done(self) -> float | None:
        """Divide what was done on time by what was done; None when there is none."""
        return _share(self.done_on_time, self.done)

    @property
    def forwarded_share(self) -> float | None:
        """Divide what was forwarded in time by what was received; None when there is none."""
        return _share(self.forwarded_in_time, self.received)


class Satisfaction(NamedTuple):
    """Count ratings: `satisfied` are those of 4 or 5 stars."""

    ratings: int
    satisfied: int

    @property
    def share(self) -> float | None:
        """Divide the satisfied by the ratings; None when there is none."""
        return _share(self.satisfied, self.ratings)


def totals(cases: Iterable[Case], since: datetime, until: datetime) -> Totals:
    """Count cases of a period; those that ended before it or came after it do not count."""
    counted = [one for one in cases if one.received_at < until and (one.ended_at is None or one.ended_at >= since)]
    new = [one for one in counted if one.received_at >= since]
    ended = [one for one in counted if one.ended_at is not None and one.ended_at < until]
    done = [one for one in ended if one.outcome is Outcome.DONE]
    still = [one for one in counted if one.ended_at is None or one.ended_at >= until]
    late = [until - one.due_at for one in still if one.due_at is not None and one.due_at < until]
    by_outcome = {outcome: sum(one.outcome is outcome for one in ended) for outcome in Outcome}
    return Totals(
        carried_over=len(counted) - len(new),
        received=len(new),
        done=len(done),
        done_on_time=sum(_on_time(one) for one in done),
        routed_out=by_outcome[Outcome.ROUTED_OUT],
        rejected=by_outcome[Outcome.REJECTED],
        merged=by_outcome[Outcome.MERGED],
        in_progress=len(still),
        open_late=len(late),
        late_for=_bands(late),
        forwarded_in_time=sum(one.forwarded_in_time for one in new),
        reopened=sum(one.reopened for one in new),
    )


def satisfaction(stars: Sequence[int]) -> Satisfaction:
    """Count ratings."""
    return Satisfaction(len(stars), sum(one >= SATISFIED for one in stars))


def _on_time(one: Case) -> bool:
    return one.ended_at is not None and (one.due_at is None or one.ended_at <= one.due_at)


def _bands(late: Sequence[timedelta]) -> tuple[int, ...]:
    edges = [timedelta(0), *(timedelta(days=days) for days in OLD_DAYS), timedelta.max]
    return tuple(sum(low < one <= high for one in late) for low, high in itertools.pairwise(edges))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
