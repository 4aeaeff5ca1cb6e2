"""Queue messages to subscribers: one each, over the channel they confirmed, with a link that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.casework import moment_label
from workers.records import OutboxChannel, OutboxDraft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.ports import Work, Writer
    from workers.records import PublicationVersion, Subscription


async def tell(
    work: Work,
    writer: Writer,
    event: str,
    version: PublicationVersion,
    subscribers: Sequence[Subscription],
    reason: str | None = None,
) -> None:
    """Queue the event's text to each subscriber; its id is that of publication, wording, event and subscription."""
    for subscriber in subscribers:
        await writer.send(_draft(work, event, version, subscriber, reason))


def _draft(
    work: Work, event: str, version: PublicationVersion, subscriber: Subscription, reason: str | None
) -> OutboxDraft:
    manage_url = f"{work.site_url}/nhan-tin/{subscriber.token}"
    text = work.texts.render(
        event,
        {
            "title": version.title,
            "summary": version.summary,
            "source_number": version.source_number,
            "signed_label": moment_label(version.signed_at),
            "news_url": f"{work.site_url}/thong-tin/{version.publication_code}",
            "manage_url": manage_url,
            "reason": reason or version.reason or "",
        },
    )
    body, variables = text.on(subscriber.channel)
    if subscriber.channel is OutboxChannel.EMAIL:
        variables = {"unsubscribe_url": f"{manage_url}/huy"}
    return OutboxDraft(
        message_id=f"{version.publication_code}.{version.number}.{event}.{subscriber.id}",
        dossier_code=version.publication_code,
        channel=subscriber.channel,
        recipient=subscriber.address,
        event=event,
        subject=text.subject,
        body=body,
        variables=variables,
        not_before=work.rules.quiet_until(work.now),
    )
