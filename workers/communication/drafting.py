"""Keep what the editor writes and say what must be looked at before anybody else reads it."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

from workers.casework import moment_label, note
from workers.claims import publication_of
from workers.communication.contracts import DiscardOut, DraftFinding, DraftIn, DraftOut, PublicationCard, PublicationIn
from workers.errors import NeedsOperator
from workers.records import OutboxChannel, PublicationRecord, PublicationState, PublicationVersion
from workers.regulation.disclosure import find_disclosures
from workers.rulebook import APPROVER, EDITOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.ports import Work, Writer
    from workers.rulebook import Account

FIELDS = {"publication_title": "Tiêu đề", "publication_summary": "Tóm tắt", "publication_text": "Nội dung"}
CHANNELS = {OutboxChannel.EMAIL: "thư điện tử", OutboxChannel.SMS: "tin nhắn", OutboxChannel.ZALO: "Zalo"}
AT_ONCE = "ngay khi được duyệt"
CARD_WIDTH = 70


async def keep_draft(inp: DraftIn, work: Work) -> DraftOut:
    """Mint the code the first time, keep the wording, and list what must go or be confirmed before approval.

    Raises NeedsOperator when the editor is no account that may edit.
    """
    editor = _editor(inp, work)
    known = await publication_of(inp.publication_code, work) if inp.publication_code else None
    findings = list(_findings(inp, work))
    confirmed = inp.disclosures_confirmed is True
    writer = await work.write()
    publication = await _kept(inp, editor, known, work, writer)
    number = publication.version + 1
    await writer.keep_publication_version(_version(inp, publication.code, number, work))
    return DraftOut(
        publication_code=publication.code,
        unit=publication.unit,
        draft_findings=[finding for finding, _ in findings],
        must_revise=any(must or not confirmed for _, must in findings),
        publication_card=_card(inp, publication, number, editor, work),
    )


async def discard(inp: PublicationIn, work: Work) -> DiscardOut:
    """Drop the wording that was being written; one that is published stays."""
    publication = await publication_of(inp.publication_code, work)
    still = publication.state is PublicationState.PUBLISHED
    writer = await work.write()
    await writer.drop_publication_version(publication.code, publication.version + 1)
    if not still:
        await writer.update_publication(publication.code, state=PublicationState.DISCARDED)
    await note(work, writer, publication.code, "Bỏ bản thảo", unit=publication.unit)
    return DiscardOut(still_published=still)


def _editor(inp: DraftIn, work: Work) -> Account:
    editor = work.rules.account(inp.editor)
    if editor is None or editor.role != EDITOR:
        raise NeedsOperator(
            "Biến editor không phải tài khoản của một biên tập viên.",
            action="Sửa biến editor trong Operate thành tài khoản có vai editor trong config/staff.yaml rồi bấm Retry.",
            code="TI-004",
        )
    return editor


async def _kept(
    inp: DraftIn, editor: Account, known: PublicationRecord | None, work: Work, writer: Writer
) -> PublicationRecord:
    people = {"editor": editor.user, "approver": inp.approver or ""}
    if known is not None:
        return await writer.update_publication(known.code, **people)
    day = f"{work.now:%y%m%d}"
    publication = PublicationRecord(
        code=f"TT-{day}-{await writer.next_number(f'publication:{day}'):04d}",
        process_instance_key=work.job.process_instance_key,
        unit=editor.unit,
        drafted_at=work.now,
        **people,
    )
    await writer.add_publication(publication)
    await note(work, writer, publication.code, "Soạn bản thảo", unit=editor.unit)
    return publication


def _version(inp: DraftIn, code: str, number: int, work: Work) -> PublicationVersion:
    return PublicationVersion(
        publication_code=code,
        number=number,
        title=" ".join(inp.publication_title.split()),
        summary=" ".join(inp.publication_summary.split()),
        text=inp.publication_text,
        topics=inp.publication_topics,
        areas=inp.publication_areas,
        channels=[OutboxChannel(channel) for channel in inp.publication_channels],
        source_number=inp.source_number,
        source_date=inp.source_date,
        source_signer=inp.source_signer,
        signed_at=inp.signed_at,
        written_at=work.now,
        reason=inp.change_reason if number > 1 else None,
    )


def _findings(inp: DraftIn, work: Work) -> Iterator[tuple[DraftFinding, bool]]:
    """Yield what was found, each with whether it must go."""
    policy = work.rules.communication
    for field, label in FIELDS.items():
        for found in find_disclosures(getattr(inp, field), policy.internal_marks):
            rule = policy.rule_of(found.kind)
            to_do = "phải bỏ khỏi bài" if rule.must_go else "bỏ, hoặc xác nhận được công khai"
            finding = DraftFinding(
                place=f"{label}, dòng {found.line}", what=f"{rule.name}: {found.excerpt}", to_do=to_do
            )
            yield finding, rule.must_go
    for place, what in _mistakes(inp, work):
        yield DraftFinding(place=place, what=what, to_do="phải sửa"), True


def _mistakes(inp: DraftIn, work: Work) -> Iterator[tuple[str, str]]:
    today = work.now.date()
    approver = work.rules.account(inp.approver or "")
    if approver is None or approver.role != APPROVER or approver.user == inp.editor:
        yield "Người duyệt", "cần một tài khoản khác người biên tập, có vai người duyệt tin"
    if not inp.publication_topics or any(work.rules.communication.topic(one) is None for one in inp.publication_topics):
        yield "Chủ đề", "cần ít nhất một chủ đề trong danh sách"
    if not inp.publication_areas or any(work.rules.unit_at(one, today) is None for one in inp.publication_areas):
        yield "Địa bàn", "cần Thành phố hoặc các đơn vị đang hoạt động"
    if inp.source_date > today or inp.signed_at > work.now:
        yield "Văn bản nguồn", "ngày ban hành, thời điểm ký không thể ở tương lai"


def _card(inp: DraftIn, publication: PublicationRecord, number: int, editor: Account, work: Work) -> PublicationCard:
    policy, today = work.rules.communication, work.now.date()
    approver = work.rules.account(inp.approver or "")
    topics = [topic.name for code in inp.publication_topics if (topic := policy.topic(code))]
    areas = [unit.name for code in inp.publication_areas if (unit := work.rules.unit_at(code, today))]
    channels = [CHANNELS[OutboxChannel(channel)] for channel in inp.publication_channels]
    return PublicationCard(
        code=publication.code,
        list_label=f"{publication.code}\n{shorten(inp.publication_title, CARD_WIDTH, placeholder='…')}",
        version_label="bản đầu" if number == 1 else f"bản đính chính {number - 1}",
        unit_name=work.rules.unit_name(publication.unit, today),
        editor_name=editor.name,
        approver_name=approver.name if approver else "chưa có",
        topics_label="; ".join(topics),
        areas_label="; ".join(areas),
        channels_label=", ".join(["trang thông tin, nguồn tin", *channels]),
        source_label=f"{inp.source_number}, ngày {inp.source_date:%d/%m/%Y}, {inp.source_signer}",
        publish_label=moment_label(inp.publish_at) if inp.publish_at else AT_ONCE,
    )
