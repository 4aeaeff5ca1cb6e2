"""Load once what every test of the chapters uses; each test gets a registry and a store of its own."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from ruamel.yaml import YAML

from tests.databases import CHOSEN, open_databases
from tests.unit.office import HOME, Parts, open_office, shipped_rules
from workers.channels.texts import TextCatalog
from workers.papers.press import PaperPress
from workers.yaml_files import source


class RememberingYAML(YAML):
    """Parse each text once in a test run: parsing is most of the time of loading config/."""

    _known: ClassVar[dict[str, Any]] = {}

    def compose(self, stream: str) -> Any:
        if stream not in self._known:
            self._known[stream] = super().compose(stream)
        return self._known[stream]


@pytest.fixture(scope="session", autouse=True)
def _parse_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "YAML", RememberingYAML)
        yield


@pytest.fixture(scope="session", name="shipped_rules")
def _rules():
    return shipped_rules()


def pytest_collection_modifyitems(config, items):
    """Leave out what is about the other database."""
    other = {"sqlite", "postgresql"} - {CHOSEN}
    left_out = [item for item in items if other & {mark.name for mark in item.iter_markers()}]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def databases(tmp_path_factory):
    with open_databases(tmp_path_factory.mktemp("databases")) as opened:
        yield opened


@pytest.fixture(scope="session")
def parts(shipped_rules, databases):
    return Parts(
        shipped_rules, TextCatalog(HOME / "config" / "texts"), PaperPress(HOME / "config" / "forms"), databases
    )


@pytest.fixture
async def office(parts, tmp_path):
    """An office that checks papers without setting their type."""
    opened = await open_office(parts, tmp_path, real_press=False)
    yield opened
    await opened.registry.close()


@pytest.fixture
async def printing_office(parts, tmp_path):
    """An office with the real press."""
    opened = await open_office(parts, tmp_path, real_press=True)
    yield opened
    await opened.registry.close()
