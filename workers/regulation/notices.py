"""Say when people may be notified. Consent is asked for per channel; silence is not consent."""

from datetime import datetime, time, timedelta

from pydantic import Field

from workers.regulation.calendar import VIETNAM, Rule


class QuietHours(Rule):
    """Hold the hours in which nobody is disturbed; they may span midnight."""

    start: time
    end: time

    def covers(self, clock: time) -> bool:
        """Say whether a local clock time is quiet."""
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


class NoticeChannel(Rule):
    """Name a channel and whether it is in use."""

    code: str
    name: str
    enabled: bool


class NoticePolicy(Rule):
    """Hold the quiet hours, the channels, and the most segments a short text may take."""

    quiet_hours: QuietHours | None = None
    most_segments: int = Field(default=4, ge=1, le=10)
    channels: tuple[NoticeChannel, ...] = Field(min_length=1)

    def switched_off(self, code: str) -> NoticeChannel | None:
        """Find a channel that is not in use; None: it is in use, or no channel to people."""
        return next((one for one in self.channels if one.code == code and not one.enabled), None)

    def not_before(self, moment: datetime) -> datetime | None:
        """Find when a message may go out; None: at once."""
        local = moment.astimezone(VIETNAM)
        if self.quiet_hours is None or not self.quiet_hours.covers(local.time()):
            return None
        end = datetime.combine(local.date(), self.quiet_hours.end, VIETNAM)
        return end if end > local else end + timedelta(days=1)
