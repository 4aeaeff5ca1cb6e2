"""Directing information in the engine: from draft to publication at a set moment, correction and recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.engine.city import Dossier, at
from tests.unit.communication import newsroom
from tests.unit.communication.newsroom import APPROVER, EDITOR
from workers.records import OutboxChannel, PublicationState, Subscription

if TYPE_CHECKING:
    from tests.engine.city import City
    from workers.records import PublicationRecord

pytestmark = pytest.mark.asyncio(loop_scope="session")

DRAFT: dict[str, Any] = {**newsroom.DRAFT, "source_date": "2026-11-27", "signed_at": "2026-11-30T08:00:00+07:00"}


async def drafted(city: City, **changes: Any) -> Dossier:
    """Have the editor fill in the start form; a publication is held and handed on as a dossier is."""
    key = await city.start("directive_publication", **DRAFT | changes)

    async def kept() -> str | None:
        known = await city.services.registry.latest.publications()
        return next((one.code for one in known if one.process_instance_key == key), None)

    return Dossier(city, await city.until(kept, "bản thảo có mã"))


async def submitted(city: City, **changes: Any) -> Dossier:
    """Have the editor send the draft to the approver."""
    news = await drafted(city, **changes)
    await news.does("Task_ReviseDraft", draft_decision="submit")
    return news


async def approved(city: City, **changes: Any) -> Dossier:
    """Have it approved too."""
    news = await submitted(city, **changes)
    await news.does("Task_ApprovePublication", approval_decision="approve")
    return news


async def becomes(city: City, news: Dossier, version: int, state: str = "published") -> PublicationRecord:
    """Wait until the public reads a wording."""

    async def reached() -> PublicationRecord | None:
        record = await city.services.registry.latest.publication(news.code)
        fits = record is not None and (record.state, record.version) == (PublicationState(state), version)
        return record if fits else None

    return await city.until(reached, f"{news.code}: {state} {version}")  # type: ignore[no-any-return]


async def subscribe(city: City, address: str, channel: str = "email", **wanted: list[str]) -> str:
    """Have somebody subscribe and confirm."""
    subscription = Subscription(
        id=uuid4().hex,
        token=uuid4().hex.upper(),
        confirm_code="123456",
        channel=OutboxChannel(channel),
        address=address,
        topics=wanted.get("topics", ["flooding_weather"]),
        areas=wanted.get("areas", ["H29.26740"]),
        begun_at=city.now(),
        confirmed_at=city.now(),
    )
    async with city.services.registry.write() as writer:
        await writer.add_subscription(subscription)
    return address


def told(city: City, address: str) -> list[str]:
    """List the subjects of the mails somebody got."""
    return [mail.subject for mail in city.mails(to=address)]


async def test_it_is_published_at_its_moment_and_each_subscriber_is_told_once(city: City) -> None:
    here = await subscribe(city, f"{uuid4().hex}@example.vn")
    everywhere = await subscribe(city, f"{uuid4().hex}@example.vn", areas=["H29"])
    elsewhere = await subscribe(city, f"{uuid4().hex}@example.vn", areas=["H29.26743"])
    other_topic = await subscribe(city, f"{uuid4().hex}@example.vn", topics=["health"])
    phone = await subscribe(city, "0900000001", "sms")
    news = await approved(city, publish_at=at(1, 7, 30).isoformat())
    await city.pass_until(at(1, 7, 29))
    record = await city.services.registry.latest.publication(news.code)
    assert record is not None
    assert record.version == 0
    await city.pass_until(at(1, 7, 30))
    assert (await becomes(city, news, 1)).published_at == at(1, 7, 30)
    await city.until(city.nothing_on_its_way, "đã báo hết")
    for address, count in ((here, 1), (everywhere, 1), (elsewhere, 0), (other_topic, 0)):
        assert told(city, address) == [DRAFT["publication_title"]] * count
    assert [one.to for one in city.texts.deliveries.all() if news.code in one.text] == [phone]
    assert [row.person for row in (await city.services.registry.latest.timeline(news.code)) if row.person][::2] == [
        EDITOR,
        APPROVER,
    ]


async def test_a_finding_goes_back_to_the_editor_until_it_is_gone(city: City) -> None:
    news = await submitted(city, publication_text="Ông Ví Dụ, số định danh 079000000001.")
    step = await news.held("Task_ReviseDraft")
    seen = await city.task_variables(step)
    assert seen["draft_findings"][0]["what"] == "Số định danh, số chứng minh nhân dân: 079*******01"
    await news.does("Task_ReviseDraft", draft_decision="submit", publication_text="Nội dung đã bỏ số định danh.")
    await news.held("Task_ApprovePublication")


async def test_who_edits_cannot_be_named_as_approver(city: City) -> None:
    news = await submitted(city, approver=EDITOR)
    seen = await city.task_variables(await news.held("Task_ReviseDraft"))
    assert seen["draft_findings"][0]["place"] == "Người duyệt"
    await news.does("Task_ReviseDraft", draft_decision="submit", approver=APPROVER)
    step = await news.held("Task_ApprovePublication")
    assert step.person == APPROVER


async def test_what_the_approver_returns_is_revised_or_dropped(city: City) -> None:
    news = await submitted(city)
    await news.does("Task_ApprovePublication", approval_decision="return", approval_note="Bổ sung căn cứ (ví dụ)")
    seen = await city.task_variables(await news.held("Task_ReviseDraft"))
    assert seen["approval_note"] == "Bổ sung căn cứ (ví dụ)"
    await news.does("Task_ReviseDraft", draft_decision="discard")
    await becomes(city, news, 0, "discarded")


async def test_a_correction_is_approved_again_and_told(city: City) -> None:
    reader = await subscribe(city, f"{uuid4().hex}@example.vn")
    news = await approved(city)
    await becomes(city, news, 1)
    await city.until(city.nothing_on_its_way, "đã báo hết")
    await city.start(
        "publication_change", publication_code=news.code, publication_change="correct", change_reason="Sửa ngày (ví dụ)"
    )
    await news.does("Task_ReviseDraft", draft_decision="submit", publication_title="Tiêu đề đã sửa")
    await becomes(city, news, 1)
    await news.does("Task_ApprovePublication", approval_decision="approve")
    await becomes(city, news, 2)
    await city.until(city.nothing_on_its_way, "đã báo hết")
    assert told(city, reader) == [DRAFT["publication_title"], "Đính chính: Tiêu đề đã sửa"]


async def test_a_recall_comes_through_at_any_step(city: City) -> None:
    reader = await subscribe(city, f"{uuid4().hex}@example.vn")
    news = await approved(city)
    await becomes(city, news, 1)
    await city.until(city.nothing_on_its_way, "đã báo hết")
    asked = {"publication_code": news.code, "change_reason": "Văn bản đã thay thế (ví dụ)"}
    await city.start("publication_change", publication_change="correct", **asked)
    await news.held("Task_ReviseDraft")
    await city.start("publication_change", publication_change="recall", **asked)
    record = await becomes(city, news, 1, "recalled")
    assert record.recall_reason == "Văn bản đã thay thế (ví dụ)"
    await news.holds_nobody()
    await city.until(city.nothing_on_its_way, "đã báo hết")
    assert told(city, reader) == [DRAFT["publication_title"], f"Thu hồi: {DRAFT['publication_title']}"]
    key = await city.start("publication_change", publication_change="recall", **asked)
    await city.reached(key, "EndEvent_ChangeImpossible")
