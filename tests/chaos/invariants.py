"""State what must hold after all faults are over, over what the outside world saw."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import select

from tests.chaos.engine_log import RUNNING
from tests.chaos.operator import unexplained
from tests.engine.faults.soundness import broken_timelines, wrong_letters, wrong_numbers
from workers.records import IN_PROGRESS, DossierState
from workers.registry import tables as t

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.chaos.engine_log import EngineLog
    from tests.chaos.people import Public
    from tests.chaos.stage import Stage
    from workers.workplace import Services

ONCE_A_DOSSIER = (
    "dossier_received",
    "dossier_refused",
    "dossier_stopped",
    "dossier_withdrawn",
    "result_ready",
    "result_feedback",
)
NEEDS_NO_EFFECT = frozenset(
    {"opinion.close_round", "opinion.compile", "extension.grant", "extension.assess", "escalation.remind"}
)
"""Job types that write nothing in some of their outcomes."""
AFTERWARDS = frozenset({DossierState.RESOLVED, DossierState.RETURNED})
"""Has its result; the engine may still wait for hand-over, rating and confirmation."""


async def violations(stage: Stage, services: Services, log: EngineLog, public: Public) -> list[str]:
    """List whatever does not hold."""
    checks = (
        unregistered(services, public),
        held_by_nobody(services, log),
        engine_disagrees(services, log),
        tasks_disagree(services, log),
        effects_disagree(services, log),
        wrong_numbers(services),
        wrong_letters(stage.town, services),
        letters_twice_by_meaning(stage, services),
        messages_lost(services),
        broken_timelines(services),
        unexplained_incidents(log),
    )
    return [violation for check in checks async for violation in check]


async def unregistered(services: Services, public: Public) -> AsyncIterator[str]:
    """Every submission that an applicant was told is taken has exactly one dossier."""
    taken = Counter(
        row["submission_id"] for row in await services.registry.latest.rows(select(t.dossiers.c.submission_id))
    )
    for submission, name in public.submissions.items():
        if taken[submission] != 1:
            yield f"submission {submission} ({name}) has {taken[submission]} dossiers"


async def held_by_nobody(services: Services, log: EngineLog) -> AsyncIterator[str]:
    """Every dossier is finished, or a person holds it, with a group or name to whom the task is shown."""
    tasks = await log.open_tasks()
    for row in await services.registry.latest.rows(select(t.dossiers.c.code, t.dossiers.c.state)):
        held = await services.registry.latest.open_steps(row["code"])
        if row["state"] in IN_PROGRESS and not held:
            yield f"{row['code']} is {row['state']} and nobody holds it"
        for step in held:
            task = tasks.get(step.step_id)
            if task and step.unit not in {group.partition(":")[0] for group in task["candidateGroupsList"]}:
                yield f"{row['code']}: {step.element_id} is held by {step.unit}, shown to {task['candidateGroupsList']}"
            if task and (task["assignee"] or None) != step.person:
                yield f"{row['code']}: {step.element_id} is held by {step.person}, assigned to {task['assignee']}"


async def engine_disagrees(services: Services, log: EngineLog) -> AsyncIterator[str]:
    """A dossier runs in the engine as long as it is open in the registry, and no longer."""
    instances = await log.instances("dossier_resolution")
    columns = (t.dossiers.c.code, t.dossiers.c.state, t.dossiers.c.process_instance_key)
    rows = await services.registry.latest.rows(select(*columns))
    for row in rows:
        in_engine = instances.get(row["process_instance_key"])
        state = DossierState(row["state"])
        if (in_engine == RUNNING) != (state in IN_PROGRESS) and not (in_engine == RUNNING and state in AFTERWARDS):
            yield f"{row['code']} is {state} in the registry and {in_engine} in the engine"
    for key in {key for key, state in instances.items() if state == RUNNING} - {
        row["process_instance_key"] for row in rows
    }:
        yield f"instance {key} runs and has no dossier"


async def tasks_disagree(services: Services, log: EngineLog) -> AsyncIterator[str]:
    """What waits for a person in the engine is what the registry says is held."""
    tasks = await log.open_tasks()
    open_steps = select(t.steps.c.step_id, t.steps.c.dossier_code, t.steps.c.element_id).where(
        t.steps.c.closed_at.is_(None)
    )
    held = {row["step_id"]: row for row in await services.registry.latest.rows(open_steps)}
    for key in tasks.keys() - held.keys():
        yield f"task {tasks[key]['elementId']} {key} waits and the registry does not know it"
    for key in held.keys() - tasks.keys():
        yield f"{held[key]['dossier_code']}: {held[key]['element_id']} {key} is held and no task waits"


async def effects_disagree(services: Services, log: EngineLog) -> AsyncIterator[str]:
    """Each completed job had its effect; each effect has its result and its job was completed or called off."""
    effects = await services.registry.latest.rows(
        select(t.effects.c.element_instance_key, t.effects.c.job_type, t.effects.c.result)
    )
    kept = {(row["element_instance_key"], row["job_type"]): row["result"] for row in effects}
    jobs = await log.jobs()
    for (key, job_type), result in kept.items():
        if result is None or jobs.get((key, job_type)) not in {"COMPLETED", "CANCELED", "ERROR_THROWN"}:
            yield f"effect {job_type} {key} has result {result}, its job is {jobs.get((key, job_type))}"
    for (key, job_type), intent in jobs.items():
        if intent == "COMPLETED" and (key, job_type) not in kept and job_type not in NEEDS_NO_EFFECT:
            yield f"job {job_type} of {key} is completed and had no effect"


async def letters_twice_by_meaning(stage: Stage, services: Services) -> AsyncIterator[str]:
    """What is said once of a dossier came at most once to each person."""
    o = t.outbox.c
    rows = await services.registry.latest.rows(
        select(o.message_id, o.dossier_code, o.event, o.recipient).where(o.event.in_(ONCE_A_DOSSIER))
    )
    meaning = {row["message_id"]: (row["dossier_code"], row["event"], row["recipient"]) for row in rows}
    came = Counter(meaning.get(name.strip("<>").rpartition("@")[0]) for name in stage.town.post.letters())
    for what, count in came.items():
        if what is not None and count > 1:
            yield f"{what[0]}: letter {what[1]} came {count} times"


async def messages_lost(services: Services) -> AsyncIterator[str]:
    """Every message to the engine was handed over."""
    rows = await services.registry.latest.rows(
        select(t.outbox.c.event, t.outbox.c.dossier_code, t.outbox.c.state).where(
            t.outbox.c.channel == "engine", t.outbox.c.state != "sent"
        )
    )
    for row in rows:
        yield f"message {row['event']} of {row['dossier_code']} is {row['state']}"


async def unexplained_incidents(log: EngineLog) -> AsyncIterator[str]:
    """Every incident there ever was said what to do; none is left that a retry would have mended."""
    for incident in await log.all_incidents():
        if fault := unexplained(incident):
            yield fault
    for incident in (await log.incidents()).values():
        if not incident["errorMessage"].endswith("[PH-001]"):
            yield f"still stuck at {incident['elementId']}: {incident['errorMessage'][:200]}"
