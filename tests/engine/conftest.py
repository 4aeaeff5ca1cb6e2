"""Give the engine ring one real Camunda: its own data directory and ports, quick export, movable clock."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.databases import registry_address
from tests.engine.city import City, open_city
from tests.engine.session import begun_city, session_stack  # noqa: F401 - the fixture `city`
from workers.engine.operate import Operate
from workers.engine.tasklist import Tasklist
from workers.engine.users import StaffAccount
from workers.engine.zeebe_rest import EngineClock, ZeebeRest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from workers.engine.stack import Stack

PORT_OFFSET = 40


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run one engine for the whole session."""
    with session_stack(request, tmp_path_factory, PORT_OFFSET) as engine:
        yield engine


@pytest.fixture
async def zeebe(stack: Stack) -> AsyncIterator[ZeebeRest]:
    """Open the engine's REST API."""
    async with stack.zeebe() as client:
        yield client


@pytest.fixture
async def clock(zeebe: ZeebeRest) -> AsyncIterator[EngineClock]:
    """Move the engine's time; after the test it is the machine's again."""
    engine_clock = EngineClock(zeebe)
    yield engine_clock
    await engine_clock.reset()


@pytest.fixture
async def tasklist_login(stack: Stack) -> AsyncIterator[Callable[[str], Awaitable[Tasklist]]]:
    """Log in to Tasklist as a staff member, whose account is made if there is none."""
    async with AsyncExitStack() as open_sessions:

        async def login(user_id: str) -> Tasklist:
            known = {login.user_id for login in stack.logins()}
            if user_id not in known:
                await asyncio.to_thread(stack.ensure_users, [StaffAccount(user_id, user_id)])
            return Tasklist(await open_sessions.enter_async_context(stack.session(user_id)))

        yield login


@pytest.fixture
async def operate(stack: Stack) -> AsyncIterator[Operate]:
    """Log in to Operate as its administrator."""
    async with stack.session("admin") as session:
        yield Operate(session)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def working_city(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """Run workers and a mail server over the engine for all stories."""
    with registry_address() as database_url:
        async with open_city(stack, tmp_path_factory.mktemp("city"), database_url) as city:
            yield city
