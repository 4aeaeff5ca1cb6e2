"""The API against its own description: schemathesis asks what it allows, and what it does not."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.unit.office import HOME, open_office
from workers.documents.inspection import Inspector
from workers.documents.policy import load_policy
from workers.portal import site
from workers.portal.api import access
from workers.portal.api.keys import new_key
from workers.portal.api.site import api_app
from workers.records import ApiScope
from workers.registry.exchange import Exchange
from workers.workplace import StoredFiles

EXAMPLES = 15
# The rules of the domain refuse much that has the right form: a procedure nobody offers, a cursor of no page.
RULES = [positive_data_acceptance]


class Town:
    """A portal on a port of this machine, in a thread with an event loop of its own."""

    def __init__(self, parts, folder):
        self._parts, self._folder = parts, folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()))
        self.key = self.code = self.url = ""
        self.server = None

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self._thread.join(30)

    async def _live(self):
        office = await open_office(self._parts, self._folder, real_press=False)
        policy = load_policy(HOME / "config" / "documents.yaml")
        async with Inspector(1) as inspector:
            files = StoredFiles(office.looker.store, inspector, policy, office.looker.intake)
            services = replace(office.services, files=files)
            self.code = await office.registered()
            now = office.clock.now
            self.key, row = new_key("Cổng ví dụ", list(ApiScope), 100_000, now, now + timedelta(days=1))
            await Exchange(office.registry).add_key(row)
            config = HOME / "config"
            app = site.portal_app(services, self._folder / "portal", "a key for tests", config, _nobody)
            self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none"))
            serving = asyncio.create_task(self.server.serve())
            while not self.server.started:  # noqa: ASYNC110 - uvicorn tells by a field
                await asyncio.sleep(0.01)
            port = self.server.servers[0].sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{port}/api/v1"
            self._ready.set()
            await serving
        await office.registry.close()


async def _nobody(user, password):
    return False


@pytest.fixture(scope="module")
def town(parts, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # What is refused for its frequency says nothing of the description.
        patch.setattr(access, "WITHOUT_A_KEY", 100_000)
        patch.setattr(site, "WRONG_SECRETS", 100_000)
        with Town(parts, tmp_path_factory.mktemp("town")) as opened:
            yield opened


api = schemathesis.openapi.from_dict(api_app().openapi())


@api.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_description_names(case, town):
    if "code" in (case.path_parameters or {}) and len(case.path_parameters["code"]) % 2:
        case.path_parameters["code"] = town.code
    # A request that leaves the key out on purpose stays without one.
    headers = {"Authorization": f"Bearer {town.key}"} if "Authorization" in (case.headers or {}) else {}
    case.call_and_validate(base_url=town.url, headers=headers, excluded_checks=RULES)
