"""Do what staff do in Tasklist, over Tasklist's own API, logged in as one of them.

The V1 API is gone in Camunda 8.10, so only the demo and the tests use this.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.engine.errors import WaitedTooLong

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.engine.webapps import WebappsSession

_PAGE = 50
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Task:
    """Describe a task as Tasklist knows it; times are ISO strings as answered, `variables` only those asked for."""

    id: str
    name: str
    element_id: str
    process_name: str
    process_instance_key: int
    process_definition_key: int
    state: str
    assignee: str | None
    candidate_groups: tuple[str, ...]
    created: str
    completed: str | None
    due: str | None
    form_id: str | None
    form_version: int | None
    priority: int
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class StartableProcess:
    """Describe a process of Tasklist's Processes page."""

    process_id: str
    name: str
    version: int
    definition_key: int
    start_form_id: str | None


class Tasklist:
    """Act as one person in Tasklist, over that person's session."""

    def __init__(self, session: WebappsSession) -> None:
        self._session = session

    @property
    def user_id(self) -> str:
        """Name the person."""
        return self._session.user_id

    async def search(
        self,
        *,
        candidate_group: str | None = None,
        assignee: str | None = None,
        assigned: bool | None = None,
        process_instance_key: int | None = None,
        element_id: str | None = None,
        state: str | None = "CREATED",
        variables: Mapping[str, object] | None = None,
        include: Sequence[str] = (),
    ) -> list[Task]:
        """Find tasks, oldest first: open ones unless `state` says COMPLETED, CANCELED or None for all.

        `variables` must equal, `include` names variables to bring along.
        """
        query: dict[str, Any] = {
            "candidateGroup": candidate_group,
            "assignee": assignee,
            "assigned": assigned,
            "processInstanceKey": None if process_instance_key is None else str(process_instance_key),
            "taskDefinitionId": element_id,
            "state": state,
            "taskVariables": [
                {"name": name, "operator": "eq", "value": _encode(value)} for name, value in (variables or {}).items()
            ],
            "includeVariables": [{"name": name, "alwaysReturnFullValue": True} for name in include],
            "sort": [{"field": "creationTime", "order": "ASC"}],
            "pageSize": _PAGE,
        }
        query = {key: value for key, value in query.items() if value not in (None, [])}
        found: list[Task] = []
        while True:
            page = await self._session.call("tìm công việc", "POST", "/v1/tasks/search", query)
            found += [_task(row) for row in page]
            if len(page) < _PAGE:
                return found
            query["searchAfter"] = page[-1]["sortValues"]

    async def wait_for_tasks(self, count: int = 1, *, patience: float = 60.0, **filters: Any) -> list[Task]:
        """Search until at least `count` tasks are there.

        Raises:
            WaitedTooLong: they are not within `patience` seconds.

        """
        deadline = time.monotonic() + patience
        while True:
            tasks = await self.search(**filters)
            if len(tasks) >= count:
                return tasks
            if time.monotonic() > deadline:
                shown = ", ".join(f"{key}={value}" for key, value in filters.items())
                raise WaitedTooLong(f"Tasklist mới có {len(tasks)}/{count} công việc ({shown})", patience)
            await asyncio.sleep(_POLL_SECONDS)

    async def task(self, task_id: str) -> Task:
        """Read one task.

        Raises:
            RequestFailed: there is none, or it is not imported yet.

        """
        return _task(await self._session.call("xem công việc", "GET", f"/v1/tasks/{task_id}"))

    async def variables(self, task_id: str) -> dict[str, Any]:
        """Read every variable that the task's form sees, in full."""
        path = f"/v1/tasks/{task_id}/variables/search"
        rows = await self._session.call("xem biến", "POST", path, {})
        # GET /v1/variables/{id} would be the way, but beside Operate in one JVM it answers 500 (ambiguous mapping).
        cut = [row["name"] for row in rows if row["isValueTruncated"]]
        if cut:
            body = {"includeVariables": [{"name": name, "alwaysReturnFullValue": True} for name in cut]}
            rows = [
                *(row for row in rows if not row["isValueTruncated"]),
                *await self._session.call("xem biến", "POST", path, body),
            ]
        return {row["name"]: json.loads(row["value"]) for row in rows}

    async def form(self, task: Task) -> dict[str, Any] | None:
        """Read the schema of the task's form; None if it has none (or was imported before its form)."""
        if task.form_id is None:
            return None
        params = {"processDefinitionKey": str(task.process_definition_key)}
        if task.form_version is not None:
            params["version"] = str(task.form_version)
        answer = await self._session.call("xem biểu mẫu", "GET", f"/v1/forms/{task.form_id}", params=params)
        schema: dict[str, Any] = json.loads(answer["schema"])
        return schema

    async def claim(self, task_id: str) -> Task:
        """Take the task; it must be nobody's yet.

        Raises:
            RequestFailed: it is somebody's, or done.

        """
        return _task(await self._session.call("nhận công việc", "PATCH", f"/v1/tasks/{task_id}/assign", {}))

    async def unclaim(self, task_id: str) -> Task:
        """Give the task back."""
        return _task(await self._session.call("trả lại công việc", "PATCH", f"/v1/tasks/{task_id}/unassign", {}))

    async def complete(self, task_id: str, variables: Mapping[str, object] | None = None) -> Task:
        """Complete one's own task with the form's values.

        Raises:
            RequestFailed: it is not assigned to this person, or done.

        """
        body = {"variables": _encode_all(variables or {})}
        return _task(await self._session.call("hoàn thành công việc", "PATCH", f"/v1/tasks/{task_id}/complete", body))

    async def claim_and_complete(self, task_id: str, variables: Mapping[str, object] | None = None) -> Task:
        """Take a task and complete it."""
        await self.claim(task_id)
        return await self.complete(task_id, variables)

    async def startable_processes(self) -> list[StartableProcess]:
        """List the processes that a start form starts."""
        params = {"isStartedByForm": "true"}
        rows = await self._session.call("xem quy trình", "GET", "/v1/internal/processes", params=params)
        return [_startable(row) for row in rows if row["startEventFormId"]]

    async def start_process(self, process_id: str, variables: Mapping[str, object]) -> int:
        """Start a process as its start form does; return the instance key.

        Raises:
            RequestFailed: Tasklist does not know the process (yet).

        """
        body = {"variables": _encode_all(variables)}
        path = f"/v1/internal/processes/{process_id}/start"
        answer = await self._session.call("khởi tạo quy trình", "PATCH", path, body)
        return int(answer["id"])

    async def wait_until_startable(self, process_id: str, patience: float = 60.0) -> StartableProcess:
        """Wait until a freshly deployed process is on the Processes page.

        Raises:
            WaitedTooLong: it is not within `patience` seconds.

        """
        deadline = time.monotonic() + patience
        while True:
            for process in await self.startable_processes():
                if process.process_id == process_id:
                    return process
            if time.monotonic() > deadline:
                raise WaitedTooLong(f"Tasklist chưa có quy trình {process_id}", patience)
            await asyncio.sleep(_POLL_SECONDS)


def _encode(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _encode_all(variables: Mapping[str, object]) -> list[dict[str, str]]:
    return [{"name": name, "value": _encode(value)} for name, value in variables.items()]


def _task(row: Mapping[str, Any]) -> Task:
    version = row.get("formVersion")
    return Task(
        id=row["id"],
        name=row["name"],
        element_id=row["taskDefinitionId"],
        process_name=row["processName"],
        process_instance_key=int(row["processInstanceKey"]),
        process_definition_key=int(row["processDefinitionKey"]),
        state=row["taskState"],
        assignee=row["assignee"],
        candidate_groups=tuple(row["candidateGroups"] or ()),
        created=row["creationDate"],
        completed=row["completionDate"],
        due=row["dueDate"],
        form_id=row["formId"],
        form_version=None if version is None else int(version),
        priority=int(row["priority"]),
        variables={item["name"]: json.loads(item["value"]) for item in row.get("variables") or ()},
    )


def _startable(row: Mapping[str, Any]) -> StartableProcess:
    return StartableProcess(
        process_id=row["bpmnProcessId"],
        name=row["name"] or row["bpmnProcessId"],
        version=int(row["version"]),
        definition_key=int(row["id"]),
        start_form_id=row["startEventFormId"],
    )
