from datetime import UTC, datetime, timedelta

import pytest

from workers.regulation.calendar import VIETNAM
from workers.regulation.notices import NoticePolicy

CHANNELS = [{"code": "email", "name": "Thư điện tử", "enabled": True}]
POLICY = NoticePolicy(quiet_hours={"start": "21:00", "end": "07:00"}, channels=CHANNELS)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("moment", "send"),
    [
        ("2026-03-02T20:59", None),
        ("2026-03-02T21:00", "2026-03-03T07:00"),
        ("2026-03-03T00:30", "2026-03-03T07:00"),
        ("2026-03-03T06:59", "2026-03-03T07:00"),
        ("2026-03-03T07:00", None),
    ],
)
def test_nobody_is_disturbed_at_night(moment, send):
    assert POLICY.not_before(at(moment)) == (at(send) if send else None)


def test_quiet_hours_are_local_time():
    assert POLICY.not_before(datetime(2026, 3, 2, 15, tzinfo=UTC)) == at("2026-03-03T07:00")


def test_quiet_hours_within_a_day_are_understood():
    policy = NoticePolicy(quiet_hours={"start": "12:00", "end": "13:00"}, channels=CHANNELS)
    assert policy.not_before(at("2026-03-02T12:30")) == at("2026-03-02T13:00")
    assert policy.not_before(at("2026-03-02T13:00") + timedelta(minutes=1)) is None


def test_without_quiet_hours_messages_go_out_at_once():
    assert NoticePolicy(channels=CHANNELS).not_before(at("2026-03-02T23:00")) is None
