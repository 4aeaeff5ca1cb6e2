import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from workers.channels.dispatcher import Dispatcher
from workers.channels.email import EmailSender, SmtpSettings
from workers.channels.outcomes import SendLater, SendRefused, SendUnknown
from workers.channels.policy import TO_PEOPLE
from workers.records import OutboxChannel


class Scripted:
    """Answer each send with the next outcome of a script, then with success."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.sent = []
        self.running = 0
        self.most_running = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, message):
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.gate.wait()
            outcome = self.outcomes.pop(0) if self.outcomes else None
            if outcome is not None:
                raise outcome
            self.sent.append(message.message_id)
        finally:
            self.running -= 1


def dispatcher(outbox, sender, clock, **changes):
    given = {
        "now": clock,
        "not_before": lambda event, moment: None,
        "abandoned_after": timedelta(minutes=5),
        "poll_seconds": 0.02,
        "spread": lambda: 0.5,
    }
    senders = {OutboxChannel.EMAIL: sender, OutboxChannel.ENGINE: sender}
    return Dispatcher(outbox, senders, **(given | changes))


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (None, "sent"),
        (SendLater("bận"), "pending"),
        (SendRefused("từ chối"), "failed"),
        (SendUnknown("không rõ"), "unknown"),
        (RuntimeError("boom"), "unknown"),
    ],
)
async def test_each_end_of_a_send_has_its_state(memory_outbox, queued, clock, outcome, state):
    outbox = memory_outbox([queued(id=1, message_id="a")])
    assert await dispatcher(outbox, Scripted(outcome), clock).send_due() == 1
    assert outbox.states == {1: state}


async def test_a_message_put_off_goes_out_later_under_the_same_id(memory_outbox, queued, clock):
    outbox, sender = memory_outbox([queued(id=1, message_id="a")]), Scripted(SendLater("bận"))
    sending = dispatcher(outbox, sender, clock)
    await sending.send_due()
    assert await sending.send_due() == 0
    clock.forward(seconds=21)
    await sending.send_due()
    assert sender.sent == ["a"]
    assert outbox.states == {1: "sent"}


async def test_an_unknown_message_is_never_sent_again(memory_outbox, queued, clock):
    outbox, sender = memory_outbox([queued(id=1, message_id="a")]), Scripted(SendUnknown("không rõ"))
    sending = dispatcher(outbox, sender, clock)
    await sending.send_due()
    clock.forward(days=30)
    assert await sending.send_due() == 0
    assert sender.sent == []


async def test_tries_end_and_a_person_decides(memory_outbox, queued, clock):
    outbox = memory_outbox([queued(id=1, message_id="a")])
    sending = dispatcher(outbox, Scripted(*[SendLater("bận")] * 99), clock)
    while outbox.states[1] == "pending":
        await sending.send_due()
        clock.forward(hours=2)
    assert outbox.states == {1: "failed"}
    assert outbox.messages[1].attempts == TO_PEOPLE.max_attempts
    assert outbox.reasons[1].startswith(f"đã thử {TO_PEOPLE.max_attempts} lần")


async def test_a_retry_keeps_the_quiet_hours_of_its_event(memory_outbox, queued, clock):
    outbox = memory_outbox([queued(id=1, message_id="a"), queued(id=2, message_id="b", event="step_due")])
    morning = clock() + timedelta(hours=10)

    def not_before(event, moment):
        return morning if event == "dossier_received" else None

    await dispatcher(outbox, Scripted(SendLater("bận"), SendLater("bận")), clock, not_before=not_before).send_due()
    assert outbox.due[1] == morning
    assert outbox.due[2] == clock() + timedelta(seconds=20)


async def test_a_message_to_the_engine_knows_no_quiet_hours(memory_outbox, queued, clock):
    outbox = memory_outbox([queued(id=1, message_id="a", channel=OutboxChannel.ENGINE)])
    morning = clock() + timedelta(hours=10)
    sending = dispatcher(outbox, Scripted(SendLater("bận")), clock, not_before=lambda event, moment: morning)
    await sending.send_due()
    assert outbox.due[1] == clock() + timedelta(seconds=1)


async def test_only_so_many_are_claimed_and_sent_at_once(memory_outbox, queued, clock):
    outbox, sender = memory_outbox([queued(id=n, message_id=f"m{n}") for n in range(20)]), Scripted()
    sender.gate.clear()
    sending = dispatcher(outbox, sender, clock, concurrency=3)
    running = asyncio.create_task(sending.run())
    await until(lambda: sender.running == 3)
    sender.gate.set()
    await until(lambda: set(outbox.states.values()) == {"sent"})
    sending.stop()
    await running
    assert sender.most_running == 3
    assert outbox.most_claimed == 3
    assert len(sender.sent) == len(set(sender.sent)) == 20


async def test_waking_sends_without_waiting_for_the_poll(memory_outbox, queued, clock):
    outbox, sender = memory_outbox(), Scripted()
    sending = dispatcher(outbox, sender, clock, poll_seconds=3600)
    running = asyncio.create_task(sending.run())
    await until(lambda: outbox.recovered)
    message = queued(id=7, message_id="a")
    outbox.messages[7], outbox.states[7], outbox.due[7] = message, "pending", clock()
    sending.wake()
    await until(lambda: outbox.states[7] == "sent")
    sending.stop()
    await running


async def test_stopping_waits_for_sends_under_way(memory_outbox, queued, clock):
    outbox, sender = memory_outbox([queued(id=1, message_id="a")]), Scripted()
    sender.gate.clear()
    sending = dispatcher(outbox, sender, clock)
    running = asyncio.create_task(sending.run())
    await until(lambda: sender.running == 1)
    sending.stop()
    await asyncio.sleep(0)
    assert not running.done()
    sender.gate.set()
    await running
    assert outbox.states == {1: "sent"}


async def test_what_a_dead_dispatcher_left_is_settled_at_the_start(memory_outbox, clock):
    outbox = memory_outbox()
    sending = dispatcher(outbox, Scripted(), clock)
    running = asyncio.create_task(sending.run())
    await until(lambda: outbox.recovered)
    sending.stop()
    await running
    assert outbox.recovered == [(clock() - timedelta(minutes=5), clock() - timedelta(seconds=30))]


async def test_an_outbox_that_is_away_for_a_while_is_asked_again(memory_outbox, queued, clock):
    outbox = memory_outbox([queued(id=1, message_id="a")])
    claim, failures = outbox.claim_due, 3

    async def flaky(now, limit, channels):
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise ConnectionError
        return await claim(now, limit, channels)

    outbox.claim_due = flaky
    sending = dispatcher(outbox, Scripted(), clock)
    running = asyncio.create_task(sending.run())
    await until(lambda: outbox.states[1] == "sent")
    sending.stop()
    await running


async def test_a_result_that_cannot_be_written_leaves_the_row_for_recovery(memory_outbox, queued, clock):
    outbox, sender = memory_outbox([queued(id=1, message_id="a")]), Scripted()

    async def broken(outbox_id, now):
        raise ConnectionError

    outbox.mark_sent = broken
    sending = dispatcher(outbox, sender, clock)
    running = asyncio.create_task(sending.run())
    await until(lambda: sender.sent)
    sending.stop()
    await running
    assert outbox.states == {1: "sending"}
    assert sender.sent == ["a"]


async def test_that_a_message_went_out_is_written_once_the_outbox_is_back(memory_outbox, queued, clock):
    outbox = memory_outbox([queued(id=1, message_id="a")])
    mark, failures = outbox.mark_sent, 3

    async def flaky(outbox_id, now):
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise ConnectionError
        await mark(outbox_id, now)

    outbox.mark_sent = flaky
    sender = Scripted()
    async with asyncio.timeout(5):
        await dispatcher(outbox, sender, clock).send_due()
    assert (outbox.states, sender.sent) == ({1: "sent"}, ["a"])


async def test_nothing_personal_is_logged(memory_outbox, queued, clock):
    message = queued(id=1, message_id="a", subject="CCCD 079000000001", body="0900000001", recipient="rieng@example.vn")
    outcomes = [None, SendLater("bận"), SendRefused("từ chối"), SendUnknown("không rõ"), RuntimeError("0900000001")]
    with capture_logs() as logs:
        for outcome in outcomes:
            await dispatcher(memory_outbox([message]), Scripted(outcome), clock).send_due()
    assert len(logs) == len(outcomes)
    for secret in ("079000000001", "0900000001", "rieng@example.vn"):
        assert secret not in str(logs)


async def test_a_letter_lost_on_the_way_back_is_delivered_once_and_left_to_a_person(memory_outbox, queued, clock, sink):
    sink.faults.fail_after_data = 1
    outbox = memory_outbox([queued(id=n, message_id=f"m{n}") for n in range(4)])

    async def load_file(sha256):
        raise KeyError(sha256)

    sender = EmailSender(SmtpSettings(port=sink.smtp_port, timeout=5), load_file, clock)
    sending = dispatcher(outbox, sender, clock, concurrency=1)
    await sending.send_due()
    clock.forward(days=2)
    await sending.send_due()
    assert sorted(outbox.states.values()) == ["sent", "sent", "sent", "unknown"]
    assert sorted(mail.message_id for mail in sink.mailbox.all()) == [f"<m{n}@example.vn>" for n in range(4)]
