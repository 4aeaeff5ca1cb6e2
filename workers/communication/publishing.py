"""Approve by a second person, publish at the set moment, and tell who subscribed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from workers.casework import note
from workers.claims import publication_of
from workers.communication.contracts import ApproveOut, PublishOut
from workers.communication.telling import tell
from workers.errors import NeedsOperator
from workers.records import PublicationState
from workers.regulation.audience import concerns
from workers.rulebook import APPROVER

if TYPE_CHECKING:
    from workers.communication.contracts import ApproveIn, PublicationIn
    from workers.ports import Work, Writer
    from workers.records import PublicationRecord, PublicationVersion, Subscription


async def approve(inp: ApproveIn, work: Work) -> ApproveOut:
    """Record who approved; somebody else than the editor, or nobody did.

    The task of approval is assigned to the approver's account and the draft's to the editor's, so that Tasklist lets
    nobody else complete them. Raises NeedsOperator when the variables name other people than the registry.
    """
    publication = await publication_of(inp.publication_code, work)
    approver = work.rules.account(inp.approver)
    same = (inp.editor, inp.approver) == (publication.editor, publication.approver)
    if not same or inp.approver == inp.editor or approver is None or approver.role != APPROVER:
        raise NeedsOperator(
            f"Tin {publication.code}: người duyệt không phải người đã ghi trong sổ đăng ký, hoặc là người biên tập.",
            action="Trả các biến editor, approver trong Operate về như ở publication_card rồi bấm Retry.",
            code="TI-005",
        )
    draft = await _draft(publication, work)
    publish_at = max(work.now, inp.publish_at or work.now)
    writer = await work.write()
    await writer.keep_publication_version(
        draft.model_copy(update={"approved_at": work.now, "approved_by": approver.user})
    )
    await note(work, writer, publication.code, "Duyệt tin", unit=approver.unit)
    return ApproveOut(publish_at=publish_at)


async def publish(inp: PublicationIn, work: Work) -> PublishOut:
    """Let the public read the approved wording and queue one message to each subscriber it concerns.

    Raises NeedsOperator when nobody approved the wording.
    """
    publication = await publication_of(inp.publication_code, work)
    draft = await _draft(publication, work)
    if draft.approved_at is None:
        raise NeedsOperator(
            f"Tin {publication.code}: bản đang soạn chưa được duyệt nên không phát hành.",
            action="Đưa phiên trong Operate về bước “Duyệt tin”.",
            code="TI-006",
        )
    first = publication.version == 0
    writer = await work.write()
    await writer.drop_waiting_news(code=publication.code)
    subscribers = await _audience(draft, work, writer)
    await writer.keep_publication_version(draft.model_copy(update={"published_at": work.now}))
    await writer.update_publication(
        publication.code,
        state=PublicationState.PUBLISHED,
        version=draft.number,
        published_at=publication.published_at or work.now,
        changed_at=work.now,
    )
    event = "news_published" if first else "news_corrected"
    await tell(work, writer, event, draft, subscribers)
    await note(
        work,
        writer,
        publication.code,
        "Phát hành tin" if first else "Phát hành bản đính chính",
        unit=publication.unit,
        remark=f"{len(subscribers)} người đăng ký được báo",
    )
    return PublishOut(publication_open_until=work.now + timedelta(days=work.rules.communication.open_days))


async def _audience(draft: PublicationVersion, work: Work, writer: Writer) -> list[Subscription]:
    """List who wants the topic and area of a wording, and who was told of an earlier one that it corrects."""
    everywhere = work.rules.city_unit
    told = set(await writer.told_of(draft.publication_code))
    return [
        one
        for one in await writer.subscribers()
        if one.address in told
        or (one.channel in draft.channels and concerns(draft.topics, draft.areas, one.topics, one.areas, everywhere))
    ]


async def _draft(publication: PublicationRecord, work: Work) -> PublicationVersion:
    draft = await work.read.publication_version(publication.code, publication.version + 1)
    if draft is None:
        raise NeedsOperator(
            f"Tin {publication.code} không có bản nào đang soạn.",
            action="Xem `dieuphoi news` của tin; bước bị chạy lại do sửa phiên trong Operate thì hủy bước đó.",
            code="TI-007",
        )
    return draft
