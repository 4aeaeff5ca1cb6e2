"""Run one engine for a whole test session, or say in one line why there is none; begin each story over it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from workers.engine.errors import DiskFull, EngineError, NetworkUnavailable, NoWritePermission, PortTaken
from workers.engine.stack import Stack, StackSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.engine.city import City


@pytest_asyncio.fixture(name="city", loop_scope="session")
async def begun_city(working_city: City) -> AsyncIterator[City]:
    """Begin a story on a Monday at nine; what it leaves running is cancelled."""
    await working_city.begin()
    yield working_city
    await working_city.clear()


@contextmanager
def session_stack(request: pytest.FixtureRequest, made: pytest.TempPathFactory, port_offset: int) -> Iterator[Stack]:
    """Run an engine with quick export; its data is kept if a test failed.

    With a directory in TEST_ENGINE the engine there is used and left running: quick while writing tests.
    """
    kept = os.environ.get("TEST_ENGINE")
    data = Path(kept) if kept else made.mktemp("engine")
    engine = Stack(StackSettings(data, port_offset=port_offset, quick_export=True))
    try:
        engine.up()
    except EngineError as error:
        engine.down()
        _say_what_is_missing(error)
    yield engine
    if kept:
        return
    if request.session.testsfailed:
        engine.down()
    else:
        engine.wipe()


def _say_what_is_missing(error: EngineError) -> None:
    """In CI a missing engine is a failure; elsewhere the ring is left out with its reason in one line."""
    unavailable = isinstance(error, NetworkUnavailable | PortTaken | DiskFull | NoWritePermission)
    text = f"Không có bộ máy Camunda cho các kiểm thử: {error.message}"
    if unavailable and not os.environ.get("CI"):
        pytest.skip(text)
    pytest.fail(text, pytrace=False)
