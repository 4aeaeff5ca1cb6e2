"""The engine exports what alerts and dashboards read of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.engine_metrics import ENGINE_METRICS

if TYPE_CHECKING:
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

MODELS = Path(__file__).parent / "models"


async def test_the_engine_exports_the_metrics_and_labels_that_alerts_and_dashboards_read(city: City) -> None:
    submission = await city.keeps_submission()
    await city.publish("Msg_DossierSubmitted", submission, submission_id=submission)
    await city.zeebe.deploy([MODELS / "stack_incident.bpmn"])
    stuck = await city.zeebe.create_instance("stack_incident", {"due": 5})
    address = f"{city.stack.endpoints.management}/actuator/prometheus"

    async def exported() -> bool:
        async with httpx2.AsyncClient() as client:
            text = (await client.get(address)).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        found = {sample.name: set(sample.labels) for sample in samples}
        return all(labels <= found.get(name, set()) for name, labels in ENGINE_METRICS.items())

    async def code() -> str | None:
        kept = await city.services.registry.latest.submission(submission)
        return kept.dossier_code if kept else None

    await city.known(await city.until(code, "mã hồ sơ"))
    await city.until(exported, "số liệu của Camunda")
    await city.zeebe.cancel_instance(stuck)
