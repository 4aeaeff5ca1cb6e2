"""One dossier's way through every job type of the catalog, with the words that staff types as an argument."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.office import Office

HEAD = ("dossier_resolution", "Task_AssignOfficer")
APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")
REPLY = ("opinion_reply", "Task_ReplyOpinion")
CONFIRM = ("result_feedback", "Task_ConfirmReceipt")
UNITS = ["H29.14", "H29.03"]
STEP_TEXTS = ("step_near_due", "step_due", "step_overdue_office", "step_overdue_leader")


class Traveller:
    """Takes a dossier through everything; `results` holds what each job gave the engine."""

    def __init__(self, office: Office, words: str, deliver: Any = None) -> None:
        self.office = office
        self.words = words
        self.results: list[tuple[str, dict[str, Any]]] = []
        self._deliver = deliver or office.run

    async def run(self, job_type: str, **given: Any) -> dict[str, Any]:
        result = await self._deliver(job_type, **given)
        self.results.append((job_type, result))
        return result

    async def all_the_way(self, procedure: str, unit: str, **changes: Any) -> str:
        """Register, supplement, accept, appraise with opinions, extend, present, issue, return and feed back."""
        code = await self.receive(procedure, unit, **changes)
        await self.hold(code)
        await self.ask(code)
        await self.move_deadlines(code)
        await self.escalate(code)
        await self.finish(code)
        return code

    async def receive(self, procedure: str, unit: str, **changes: Any) -> str:
        documents = changes.pop("documents", [self.office.document("application", "don.pdf")])
        submission = await self.office.submitted(procedure, unit, documents=documents, **changes)
        code = (await self.run("dossier.register", submission_id=submission.id))["dossier_code"]
        checked = await self.run("dossier.check", dossier_code=code)
        await self.run(
            "supplement.request", dossier_code=code, missing=checked["missing"], extra_requirements=self.words
        )
        await self.run("supplement.remind", dossier_code=code)
        paper = [{"composition": "application", "original": "original"}]
        await self.run("supplement.receive", dossier_code=code, supplement_papers=paper)
        await self.run("dossier.accept", dossier_code=code)
        return code

    async def hold(self, code: str) -> None:
        dossier = await self.office.dossier(code)
        given = {"dossier_code": code, "lead_unit": dossier.lead_unit, "officer": "officer.h29-07"}
        for element in (HEAD, APPRAISE):
            instance = next(self.office._keys)
            await self.run("timeline.open", element=element, instance=instance, **given)
            given_decision = {"appraisal_decision": "opinions"}
            if element == HEAD:
                await self.run(
                    "timeline.close", element=element, instance=instance, dossier_code=code, **given_decision
                )

    async def ask(self, code: str) -> None:
        dossier = await self.office.dossier(code)
        lead = {"dossier_code": code, "lead_unit": dossier.lead_unit}
        units = [unit for unit in (*UNITS, "H29.05") if unit != dossier.lead_unit][:2]
        asked = await self.run("opinion.open_round", opinion_units=units, **lead)
        first, second = (request["request_id"] for request in asked["opinion_requests"])
        answer = {"opinion_answer": "agree_with_comments", "opinion_content": self.words}
        await self.run("opinion.record_reply", dossier_code=code, request_id=first, **answer)
        await self.run("opinion.record_silence", dossier_code=code, request_id=second)
        decision = {"silence_decision": "extend", "silence_note": self.words}
        await self.run("opinion.resolve_silence", dossier_code=code, request_id=second, **decision)
        late = {"late_answer": "disagree", "late_content": self.words}
        await self.run("opinion.record_late", dossier_code=code, request_unit=units[1], **late)
        rows = (await self.run("opinion.compile", dossier_code=code, opinion_round=1))["opinions"]
        await self.run("opinion.close_round", opinion_round=1, opinions=rows, **lead)
        done = [{**row, "disposition": "explained", "explanation": self.words} for row in rows]
        await self.run("opinion.close_round", opinion_round=1, opinions=done, **lead)

    async def move_deadlines(self, code: str) -> None:
        await self.run("extension.assess", dossier_code=code)
        await self.run("extension.grant", dossier_code=code, extension_reason=self.words, extension_days=2)
        due_at = (await self.office.dossier(code)).due_at + timedelta(days=1)
        given = {"new_due_at": due_at.isoformat(), "change_reason": self.words, "change_clause": self.words}
        await self.run("deadline.recompute", dossier_code=code, **given)
        await self.run("dossier.request_change", dossier_code=code, change_kind="withdraw", reason=self.words)

    async def escalate(self, code: str) -> None:
        due = (await self.office.dossier(code)).due_at
        roles = ("assignee", "head", "office", "leader")
        for rung, (text, role) in enumerate(zip(STEP_TEXTS, roles, strict=True)):
            ladder = {"text": text, "recipient_role": role, "next_after_hours": 8}
            kind = {"escalation_kind": "dossier", "rung": rung, "ladder": ladder}
            await self.run("escalation.remind", dossier_code=code, **kind, at=due + timedelta(hours=1))
        for kind, element, text in (
            ("opinion", REPLY, "opinion_reminder"),
            ("feedback", CONFIRM, "feedback_reminder"),
        ):
            given = {"unit": "H29.14", "request_due_at": due.isoformat(), "feedback_due_at": due.isoformat()}
            await self.run("timeline.open", element=element, dossier_code=code, **given)
            ladder = {"text": text, "next_after_hours": 8}
            watched = {"escalation_kind": kind, "step_element": element[1], "rung": 0, "ladder": ladder}
            await self.run("escalation.remind", dossier_code=code, **watched, unit="H29.14")

    async def finish(self, code: str) -> None:
        dossier = await self.office.dossier(code)
        procedure = self.office.rules.procedure_of(dossier)
        units = {"lead_unit": dossier.lead_unit, "office_unit": "H29.01"}
        draft = {"appraisal_decision": "approve", "appraisal_summary": self.words}
        checked = await self.run("appraisal.check_package", dossier_code=code, **draft)
        given = {"package_findings": checked["package_findings"], "returned_items": self.words}
        await self.run("appraisal.return_package", dossier_code=code, **units, **given)
        await self.run("appraisal.present", dossier_code=code, **units, **draft, package_opinion=self.words)
        await self.run("result.issue", dossier_code=code, authority=procedure.authority, **draft)
        await self.run("result.notify", dossier_code=code)
        await self.run("result.rate", dossier_code=code, rating=5, rating_comment=self.words)
        units = {"origin_unit": dossier.origin_unit, "lead_unit": dossier.lead_unit}
        sent = await self.run("result_feedback.send", dossier_code=code, authority=procedure.authority, **units)
        confirmation = {"feedback_unit": sent["feedback_unit"], "receipt_note": self.words}
        await self.run("result_feedback.confirm", dossier_code=code, **confirmation)

    async def end_early(self, procedure: str, unit: str, **changes: Any) -> None:
        """Refuse one dossier, stop another, withdraw a third."""
        for job_type, given in (
            ("dossier.refuse", {"reception_note": self.words, "refusal_clause": self.words}),
            ("dossier.stop", {"stop_reason": self.words, "stop_clause": self.words}),
            ("dossier.withdraw", {"withdrawal_reason": self.words}),
        ):
            submission = await self.office.submitted(procedure, unit, documents=[], **changes)
            code = (await self.run("dossier.register", submission_id=submission.id))["dossier_code"]
            await self.run(job_type, dossier_code=code, **given)
