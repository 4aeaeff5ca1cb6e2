"""Draft what other systems are told of an event: references only, they ask for the rest with their key."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import and_, select

from workers.records import ApiScope, OutboxChannel, OutboxDraft, SystemEvent
from workers.registry import tables as t

if TYPE_CHECKING:
    from datetime import datetime

    from workers.registry.reader import Reader

_SEES_ALL = {
    SystemEvent.DOSSIER_REGISTERED: ApiScope.ALL,
    SystemEvent.DOSSIER_STATE_CHANGED: ApiScope.ALL,
    SystemEvent.FEEDBACK_STATE_CHANGED: ApiScope.FOLLOW_FEEDBACK,
}


async def drafts(
    reader: Reader,
    event: SystemEvent,
    subject: str,
    code: str,
    data: dict[str, str],
    now: datetime,
    *,
    own: bool = False,
) -> list[OutboxDraft]:
    """Draft a message to each webhook that asked for the event.

    Those of the key that handed `subject` in hear of it, and those whose key sees everything of its kind unless it is
    their `own` only.
    """
    w, k, a = t.webhooks.c, t.api_keys.c, t.api_intakes.c
    rows = await reader.rows(
        select(w.id, w.events, k.scopes, a.subject)
        .join(t.api_keys, k.id == w.key_id)
        .outerjoin(t.api_intakes, and_(a.key_id == w.key_id, a.subject == subject))
        .where(w.removed_at.is_(None), k.revoked_at.is_(None), k.expires_at > now)
    )
    told = {"type": event, "timestamp": now.isoformat(timespec="seconds"), "data": {"code": code, **data}}
    return [
        OutboxDraft(
            message_id=f"msg_{uuid4().hex}",
            dossier_code=code if event is not SystemEvent.FEEDBACK_STATE_CHANGED else None,
            channel=OutboxChannel.WEBHOOK,
            recipient=row["id"],
            event=event,
            variables=told,
        )
        for row in rows
        if event in row["events"] and (row["subject"] is not None or (not own and _SEES_ALL[event] in row["scopes"]))
    ]
