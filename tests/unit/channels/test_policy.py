from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.channels.policy import TO_ENGINE, TO_PEOPLE, next_attempt

NOW = datetime(2026, 11, 23, 20, 59, 50, tzinfo=UTC)


def awake(_moment):
    return None


@given(attempts=st.integers(1, TO_PEOPLE.max_attempts - 1), spread=st.floats(0, 1))
def test_delays_stay_between_their_bounds(attempts, spread):
    delay = next_attempt(TO_PEOPLE, NOW, attempts, spread, awake) - NOW
    assert timedelta(seconds=15) <= delay <= TO_PEOPLE.longest_delay * 1.25


def test_delays_grow_and_all_tries_last_most_of_a_day():
    delays = [next_attempt(TO_PEOPLE, NOW, attempts, 0.5, awake) - NOW for attempts in range(1, TO_PEOPLE.max_attempts)]
    assert delays == sorted(delays)
    assert delays[0] == timedelta(seconds=20)
    assert timedelta(hours=16) < sum(delays, timedelta()) < timedelta(hours=24)


def test_after_the_last_try_there_is_none():
    assert next_attempt(TO_PEOPLE, NOW, TO_PEOPLE.max_attempts, 0.5, awake) is None


@pytest.mark.parametrize("spread", [0, 1])
def test_a_retry_is_not_made_in_quiet_hours(spread):
    morning = datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert next_attempt(TO_PEOPLE, NOW, 1, spread, lambda at: morning if at.hour >= 21 else None) == morning


@given(attempts=st.integers(1, 10**6))
def test_the_engine_is_tried_for_ever_and_soon(attempts):
    assert next_attempt(TO_ENGINE, NOW, attempts, 1, awake) - NOW <= timedelta(seconds=40)
