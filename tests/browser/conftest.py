"""Give the browser ring a city over an engine of its own, and people who see it in Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.browser.people import People, open_chromium
from tests.engine.city import City, open_city
from tests.engine.session import begun_city, session_stack  # noqa: F401 - the fixture `city`
from workers.engine.users import StaffAccount
from workers.studio.node_tools import find_browser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser

    from workers.engine.stack import Stack

PORT_OFFSET = 80
PICTURES = Path(__file__).parents[1] / "artifacts" / "browser"


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run one engine for the whole session."""
    with session_stack(request, tmp_path_factory, PORT_OFFSET) as engine:
        yield engine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def working_city(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """Run workers and a mail server over the engine, with an account for everybody on the staff."""
    async with open_city(stack, tmp_path_factory.mktemp("city")) as city:
        stack.ensure_users([StaffAccount(account.user, account.name) for account in city.rules.accounts])
        yield city


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Run one Chromium for the whole session."""
    async with open_chromium(find_browser()) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def people(chromium: Browser, city: City, request: pytest.FixtureRequest) -> AsyncIterator[People]:
    """Let people log in; pictures of what they see are kept in a folder of the story's name."""
    pictures = PICTURES / request.node.name.removeprefix("test_")
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    open_people = People(chromium, city, pictures)
    yield open_people
    await open_people.leave()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where the pictures are."""
    terminalreporter.write_line(f"Ảnh chụp từng bước: {PICTURES}")
