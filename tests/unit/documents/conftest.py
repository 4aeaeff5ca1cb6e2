"""Share one inspector among the tests of the document checks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workers.documents.inspection import Inspector
from workers.documents.policy import DocumentPolicy, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workers.documents.findings import Inspection

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def examples() -> Path:
    return ROOT / "examples"


@pytest.fixture(scope="session")
def policy() -> DocumentPolicy:
    """The shipped policy, with the example root trusted."""
    shipped = load_policy(ROOT / "config" / "documents.yaml")
    trust = shipped.trust.model_copy(update={"accept_example_roots": True})
    return shipped.model_copy(update={"trust": trust})


@pytest.fixture(scope="module")
def inspect(policy: DocumentPolicy) -> Iterator[Callable[..., Inspection]]:
    """Inspect a file and wait for the result; one inspector serves the whole module."""
    with asyncio.Runner() as runner:
        inspector = Inspector(processes=1)

        def run(path: Path, name: str | None = None, policy: DocumentPolicy = policy) -> Inspection:
            return runner.run(inspector.inspect(path, name or path.name, policy))

        yield run
        runner.run(inspector.close())
