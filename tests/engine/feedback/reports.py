"""Follow one feedback of a story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engine.city import Dossier
from workers import feedback_intake
from workers.feedback_intake import FeedbackDraft

if TYPE_CHECKING:
    from tests.engine.city import City
    from workers.records import FeedbackRecord

CITIZEN = "nguoidan@example.vn"
WARD = "H29.26740"
POTHOLE = "Nhiều ổ gà lớn trước số 12 Đường Ví Dụ, liên hệ 0900000001"


class Report(Dossier):
    """Wait and act as for a dossier; what is known of it is the feedback's row and its timeline."""

    async def record(self) -> FeedbackRecord:  # type: ignore[override]
        record = await self.city.services.registry.latest.feedback(self.code)
        assert record is not None
        return record

    async def steps(self) -> list[str]:
        timeline = await self.city.services.registry.latest.timeline(self.code)
        return [entry.name for entry in timeline if entry.kind != "closed"]

    async def shows(self, step: str, times: int = 1) -> None:  # type: ignore[override]
        async def written() -> bool:
            return (await self.steps()).count(step) >= times

        await self.city.until(written, f"{self.code}: dòng thời gian có “{step}” {times} lần")

    async def triaged(self, field: str = "public_transport", **answers: Any) -> None:
        """Have the coordinator forward it."""
        said = {"commune_code": None, "unit_choice": None, "publication": "hidden", **answers}
        await self.does("Task_TriageFeedback", triage_decision="forward", field_code=field, **said)

    async def answered(self, unit: str | None = None, **answers: Any) -> None:
        """Have the unit report a result and the coordinator release it."""
        said = {"result_decision": "final", "answer_text": "Đã xử lý xong (ví dụ), hỏi 0900000002.", **answers}
        await self.does("Task_ResolveFeedback", unit=unit, **said)
        await self.does(
            "Task_ReviewAnswer", moderation_decision="approve", public_answer="Đã xử lý xong.", public_photos="none"
        )
        await self.becomes("answered")


async def report(city: City, text: str = POTHOLE, photos: Any = (), **said: Any) -> Report:
    """Have a citizen report something on the portal."""
    person = {"name": "Nguyễn Văn Ví Dụ", "email": CITIZEN, "consent_email": True}
    draft = FeedbackDraft(**{"channel": "portal", "text": text, "commune": WARD, **person, **said})
    code, _ = await feedback_intake.report(city.services, draft, photos)
    return await followed(city, code)


async def followed(city: City, code: str) -> Report:
    """Follow a feedback whose process began."""
    made = Report(city, code)

    async def registered() -> int | None:
        return (await made.record()).process_instance_key

    city.started.add(await city.until(registered, f"{code}: được đăng ký"))
    return made


async def followed_by_phone(city: City, **answers: Any) -> Report:
    """Have the operator fill in the start form and follow what becomes of it."""
    key = await city.start("feedback_intake", **answers)
    return Report(city, await city.variable(key, "feedback_code"))
