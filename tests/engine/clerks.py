"""Have staff work over gRPC alone: for engines whose tasks nobody can look up, as in a cluster without OpenSearch.

The diagrams are deployed with their user tasks as jobs, which is what an engine makes of a user task without
`zeebe:userTask`; all else in them stays.
"""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from pyzeebe.errors import JobAlreadyDeactivatedError, JobNotFoundError, ZeebeBackPressureError, ZeebeError
from pyzeebe.grpc_internals.zeebe_adapter import ZeebeAdapter

from tests.engine.faults.town import LOOK_AGAIN_SECONDS, Staff, copy_rules
from workers.runtime.channel import open_channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    import grpc

    from workers.settings import Settings
    from workers.workplace import Services

USER_TASK = "io.camunda.zeebe:userTask"
AT_HAND_MS = 10_000
AT_ONCE = 32
REFUSED_PAUSE = 0.02


def copy_rules_with_tasks_as_jobs(home: Path) -> None:
    """Copy config/ and bpmn/; its user tasks become jobs."""
    copy_rules(home)
    for path in (home / "bpmn").rglob("*.bpmn"):
        text, changed = re.subn(r"<zeebe:userTask />", "", path.read_text("utf-8"))
        assert changed == text.count("<bpmn:userTask ")
        path.write_text(text, "utf-8")


def environment(given: Mapping[str, object]) -> dict[str, str]:
    """Give a process the same settings as `load_settings(**given)`."""
    passed = {name: os.environ[name] for name in ("PATH", "HOME")}
    return {**passed, **{f"DIEUPHOI_{name.upper()}": str(value) for name, value in given.items()}}


class Clerks(Staff):
    """Complete user tasks that are jobs, as the people of the demo would."""

    def __init__(self, services: Services, channel: grpc.aio.Channel) -> None:
        super().__init__(services, "http://unused")
        self._engine = ZeebeAdapter(channel, max_connection_retries=-1)

    async def work(self) -> None:
        """Work until cancelled; an engine that is away is asked again."""
        while True:
            try:
                await self._work_through()
            except ZeebeError:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _work_through(self) -> None:
        request = {"timeout": AT_HAND_MS, "max_jobs_to_activate": AT_ONCE, "request_timeout": AT_HAND_MS}
        jobs = self._engine.activate_jobs(USER_TASK, worker="clerks", variables_to_fetch=["dossier_code"], **request)
        async for job in jobs:
            answers = await self._answers(job.element_id, job.element_instance_key)
            if answers is not None:
                with suppress(JobNotFoundError, JobAlreadyDeactivatedError):
                    await self._tell(job.key, answers)

    async def _tell(self, job_key: int, answers: dict[str, Any]) -> None:
        """Answer; what a busy engine refuses is told again, else the task would wait until its time is over."""
        while True:
            with suppress(ZeebeBackPressureError):
                await self._engine.complete_job(job_key, answers)
                return
            await asyncio.sleep(REFUSED_PAUSE)


@asynccontextmanager
async def clerks_at_work(services: Services, settings: Settings) -> AsyncIterator[None]:
    """Have the staff work as long as the context is open."""
    async with open_channel(settings, "") as channel, asyncio.TaskGroup() as group:
        clerks = Clerks(services, channel)
        work = group.create_task(clerks.work())
        try:
            yield
        finally:
            work.cancel()
            await clerks.close()
