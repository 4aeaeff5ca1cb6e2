"""Give a portal over a real registry, store and document checks, and a browser without JavaScript."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx2 as httpx
import pytest

from tests.unit.office import HOME
from tests.unit.portal.systems import System
from workers.documents.inspection import Inspector
from workers.documents.policy import load_policy
from workers.portal.api.keys import new_key
from workers.portal.site import portal_app
from workers.registry.exchange import Exchange
from workers.workplace import StoredFiles


class Forms(HTMLParser):
    """Collect the forms of a page: where each goes and what its fields hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), {}))
        elif tag == "input" and self.found and given.get("type") not in {"file", "checkbox", "radio"}:
            self.found[-1][1][given.get("name", "")] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and "selected" in given:
            self.found[-1][1][self._select] = given["value"]


class Browser:
    """Follows links and sends forms as a browser does; `page` is what is on the screen."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = ""
        self.path = ""
        self.status = 0

    async def open(self, path: str) -> str:
        return self._arrived(await self.client.get(path, follow_redirects=True))

    async def send(self, *, action: str | None = None, files: dict[str, Any] | None = None, **answers: str) -> str:
        """Fill in the form that goes to `action` (or the only one) and send it."""
        wanted = [(to, fields) for to, fields in Forms(self.page).found if action is None or to == action]
        matching = [one for one in wanted if one[1].get("composition", "") == answers.get("composition", "")] or wanted
        to, fields = matching[-1]
        sent = await self.client.post(to or self.path, data={**fields, **answers}, files=files, follow_redirects=True)
        return self._arrived(sent)

    def text(self) -> str:
        """What a person reads."""
        return " ".join(re.sub(r"<[^>]+>", " ", self.page).split())

    def _arrived(self, response: httpx.Response) -> str:
        self.status, self.page, self.path = response.status_code, response.text, response.url.path
        return self.page


@pytest.fixture
async def site(office, tmp_path):
    """The portal of an office; its document checks are the real ones."""
    policy = load_policy(HOME / "config" / "documents.yaml")
    async with Inspector(1) as inspector:
        files = StoredFiles(office.looker.store, inspector, policy, office.looker.intake)
        services = replace(office.services, files=files)
        yield portal_app(services, tmp_path / "portal", "a key for tests", HOME / "config", _knows)


async def _knows(user: str, password: str) -> bool:
    """Know everybody by the same password; the engine ring asks the real user store."""
    return password == f"password of {user}"


@pytest.fixture
async def visit(site):
    """Open a browser of its own session."""
    clients = []

    def opened() -> Browser:
        transport = httpx.ASGITransport(app=site, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090")
        clients.append(client)
        return Browser(client)

    yield opened
    for client in clients:
        await client.aclose()


@pytest.fixture
async def client(site):
    transport = httpx.ASGITransport(app=site, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090") as opened:
        yield opened


@pytest.fixture
def system(office, client):
    """Open a system with these scopes."""

    async def opened(*scopes, per_minute=1000, days=1):
        now = office.clock.now
        key, row = new_key("Cổng ví dụ", scopes, per_minute, now, now + timedelta(days=days))
        await Exchange(office.registry).add_key(row)
        return System(client, key)

    return opened


@pytest.fixture
def stranger(client):
    return System(client, None)
