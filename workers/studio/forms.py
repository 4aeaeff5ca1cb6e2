"""Read a Camunda Form the way the checks need it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workers.errors import UserError
from workers.studio.diagram import variables_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_EXPRESSIONS = ("valuesExpression", "expression", "readonly", "disabled")

# `this` and `parent` are the form's own words.
_FORM_WORDS = {"this", "parent", "procedure"}


class FormUnreadableError(UserError):
    """Say that a form is no valid JSON."""


@dataclass(frozen=True, eq=False)
class Form:
    """Hold one form file."""

    path: Path
    text: str
    schema: dict[str, Any]

    @property
    def id(self) -> str:
        """Return the id other models use."""
        return str(self.schema.get("id", ""))

    @cached_property
    def components(self) -> list[dict[str, Any]]:
        """List the components of all levels."""
        return list(_walk(self.schema))

    @cached_property
    def keys(self) -> set[str]:
        """List the variables the form writes: keys of the top level, paths of its lists."""
        top = self.schema.get("components", [])
        return {str(component.get("key") or component.get("path")) for component in top if _writes(component)}

    @cached_property
    def reads(self) -> set[str]:
        """List the variables that its texts, conditions and choices read."""
        found: set[str] = set()
        for component in self.components:
            found |= _reads(component)
        return found - self._item_fields() - _FORM_WORDS

    def options(self, key: str) -> set[str] | None:
        """List the values a choice offers; None: it is no choice or its values come from a variable."""
        for component in self.components:
            if component.get("key") == key and "values" in component:
                return {str(option["value"]) for option in component["values"]}
        return None

    def line_of(self, needle: str) -> int:
        """Find the first line that holds a text."""
        head, found, _ = self.text.partition(f'"{needle}"')
        if not found:
            head, found, _ = self.text.partition(needle)
        return head.count("\n") + 1 if found else 1

    def _item_fields(self) -> set[str]:
        """List the names that exist inside a loop only."""
        loops = [text for text in map(_template_text, self.components) if "#loop" in text]
        inside = [part.split("{{/loop}}")[0] for text in loops for part in text.split("{{#loop")[1:]]
        return {
            name for part in inside for tag in _TEMPLATE.findall(part.partition("}}")[2]) for name in _tag_reads(tag)
        }


def read_form(path: Path) -> Form:
    """Read a form; raises FormUnreadableError naming file and line."""
    text = path.read_text(encoding="utf-8")
    try:
        return Form(path, text, json.loads(text))
    except json.JSONDecodeError as failure:
        message = f"{path}, dòng {failure.lineno}: biểu mẫu không phải JSON hợp lệ. Mở lại bằng Camunda Modeler và lưu."
        raise FormUnreadableError(message) from failure


def _walk(component: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for child in component.get("components", []):
        yield child
        yield from _walk(child)


def _writes(component: dict[str, Any]) -> bool:
    return bool(component.get("key") or component.get("path"))


def _reads(component: dict[str, Any]) -> set[str]:
    found = variables_in(component.get("conditional", {}).get("hide"))
    for name in _EXPRESSIONS:
        value = component.get(name)
        found |= variables_in(value if isinstance(value, str) else None)
    for tag in _TEMPLATE.findall(_template_text(component)):
        found |= _tag_reads(tag)
    return found


def _template_text(component: dict[str, Any]) -> str:
    return str(component.get("content") or component.get("text") or "")


def _tag_reads(tag: str) -> set[str]:
    tag = tag.strip()
    if tag.startswith("/"):
        return set()
    expression = tag.split(maxsplit=1)[1] if tag.startswith("#") else tag
    return variables_in("=" + expression)
