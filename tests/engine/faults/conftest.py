"""Give the tests of faults a town of their own: engine, workers and mail apart from those of the other tests."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tests.engine.faults.town import PostOffice, Town, Workers, copy_rules
from workers.engine.stack import Stack, StackSettings
from workers.registry.schema import migrate
from workers.settings import load_settings
from workers.station import deploy

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT_OFFSET = 60
SMTP_PORT, METRICS_PORT = 1025 + PORT_OFFSET, 9464 + PORT_OFFSET


@pytest.fixture(scope="module")
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run a town for the tests of a module; its data is kept if a test failed."""
    place = tmp_path_factory.mktemp("town")
    home = place / "home"
    home.mkdir()
    copy_rules(home)
    variables = {
        "DIEUPHOI_HOME": str(home),
        "DIEUPHOI_DATA_DIR": str(place / "data"),
        "DIEUPHOI_ENGINE_PORT_OFFSET": str(PORT_OFFSET),
        "DIEUPHOI_SMTP_PORT": str(SMTP_PORT),
        "DIEUPHOI_METRICS_PORT": str(METRICS_PORT),
        "DIEUPHOI_LOG_FORMAT": "json",
        "DIEUPHOI_LOG_LEVEL": "debug",
    }
    settings = load_settings(
        home=home,
        data_dir=place / "data",
        engine_port_offset=PORT_OFFSET,
        smtp_port=SMTP_PORT,
        metrics_port=METRICS_PORT,
    )
    settings.data.mkdir()
    stack = Stack(StackSettings(settings.data / "engine", port_offset=PORT_OFFSET, quick_export=True))
    post = PostOffice(settings.data / "mail", SMTP_PORT)
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **variables}
    workers = Workers(settings, environment, place / "workers.log")
    try:
        stack.up()
        asyncio.run(migrate(settings.database))
        asyncio.run(deploy(settings))
        post.open()
        workers.start()
        asyncio.run(workers.wait_ready())
        yield Town(settings, stack, workers, post)
    finally:
        workers.close()
        post.close()
        if request.session.testsfailed:
            stack.down()
        else:
            stack.wipe()
