"""Play the operator: read each incident, hold its message against the runbook, let it be tried again."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2

from tests.engine.faults.town import PROJECT

if TYPE_CHECKING:
    from tests.chaos.engine_log import Record

CODE = re.compile(r"\[([A-Z]{2}-\d{3})\]$")
RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text("utf-8")
RETRIES = 3


def unexplained(incident: Record) -> str | None:
    """Say what is wrong with an incident's message; None when it says what to do and the runbook knows it."""
    message = incident["errorMessage"]
    code = CODE.search(message)
    if code and f"| {code[1]} |" in RUNBOOK:
        return None
    kind = incident["errorType"].replace("_", " ").lower()
    if code is None and f"*{kind}*" in RUNBOOK.lower():
        return None
    return f"incident {incident['errorType']} at {incident['elementId']} is not explained: {message[:200]}"


@dataclass
class Operator:
    """Retry what is stuck; `tried` counts how often each incident was met."""

    rest: str
    tried: dict[int, int] = field(default_factory=dict)

    async def retry(self, incidents: dict[int, Record]) -> None:
        """Press Retry on each."""
        async with httpx2.AsyncClient(base_url=self.rest, trust_env=False, timeout=15) as zeebe:
            for key, incident in incidents.items():
                self.tried[key] = self.tried.get(key, 0) + 1
                with suppress(httpx2.TransportError):
                    await self._resolve(zeebe, key, incident)

    async def _resolve(self, zeebe: httpx2.AsyncClient, key: int, incident: dict[str, Any]) -> None:
        if incident["jobKey"] > 0:
            await zeebe.patch(f"/v2/jobs/{incident['jobKey']}", json={"changeset": {"retries": RETRIES}})
        await zeebe.post(f"/v2/incidents/{key}/resolution", json={})
