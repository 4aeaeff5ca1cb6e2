"""Correct and recall what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.casework import close_open_steps, effect_id, note
from workers.claims import publication_of
from workers.communication.contracts import CorrectionOut
from workers.communication.telling import tell
from workers.contract import Nothing
from workers.errors import BusinessError
from workers.records import OutboxDraft, PublicationState

if TYPE_CHECKING:
    from workers.communication.contracts import ChangeIn, RequestChangeIn
    from workers.ports import Work

NOT_OPEN = "Err_PublicationNotOpen"
MESSAGES = {"correct": "Msg_PublicationCorrected", "recall": "Msg_PublicationRecalled"}
_OVER = {PublicationState.RECALLED, PublicationState.DISCARDED}


async def request_change(inp: RequestChangeIn, work: Work) -> Nothing:
    """Send the publication's process what staff asked for. Raises BusinessError when nobody would hear it."""
    code = inp.publication_code.strip().upper()
    publication = await work.read.publication(code)
    if publication is None or publication.state in _OVER:
        raise BusinessError(NOT_OPEN, f"Không có tin {code[:30]} để đính chính hoặc thu hồi.")
    writer = await work.write()
    name = MESSAGES[inp.publication_change]
    reason = {"change_reason": inp.change_reason}
    await writer.send(OutboxDraft.to_engine(effect_id(work, name), name, code, reason))
    return Nothing()


async def begin_correction(inp: ChangeIn, work: Work) -> CorrectionOut:
    """Record why; the public goes on reading the wording before until the new one is approved."""
    publication = await publication_of(inp.publication_code, work)
    writer = await work.write()
    await note(work, writer, publication.code, "Yêu cầu đính chính", unit=publication.unit, remark=inp.change_reason)
    return CorrectionOut(disclosures_confirmed=False)


async def recall(inp: ChangeIn, work: Work) -> Nothing:
    """Take the wording off the site, drop what was not sent yet, and tell those who were told of it."""
    publication = await publication_of(inp.publication_code, work)
    read = await work.read.publication_version(publication.code, publication.version)
    writer = await work.write()
    await writer.update_publication(
        publication.code, state=PublicationState.RECALLED, changed_at=work.now, recall_reason=inp.change_reason
    )
    await writer.drop_waiting_news(code=publication.code)
    if read is not None:
        told = set(await writer.told_of(publication.code))
        subscribers = [one for one in await writer.subscribers() if one.address in told]
        await tell(work, writer, "news_recalled", read, subscribers, reason=inp.change_reason)
    await close_open_steps(work, writer, publication.code, "thu hồi")
    await note(work, writer, publication.code, "Thu hồi tin", unit=publication.unit, remark=inp.change_reason)
    return Nothing()
