"""A server that sends a connection away: what passes by itself is an outage, what somebody has to mend is not."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from workers.errors import Outage
from workers.registry.engines import parse_url
from workers.registry.server_store import ServerStore


@pytest.fixture
async def store():
    opened = ServerStore(parse_url("postgresql://nobody@127.0.0.1:1/nothing"))
    yield opened
    await opened.close()


@pytest.fixture
def answers(monkeypatch):
    """Have the server answer a new connection with an error."""

    def answer(severity, state, message):
        error = asyncpg.PostgresError.new({"S": severity, "V": severity, "C": state, "M": message})

        async def connect(*_, **__):
            raise error

        monkeypatch.setattr(asyncpg, "connect", connect)

    return answer


@pytest.mark.parametrize(
    ("severity", "state", "message"),
    [
        ("FATAL", "53300", "sorry, too many clients already"),
        ("FATAL", "57P03", "the database system is starting up"),
        ("FATAL", "XX000", "could not write init file"),  # its disk is full
        ("PANIC", "XX000", "could not locate a valid checkpoint record"),
        ("ERROR", "53100", "could not extend file"),
    ],
)
async def test_what_passes_by_itself_is_an_outage(store, answers, severity, state, message):
    answers(severity, state, message)
    for attempt in (store.begin, store.snapshot):
        with pytest.raises(Outage):
            await attempt()


@pytest.mark.parametrize(
    ("severity", "state"), [("FATAL", "28P01"), ("FATAL", "3D000"), ("FATAL", "42501"), ("ERROR", "XX000")]
)
async def test_what_somebody_has_to_mend_is_none(store, answers, severity, state):
    answers(severity, state, "no")
    with pytest.raises(DBAPIError):
        await store.begin()
