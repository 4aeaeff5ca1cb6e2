"""Compute the deadline of a dossier and everything that may move it.

The original deadline never changes; on-time rates are measured against it. Overdue is derived, never stored.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum

from pydantic import Field

from workers.regulation.calendar import VIETNAM, Rule, show_moment
from workers.regulation.limits import Limit, LimitUnit, end_of, start_before
from workers.regulation.working_time import WorkingTime


class SameDay(Rule):
    """Let a procedure end on the day of receipt, unless it was received after the cut-off."""

    cutoff: time
    clause: str | None = None
    confirmed: bool = False


class NearDue(Rule):
    """Say when a deadline is near: `before` the end, but not before `share` of the time has passed."""

    before: Limit = Limit(amount=2, unit=LimitUnit.WORKING_DAY)
    share: float = Field(default=0.5, gt=0, lt=1)


class PauseEffect(StrEnum):
    """Say what a supplement does to the clock."""

    RESTART = "restart"
    PAUSE = "pause"


class SupplementRule(Rule):
    """Hold the rule of one stage. `answer_within`: how long the applicant has."""

    effect: PauseEffect
    answer_within: Limit
    max_times: int = Field(default=1, ge=1, le=10)
    clause: str | None = None
    confirmed: bool = False

    @property
    def restarts(self) -> bool:
        """Say whether the full limit runs again once the dossier is complete."""
        return self.effect is PauseEffect.RESTART


class ExtensionRule(Rule):
    """Hold how often a deadline may be extended and until when that must be said."""

    max_times: int = Field(default=1, ge=0, le=5)
    notify_before: Limit
    clause: str | None = None
    confirmed: bool = False


class Deadline(Rule):
    """Hold the deadline in force. `provisional`: a year it spans has no confirmed calendar."""

    counted_from: datetime
    due_at: datetime
    near_due_at: datetime
    original_due_at: datetime
    provisional: bool
    revision: int = 0


class DeadlineRevision(Rule):
    """Record one change: before, after, why, and on which basis."""

    revision: int
    at: datetime
    reason: str
    clause: str | None
    before: datetime
    after: datetime
    provisional: bool


class ExtensionAssessment(Rule):
    """Say whether a deadline may be extended and, if not, why (Vietnamese)."""

    possible: bool
    reason_not: str | None = None


def first_deadline(
    limit: Limit,
    received_at: datetime,
    hours: WorkingTime,
    *,
    near: NearDue | None = None,
    same_day: SameDay | None = None,
) -> Deadline:
    """Compute the deadline of a dossier received at `received_at`.

    What arrives outside office hours counts as received when work next begins. Raises NeedsOperator when a year
    has no calendar.
    """
    counted_from = hours.next_working_instant(received_at)
    due_at = _due(limit, counted_from, hours, same_day)
    return Deadline(
        counted_from=counted_from,
        due_at=due_at,
        near_due_at=near_due(counted_from, due_at, hours, near),
        original_due_at=due_at,
        provisional=hours.is_provisional(received_at, due_at),
    )


def near_due(start: datetime, due_at: datetime, hours: WorkingTime, near: NearDue | None = None) -> datetime:
    """Find when a deadline becomes near; between `start` and `due_at`."""
    rule = near or NearDue()
    share = hours.add_working_time(start, hours.working_time_between(start, due_at) * rule.share)
    return min(due_at, max(start_before(rule.before, due_at, hours), share))


def revise(
    deadline: Deadline,
    due_at: datetime,
    hours: WorkingTime,
    *,
    at: datetime,
    reason: str,
    clause: str | None = None,
    counted_from: datetime | None = None,
    near: NearDue | None = None,
) -> tuple[Deadline, DeadlineRevision]:
    """Move a deadline to `due_at`, keep the original one, and record the change."""
    start = counted_from or deadline.counted_from
    revised = Deadline(
        counted_from=start,
        due_at=due_at,
        near_due_at=near_due(start, due_at, hours, near),
        original_due_at=deadline.original_due_at,
        provisional=hours.is_provisional(start, due_at),
        revision=deadline.revision + 1,
    )
    record = DeadlineRevision(
        revision=revised.revision,
        at=at,
        reason=reason,
        clause=clause,
        before=deadline.due_at,
        after=due_at,
        provisional=revised.provisional,
    )
    return revised, record


def remaining_when_paused(due_at: datetime, paused_at: datetime, hours: WorkingTime) -> timedelta:
    """Measure the office hours left when the clock stops; negative when the dossier is overdue already."""
    return hours.working_time_between(paused_at, due_at)


def resumed_due(due_at: datetime, paused_at: datetime, resumed_at: datetime, hours: WorkingTime) -> datetime:
    """Find the deadline after a pause: the office hours left at the pause, counted from the resumption."""
    return hours.add_working_time(resumed_at, remaining_when_paused(due_at, paused_at, hours))


def supplemented_due(
    rule: SupplementRule,
    limit: Limit,
    hours: WorkingTime,
    *,
    due_at: datetime,
    paused_at: datetime,
    resumed_at: datetime,
    same_day: SameDay | None = None,
) -> datetime:
    """Find the deadline once the supplement arrived: the full limit again, or what was left of it."""
    if rule.restarts:
        return _due(limit, hours.next_working_instant(resumed_at), hours, same_day)
    return resumed_due(due_at, paused_at, resumed_at, hours)


def assess_extension(
    rule: ExtensionRule, extensions: int, due_at: datetime, at: datetime, hours: WorkingTime
) -> ExtensionAssessment:
    """Decide whether a deadline may still be extended at `at`.

    The applicant is told before the deadline, by the time `notify_before` names; not more often than `max_times`.
    """
    if rule.max_times == 0:
        return _not_possible("Thủ tục này không được gia hạn.")
    if extensions >= rule.max_times:
        return _not_possible(f"Hồ sơ đã gia hạn {extensions} lần, không được quá {rule.max_times} lần.")
    if at > due_at:
        return _not_possible("Hồ sơ đã quá hạn, không còn gia hạn được.")
    latest = start_before(rule.notify_before, due_at, hours)
    if at > latest:
        return _not_possible(f"Đã quá thời điểm phải báo người nộp ({show_moment(latest)}).")
    return ExtensionAssessment(possible=True)


def extended_due(due_at: datetime, working_days: int, hours: WorkingTime) -> datetime:
    """Find the deadline `working_days` working days after the one in force, at the end of that day."""
    return hours.add_working_days(due_at, working_days)


def recomputed_due(
    limit: Limit,
    counted_from: datetime,
    hours: WorkingTime,
    *,
    pauses: Sequence[tuple[datetime, datetime]] = (),
    extensions: Sequence[tuple[datetime, int]] = (),
    same_day: SameDay | None = None,
) -> datetime:
    """Compute a deadline again from its facts, after the calendar changed.

    `pauses` are the finished pauses (stopped at, resumed at) since `counted_from`, `extensions` the moments and working
    days granted, both oldest first. They count in the order in which they took effect: an extension ends with a
    working day, so that it matters whether a pause came before it.
    """
    due_at = _due(limit, counted_from, hours, same_day)
    granted = list(extensions)
    for paused_at, resumed_at in pauses:
        while granted and granted[0][0] < resumed_at:
            due_at = extended_due(due_at, granted.pop(0)[1], hours)
        due_at = resumed_due(due_at, paused_at, resumed_at, hours)
    for _, working_days in granted:
        due_at = extended_due(due_at, working_days, hours)
    return due_at


def is_overdue(due_at: datetime, at: datetime) -> bool:
    """Say whether a deadline has passed; at the very instant it has not."""
    return at > due_at


def _due(limit: Limit, start: datetime, hours: WorkingTime, same_day: SameDay | None) -> datetime:
    if same_day and limit.unit is LimitUnit.WORKING_DAY and limit.amount == 1:
        local = start.astimezone(VIETNAM)
        return hours.add_working_days(local, 1 if local.time() > same_day.cutoff else 0)
    return end_of(limit, start, hours)


def _not_possible(reason: str) -> ExtensionAssessment:
    return ExtensionAssessment(possible=False, reason_not=reason)
