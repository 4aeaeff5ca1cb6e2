"""Keep directing information and who wants to be told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, Text, cast, delete, func, insert, or_, select, tuple_, update

from workers.records import (
    OutboxChannel,
    PublicationRecord,
    PublicationState,
    PublicationVersion,
    Record,
    Subscription,
)
from workers.registry import tables as t

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from workers.registry.connection import Connection, Fetch

EVENTS = ("news_published", "news_corrected", "news_recalled")
"""What a publication is told by; the messages of one begin with its code."""

_PUBLIC = (PublicationState.PUBLISHED.value, PublicationState.RECALLED.value)
_NOT_BEGUN = "pending"


class Reach(Record):
    """Count the people told of a publication, by channel and by what became of the message."""

    channel: OutboxChannel
    state: str
    count: int


class PublicationReader:
    """Read publications and subscriptions."""

    _fetch: Fetch

    async def publication(self, code: str) -> PublicationRecord | None:
        """Find a publication."""
        rows = await self._fetch(select(t.publications).where(t.publications.c.code == code))
        return PublicationRecord(**rows[0]) if rows else None

    async def publication_versions(self, code: str) -> Sequence[PublicationVersion]:
        """List the wordings of a publication, oldest first; one that waits for approval stands at the end."""
        v = t.publication_versions
        rows = await self._fetch(select(v).where(v.c.publication_code == code).order_by(v.c.number))
        return [PublicationVersion(**row) for row in rows]

    async def publication_version(self, code: str, number: int) -> PublicationVersion | None:
        """Find one wording of a publication."""
        v = t.publication_versions
        rows = await self._fetch(select(v).where(v.c.publication_code == code, v.c.number == number))
        return PublicationVersion(**rows[0]) if rows else None

    async def public_news(
        self,
        *,
        code: str | None = None,
        topic: str | None = None,
        areas: Sequence[str] = (),
        after: PublicationRecord | None = None,
        limit: int = 200,
    ) -> Sequence[tuple[PublicationRecord, PublicationVersion]]:
        """List what was published, recalled or not, newest first, each with the wording the public reads.

        `areas`: what is about one of them at least; `after`: what follows that one in the list.
        """
        p, v = t.publications, t.publication_versions
        wanted = [
            p.c.state.in_(_PUBLIC),
            *([p.c.code == code] if code else []),
            *([_holds(v.c.topics, topic)] if topic else []),
            *([or_(*(_holds(v.c.areas, area) for area in areas))] if areas else []),
            *([tuple_(p.c.published_at, p.c.code) < (after.published_at, after.code)] if after else []),
        ]
        rows = await self._fetch(
            select(p, *(v.c[name].label(f"v_{name}") for name in PublicationVersion.model_fields))
            .join(v, (v.c.publication_code == p.c.code) & (v.c.number == p.c.version))
            .where(*wanted)
            .order_by(p.c.published_at.desc(), p.c.code.desc())
            .limit(limit)
        )
        return [(PublicationRecord(**_part(row, "")), PublicationVersion(**_part(row, "v_"))) for row in rows]

    async def publications(self, limit: int = 50) -> Sequence[PublicationRecord]:
        """List the publications of every state, the newest draft first."""
        p = t.publications
        rows = await self._fetch(select(p).order_by(p.c.drafted_at.desc(), p.c.code.desc()).limit(limit))
        return [PublicationRecord(**row) for row in rows]

    async def reach(self, code: str) -> Sequence[Reach]:
        """Count who was told of a publication; somebody told again of a correction counts again."""
        o = t.outbox.c
        rows = await self._fetch(
            select(o.channel, o.state, func.count().label("count"))
            .where(o.dossier_code == code, o.event.in_(EVENTS))
            .group_by(o.channel, o.state)
            .order_by(o.channel, o.state)
        )
        return [Reach(**row) for row in rows]

    async def subscribers(self) -> Sequence[Subscription]:
        """List the confirmed subscriptions."""
        s = t.subscriptions
        return await self._subscriptions(select(s).where(s.c.confirmed_at.is_not(None)).order_by(s.c.id))

    async def subscription(self, subscription_id: str) -> Subscription | None:
        """Find a subscription, confirmed or not."""
        s = t.subscriptions
        return next(iter(await self._subscriptions(select(s).where(s.c.id == subscription_id))), None)

    async def subscription_by_token(self, token: str) -> Subscription | None:
        """Find a subscription, confirmed or not, by the token in its links."""
        s = t.subscriptions
        return next(iter(await self._subscriptions(select(s).where(s.c.token == token))), None)

    async def subscriptions_of(self, channel: OutboxChannel, address: str) -> Sequence[Subscription]:
        """List the subscriptions of an address, oldest first."""
        s = t.subscriptions
        mine = (s.c.channel == channel.value, s.c.address == address)
        return await self._subscriptions(select(s).where(*mine).order_by(s.c.begun_at, s.c.id))

    async def told_of(self, code: str) -> Sequence[str]:
        """List the recipients whose message about a publication went out, or may have."""
        o = t.outbox.c
        rows = await self._fetch(
            select(o.recipient)
            .where(o.dossier_code == code, o.event.in_(EVENTS), o.state.not_in([_NOT_BEGUN, "failed"]))
            .distinct()
        )
        return [row["recipient"] for row in rows]

    async def _subscriptions(self, statement: Select[Any]) -> Sequence[Subscription]:
        return [Subscription(**row) for row in await self._fetch(statement)]


class PublicationWriter(PublicationReader):
    """Change publications and subscriptions."""

    _connection: Connection

    async def add_publication(self, publication: PublicationRecord) -> None:
        """Keep a new publication."""
        await self._connection.execute(insert(t.publications), publication.model_dump())

    async def update_publication(self, code: str, **changes: Any) -> PublicationRecord:
        """Change fields of a publication and return it whole. Raises KeyError for an unknown code."""
        mine = t.publications.c.code == code
        rows = await self._fetch(select(t.publications).where(mine).with_for_update())
        if not rows:
            raise KeyError(code)
        after = PublicationRecord.model_validate({**rows[0], **changes})
        if changes:
            await self._connection.execute(
                update(t.publications).where(mine).values(after.model_dump(include=set(changes)))
            )
        return after

    async def keep_publication_version(self, version: PublicationVersion) -> None:
        """Keep a wording, instead of the one of the same number if there is one."""
        await self.drop_publication_version(version.publication_code, version.number)
        await self._connection.execute(insert(t.publication_versions), version.model_dump())

    async def drop_publication_version(self, code: str, number: int) -> None:
        """Forget a wording."""
        v = t.publication_versions
        await self._connection.execute(delete(v).where(v.c.publication_code == code, v.c.number == number))

    async def drop_waiting_news(self, *, code: str | None = None, recipient: str | None = None) -> None:
        """Forget messages to subscribers that nobody began to send: of a publication, or to one address."""
        o = t.outbox.c
        mine = o.dossier_code == code if recipient is None else o.recipient == recipient
        waiting = select(o.id).where(mine, o.event.in_(EVENTS), o.state == _NOT_BEGUN)
        await self._connection.execute(delete(t.attempts).where(t.attempts.c.outbox_id.in_(waiting)))
        await self._connection.execute(delete(t.outbox).where(mine, o.event.in_(EVENTS), o.state == _NOT_BEGUN))

    async def add_subscription(self, subscription: Subscription) -> None:
        """Keep a subscription."""
        await self._connection.execute(insert(t.subscriptions), subscription.model_dump())

    async def update_subscription(self, subscription_id: str, **changes: Any) -> None:
        """Change fields of a subscription."""
        mine = t.subscriptions.c.id == subscription_id
        await self._connection.execute(update(t.subscriptions).where(mine).values(changes))

    async def drop_subscription(self, subscription_id: str) -> None:
        """Forget a subscription and its address."""
        await self._connection.execute(delete(t.subscriptions).where(t.subscriptions.c.id == subscription_id))

    async def drop_unconfirmed_subscriptions(self, before: datetime) -> int:
        """Forget subscriptions begun before an instant and never confirmed; returns how many."""
        s = t.subscriptions.c
        gone = await self._connection.execute(
            delete(t.subscriptions).where(s.confirmed_at.is_(None), s.begun_at < before)
        )
        return gone.rowcount


def _holds(column: ColumnElement[Any], code: str) -> ColumnElement[bool]:
    """Look for a code in a list kept as JSON; codes hold neither quotes nor escapes."""
    return cast(column, Text).contains(f'"{code}"', autoescape=True)


def _part(row: Any, prefix: str) -> dict[str, Any]:
    model = PublicationVersion if prefix else PublicationRecord
    return {name: row[prefix + name] for name in model.model_fields}
