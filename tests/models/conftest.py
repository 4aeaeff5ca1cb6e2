from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workers.studio.contracts import CONTRACTS
from workers.studio.models import read_models
from workers.studio.node_tools import NodeMissingError, find_browser, run_script

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def bpmn() -> Path:
    return ROOT / "bpmn"


@pytest.fixture(scope="session")
def config() -> Path:
    return ROOT / "config"


@pytest.fixture(scope="session")
def pictures() -> Path:
    return ROOT / "docs" / "pictures"


@pytest.fixture(scope="session")
def contracts() -> tuple[Any, ...]:
    return CONTRACTS


@pytest.fixture(scope="session")
def models(bpmn):
    return read_models(bpmn)


@pytest.fixture(scope="session")
def node() -> Callable[[str, dict[str, Any]], Any]:
    """Run a Node tool; a machine without one fails the test in one line instead of skipping it."""

    def run(name: str, request: dict[str, Any]) -> Any:
        try:
            return run_script(name, request)
        except NodeMissingError as failure:
            pytest.fail(str(failure), pytrace=False)

    return run


@pytest.fixture(scope="session")
def browser() -> Path:
    try:
        return find_browser()
    except NodeMissingError as failure:
        pytest.fail(str(failure), pytrace=False)
