"""A newsroom: an editor's draft on its way to the public, and people who subscribed."""

from __future__ import annotations

from typing import Any

from tests.unit.office import MONDAY
from workers.records import OutboxChannel, Subscription

EDITOR, APPROVER = "editor.h29-01", "approver.h29-01"
PROCESS = "directive_publication"
DRAFT: dict[str, Any] = {
    "editor": EDITOR,
    "approver": APPROVER,
    "publication_title": "Khơi thông cống trước đợt triều cường",
    "publication_summary": "Các phường, xã khơi thông cống, trực máy bơm.",
    "publication_text": "Chủ tịch yêu cầu khơi thông cống.\n\nGọi 1022 khi thấy ngập.",
    "publication_topics": ["flooding_weather"],
    "publication_areas": ["H29.26740"],
    "publication_channels": ["email", "sms"],
    "source_number": "1234/UBND-ĐT",
    "source_date": "2026-10-30",
    "source_signer": "Phó Chủ tịch Nguyễn Văn Ví Dụ",
    "signed_at": "2026-11-02T08:00:00+07:00",
}


class Newsroom:
    def __init__(self, office: Any) -> None:
        self.office = office
        self._subscribers = 0

    async def draft(self, **changes: Any) -> dict[str, Any]:
        return await self.office.run("publication.keep_draft", element=(PROCESS, "Task_RecordDraft"), **DRAFT | changes)

    async def approved(self, **changes: Any) -> str:
        code = (await self.draft(**changes))["publication_code"]
        await self.approve(code)
        return code

    async def approve(self, code: str, **changes: Any) -> dict[str, Any]:
        people = {"editor": EDITOR, "approver": APPROVER}
        return await self.office.run("publication.approve", publication_code=code, **people | changes)

    async def publish(self, code: str, instance: int | None = None) -> dict[str, Any]:
        return await self.office.run("publication.publish", instance=instance, publication_code=code)

    async def published(self, **changes: Any) -> str:
        code = await self.approved(**changes)
        await self.publish(code)
        return code

    async def subscribe(self, address: str, channel: str = "email", *, confirmed: bool = True, **wanted: Any) -> str:
        self._subscribers += 1
        number = f"dk{self._subscribers}"
        subscription = Subscription(
            id=number,
            token=f"TOKEN{number.upper()}",
            confirm_code="123456",
            channel=OutboxChannel(channel),
            address=address,
            topics=wanted.get("topics", ["flooding_weather"]),
            areas=wanted.get("areas", ["H29"]),
            begun_at=MONDAY,
            confirmed_at=MONDAY if confirmed else None,
        )
        async with self.office.registry.write() as writer:
            await writer.add_subscription(subscription)
        return number

    async def told(self) -> list[tuple[str, str]]:
        """Who was told of what, in order."""
        return [(mail["event"], mail["recipient"]) for mail in await self.office.mails() if mail["channel"] != "engine"]
