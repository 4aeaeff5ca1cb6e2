"""Join each contract with its handler, and refuse at start what would fail at run time."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from workers.contract import Contract, Variables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

In = TypeVar("In", bound=Variables)
Out = TypeVar("Out", bound=Variables)

_HANDLER_PARAMETERS = 2


class CatalogError(TypeError):
    """Say which job type is declared twice or has a handler that does not fit its contract."""


@dataclass(frozen=True)
class JobSpec(Generic[In, Out]):
    """Join a contract with its handler.

    `limit` is the number of jobs of this type that run at once in one process (default: no limit of
    its own), for types that are heavy on processor or memory.
    """

    contract: Contract[In, Out]
    handler: Callable[[In, Any], Awaitable[Out]]
    limit: int | None = None


class Catalog:
    """Hold the job types of one process.

    Raises CatalogError for a type declared twice and for a handler that is not
    `async def handle(inp: In, work: W) -> Out` with the In and Out of its contract.
    """

    def __init__(self, specs: Iterable[JobSpec[Any, Any]]) -> None:
        self._specs: dict[str, JobSpec[Any, Any]] = {}
        for spec in specs:
            self._add(spec)

    def _add(self, spec: JobSpec[Any, Any]) -> None:
        job_type = spec.contract.type
        if job_type in self._specs:
            raise CatalogError(f"{job_type}: declared twice")
        _check_handler(spec)
        self._specs[job_type] = spec

    def __iter__(self) -> Iterator[JobSpec[Any, Any]]:
        """List the specs in the order they were declared."""
        return iter(self._specs.values())

    def __len__(self) -> int:
        """Count the job types."""
        return len(self._specs)

    def __getitem__(self, job_type: str) -> JobSpec[Any, Any]:
        """Find a spec by its job type. Raises KeyError."""
        return self._specs[job_type]

    @property
    def types(self) -> list[str]:
        """List the job types in the order they were declared."""
        return list(self._specs)


def _check_handler(spec: JobSpec[Any, Any]) -> None:
    job_type, function = spec.contract.type, _plain_function(spec.handler)
    if not inspect.iscoroutinefunction(function):
        raise CatalogError(f"{job_type}: the handler must be an async function")
    signature = inspect.signature(spec.handler)
    positional = [p for p in signature.parameters.values() if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    required = [p for p in positional if p.default is p.empty]
    if len(positional) < _HANDLER_PARAMETERS or len(required) > _HANDLER_PARAMETERS:
        raise CatalogError(f"{job_type}: the handler must take the input and the work")
    names = function.__globals__
    _check_annotation(job_type, "input", positional[0].annotation, spec.contract.input, names)
    _check_annotation(job_type, "output", signature.return_annotation, spec.contract.output, names)


def _plain_function(handler: Any) -> Any:
    if isinstance(handler, functools.partial):
        return _plain_function(handler.func)
    if inspect.ismethod(handler):
        return handler.__func__
    if inspect.isfunction(handler):
        return inspect.unwrap(handler)
    return _plain_function(handler.__call__)


def _check_annotation(job_type: str, side: str, annotation: Any, expected: type, names: dict[str, Any]) -> None:
    if isinstance(annotation, str):
        found = names.get(annotation)
        # A name imported for type checking only does not exist at run time; its spelling is all there is to compare.
        fits = found is expected if found is not None else annotation.rpartition(".")[2] == expected.__name__
    else:
        fits = annotation is expected
    if not fits:
        raise CatalogError(f"{job_type}: the handler's {side} is {annotation!r}, its contract says {expected.__name__}")
