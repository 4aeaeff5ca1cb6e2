from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from workers.records import Attachment, OutboxChannel
from workers.registry.database import Registry
from workers.registry.outbox import Outbox, OutboxState, Recovered

CODE = "H29.15-250714-0001"
EMAIL, ENGINE, SMS = OutboxChannel.EMAIL, OutboxChannel.ENGINE, OutboxChannel.SMS
MINUTE = timedelta(minutes=1)


@pytest.fixture
def outbox(registry):
    return Outbox(registry, "host:1")


async def queue(registry, *drafts):
    async with registry.write() as writer:
        for draft in drafts:
            await writer.send(draft)


async def states(outbox, now):
    counts = (await outbox.outbox_stats(now)).counts
    return {state: count for state, count in counts.items() if count}


async def test_a_message_is_handed_out_whole_and_once(registry, outbox, samples):
    draft = samples.draft(attachments=[Attachment(name="giấy.pdf", sha256="a" * 64)], variables={"n": [1, "hai"]})
    await queue(registry, draft)
    (message,) = await outbox.claim_due(samples.now, 10, [EMAIL])
    shared = set(type(draft).model_fields)
    assert message.model_dump(include=shared) == draft.model_dump(include=shared)
    assert message.attempts == 1
    assert await outbox.claim_due(samples.now, 10, [EMAIL]) == []
    await outbox.mark_sent(message.id, samples.now + MINUTE)
    assert await states(outbox, samples.now) == {OutboxState.SENT: 1}
    (dispatch,) = await outbox.dispatches(CODE)
    assert (dispatch.message_id, dispatch.attempt, dispatch.outcome) == (draft.message_id, 1, "sent")
    assert (dispatch.claimed_by, dispatch.finished_at) == ("host:1", samples.now + MINUTE)


async def test_a_second_draft_with_the_same_message_id_changes_nothing(registry, outbox, samples):
    await queue(registry, samples.draft(), samples.draft(body="khác"))
    await queue(registry, samples.draft(body="khác nữa"))
    (message,) = await outbox.claim_due(samples.now, 10, [EMAIL])
    assert message.body == samples.draft().body


async def test_due_messages_of_the_asked_channels_come_in_order(registry, outbox, samples):
    now = samples.now
    await queue(
        registry,
        samples.draft("later", not_before=now + MINUTE),
        samples.draft("second", not_before=now - MINUTE),
        samples.draft("sms", channel=SMS),
        samples.draft("first", not_before=now - 2 * MINUTE),
        samples.draft("engine", channel=ENGINE, not_before=now - 3 * MINUTE),
    )
    assert await outbox.claim_due(now, 10, []) == []
    assert [m.message_id for m in await outbox.claim_due(now, 2, [EMAIL, ENGINE])] == ["engine", "first"]
    assert [m.message_id for m in await outbox.claim_due(now, 9, [EMAIL, ENGINE])] == ["second"]
    assert [m.message_id for m in await outbox.claim_due(now + MINUTE, 9, [EMAIL])] == ["later"]


async def test_a_retry_waits_and_keeps_the_message_id(registry, outbox, samples):
    now = samples.now
    await queue(registry, samples.draft())
    (first,) = await outbox.claim_due(now, 1, [EMAIL])
    await outbox.mark_retry(first.id, now, now + 5 * MINUTE, "máy chủ thư bận")
    assert await outbox.claim_due(now + 4 * MINUTE, 1, [EMAIL]) == []
    (second,) = await outbox.claim_due(now + 5 * MINUTE, 1, [EMAIL])
    assert (second.message_id, second.attempts) == (first.message_id, 2)
    await outbox.mark_failed(second.id, now + 5 * MINUTE, "địa chỉ không tồn tại")
    assert [(d.attempt, d.outcome, d.reason) for d in await outbox.dispatches(CODE)] == [
        (1, "retry", "máy chủ thư bận"),
        (2, "failed", "địa chỉ không tồn tại"),
    ]


async def test_what_a_dead_dispatcher_left_is_sent_again_only_where_that_is_harmless(registry, outbox, samples):
    now = samples.now
    await queue(registry, samples.draft("letter"), samples.draft("message", channel=ENGINE))
    assert len(await outbox.claim_due(now, 10, [EMAIL, ENGINE])) == 2
    assert await outbox.recover(now + MINUTE, now) == Recovered(queued=0, unknown=0)
    assert await outbox.recover(now + MINUTE, now + MINUTE) == Recovered(queued=1, unknown=1)
    assert await states(outbox, now) == {OutboxState.PENDING: 1, OutboxState.UNKNOWN: 1}
    assert [m.message_id for m in await outbox.claim_due(now + MINUTE, 10, [EMAIL, ENGINE])] == ["message"]


async def test_a_message_that_a_process_waits_for_is_repeated_before_a_letter_is_given_up(registry, outbox, samples):
    now = samples.now
    await queue(registry, samples.draft("letter"), samples.draft("message", channel=ENGINE))
    await outbox.claim_due(now, 10, [EMAIL, ENGINE])
    assert await outbox.recover(now + MINUTE, now, now + MINUTE) == Recovered(queued=1, unknown=0)
    assert await states(outbox, now) == {OutboxState.PENDING: 1, OutboxState.SENDING: 1}


async def test_a_send_that_ends_after_it_was_given_up_counts_as_sent(registry, outbox, samples):
    await queue(registry, samples.draft())
    (message,) = await outbox.claim_due(samples.now, 1, [EMAIL])
    await outbox.recover(samples.now + MINUTE, samples.now + MINUTE)
    await outbox.mark_retry(message.id, samples.now, samples.now, "trễ")
    assert await states(outbox, samples.now) == {OutboxState.UNKNOWN: 1}
    await outbox.mark_sent(message.id, samples.now + MINUTE)
    assert await states(outbox, samples.now) == {OutboxState.SENT: 1}


async def test_a_person_may_queue_again_what_failed_but_never_what_was_sent(registry, outbox, samples):
    await queue(registry, samples.draft("failed"), samples.draft("sent"))
    failed, sent = await outbox.claim_due(samples.now, 2, [EMAIL])
    await outbox.mark_failed(failed.id, samples.now, "từ chối")
    await outbox.mark_sent(sent.id, samples.now)
    assert [m.message_id for m in await outbox.undecided()] == ["failed"]
    assert await outbox.requeue(failed.id, samples.now)
    assert not await outbox.requeue(sent.id, samples.now)
    assert [m.message_id for m in await outbox.claim_due(samples.now, 9, [EMAIL])] == ["failed"]


async def test_dispatchers_at_once_never_get_the_same_message(registry, samples):
    await queue(registry, *(samples.draft(f"m{number}") for number in range(40)))
    boxes = [Outbox(registry, f"host:{number}") for number in range(5)]
    claims = await asyncio.gather(*(box.claim_due(samples.now, 10, [EMAIL]) for box in boxes))
    claimed = [message.message_id for claim in claims for message in claim]
    assert len(claimed) == len(set(claimed)) == 40


async def test_stats_tell_how_long_the_oldest_due_message_waits(registry, outbox, samples):
    now = samples.now
    assert (await outbox.outbox_stats(now)).oldest_due is None
    await queue(registry, samples.draft("future", not_before=now + MINUTE), samples.draft("sms", channel=SMS))
    stats = await outbox.outbox_stats(now + timedelta(seconds=30))
    assert stats.counts[OutboxState.PENDING] == 2
    assert stats.oldest_due == timedelta(seconds=30)


async def test_messages_of_a_rolled_back_transaction_are_never_sent(registry, outbox, samples):
    transaction = await registry.begin()
    await transaction.writer.send(samples.draft())
    await transaction.rollback()
    assert await outbox.claim_due(samples.now, 10, [EMAIL]) == []


class Dispatchers(RuleBasedStateMachine):
    """Let dispatchers die and refuse at random; count what reached the other side."""

    samples = None
    databases = None

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.now = self.samples.now
        self.queued, self.out, self.asked, self.held = set(), [], set(), []

    def run(self, work):
        return self.loop.run_until_complete(work)

    @initialize()
    def open(self):
        database = self.databases.migrated(Path(self.folder.name))
        self.registry = self.run(Registry.connect(database.url, now=lambda: self.now))
        self.outbox = Outbox(self.registry, "host:1")

    @rule(number=st.integers(0, 5), channel=st.sampled_from([EMAIL, ENGINE]))
    def queue(self, number, channel):
        draft = self.samples.draft(f"{channel}.{number}", channel=channel)
        self.run(queue(self.registry, draft))
        self.queued.add(draft.message_id)

    @rule(limit=st.integers(1, 3))
    def claim(self, limit):
        self.held += self.run(self.outbox.claim_due(self.now, limit, [EMAIL, ENGINE]))

    @rule(data=st.data())
    def send(self, data):
        if self.held:
            message = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
            if message.channel is EMAIL or message.message_id not in self.out:
                self.out.append(message.message_id)
            self.run(self.outbox.mark_sent(message.id, self.now))

    @rule(data=st.data(), minutes=st.integers(0, 3))
    def put_off(self, data, minutes):
        if self.held:
            message = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
            self.run(self.outbox.mark_retry(message.id, self.now, self.now + minutes * MINUTE, "bận"))

    @rule(went_out=st.booleans())
    def die(self, went_out):
        for message in self.held:
            if went_out and (message.channel is EMAIL or message.message_id not in self.out):
                self.out.append(message.message_id)
            if message.channel is EMAIL:
                self.asked.add(message.message_id)
        self.held = []
        self.now += MINUTE
        self.run(self.outbox.recover(self.now, self.now))

    @rule()
    def wait(self):
        self.now += MINUTE

    @invariant()
    def nothing_goes_out_twice(self):
        assert len(self.out) == len(set(self.out))

    def teardown(self):
        if not hasattr(self, "registry"):
            return
        self.now += timedelta(days=1)
        for message in self.held + self.run(self.outbox.claim_due(self.now, 100, [EMAIL, ENGINE])):
            if message.channel is EMAIL or message.message_id not in self.out:
                self.out.append(message.message_id)
            self.run(self.outbox.mark_sent(message.id, self.now))
        unknown = {message.message_id for message in self.run(self.outbox.undecided())}
        self.run(self.registry.close())
        self.loop.close()
        self.folder.cleanup()
        assert len(self.out) == len(set(self.out))
        assert unknown == self.asked
        assert set(self.out) | unknown == self.queued


def test_every_message_goes_out_once_unless_a_person_was_asked(samples, databases):
    Dispatchers.samples, Dispatchers.databases = samples, databases
    run_state_machine_as_test(
        Dispatchers,
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
