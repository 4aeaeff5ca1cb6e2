"""Play the sample dossiers: applicants submit, staff work in Tasklist over its own API, logged in as themselves."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from workers import intake, show
from workers.app import open_services
from workers.engine.errors import RequestFailed
from workers.engine.tasklist import Tasklist
from workers.errors import UserError
from workers.records import FINISHED, DossierState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workers.engine.progress import Progress
    from workers.engine.tasklist import Task
    from workers.regulation.procedures import Procedure
    from workers.rulebook import Account, Rulebook
    from workers.settings import Settings
    from workers.show import View
    from workers.station import Station
    from workers.workplace import Services

PATIENCE_SECONDS = 600.0
LOOK_AGAIN_SECONDS = 0.5
HANDS = 6
RATING = 5
WITHDRAWN = "trade-fair"

Answer: TypeAlias = "Callable[[Procedure, dict[str, Any]], dict[str, Any]]"


@dataclass
class Play:
    """Hold the state of one performance; so many hands work in Tasklist at once."""

    services: Services
    station: Station
    progress: Progress
    sessions: dict[str, Tasklist] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    trouble: str = ""
    hands: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HANDS))
    door: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def rules(self) -> Rulebook:
        """Give the rules."""
        return self.services.rules


async def play(settings: Settings, station: Station, progress: Progress) -> tuple[list[View], Rulebook]:
    """Submit every dossier of examples/ and act for all staff until each is returned or ended; show them all."""
    async with open_services(settings) as services, AsyncExitStack() as stack:
        acting = Play(services, station, progress)
        for folder in sorted((settings.home / "examples" / "dossiers").iterdir()):
            acting.names[await _submit(acting, folder)] = folder.name
        await _act_until_done(acting, stack)
        views = [await show.view(services, code) for code in acting.names]
        return views, services.rules


def wipe(station: Station) -> None:
    """Stop everything and delete the data of this machine: engine, registry, documents and mail."""
    station.stack.wipe()
    shutil.rmtree(station.settings.data, ignore_errors=True)


async def _submit(acting: Play, folder: Path) -> str:
    code = await intake.wait_for_code(acting.services, await intake.submit(acting.services, folder))
    acting.progress.phase(f"Đã nộp {folder.name}: {code}")
    return code


async def _act_until_done(acting: Play, stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while waiting := await _unfinished(acting):
        if loop.time() > deadline:
            raise UserError(
                f"Sau {PATIENCE_SECONDS:.0f} giây còn {len(waiting)} hồ sơ chưa xong ({', '.join(waiting)}). "
                f"Lần vướng cuối: {acting.trouble or 'không có'}. Xem `dieuphoi show` và tab Incidents của Operate."
            )
        worked = await _work_through_tasks(acting, stack)
        await _act_as_applicants(acting)
        if not worked:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _unfinished(acting: Play) -> list[str]:
    left = []
    for code in acting.names:
        dossier = await acting.services.registry.latest.dossier(code)
        steps = await acting.services.registry.latest.open_steps(code)
        if dossier is None or dossier.state not in FINISHED or dossier.state is DossierState.RESOLVED or steps:
            left.append(code)
    return left


async def _work_through_tasks(acting: Play, stack: AsyncExitStack) -> int:
    someone = await _session(acting, stack, acting.rules.accounts[0])
    tasks = await someone.search(include=("dossier_code",))
    ours = [task for task in tasks if task.variables.get("dossier_code") in acting.names]

    async def work_on(task: Task) -> int:
        async with acting.hands:
            return await _do(acting, stack, task)

    return sum(await asyncio.gather(*map(work_on, ours)))


async def _do(acting: Play, stack: AsyncExitStack, task: Task) -> int:
    answer = ANSWERS.get(task.element_id)
    account = _who_may(acting.rules, task)
    if answer is None or account is None:
        return 0
    tasklist = await _session(acting, stack, account)
    code = task.variables["dossier_code"]
    dossier = await acting.services.registry.latest.dossier(code)
    if dossier is None:
        return 0
    try:
        answers = answer(acting.rules.procedure_of(dossier), await tasklist.variables(task.id))
        if task.assignee is None:
            await tasklist.claim(task.id)
        await tasklist.complete(task.id, answers)
    except (KeyError, RequestFailed) as error:
        # Tasklist shows a task before its variables, and for a moment after it was cancelled: look again.
        acting.trouble = f"{task.name}: {error}"
        return 0
    acting.progress.phase(f"{code}  {account.name}: {task.name}")
    return 1


async def _session(acting: Play, stack: AsyncExitStack, account: Account) -> Tasklist:
    async with acting.door:
        if account.user not in acting.sessions:
            session = await stack.enter_async_context(acting.station.stack.session(account.user))
            acting.sessions[account.user] = Tasklist(session)
        return acting.sessions[account.user]


def _who_may(rules: Rulebook, task: Task) -> Account | None:
    """Choose who does a task: its assignee, else somebody of the unit in the role the diagram names."""
    if task.assignee:
        return next((account for account in rules.accounts if account.user == task.assignee), None)
    role = next((step.role for step in rules.steps.values() if step.element_id == task.element_id), None)
    units = {group.partition(":")[0] for group in task.candidate_groups}
    colleagues = [account for account in rules.accounts if account.unit in units]
    return next((account for account in colleagues if account.role == role), colleagues[0] if colleagues else None)


async def _act_as_applicants(acting: Play) -> None:
    for code, name in acting.names.items():
        dossier = await acting.services.registry.latest.dossier(code)
        if dossier is None or code in acting.asked:
            continue
        if dossier.state is DossierState.RETURNED:
            acting.asked.add(code)
            await intake.rate(acting.services, code, RATING)
            acting.progress.phase(f"{code}  Người nộp: đánh giá {RATING}/5")
        if name == WITHDRAWN and dossier.state is DossierState.ACCEPTED:
            acting.asked.add(code)
            await intake.withdraw(acting.services, code, "Không còn nhu cầu (ví dụ)")
            acting.progress.phase(f"{code}  Người nộp: rút hồ sơ")


def _receive(_procedure: Procedure, variables: dict[str, Any]) -> dict[str, Any]:
    return {"reception_decision": "supplement" if variables.get("missing") else "accept"}


def _supplement(procedure: Procedure, variables: dict[str, Any]) -> dict[str, Any]:
    missing = {row["name"] for row in variables.get("supplement_list") or []}
    wanted = [item for item in procedure.composition if item.name in missing]
    return {"supplement_papers": [{"composition": item.code, "original": item.form.value} for item in wanted]}


def _appraise(procedure: Procedure, variables: dict[str, Any]) -> dict[str, Any]:
    if procedure.opinions and not variables.get("opinions"):
        return {"appraisal_decision": "opinions", "opinion_units": list(procedure.opinions.units)}
    return {
        "appraisal_decision": "approve",
        "appraisal_summary": "Hồ sơ đủ thành phần, đáp ứng điều kiện theo quy định (ví dụ).",
    }


def _dispose(_procedure: Procedure, variables: dict[str, Any]) -> dict[str, Any]:
    done = {"disposition": "accepted", "explanation": "Tiếp thu vào dự thảo (ví dụ)"}
    return {"opinions": [{**row, **done} for row in variables["opinions"]]}


def _constant(**answers: Any) -> Answer:
    return lambda _procedure, _variables: answers


def _first_option(variable: str) -> Answer:
    return lambda _procedure, variables: {variable: variables["officer_options"][0]["value"]}


ANSWERS: dict[str, Answer] = {
    "Task_ReceiveDossier": _receive,
    "Task_ReceiveSupplement": _supplement,
    "Task_AssignOfficer": _first_option("officer"),
    "Task_AppraiseDossier": _appraise,
    "Task_SignResult": _constant(signature_decision="sign"),
    "Task_ReplyOpinion": _constant(
        opinion_answer="agree_with_comments", opinion_content="Bổ sung căn cứ pháp lý (ví dụ)"
    ),
    "Task_ConfirmDispositions": _dispose,
    "Task_DecideOnSilence": _constant(silence_decision="proceed", silence_note="Tiếp tục theo quy chế (ví dụ)"),
    "Task_AssignSpecialist": _first_option("specialist"),
    "Task_AppraisePackage": _constant(package_decision="present", package_opinion="Đủ điều kiện trình (ví dụ)"),
    "Task_ReviewPresentation": _constant(review_decision="approve"),
    "Task_DecideDossier": _constant(leader_decision="sign"),
    "Task_HoldMeeting": _constant(meeting_conclusion="Thống nhất trình ký (ví dụ)"),
    "Task_HandOverResult": _constant(handover_method="in_person"),
    "Task_ConfirmReceipt": _constant(receipt_confirmed=True),
    "Task_ProposeExtension": _constant(extension_decision="on_time"),
}
