"""Read a job's variables into its contract's input, and write its output as JSON the engine takes."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from workers.plain import plain_values
from workers.runtime.texts import kind_of_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workers.contract import Contract, Variables

LARGEST_RESULT = 1024 * 1024
"""Bytes of JSON; the gateway refuses messages of 4 MiB, and refuses them again at each delivery."""

_STRICT = json.JSONEncoder(allow_nan=False)


class InvalidInput(Exception):
    """Name the variables that do not fit, and the kind of problem of each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("input does not fit the contract")
        self.problems = problems


class InvalidOutput(Exception):
    """Name the fields of a result that do not fit, and the kind of problem of each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("output does not fit the contract")
        self.problems = problems


def parse_input(contract: Contract[Any, Any], variables: Mapping[str, Any]) -> Variables:
    """Build the contract's input from plain text. Raises InvalidInput, which holds no value."""
    try:
        parsed: Variables = contract.input.model_validate(plain_values(dict(variables)))
    except ValidationError as error:
        problems = _problems(contract.input, error)
    else:
        return parsed
    raise InvalidInput(problems)


def serialise_output(contract: Contract[Any, Any], output: object) -> dict[str, Any]:
    """Write the output as JSON values: instants as RFC 3339 with offset, decimals as text.

    Raises InvalidOutput for another model than the contract's, instants without offset, numbers that
    JSON lacks, values nobody can write and results above LARGEST_RESULT.
    """
    if not isinstance(output, contract.output):
        raise InvalidOutput([f"{type(output).__name__} {kind_of_problem('wrong_model')}"])
    flaws = [(path, _flaw(value)) for path, value in _leaves(output)]
    problems = [f"{'.'.join(path)} {kind_of_problem(flaw)}" for path, flaw in flaws if flaw]
    if problems:
        raise InvalidOutput(problems)
    try:
        result: dict[str, Any] = output.model_dump(mode="json", by_alias=True, warnings="error")
        size = len(_STRICT.encode(result))
    except (PydanticSerializationError, ValueError, TypeError, RecursionError):
        problem = f"{contract.output.__name__} {kind_of_problem('unwritable')}"
    else:
        if size <= LARGEST_RESULT:
            return result
        problem = f"{contract.output.__name__} {kind_of_problem('too_large')}"
    raise InvalidOutput([problem])


def _problems(model: type[BaseModel], error: ValidationError) -> list[str]:
    names = _field_names(model)
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return list(dict.fromkeys(f"{_path(d['loc'], names)} {kind_of_problem(d['type'])}" for d in details))


def _path(location: tuple[int | str, ...], names: set[str]) -> str:
    # A key of a free-form mapping is data of the dossier; only names of the contract are shown.
    parts = [str(part) if isinstance(part, int) or part in names else "…" for part in location]
    return ".".join(parts) or "…"


def _field_names(model: type[BaseModel]) -> set[str]:
    return set(_properties(model.model_json_schema())) | set(_properties(model.model_json_schema(by_alias=False)))


def _properties(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _properties(part)


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name, None), (*path, name))
    elif isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part, path)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from _leaves(part, path)
    else:
        yield path, value


def _flaw(value: object) -> str | None:
    # Pydantic writes both without complaint: the one is read in another zone, the other becomes null.
    if isinstance(value, datetime) and value.tzinfo is None:
        return "naive_datetime"
    if isinstance(value, float) and not math.isfinite(value):
        return "not_finite"
    return None
