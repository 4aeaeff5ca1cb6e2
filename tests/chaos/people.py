"""Play people who decide at random, late or never, who withdraw and rate: each decision one that a form allows."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2
from sqlalchemy import select

from tests.engine.faults.town import EXAMPLES, Staff
from workers import intake
from workers.demo import ANSWERS
from workers.errors import RetryLater, UserError
from workers.records import IN_PROGRESS, DossierRecord, DossierState
from workers.registry import tables as t

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from workers.demo import Answer
    from workers.regulation.procedures import Procedure
    from workers.workplace import Services

COMPLETE = {
    "construction-permit-missing-drawings": "construction-permit",
    "marital-status-missing-identity": "marital-status",
}
ASKED = ("H29.04", "H29.05", "H29.06", "H29.09", "H29.10", "H29.14")
NOTE = "Nội dung ví dụ, đủ dài theo yêu cầu của biểu mẫu."


class RandomStaff(Staff):
    """Decide at random, at once, later or not at all; `hurry` ends that: everything is done, straight ahead."""

    def __init__(self, services: Services, rest: str, chance: random.Random) -> None:
        self.hurry = False
        self._chance = chance
        self._ready_at: dict[str, datetime] = {}
        super().__init__(services, rest, self._decisions())

    def would_do(self, task: Mapping[str, Any]) -> bool:
        """Tell whether the moment has come that was drawn when the task was first seen."""
        key = str(task["key"])
        if key not in self._ready_at:
            self._ready_at[key] = self._services.now() + timedelta(hours=self._hours())
        return self.hurry or self._services.now() >= self._ready_at[key]

    def _hours(self) -> float:
        """Draw how long a task lies: mostly no time, sometimes days, now and then for ever."""
        return self._chance.choices([0, self._chance.uniform(1, 60), 24 * 90], [70, 24, 6])[0]

    def _decisions(self) -> dict[str, Answer]:
        return {element: self._either(element, usual) for element, usual in ANSWERS.items()}

    def _either(self, element: str, usual: Answer) -> Answer:
        unusual = getattr(self, f"_{element.lower()}", None)

        def decide(procedure: Procedure, shown: dict[str, Any]) -> dict[str, Any]:
            if unusual is None or self.hurry or self._chance.random() < 0.55:
                return usual(procedure, shown)
            answers: dict[str, Any] = unusual(procedure, shown)
            return answers

        return decide

    # What a form offers beside what the demo answers; named after the task.

    def _task_receivedossier(self, _procedure: Procedure, shown: dict[str, Any]) -> dict[str, Any]:
        decision = self._chance.choice(["accept", "supplement", "supplement", "refuse"])
        return {
            "reception_decision": decision,
            **({"extra_requirements": "Bản vẽ mặt bằng ví dụ"} if decision == "supplement" else {}),
            **({"reception_note": NOTE, "refusal_clause": "Điều 1 (ví dụ)"} if decision == "refuse" else {}),
        }

    def _task_receivesupplement(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        return {"supplement_papers": []}

    def _task_appraisedossier(self, procedure: Procedure, shown: dict[str, Any]) -> dict[str, Any]:
        decision = self._chance.choice(["refuse", "opinions", "opinions", "supplement"])
        if decision == "refuse":
            return {
                "appraisal_decision": "refuse",
                "appraisal_summary": NOTE,
                "refusal_reason": NOTE,
                "refusal_clause": "Điều 2 (ví dụ)",
            }
        if decision == "supplement":
            return {"appraisal_decision": "supplement", "extra_requirements": "Thuyết minh ví dụ"}
        units = self._chance.sample(ASKED, self._chance.randint(2, 4))
        return {"appraisal_decision": "opinions", "opinion_units": units}

    def _task_signresult(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        return {"signature_decision": "revise", "signature_note": NOTE}

    def _task_replyopinion(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        answer = self._chance.choice(["agree", "disagree", "not_competent"])
        return {"opinion_answer": answer, "opinion_content": NOTE}

    def _task_confirmdispositions(self, _procedure: Procedure, shown: dict[str, Any]) -> dict[str, Any]:
        says = [None, "accepted", "partly_accepted", "explained"]
        rows = [{**row, "disposition": self._chance.choice(says), "explanation": NOTE} for row in shown["opinions"]]
        return {"opinions": rows}

    def _task_decideonsilence(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        return {"silence_decision": "extend"}

    def _task_appraisepackage(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        if self._chance.random() < 0.5:
            return {"package_decision": "return", "returned_items": NOTE}
        return {"package_decision": "opinions", "opinion_units": self._chance.sample(ASKED, 2)}

    def _task_reviewpresentation(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        return {"review_decision": "revise", "review_note": NOTE}

    def _task_decidedossier(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        return {"leader_decision": self._chance.choice(["revise", "reject", "meeting"]), "leader_note": NOTE}

    def _task_handoverresult(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        return {"handover_method": "postal"}

    def _task_proposeextension(self, _procedure: Procedure, _shown: dict[str, Any]) -> dict[str, Any]:
        return {
            "extension_decision": "extend",
            "extension_reason": NOTE,
            "extension_days": self._chance.randint(1, 5),
        }


@dataclass
class Public:
    """Play applicants and the desk: they submit, supplement, withdraw, rate, and the desk records requests.

    What a person is told in a sentence is tried again; anything else a person would see as a crash is kept.
    """

    services: Services
    rest: str
    chance: random.Random
    submissions: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    refusals: int = 0
    crashes: list[str] = field(default_factory=list)

    async def submit(self, name: str) -> None:
        """Hand in an example, again and again until it is taken."""
        while True:
            if taken := await self._try(lambda: intake.submit(self.services, EXAMPLES / name)):
                self.submissions[taken] = name
                return
            await asyncio.sleep(1)

    async def live(self) -> None:
        """Do what the public does now and then, until cancelled."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.3, 1.0))
            dossier = await self._try(self._some_dossier)
            if dossier is not None:
                await self._try(lambda dossier=dossier: self._act_on(dossier))

    async def _act_on(self, dossier: DossierRecord) -> None:
        want = self.chance.random()
        if dossier.state is DossierState.RETURNED and dossier.rating is None and want < 0.3:
            await intake.rate(self.services, dossier.code, self.chance.randint(1, 5))
        elif dossier.state is DossierState.SUPPLEMENT_REQUESTED and want < 0.3:
            await intake.supplement(self.services, dossier.code, EXAMPLES / self._complete(dossier))
        elif dossier.state in IN_PROGRESS and dossier.code not in self.asked and want < 0.03:
            self.asked.add(dossier.code)
            await intake.withdraw(self.services, dossier.code, "Không còn nhu cầu (ví dụ)")
        elif dossier.state in IN_PROGRESS and dossier.code not in self.asked and want < 0.06:
            self.asked.add(dossier.code)
            await self._record_request(dossier)

    async def _record_request(self, dossier: DossierRecord) -> None:
        """Have the desk record a stop, a new deadline or a late answer, as with the start form in Tasklist."""
        silent = [one for one in await self.services.registry.latest.opinions(dossier.code) if one.silent]
        unanswered = [one for one in silent if one.answer is None]
        said: dict[str, Any] = {"dossier_code": dossier.code, "reason": NOTE, "clause": "Điều 3 (ví dụ)"}
        if unanswered:
            unit = self.chance.choice(unanswered).unit
            said |= {"change_kind": "late_opinion", "request_unit": unit, "late_answer": "agree", "late_content": NOTE}
        elif self.chance.random() < 0.5:
            new = dossier.due_at + timedelta(days=self.chance.randint(-2, 5))
            said |= {"change_kind": "deadline", "new_due_at": new.isoformat()}
        else:
            said |= {"change_kind": "stop"}
        async with httpx2.AsyncClient(base_url=self.rest, trust_env=False, timeout=15) as zeebe:
            body = {"processDefinitionId": "dossier_change", "variables": said}
            with suppress(httpx2.TransportError):
                await zeebe.post("/v2/process-instances", json=body)

    async def _some_dossier(self) -> DossierRecord | None:
        codes = await self.services.registry.latest.rows(select(t.dossiers.c.code))
        return await self.services.registry.latest.dossier(self.chance.choice(codes)["code"]) if codes else None

    def _complete(self, dossier: DossierRecord) -> str:
        name = self.submissions.get(dossier.submission_id, "construction-permit")
        return COMPLETE.get(name, name)

    async def _try(self, act: Callable[[], Any]) -> Any:
        try:
            return await act()
        except (UserError, RetryLater):
            self.refusals += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, a person would have seen a crash
            self.crashes.append(f"{type(error).__name__}: {str(error)[:150]}")
        return None
