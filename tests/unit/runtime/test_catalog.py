from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from workers.contract import Contract, Variables
from workers.runtime.catalog import Catalog, CatalogError, JobSpec

if TYPE_CHECKING:
    from somewhere import ImportedOnlyForTypes


class In(Variables):
    count: int = 0


class Out(Variables):
    answer: int = 0


class Other(Variables):
    pass


def contract(job_type: str = "sample.job") -> Contract[In, Out]:
    return Contract(job_type, "Bước thử", "Thử", In, Out)


async def handle(inp: In, work: ImportedOnlyForTypes) -> Out:
    return Out(answer=inp.count)


class Handlers:
    async def handle(self, inp: In, work: Any) -> Out:
        return Out()

    async def __call__(self, inp: In, work: Any) -> Out:
        return Out()


async def with_port(inp: In, work: Any, *, port: str) -> Out:
    return Out()


@pytest.mark.parametrize(
    "handler", [handle, Handlers().handle, Handlers(), functools.partial(with_port, port="x")], ids=str
)
def test_accepts_functions_methods_objects_and_partials(handler):
    catalog = Catalog([JobSpec(contract(), handler), JobSpec(contract("sample.other"), handler)])
    assert catalog.types == ["sample.job", "sample.other"]
    assert catalog["sample.job"].contract == contract()


def test_refuses_a_type_declared_twice():
    with pytest.raises(CatalogError, match=r"sample\.job: declared twice"):
        Catalog([JobSpec(contract(), handle), JobSpec(contract(), handle)])


async def wrong_input(inp: Other, work: Any) -> Out:
    return Out()


async def wrong_output(inp: In, work: Any) -> Other:
    return Other()


async def unannotated(inp, work):
    return Out()


async def too_few(inp: In) -> Out:
    return Out()


async def too_many(inp: In, work: Any, more: Any) -> Out:
    return Out()


def synchronous(inp: In, work: Any) -> Out:
    return Out()


@pytest.mark.parametrize(
    ("handler", "problem"),
    [
        (wrong_input, "input is 'Other'"),
        (wrong_output, "output is 'Other'"),
        (unannotated, "input"),
        (too_few, "must take the input and the work"),
        (too_many, "must take the input and the work"),
        (synchronous, "async function"),
    ],
)
def test_refuses_a_handler_that_does_not_fit_its_contract(handler, problem):
    with pytest.raises(CatalogError, match=problem):
        Catalog([JobSpec(contract(), handler)])
