"""Use the few parts of Zeebe's REST API v2 that gRPC lacks or that tests need, time travel among them."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import httpx2

from workers.engine.errors import EngineStopped, RequestFailed, WaitedTooLong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from workers.engine.layout import Endpoints

_FORMS = "tasklist-form-8.4.0_"
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Deployment:
    """Name what one deployment brought: keys by id, versions by id."""

    processes: Mapping[str, int]
    forms: Mapping[str, int]
    decisions: Mapping[str, int]
    versions: Mapping[str, int]


class ZeebeRest:
    """Speak to one stack's broker, which asks for no credentials."""

    def __init__(self, endpoints: Endpoints, timeout: float = 30.0) -> None:
        self._zeebe = httpx2.AsyncClient(base_url=endpoints.rest, timeout=timeout, trust_env=False)
        self._opensearch = httpx2.AsyncClient(base_url=endpoints.opensearch, timeout=timeout, trust_env=False)

    async def __aenter__(self) -> Self:
        """Open nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._zeebe.aclose()
        await self._opensearch.aclose()

    async def topology(self) -> dict[str, Any]:
        """Read brokers, partitions and their health."""
        answer: dict[str, Any] = await self._call("xem cụm", "GET", "/v2/topology")
        return answer

    async def deploy(self, files: Iterable[Path]) -> Deployment:
        """Deploy diagrams, decisions and forms as one unit.

        Raises:
            RequestFailed: Zeebe found a mistake in a file and says which.

        """
        resources = [("resources", (path.name, path.read_bytes())) for path in files]
        answer = await self._request("triển khai", "POST", "/v2/deployments", files=resources)
        return _deployment(answer["deployments"])

    async def wait_forms_searchable(self, form_keys: Iterable[int], patience: float = 60.0) -> None:
        """Wait until Tasklist can find freshly deployed forms; instances started earlier would lack them for ever.

        Raises:
            WaitedTooLong: they cannot be found within `patience` seconds.

        """
        wanted = sorted({str(key) for key in form_keys})
        query = {"size": 0, "track_total_hits": True, "query": {"terms": {"id": wanted}}}
        deadline = time.monotonic() + patience
        while wanted:
            answer = await self._opensearch.post(f"/{_FORMS}/_search", json=query)
            found = answer.json()["hits"]["total"]["value"] if answer.is_success else 0
            if found == len(wanted):
                return
            if time.monotonic() > deadline:
                raise WaitedTooLong(f"Tasklist mới thấy {found}/{len(wanted)} biểu mẫu", patience)
            await asyncio.sleep(_POLL_SECONDS)

    async def create_instance(self, process_id: str, variables: Mapping[str, object] | None = None) -> int:
        """Start an instance of the newest version; return its key.

        Raises:
            RequestFailed: there is no such process.

        """
        body = {"processDefinitionId": process_id, "variables": dict(variables or {})}
        answer = await self._call("khởi tạo quy trình", "POST", "/v2/process-instances", body)
        return int(answer["processInstanceKey"])

    async def cancel_instance(self, key: int) -> None:
        """Cancel an instance.

        Raises:
            RequestFailed: it does not run.

        """
        await self._call("hủy quy trình", "POST", f"/v2/process-instances/{key}/cancellation", {})

    async def publish_message(
        self,
        name: str,
        correlation_key: str,
        variables: Mapping[str, object] | None = None,
        *,
        message_id: str = "",
        time_to_live_ms: int = 0,
    ) -> None:
        """Publish a message; with a `message_id` a second one is refused while the first lives.

        Raises:
            RequestFailed: a message of that id is known.

        """
        body: dict[str, object] = {
            "name": name,
            "correlationKey": correlation_key,
            "timeToLive": time_to_live_ms,
            "variables": dict(variables or {}),
        }
        if message_id:
            body["messageId"] = message_id
        await self._call("gửi thông điệp", "POST", "/v2/messages/publication", body)

    async def update_user_task(
        self, key: int, *, due: datetime | None = None, candidate_groups: Sequence[str] | None = None
    ) -> None:
        """Change a user task's due date or groups.

        Raises:
            RequestFailed: there is no such task or it is done.

        """
        changes: dict[str, object] = {}
        if due is not None:
            changes["dueDate"] = due.isoformat()
        if candidate_groups is not None:
            changes["candidateGroups"] = list(candidate_groups)
        await self._call("sửa công việc", "PATCH", f"/v2/user-tasks/{key}", {"changeset": changes})

    async def set_variables(self, scope_key: int, variables: Mapping[str, object], *, local: bool = False) -> None:
        """Set variables of an instance or one of its elements.

        Raises:
            RequestFailed: there is no such scope.

        """
        path = f"/v2/element-instances/{scope_key}/variables"
        await self._call("sửa biến", "PUT", path, {"variables": dict(variables), "local": local})

    async def resolve_incident(self, key: int) -> None:
        """Tell the engine to try again.

        Raises:
            RequestFailed: there is no such incident.

        """
        await self._call("gỡ sự cố", "POST", f"/v2/incidents/{key}/resolution", {})

    async def pin_clock(self, moment: datetime) -> None:
        """Stop the engine's time at a moment; it stands still until it is moved or reset."""
        await self._call("đặt đồng hồ", "PUT", "/v2/clock", {"timestamp": round(moment.timestamp() * 1000)})

    async def reset_clock(self) -> None:
        """Let the engine's time run as the machine's again."""
        await self._call("đặt lại đồng hồ", "POST", "/v2/clock/reset", {})

    async def _call(self, action: str, method: str, path: str, body: object | None = None) -> Any:
        return await self._request(action, method, path, json=body)

    async def _request(self, action: str, method: str, path: str, **content: Any) -> Any:
        try:
            answer = await self._zeebe.request(method, path, **content)
        except httpx2.TransportError as error:
            raise EngineStopped from error
        if answer.is_error:
            raise RequestFailed(action, answer.status_code, _detail(answer))
        return answer.json() if answer.content else None


class EngineClock:
    """Move the engine's time for tests; it stands still at each place it was moved to."""

    def __init__(self, rest: ZeebeRest) -> None:
        self._rest = rest
        self._pinned: datetime | None = None

    def now(self) -> datetime:
        """Tell the engine's time."""
        return self._pinned or datetime.now(UTC)

    async def advance(self, duration: timedelta) -> datetime:
        """Move on by a duration; return the new time. Due timers fire within seconds."""
        return await self.advance_to(self.now() + duration)

    async def advance_to(self, moment: datetime) -> datetime:
        """Move to a moment (with offset); return it."""
        await self._rest.pin_clock(moment)
        self._pinned = moment
        return moment

    async def reset(self) -> None:
        """Return to the machine's time."""
        if self._pinned is not None:
            await self._rest.reset_clock()
            self._pinned = None


def _deployment(rows: Sequence[Mapping[str, Any]]) -> Deployment:
    processes: dict[str, int] = {}
    forms: dict[str, int] = {}
    decisions: dict[str, int] = {}
    versions: dict[str, int] = {}
    for row in rows:
        if process := row.get("processDefinition"):
            processes[process["processDefinitionId"]] = int(process["processDefinitionKey"])
            versions[process["processDefinitionId"]] = process["processDefinitionVersion"]
        elif form := row.get("form"):
            forms[form["formId"]] = int(form["formKey"])
            versions[form["formId"]] = form["version"]
        elif decision := row.get("decisionDefinition"):
            decisions[decision["decisionDefinitionId"]] = int(decision["decisionDefinitionKey"])
            versions[decision["decisionDefinitionId"]] = decision["version"]
    return Deployment(processes, forms, decisions, versions)


def _detail(answer: httpx2.Response) -> str:
    """Take the sentence out of Zeebe's problem report."""
    try:
        return str(answer.json().get("detail", answer.text))
    except json.JSONDecodeError:
        return answer.text
