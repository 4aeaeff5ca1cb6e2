"""Give the tests of faults a town of their own: engine, registry on PostgreSQL, workers and mail apart from others'."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.engine.faults.town import Town, open_town
from tests.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT_OFFSET = 60


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Run the server of the town's registry."""
    with PostgresServer() as running:
        yield running


@pytest.fixture(scope="module")
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: PostgresServer
) -> Iterator[Town]:
    """Run a town for the tests of a module; its data is kept if a test failed."""
    place, address = tmp_path_factory.mktemp("town"), server.fresh_database()
    with open_town(place, PORT_OFFSET, lambda: bool(request.session.testsfailed), address) as town:
        town.workers.start()
        asyncio.run(town.workers.wait_ready())
        yield town
