"""Read a decision table the way the checks and the engine test need it."""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.studio.xml_tree import Node, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMPARISON = re.compile(r"(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)")

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Value = str | float | bool | None


@dataclass(frozen=True)
class Test:
    """Hold one input entry: `values` it lists, `anything` it accepts all, else `source` is read by the engine only."""

    source: str
    anything: bool
    values: frozenset[Value]

    def accepts(self, value: Value) -> bool:
        """Tell whether a value passes; an entry that only the engine reads accepts none."""
        comparison = _COMPARISON.fullmatch(self.source)
        if comparison is not None and isinstance(value, float):
            return _COMPARE[comparison[1]](value, float(comparison[2]))
        return self.anything or value in self.values

    def covers(self, other: Test) -> bool:
        """Tell whether every value of the other entry surely passes here."""
        if self.anything or self.source == other.source:
            return True
        return bool(other.values) and other.values <= self.values

    def meets(self, other: Test) -> bool:
        """Tell whether some value surely passes both."""
        if self.anything or other.anything or self.source == other.source:
            return True
        return bool(self.values & other.values)

    def example(self) -> Value:
        """Return a value that passes; for an entry that accepts anything a text no rule names."""
        if self.anything:
            return "không có trong bảng"
        if self.values:
            return min(self.values, key=repr)
        comparison = _COMPARISON.fullmatch(self.source)
        if comparison is None:
            return None
        number = float(comparison[2])
        return number + {"<": -1, ">": 1}.get(comparison[1], 0)


@dataclass(frozen=True)
class Row:
    """Hold one rule of a table with the line it starts on."""

    id: str
    line: int
    tests: tuple[Test, ...]
    outputs: tuple[str, ...]
    annotation: str

    def covers(self, other: Row) -> bool:
        """Tell whether this rule matches whatever the other one matches."""
        return all(mine.covers(theirs) for mine, theirs in zip(self.tests, other.tests, strict=True))

    def meets(self, other: Row) -> bool:
        """Tell whether both rules match for some input."""
        return all(mine.meets(theirs) for mine, theirs in zip(self.tests, other.tests, strict=True))


@dataclass(frozen=True)
class Decision:
    """Hold one decision table. `inputs` are its input expressions."""

    path: Path
    node: Node
    id: str
    name: str
    hit_policy: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: tuple[Row, ...]

    def first_match(self, values: dict[str, Value]) -> Row | None:
        """Return the first row whose entries accept the values."""
        given = [values[name] for name in self.inputs]
        matching = (
            row for row in self.rows if all(test.accepts(value) for test, value in zip(row.tests, given, strict=True))
        )
        return next(matching, None)

    def example(self, row: Row) -> dict[str, Value]:
        """Return input values that reach a row, for the engine test that evaluates every row."""
        return {name: test.example() for name, test in zip(self.inputs, row.tests, strict=True)}


def read_decisions(path: Path) -> list[Decision]:
    """Read the decision tables of a DMN file; raises ModelUnreadableError."""
    root = read_tree(path)
    return [_decision(path, node) for node in root.all("dmn:decision") if node.first("dmn:decisionTable")]


def _decision(path: Path, node: Node) -> Decision:
    table = node.all("dmn:decisionTable")[0]
    return Decision(
        path=path,
        node=node,
        id=node.id,
        name=node.name,
        hit_policy=table.get("hitPolicy") or "UNIQUE",
        inputs=tuple(_text(column.first("dmn:inputExpression")) for column in table.all("dmn:input")),
        outputs=tuple(column.name for column in table.all("dmn:output")),
        rows=tuple(_row(rule) for rule in table.all("dmn:rule")),
    )


def _row(rule: Node) -> Row:
    annotations = [_text(entry) for entry in rule.all("dmn:annotationEntry")] + [_text_of(rule, "dmn:description")]
    return Row(
        id=rule.id,
        line=rule.line,
        tests=tuple(_test(_text(entry)) for entry in rule.all("dmn:inputEntry")),
        outputs=tuple(_text(entry) for entry in rule.all("dmn:outputEntry")),
        annotation=" ".join(filter(None, annotations)),
    )


def _test(source: str) -> Test:
    if source in {"", "-"}:
        return Test(source, anything=True, values=frozenset())
    texts = _TEXT.findall(source)
    if texts and not _TEXT.sub("", source).replace(",", "").strip():
        return Test(source, anything=False, values=frozenset(json.loads(text) for text in texts))
    if _NUMBER.fullmatch(source):
        return Test(source, anything=False, values=frozenset({float(source)}))
    if source in {"true", "false"}:
        return Test(source, anything=False, values=frozenset({source == "true"}))
    return Test(source, anything=False, values=frozenset())


def _text_of(node: Node, tag: str) -> str:
    child = node.first(tag)
    return child.text.strip() if child else ""


def _text(node: Node | None) -> str:
    return _text_of(node, "dmn:text") if node else ""
