"""Let people subscribe to directing information, and tell staff how far and how fast it went."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from workers.casework import moment_label
from workers.records import OutboxChannel, OutboxDraft, PublicationState, Subscription
from workers.regulation.codes import TRACKING_ALPHABET
from workers.regulation.identity import is_email_address, normalise_phone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.records import PublicationRecord, PublicationVersion
    from workers.registry.publications import Reach
    from workers.workplace import Services

CONFIRM = "subscription_confirm"
TOKEN_LENGTH, CODE_DIGITS = 16, 6
ASKED_A_DAY = 3
STATE_LABELS = {
    PublicationState.DRAFT: "Đang soạn",
    PublicationState.PUBLISHED: "Đã phát hành",
    PublicationState.RECALLED: "Đã thu hồi",
    PublicationState.DISCARDED: "Đã bỏ",
}


@dataclass(frozen=True)
class Wish:
    """Hold what somebody wants to be told, and where; the address is the cleaned one."""

    channel: OutboxChannel
    address: str
    topics: list[str]
    areas: list[str]


def clean_address(channel: OutboxChannel, typed: str) -> str | None:
    """Read an e-mail address or a mobile number as people type it; None when it is none."""
    if channel is OutboxChannel.EMAIL:
        address = typed.strip()
        return address if is_email_address(address) and "." in address.rpartition("@")[2] else None
    number = normalise_phone(typed)
    return number if number and not number.startswith("02") else None


async def subscribe(services: Services, wish: Wish) -> Subscription | None:
    """Keep a wish and send the address what confirms it; nothing else is sent before that.

    None when this address was asked too often within a day: nobody is to be pestered by others.
    """
    now = services.now()
    async with services.registry.write() as writer:
        known = await writer.subscriptions_of(wish.channel, wish.address)
        if len([one for one in known if one.begun_at > now - timedelta(days=1)]) >= ASKED_A_DAY:
            return None
        subscription = Subscription(
            id=uuid4().hex,
            token="".join(secrets.choice(TRACKING_ALPHABET) for _ in range(TOKEN_LENGTH)),
            confirm_code=f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}",
            channel=wish.channel,
            address=wish.address,
            topics=wish.topics,
            areas=wish.areas,
            begun_at=now,
        )
        await writer.add_subscription(subscription)
        await writer.send(_confirmation(services, subscription))
    return subscription


async def confirm(services: Services, subscription: Subscription) -> None:
    """Begin to send; an older subscription of the same address and channel gives way to this one."""
    async with services.registry.write() as writer:
        for one in await writer.subscriptions_of(subscription.channel, subscription.address):
            if one.id != subscription.id and one.confirmed_at is not None:
                await writer.drop_subscription(one.id)
        await writer.update_subscription(subscription.id, confirmed_at=services.now())


async def change(services: Services, subscription: Subscription, topics: list[str], areas: list[str]) -> None:
    """Keep other topics and areas."""
    async with services.registry.write() as writer:
        await writer.update_subscription(subscription.id, topics=topics, areas=areas)


async def end(services: Services, subscription: Subscription) -> None:
    """Forget a subscription with its address, and what was waiting to be sent to it."""
    async with services.registry.write() as writer:
        await writer.drop_subscription(subscription.id)
        await writer.drop_waiting_news(recipient=subscription.address)


async def forget_unconfirmed(services: Services) -> int:
    """Forget what nobody confirmed in time; returns how many."""
    before = services.now() - timedelta(hours=services.rules.communication.confirm_hours)
    async with services.registry.write() as writer:
        return await writer.drop_unconfirmed_subscriptions(before)


def is_confirmable(services: Services, subscription: Subscription) -> bool:
    """Say whether a subscription may still be confirmed."""
    hours = timedelta(hours=services.rules.communication.confirm_hours)
    return subscription.confirmed_at is None and services.now() < subscription.begun_at + hours


def _confirmation(services: Services, subscription: Subscription) -> OutboxDraft:
    text = services.texts.render(
        CONFIRM,
        {
            "confirm_code": subscription.confirm_code,
            "confirm_url": f"{services.tracking_base_url}/nhan-tin/{subscription.token}",
            "hours": str(services.rules.communication.confirm_hours),
        },
    )
    body, variables = text.on(subscription.channel)
    return OutboxDraft(
        message_id=f"{subscription.id}.{CONFIRM}",
        dossier_code=None,
        channel=subscription.channel,
        recipient=subscription.address,
        event=CONFIRM,
        subject=text.subject,
        body=body,
        variables=variables,
    )


@dataclass(frozen=True)
class NewsView:
    """Hold what is known of a publication: its wordings, who was reached, who held it."""

    publication: PublicationRecord
    versions: Sequence[PublicationVersion]
    reach: Sequence[Reach]
    unit_name: str

    @property
    def delay(self) -> timedelta | None:
        """Measure from the signature of the source to the first publication; None before that."""
        if self.publication.published_at is None:
            return None
        return self.publication.published_at - self.versions[0].signed_at

    @property
    def reached(self) -> int:
        """Count the messages that arrived at a mail server or gateway."""
        return sum(one.count for one in self.reach if one.state == "sent")

    def as_json(self) -> dict[str, Any]:
        """Describe it for programs; texts and people stay out."""
        return {
            **self.publication.model_dump(mode="json", exclude={"editor", "approver"}),
            "title": self.versions[-1].title if self.versions else "",
            "delay_minutes": round(self.delay.total_seconds() / 60) if self.delay is not None else None,
            "reach": [one.model_dump(mode="json") for one in self.reach],
        }


async def view(services: Services, code: str) -> NewsView | None:
    """Collect what is known of a publication; None for an unknown code."""
    async with services.registry.read() as reader:
        publication = await reader.publication(code.strip().upper())
        if publication is None:
            return None
        versions = await reader.publication_versions(publication.code)
        reach = await reader.reach(publication.code)
    return NewsView(publication, versions, reach, services.rules.unit_name(publication.unit, services.now().date()))


async def newest(services: Services, limit: int) -> list[NewsView]:
    """Collect the newest publications of every state."""
    found = await services.registry.latest.publications(limit)
    return [shown for one in found if (shown := await view(services, one.code))]


def delay_label(delay: timedelta | None) -> str:
    """Write a delay: 2 giờ 05 phút; a dash before publication."""
    if delay is None:
        return "—"
    hours, minutes = divmod(round(delay.total_seconds() / 60), 60)
    return f"{hours} giờ {minutes:02} phút" if hours else f"{minutes} phút"


def moment_or_dash(moment: datetime | None) -> str:
    """Write an instant; a dash for none."""
    return moment_label(moment) if moment else "—"
