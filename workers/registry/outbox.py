"""Hand each queued message to a dispatcher once, and keep what became of every attempt.

    pending -> sending -> sent
       ^          |-----> failed    the channel refused it for good; a person decides
       |          |-----> unknown   it may have gone out or not; a person decides, nothing is sent blindly again
       |----------|                 try again later

A message is claimed in a committed transaction before anything goes out, so no two dispatchers hold the same one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import Field
from sqlalchemy import ColumnElement, func, insert, select, update

from workers.records import Attachment, OutboxChannel, Record
from workers.registry import tables as t

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workers.registry.connection import Connection
    from workers.registry.database import Registry


class OutboxState(StrEnum):
    """Say how far a message is."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class OutboxMessage(Record):
    """Hold a message claimed for one attempt; `attempts` counts this one. Personal data: never log it."""

    id: int
    message_id: str
    dossier_code: str | None
    channel: OutboxChannel
    recipient: str
    event: str
    subject: str
    body: str
    attachments: list[Attachment] = Field(default_factory=list)
    variables: dict[str, Any] = Field(default_factory=dict)
    attempts: int
    not_before: datetime | None


class WaitingMessage(Record):
    """Hold a message that did not go out yet; `reason` says what became of the last attempt. No personal data."""

    id: int
    channel: OutboxChannel
    event: str
    state: OutboxState
    due_at: datetime
    attempts: int
    reason: str | None


class Dispatch(Record):
    """Hold one attempt to send a message; `outcome` is empty while it runs, `reason` holds no personal data."""

    outbox_id: int
    message_id: str
    dossier_code: str | None
    channel: OutboxChannel
    recipient: str
    event: str
    attempt: int
    claimed_by: str
    claimed_at: datetime
    finished_at: datetime | None
    outcome: str | None
    reason: str | None


class OutboxStats(Record):
    """Count the messages by state; `oldest_due` is how long the message due longest has been waiting, None for none."""

    counts: dict[OutboxState, int]
    oldest_due: timedelta | None


class Recovered(Record):
    """Count what a dead dispatcher left behind: queued again, and handed to a person."""

    queued: int
    unknown: int


_MESSAGE_COLUMNS = [t.outbox.c[name] for name in OutboxMessage.model_fields]
# Whoever gets these knows a second copy by its message id.
_REPEATABLE = frozenset({OutboxChannel.ENGINE, OutboxChannel.WEBHOOK})


class Outbox:
    """Serve the dispatchers; `claimed_by` names this one in the dispatch log (host and process)."""

    def __init__(self, registry: Registry, claimed_by: str) -> None:
        self._registry = registry
        self._claimed_by = claimed_by

    async def claim_due(self, now: datetime, limit: int, channels: Collection[OutboxChannel]) -> list[OutboxMessage]:
        """Take up to `limit` due messages of these channels, those due longest first; nobody else gets them."""
        if not await self._any_due(now, channels):
            return []
        async with self._registry.transaction() as transaction:
            ids = await _due(transaction.connection, now, limit, channels)
            if not ids:
                return []
            await self._take(transaction.connection, ids, now)
            rows = await transaction.connection.execute(select(*_MESSAGE_COLUMNS).where(t.outbox.c.id.in_(ids)))
            messages = {row["id"]: OutboxMessage(**row) for row in rows.mappings()}
        return [messages[key] for key in ids]

    async def mark_sent(self, outbox_id: int, now: datetime) -> None:
        """Record that a message went out; this holds even if it was given up as unknown meanwhile."""
        await self._finish(outbox_id, OutboxState.SENT, now, when=t.outbox.c.state != OutboxState.SENT.value)

    async def mark_retry(self, outbox_id: int, now: datetime, not_before: datetime, reason: str) -> None:
        """Record that a message certainly did not go out and is to be tried again. `reason` holds no personal data."""
        await self._finish(outbox_id, OutboxState.PENDING, now, reason=reason, due_at=not_before)

    async def mark_failed(self, outbox_id: int, now: datetime, reason: str) -> None:
        """Record that a message was refused for good. `reason` holds no personal data."""
        await self._finish(outbox_id, OutboxState.FAILED, now, reason=reason)

    async def mark_unknown(self, outbox_id: int, now: datetime, reason: str) -> None:
        """Record that nobody can tell whether a message went out. `reason` holds no personal data."""
        await self._finish(outbox_id, OutboxState.UNKNOWN, now, reason=reason)

    async def recover(
        self, now: datetime, claimed_before: datetime, repeatable_before: datetime | None = None
    ) -> Recovered:
        """Settle messages whose dispatcher died, claimed before an instant no living dispatcher reaches back to.

        The engine, and a system told by webhook, drop a second copy by its message id, so what is for them is queued
        again, and already when claimed before `repeatable_before`, be its dispatcher dead or only slow; the rest
        becomes unknown.
        """
        reason = "tiến trình gửi dừng giữa chừng"
        o = t.outbox.c
        again = o.channel.in_(_REPEATABLE) & (o.claimed_at < (repeatable_before or claimed_before))
        left = (o.state == OutboxState.SENDING.value) & ((o.claimed_at < claimed_before) | again)
        if not await self._registry.latest.rows(select(t.outbox.c.id).where(left).limit(1)):
            return Recovered(queued=0, unknown=0)
        async with self._registry.transaction() as transaction:
            found = await transaction.connection.execute(select(t.outbox.c.id, t.outbox.c.channel).where(left))
            rows = found.all()
            queued = [row.id for row in rows if row.channel in _REPEATABLE]
            unknown = [row.id for row in rows if row.channel not in _REPEATABLE]
            for key in queued:
                await _settle(transaction.connection, key, OutboxState.PENDING, now, left, reason, now)
            for key in unknown:
                await _settle(transaction.connection, key, OutboxState.UNKNOWN, now, left, reason, None)
        return Recovered(queued=len(queued), unknown=len(unknown))

    async def requeue(self, outbox_id: int, now: datetime) -> bool:
        """Queue a failed or unknown message again because a person decided so; tell whether it was one."""
        undecided = t.outbox.c.state.in_([OutboxState.FAILED.value, OutboxState.UNKNOWN.value])
        async with self._registry.transaction() as transaction:
            result = await transaction.connection.execute(
                update(t.outbox)
                .where(t.outbox.c.id == outbox_id, undecided)
                .values(state=OutboxState.PENDING.value, due_at=now, finished_at=None)
            )
        return result.rowcount == 1

    async def dispatches(self, code: str) -> Sequence[Dispatch]:
        """List every attempt to send something of a dossier, oldest message first."""
        a, o = t.attempts.c, t.outbox.c
        statement = (
            select(t.attempts, o.message_id, o.dossier_code, o.channel, o.recipient, o.event)
            .join(t.outbox, o.id == a.outbox_id)
            .where(o.dossier_code == code)
            .order_by(o.id, a.attempt)
        )
        return [Dispatch(**row) for row in await self._registry.latest.rows(statement)]

    async def waiting(self, code: str) -> Sequence[WaitingMessage]:
        """List the messages to people about a dossier that did not go out yet, oldest first."""
        o, a = t.outbox.c, t.attempts.c
        last = select(a.reason).where(a.outbox_id == o.id, a.attempt == o.attempts).scalar_subquery()
        statement = (
            select(o.id, o.channel, o.event, o.state, o.due_at, o.attempts, last.label("reason"))
            .where(o.dossier_code == code, o.channel.not_in(_REPEATABLE), o.state != OutboxState.SENT.value)
            .order_by(o.id)
        )
        return [WaitingMessage(**row) for row in await self._registry.latest.rows(statement)]

    async def undecided(self, limit: int = 50, *, webhooks: bool = False) -> Sequence[OutboxMessage]:
        """List the failed and unknown messages a person decides on, oldest first: letters, or those to systems."""
        o = t.outbox.c
        states = [OutboxState.FAILED.value, OutboxState.UNKNOWN.value]
        to_systems = o.channel == OutboxChannel.WEBHOOK.value
        statement = (
            select(*_MESSAGE_COLUMNS)
            .where(o.state.in_(states), to_systems if webhooks else ~to_systems)
            .order_by(o.created_at)
            .limit(limit)
        )
        return [OutboxMessage(**row) for row in await self._registry.latest.rows(statement)]

    async def outbox_stats(self, now: datetime) -> OutboxStats:
        """Count the messages by state and tell how long the oldest due one has been waiting."""
        o = t.outbox.c
        counts = await self._registry.latest.rows(select(o.state, func.count().label("count")).group_by(o.state))
        due = [
            row["due_at"]
            for channel in OutboxChannel
            for row in await self._registry.latest.rows(_waiting(o.due_at, now, channel).limit(1))
        ]
        return OutboxStats(
            counts=dict.fromkeys(OutboxState, 0) | {OutboxState(row["state"]): row["count"] for row in counts},
            oldest_due=now - min(due) if due else None,
        )

    async def _any_due(self, now: datetime, channels: Collection[OutboxChannel]) -> bool:
        # An idle dispatcher looks often; a look takes no write lock.
        for channel in channels:
            if await self._registry.latest.rows(_waiting(t.outbox.c.id, now, channel).limit(1)):
                return True
        return False

    async def _take(self, connection: Connection, ids: Sequence[int], now: datetime) -> None:
        o = t.outbox.c
        await connection.execute(
            update(t.outbox)
            .where(o.id.in_(ids))
            .values(state=OutboxState.SENDING.value, attempts=o.attempts + 1, claimed_at=now)
        )
        claimed = select(o.id, o.attempts)
        rows = (await connection.execute(claimed.where(o.id.in_(ids)))).all()
        attempts = [
            {"outbox_id": row.id, "attempt": row.attempts, "claimed_by": self._claimed_by, "claimed_at": now}
            for row in rows
        ]
        await connection.execute(insert(t.attempts), attempts)

    async def _finish(
        self,
        outbox_id: int,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        due_at: datetime | None = None,
        when: ColumnElement[bool] = t.outbox.c.state == OutboxState.SENDING.value,
    ) -> None:
        async with self._registry.transaction() as transaction:
            await _settle(transaction.connection, outbox_id, state, now, when, reason, due_at)


async def _due(connection: Connection, now: datetime, limit: int, channels: Collection[OutboxChannel]) -> list[int]:
    found: list[tuple[datetime, int]] = []
    for channel in channels:
        # One look a channel reads the index in order; a backlog of one channel is never read to find another's.
        statement = _waiting(t.outbox.c.due_at, now, channel).add_columns(t.outbox.c.id).limit(limit)
        rows = (await connection.execute(statement.with_for_update(skip_locked=True))).all()
        found += [(row.due_at, row.id) for row in rows]
    return [key for _, key in sorted(found)[:limit]]


def _waiting(column: ColumnElement[Any], now: datetime, channel: OutboxChannel) -> Any:
    o = t.outbox.c
    return (
        select(column)
        .where(o.state == OutboxState.PENDING.value, o.channel == channel.value, o.due_at <= now)
        .order_by(o.due_at, o.id)
    )


async def _settle(
    connection: Connection,
    outbox_id: int,
    state: OutboxState,
    now: datetime,
    when: ColumnElement[bool],
    reason: str | None,
    due_at: datetime | None,
) -> None:
    o, a = t.outbox.c, t.attempts.c
    values = {"state": state.value, "finished_at": now} if due_at is None else {"state": state.value, "due_at": due_at}
    changed = await connection.execute(update(t.outbox).where(o.id == outbox_id, when).values(values))
    if changed.rowcount == 0:
        return
    latest = select(o.attempts).where(o.id == outbox_id).scalar_subquery()
    await connection.execute(
        update(t.attempts)
        .where(a.outbox_id == outbox_id, a.attempt == latest)
        .values(finished_at=now, outcome="retry" if state is OutboxState.PENDING else state.value, reason=reason)
    )
