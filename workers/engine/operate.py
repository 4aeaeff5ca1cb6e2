"""See and do what an operator sees and does in Operate, over its own API, logged in.

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
    from collections.abc import Mapping

    from workers.engine.webapps import WebappsSession

_PAGE = 200
_CUT_AT = 8191  # characters after which Operate cuts a value without saying so
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Instance:
    """Describe a process instance; `state` is ACTIVE, COMPLETED or CANCELED."""

    key: int
    process_id: str
    version: int
    state: str
    incident: bool
    parent_key: int | None
    started: str
    ended: str | None


@dataclass(frozen=True)
class FlowNode:
    """Describe one execution of an element; `state` is ACTIVE, COMPLETED or TERMINATED."""

    key: int
    element_id: str
    name: str
    kind: str
    state: str
    incident: bool
    started: str
    ended: str | None


@dataclass(frozen=True)
class Incident:
    """Describe an incident; the engine knows it by `key`."""

    key: int
    process_instance_key: int
    kind: str
    message: str
    state: str
    created: str


class Operate:
    """Act as one operator."""

    def __init__(self, session: WebappsSession) -> None:
        self._session = session

    async def instances(self, process_id: str | None = None, state: str | None = None) -> list[Instance]:
        """List process instances."""
        rows = await self._search("process-instances", bpmnProcessId=process_id, state=state)
        return [_instance(row) for row in rows]

    async def instance(self, key: int) -> Instance | None:
        """Find one process instance; None if it is not imported yet."""
        rows = await self._search("process-instances", key=key)
        return _instance(rows[0]) if rows else None

    async def children(self, key: int) -> list[Instance]:
        """List the instances that call activities of an instance started."""
        return [_instance(row) for row in await self._search("process-instances", parentKey=key)]

    async def flow_nodes(self, process_instance_key: int) -> list[FlowNode]:
        """List what was executed, in the order of its start."""
        rows = await self._search("flownode-instances", processInstanceKey=process_instance_key)
        return sorted((_flow_node(row) for row in rows), key=lambda node: (node.started, node.key))

    async def variables(self, process_instance_key: int) -> dict[str, Any]:
        """Read the variables of the instance's own scope, in full."""
        rows = await self._search("variables", processInstanceKey=process_instance_key, scopeKey=process_instance_key)
        return {row["name"]: json.loads(await self._full_value(row)) for row in rows}

    async def incidents(self, process_instance_key: int | None = None) -> list[Incident]:
        """List open incidents; a fresh one appears when Operate can act on it (2–4 s), not while it is PENDING."""
        rows = await self._search("incidents", processInstanceKey=process_instance_key, state="ACTIVE")
        return [_incident(row) for row in rows]

    async def cancel(self, process_instance_key: int) -> None:
        """Ask Operate to cancel an instance, as its button does.

        Raises:
            RequestFailed: this person may not, or there is no such instance.

        """
        await self._operation(process_instance_key, {"operationType": "CANCEL_PROCESS_INSTANCE"})

    async def resolve(self, incident: Incident) -> None:
        """Ask Operate to retry after an incident, as its button does.

        Raises:
            RequestFailed: this person may not, or there is no such incident.

        """
        body = {"operationType": "RESOLVE_INCIDENT", "incidentId": str(incident.key)}
        await self._operation(incident.process_instance_key, body)

    async def wait_for_state(self, process_instance_key: int, state: str, patience: float = 60.0) -> Instance:
        """Wait until an instance is in a state.

        Raises:
            WaitedTooLong: it is not within `patience` seconds.

        """
        deadline = time.monotonic() + patience
        while True:
            instance = await self.instance(process_instance_key)
            if instance is not None and instance.state == state:
                return instance
            if time.monotonic() > deadline:
                seen = instance.state if instance else "chưa thấy"
                raise WaitedTooLong(f"quy trình {process_instance_key} chưa {state} (hiện: {seen})", patience)
            await asyncio.sleep(_POLL_SECONDS)

    async def wait_for_element(self, process_instance_key: int, element_id: str, patience: float = 60.0) -> FlowNode:
        """Wait until an element of an instance was entered.

        Raises:
            WaitedTooLong: it is not within `patience` seconds.

        """
        deadline = time.monotonic() + patience
        while True:
            for node in await self.flow_nodes(process_instance_key):
                if node.element_id == element_id:
                    return node
            if time.monotonic() > deadline:
                raise WaitedTooLong(f"quy trình {process_instance_key} chưa tới {element_id}", patience)
            await asyncio.sleep(_POLL_SECONDS)

    async def _search(self, kind: str, **filters: object) -> list[dict[str, Any]]:
        query: dict[str, Any] = {
            "filter": {name: value for name, value in filters.items() if value is not None},
            "size": _PAGE,
            "sort": [{"field": "key", "order": "ASC"}],
        }
        found: list[dict[str, Any]] = []
        while True:
            page = await self._session.call("tìm trong Operate", "POST", f"/v1/{kind}/search", query)
            found += page["items"]
            if len(page["items"]) < _PAGE:
                return found
            query["searchAfter"] = page["sortValues"]

    async def _operation(self, process_instance_key: int, body: Mapping[str, str]) -> None:
        path = f"/api/process-instances/{process_instance_key}/operation"
        await self._session.call("thao tác trong Operate", "POST", path, body)

    async def _full_value(self, row: Mapping[str, Any]) -> str:
        value = str(row["value"])
        if len(value) < _CUT_AT:
            return value
        # Operate's page asks this way; GET /v1/variables/{key} answers 500 beside Tasklist in one JVM.
        path = f"/api/process-instances/{row['processInstanceKey']}/variables/{row['scopeKey']}-{row['name']}"
        full = await self._session.call("xem biến", "GET", path)
        return str(full["value"])


def _instance(row: Mapping[str, Any]) -> Instance:
    return Instance(
        key=row["key"],
        process_id=row["bpmnProcessId"],
        version=row["processVersion"],
        state=row["state"],
        incident=row["incident"],
        parent_key=row.get("parentKey"),
        started=row["startDate"],
        ended=row.get("endDate"),
    )


def _flow_node(row: Mapping[str, Any]) -> FlowNode:
    return FlowNode(
        key=row["key"],
        element_id=row["flowNodeId"],
        name=row.get("flowNodeName") or row["flowNodeId"],
        kind=row["type"],
        state=row["state"],
        incident=row["incident"],
        started=row["startDate"],
        ended=row.get("endDate"),
    )


def _incident(row: Mapping[str, Any]) -> Incident:
    return Incident(
        key=row["key"],
        process_instance_key=row["processInstanceKey"],
        kind=row["type"],
        message=row.get("message") or "",
        state=row["state"],
        created=row["creationTime"],
    )
