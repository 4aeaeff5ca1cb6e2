"""Give the tests of faults a town of their own: engine, workers and mail apart from those of the other tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.engine.faults.town import Town, open_town

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT_OFFSET = 60


@pytest.fixture(scope="module")
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run a town for the tests of a module; its data is kept if a test failed."""
    with open_town(tmp_path_factory.mktemp("town"), PORT_OFFSET, lambda: bool(request.session.testsfailed)) as town:
        town.workers.start()
        asyncio.run(town.workers.wait_ready())
        yield town
