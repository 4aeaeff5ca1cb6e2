"""Keep what other systems may do, what they handed in and where they want to be told; and who looked at what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, tuple_, update

from workers.records import ApiKey, DossierRecord, Look, Webhook
from workers.registry import tables as t
from workers.registry.writer import insert_if_absent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workers.registry.database import Registry, Transaction


@dataclass(frozen=True)
class Answered:
    """Hold the answer a request got; `digest` names what was asked for."""

    digest: str
    status: int
    answer: dict[str, Any]


class Exchange:
    """Read and write the rows of other systems."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def add_key(self, key: ApiKey) -> None:
        """Keep a new key."""
        await self._run(insert(t.api_keys).values(key.model_dump()))

    async def key(self, key_id: str) -> ApiKey | None:
        """Find a key, whether it still works or not."""
        rows = await self._registry.latest.rows(select(t.api_keys).where(t.api_keys.c.id == key_id))
        return ApiKey(**rows[0]) if rows else None

    async def keys(self) -> Sequence[ApiKey]:
        """List all keys, oldest first."""
        rows = await self._registry.latest.rows(select(t.api_keys).order_by(t.api_keys.c.created_at))
        return [ApiKey(**row) for row in rows]

    async def revoke(self, key_id: str, now: datetime) -> bool:
        """Close a key for good, and its webhooks with it; tell whether it was open."""
        k, w = t.api_keys.c, t.webhooks.c
        open_key = update(t.api_keys).where(k.id == key_id, k.revoked_at.is_(None))
        used = update(t.webhooks).where(w.key_id == key_id, w.removed_at.is_(None))
        async with self._registry.transaction() as transaction:
            closed = await transaction.connection.execute(open_key.values(revoked_at=now))
            await transaction.connection.execute(used.values(removed_at=now))
        return closed.rowcount > 0

    async def used(self, key_id: str, now: datetime) -> None:
        """Write down when a key was used last."""
        await self._run(update(t.api_keys).where(t.api_keys.c.id == key_id).values(last_used_at=now))

    async def handed_in_by(self, subject: str) -> tuple[str, str | None] | None:
        """Give the key that handed a submission or feedback in, and the dossier a supplement is for."""
        a = t.api_intakes.c
        rows = await self._registry.latest.rows(select(a.key_id, a.about).where(a.subject == subject))
        return (rows[0]["key_id"], rows[0]["about"]) if rows else None

    async def dossiers_of(
        self, key_id: str | None, limit: int, after: DossierRecord | None = None
    ) -> Sequence[DossierRecord]:
        """List the dossiers a key filed, or all for None, newest first; those that follow `after`."""
        d, a = t.dossiers.c, t.api_intakes.c
        statement = select(t.dossiers).order_by(d.received_at.desc(), d.code.desc()).limit(limit)
        if key_id is not None:
            statement = statement.join(t.api_intakes, a.subject == d.submission_id).where(a.key_id == key_id)
        if after is not None:
            statement = statement.where(tuple_(d.received_at, d.code) < (after.received_at, after.code))
        return [DossierRecord(**row) for row in await self._registry.latest.rows(statement)]

    async def add_webhook(self, transaction: Transaction, webhook: Webhook) -> None:
        """Keep a new webhook."""
        await transaction.connection.execute(insert(t.webhooks), webhook.model_dump())

    async def webhook(self, webhook_id: str) -> Webhook | None:
        """Find a webhook, removed or not."""
        rows = await self._registry.latest.rows(select(t.webhooks).where(t.webhooks.c.id == webhook_id))
        return Webhook(**rows[0]) if rows else None

    async def webhooks(self, key_id: str | None = None) -> Sequence[Webhook]:
        """List the webhooks in use, of one key or of all."""
        w = t.webhooks.c
        statement = select(t.webhooks).where(w.removed_at.is_(None)).order_by(w.created_at, w.id)
        if key_id is not None:
            statement = statement.where(w.key_id == key_id)
        return [Webhook(**row) for row in await self._registry.latest.rows(statement)]

    async def remove_webhook(self, webhook_id: str, now: datetime) -> bool:
        """Tell a webhook nothing more; tell whether it was in use."""
        w = t.webhooks.c
        mine = (w.id == webhook_id, w.removed_at.is_(None))
        return await self._run(update(t.webhooks).where(*mine).values(removed_at=now))

    async def add_look(self, look: Look) -> None:
        """Write down a look at personal data; the caller shows the data after this has committed."""
        await self._run(insert(t.looks).values(look.model_dump()))

    async def looks(self, subject: str, limit: int = 1000) -> Sequence[Look]:
        """List who looked at a dossier or feedback, the newest look first."""
        columns = [t.looks.c[name] for name in Look.model_fields]
        statement = select(*columns).where(t.looks.c.subject == subject).order_by(t.looks.c.id.desc()).limit(limit)
        return [Look(**row) for row in await self._registry.latest.rows(statement)]

    async def forget_looks(self, before: datetime) -> None:
        """Forget looks older than an instant; the database refuses to lose one of the last five months."""
        await self._run(delete(t.looks).where(t.looks.c.at < before))

    async def forget_requests(self, before: datetime) -> None:
        """Forget answers given before an instant: the same idempotency key is then a new request."""
        await self._run(delete(t.api_requests).where(t.api_requests.c.at < before))

    async def _run(self, statement: Any) -> bool:
        async with self._registry.transaction() as transaction:
            result = await transaction.connection.execute(statement)
        return result.rowcount > 0


async def claim_request(
    transaction: Transaction, key_id: str, idempotency_key: str, digest: str, now: datetime
) -> Answered | None:
    """Take an idempotency key for this transaction; give the answer when it was used before.

    A second request with the key waits here until the first has committed or rolled back.
    """
    values = {"key_id": key_id, "idempotency_key": idempotency_key, "digest": digest, "at": now}
    if await insert_if_absent(transaction.connection, t.api_requests, values):
        return None
    rows = await transaction.connection.fetch(select(t.api_requests).where(_request(key_id, idempotency_key)))
    row = rows[0]
    return Answered(row["digest"], row["status"], row["answer"])


async def keep_answer(
    transaction: Transaction, key_id: str, idempotency_key: str, status: int, answer: dict[str, Any]
) -> None:
    """Keep the answer of a request that this transaction claimed."""
    mine = _request(key_id, idempotency_key)
    await transaction.connection.execute(update(t.api_requests).where(mine).values(status=status, answer=answer))


async def keep_intake(transaction: Transaction, subject: str, key_id: str, about: str | None = None) -> None:
    """Write down which key handed something in."""
    values = {"subject": subject, "key_id": key_id, "about": about}
    await transaction.connection.execute(insert(t.api_intakes), values)


def _request(key_id: str, idempotency_key: str) -> Any:
    r = t.api_requests.c
    return and_(r.key_id == key_id, r.idempotency_key == idempotency_key)
