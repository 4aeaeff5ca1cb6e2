"""Read what the engine did from its own exported records: what runs, what waits for a person, what was completed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import httpx2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.engine.stack import Stack

PAGE = 5000
RUNNING, ENDED = "running", "ended"

Record = dict[str, Any]


class EngineLog:
    """Ask OpenSearch for Zeebe's records, complete and in order."""

    def __init__(self, stack: Stack) -> None:
        self._opensearch = httpx2.AsyncClient(base_url=stack.endpoints.opensearch, trust_env=False, timeout=60)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opensearch.aclose()

    async def instances(self, process_id: str) -> dict[int, str]:
        """Tell which instances of a process run and which have ended, by key."""
        wanted = [{"term": {"value.bpmnElementType": "PROCESS"}}, {"term": {"value.bpmnProcessId": process_id}}]
        last = {one["key"]: one["intent"] for one in await self._records("process-instance", wanted)}
        over = {"ELEMENT_COMPLETED", "ELEMENT_TERMINATED"}
        return {key: ENDED if intent in over else RUNNING for key, intent in last.items()}

    async def open_tasks(self) -> dict[int, Record]:
        """List what waits for a person, by element instance."""
        last = {one["value"]["elementInstanceKey"]: one for one in await self._records("user-task", [])}
        over = {"COMPLETED", "CANCELED"}
        return {key: one["value"] for key, one in last.items() if one["intent"] not in over}

    async def incidents(self) -> dict[int, Record]:
        """List what is stuck, by incident key."""
        last = {one["key"]: one for one in await self._records("incident", [])}
        return {key: one["value"] for key, one in last.items() if one["intent"] != "RESOLVED"}

    async def all_incidents(self) -> list[Record]:
        """List whatever was ever stuck."""
        created = await self._records("incident", [{"term": {"intent": "CREATED"}}])
        return [one["value"] for one in created]

    async def jobs(self) -> dict[tuple[int, str], str]:
        """Tell how far each job is, by element instance and type: the intent of its last record."""
        done = await self._records("job", [])
        return {(one["value"]["elementInstanceKey"], one["value"]["type"]): one["intent"] for one in done}

    async def _records(self, kind: str, wanted: Iterable[Record]) -> list[Record]:
        index = f"/zeebe-record_{kind}_*"
        await self._opensearch.post(f"{index}/_refresh")
        query = {"bool": {"filter": [{"term": {"recordType": "EVENT"}}, *wanted]}}
        body: Record = {"query": query, "size": PAGE, "sort": [{"position": "asc"}]}
        found: list[Record] = []
        while True:
            answer = await self._opensearch.post(f"{index}/_search", json=body)
            # Before the first record of a kind there is no index and no sort field.
            hits = answer.json()["hits"]["hits"] if answer.is_success else []
            found += [hit["_source"] for hit in hits]
            if len(hits) < PAGE:
                return found
            body["search_after"] = hits[-1]["sort"]
