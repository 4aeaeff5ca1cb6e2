"""Camunda 8.8, the release after the embedded one: the same diagrams and workers, unchanged."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.engine.clerks import clerks_at_work, copy_rules_with_tasks_as_jobs, environment
from tests.engine.faults.town import EXAMPLES, PATIENCE, PROJECT, PostOffice, Workers, copy_rules, eventually
from tests.engine.newer.memory_engine import memory_engine
from workers import intake, show
from workers.app import open_services
from workers.engine.errors import NetworkUnavailable
from workers.records import DossierState
from workers.runtime.channel import open_channel
from workers.runtime.engine_client import EngineClient
from workers.settings import load_settings
from workers.station import chapters_of, deploy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from workers.workplace import Services

PORT_OFFSET = 100
GATEWAY_PORT, METRICS_PORT = 26510 + PORT_OFFSET, 9464 + PORT_OFFSET
SMTP_PORT, TEXTS_PORT = 1025 + PORT_OFFSET, 8026 + PORT_OFFSET
WHOLE_WAY = [
    "Tiếp nhận hồ sơ",
    "Thẩm định hồ sơ",
    "Trả lời ý kiến",
    "Quyết định hồ sơ trình",
    "Xác nhận đã nhận kết quả",
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with memory_engine(tmp_path_factory.mktemp("newer") / "engine", GATEWAY_PORT) as address:
            yield address
    except NetworkUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(error.message)


async def test_it_is_the_newer_release(gateway):
    settings = load_settings(gateway_address=gateway)
    async with EngineClient(open_channel(settings, ""), gateway) as engine:
        assert (await engine.topology()).gateway_version.startswith("8.8.")


async def test_every_chapter_deploys_as_it_is(gateway):
    deployments = await deploy(load_settings(gateway_address=gateway))
    made = {one.chapter: len(one.deployed) for one in deployments}
    assert made == {chapter: len(files) for chapter, files in chapters_of(PROJECT / "bpmn").items()}


async def test_a_dossier_waits_for_its_officer_at_a_native_user_task(gateway: str, tmp_path: Path):
    async with suite(gateway, tmp_path, copy_rules) as services:
        code = await submitted(services)

        async def held() -> bool:
            return bool(await services.registry.latest.open_steps(code))

        await eventually(held)
        (step,) = await services.registry.latest.open_steps(code)
        assert step.element_id == "Task_ReceiveDossier"


async def test_a_dossier_goes_from_submission_to_confirmed_feedback(gateway: str, tmp_path: Path):
    """Over gRPC alone no native user task can be completed, so they are jobs here."""
    settings = load_settings(gateway_address=gateway)
    async with suite(gateway, tmp_path, copy_rules_with_tasks_as_jobs) as services, clerks_at_work(services, settings):
        code = await submitted(services)

        async def confirmed() -> bool:
            gone = {row.step for row in (await show.view(services, code)).rows if row.until}
            return set(WHOLE_WAY) <= gone and not await services.registry.latest.open_steps(code)

        await eventually(confirmed)
        dossier = await services.registry.latest.dossier(code)
        assert dossier.state is DossierState.RETURNED


async def submitted(services: Services) -> str:
    return await intake.wait_for_code(services, await intake.submit(services, EXAMPLES / "city-plan"), PATIENCE)


@asynccontextmanager
async def suite(gateway: str, place: Path, copy: Callable[[Path], None]) -> AsyncIterator[Services]:
    """Deploy a copy of the diagrams and run workers and mail server over it."""
    given = {
        "home": place / "home",
        "data_dir": place / "data",
        "gateway_address": gateway,
        "smtp_port": SMTP_PORT,
        "gateway_sink_port": TEXTS_PORT,
        "metrics_port": METRICS_PORT,
    }
    settings = load_settings(**given)
    settings.home.mkdir()
    copy(settings.home)
    await deploy(settings)
    post = PostOffice(settings.data / "mail", SMTP_PORT, settings.gateway_sink_port)
    workers = Workers(environment(given), place / "workers.log")
    async with open_services(settings) as services:
        post.open()
        workers.start()
        try:
            yield services
        finally:
            workers.close()
            post.close()
