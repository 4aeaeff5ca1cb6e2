"""Drain the outbox: send each message once, as far as that can be known.

A message is claimed (pending → sending, committed) before it goes out. After the send the result is written. When
the process dies between, the row stays in `sending`; at the next start `Outbox.recover` settles it: whether SMTP had
been handed the letter is unknown then, so it becomes `unknown` and a person decides. Only as many messages are
claimed as are sent at once, so that a crash leaves few of them.
"""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from workers.channels.outcomes import SendLater, SendRefused, SendUnknown
from workers.channels.policy import TO_ENGINE, TO_PEOPLE, TO_SYSTEMS, next_attempt
from workers.records import OutboxChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

log = structlog.get_logger()

_PLANS = {OutboxChannel.ENGINE: TO_ENGINE, OutboxChannel.WEBHOOK: TO_SYSTEMS}


class NamedFile(Protocol):
    """Name a stored file."""

    @property
    def name(self) -> str:
        """Give the name people see."""

    @property
    def sha256(self) -> str:
        """Give the digest under which it is stored."""


class OutboxMessage(Protocol):
    """Hold a claimed message; `attempts` counts this one. Personal data: never log it."""

    @property
    def id(self) -> int:
        """Give the row's number."""

    @property
    def message_id(self) -> str:
        """Give the id that stays the same over every attempt."""

    @property
    def dossier_code(self) -> str | None:
        """Give the dossier."""

    @property
    def channel(self) -> OutboxChannel:
        """Give the channel."""

    @property
    def recipient(self) -> str:
        """Give the address."""

    @property
    def event(self) -> str:
        """Give the event the text is of."""

    @property
    def subject(self) -> str:
        """Give the rendered subject."""

    @property
    def body(self) -> str:
        """Give the rendered body."""

    @property
    def attachments(self) -> Sequence[NamedFile]:
        """List the files to send along."""

    @property
    def variables(self) -> Mapping[str, Any]:
        """Give what a message to the engine carries."""

    @property
    def attempts(self) -> int:
        """Count the attempts, this one included."""


class Outbox(Protocol):
    """Hand out each message to one dispatcher and keep what became of it."""

    async def claim_due(
        self, now: datetime, limit: int, channels: Collection[OutboxChannel]
    ) -> Sequence[OutboxMessage]:
        """Take up to `limit` due messages of these channels; nobody else gets them."""

    async def mark_sent(self, outbox_id: int, now: datetime) -> None:
        """Record that a message went out."""

    async def mark_retry(self, outbox_id: int, now: datetime, not_before: datetime, reason: str) -> None:
        """Record that a message did not go out and is to be tried again."""

    async def mark_failed(self, outbox_id: int, now: datetime, reason: str) -> None:
        """Record that a message was refused for good."""

    async def mark_unknown(self, outbox_id: int, now: datetime, reason: str) -> None:
        """Record that nobody can tell whether a message went out."""

    async def recover(self, now: datetime, claimed_before: datetime, repeatable_before: datetime) -> object:
        """Settle what a dead dispatcher left in `sending`; earlier where a second copy is harmless."""


class Sender(Protocol):
    """Send a message over one channel."""

    async def send(self, message: OutboxMessage) -> None:
        """Send it, or raise SendLater, SendRefused or SendUnknown."""


class Dispatcher:
    """Send what is due, a bounded number at once, until stopped."""

    def __init__(
        self,
        outbox: Outbox,
        senders: Mapping[OutboxChannel, Sender],
        *,
        now: Callable[[], datetime],
        not_before: Callable[[str, datetime], datetime | None],
        abandoned_after: timedelta,
        repeated_after: timedelta = timedelta(seconds=30),
        concurrency: int = 4,
        poll_seconds: float = 2,
        spread: Callable[[], float] = random.random,
    ) -> None:
        """Take the outbox, a sender per channel, the clock, and quiet hours as (event, moment) → first moment or None.

        `abandoned_after`: a claim older than this belongs to a dead dispatcher; must exceed the longest send.
        `repeated_after`: the same for messages of which the receiver drops a second copy; a process waits for them.
        """
        self._outbox = outbox
        self._senders = senders
        self._now = now
        self._not_before = not_before
        self._abandoned_after = abandoned_after
        self._repeated_after = min(repeated_after, abandoned_after)
        self._concurrency = concurrency
        self._poll_seconds = poll_seconds
        self._spread = spread
        self._woken = asyncio.Event()
        self._stopping = False
        self._recovered_at: datetime | None = None
        self._running: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look for due messages now."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the sends under way have ended."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Send until stopped; an outbox that cannot be reached is tried again at the next poll."""
        while not self._stopping:
            self._woken.clear()
            try:
                await self._recover()
                await self._fill()
            except Exception as error:  # noqa: BLE001 - the database may be away for a while; the loop must outlive it
                log.warning("outbox.unreachable", error=type(error).__name__)
            await self._pause()
        if self._running:
            await asyncio.wait(self._running)

    async def send_due(self) -> int:
        """Send everything due now and return how many were tried; messages put off are not waited for."""
        tried = 0
        while messages := await self._outbox.claim_due(self._now(), self._concurrency, list(self._senders)):
            await asyncio.gather(*(self._send(message) for message in messages))
            tried += len(messages)
        return tried

    async def _recover(self) -> None:
        now = self._now()
        if self._recovered_at is None or now - self._recovered_at >= self._repeated_after:
            await self._outbox.recover(now, now - self._abandoned_after, now - self._repeated_after)
            self._recovered_at = now

    async def _fill(self) -> None:
        free = self._concurrency - len(self._running)
        if free <= 0 or self._stopping:
            return
        for message in await self._outbox.claim_due(self._now(), free, list(self._senders)):
            task = asyncio.create_task(self._send(message))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            # The result could not be written: the row stays in `sending` until it is recovered as unknown.
            log.error("outbox.result_lost", error=type(error).__name__)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _send(self, message: OutboxMessage) -> None:
        try:
            await self._senders[message.channel].send(message)
        except SendLater as failure:
            await self._put_off(message, failure)
        except SendRefused as failure:
            await self._outbox.mark_failed(message.id, self._now(), failure.reason)
            self._tell("outbox.refused", message, failure.reason)
        except SendUnknown as failure:
            await self._outbox.mark_unknown(message.id, self._now(), failure.reason)
            self._tell("outbox.unknown", message, failure.reason)
        except Exception as error:  # noqa: BLE001 - what a sender did not foresee may have happened after the hand-over
            await self._outbox.mark_unknown(message.id, self._now(), f"lỗi ngoài dự kiến ({type(error).__name__})")
            self._tell("outbox.unknown", message, type(error).__name__)
        else:
            await self._write_down_sent(message)
            self._tell("outbox.sent", message, None)

    async def _write_down_sent(self, message: OutboxMessage) -> None:
        """Keep that a message went out, again and again while the outbox is away: forgotten, it is a person's to find.

        It stays true whatever happened to the row meanwhile; the other ends of a send do not, and are told once.
        """
        clock = asyncio.get_running_loop().time
        last = clock() + self._abandoned_after.total_seconds()
        while True:
            try:
                await self._outbox.mark_sent(message.id, self._now())
            except Exception as error:
                if self._stopping or clock() > last:
                    raise
                log.warning("outbox.result_waits", error=type(error).__name__)
                await asyncio.sleep(self._poll_seconds)
            else:
                return

    async def _put_off(self, message: OutboxMessage, failure: SendLater) -> None:
        now, reason = self._now(), failure.reason
        plan = _PLANS.get(message.channel, TO_PEOPLE)
        # Quiet hours protect people; a process must not wait for the morning.
        quiet = partial(self._not_before, message.event) if plan is TO_PEOPLE else _always_awake
        moment = next_attempt(plan, now, message.attempts, self._spread(), quiet, failure.after)
        if moment is None:
            await self._outbox.mark_failed(message.id, now, f"đã thử {message.attempts} lần, lần cuối: {reason}")
            self._tell("outbox.given_up", message, reason)
            return
        await self._outbox.mark_retry(message.id, now, moment, reason)
        self._tell("outbox.put_off", message, reason)

    @staticmethod
    def _tell(event: str, message: OutboxMessage, reason: str | None) -> None:
        log.info(
            event,
            outbox_id=message.id,
            dossier_code=message.dossier_code,
            channel=str(message.channel),
            text=message.event,
            attempt=message.attempts,
            reason=reason,
        )


def _always_awake(moment: datetime) -> None:
    del moment
