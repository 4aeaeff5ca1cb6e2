"""Check one form: what Tasklist 8.6 renders, ids, labels, keys that the dictionary knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workers.studio.checks.texts import text_mistake
from workers.studio.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from workers.studio.forms import Form

_SCHEMA_VERSION = 16
_PLATFORM = "8.6.0"
_INPUTS = {"textfield", "textarea", "number", "datetime", "checkbox", "radio", "select", "taglist", "checklist"}
_SILENT = {"expression", "html", "text", "spacer", "separator", "group", "dynamiclist", "table", "image", "iframe"}
_TEXTS = ("label", "description", "dateLabel", "timeLabel")
_STYLE = re.compile(r"<style>.*?</style>|<[^>]*>|\{\{.*?\}\}", re.DOTALL)


def check_form(form: Form, dictionary: Container[str]) -> Iterator[Finding]:
    """Yield the findings of one form; `dictionary` holds the names of known variables."""
    yield from _check_head(form)
    seen: set[str] = set()
    for component in form.components:
        component_id = str(component.get("id", ""))
        if not component_id or component_id in seen:
            yield _finding(form, component, "id", "mã thành phần trống hoặc bị lặp")
        seen.add(component_id)
        yield from _check_component(form, component)
    for name in sorted(form.keys | form.reads):
        if name not in dictionary:
            yield Finding(form.path, form.line_of(name), name, "variable", "biến chưa có trong bpmn/variables.yaml")


def _check_head(form: Form) -> Iterator[Finding]:
    schema = form.schema
    if form.id != form.path.stem:
        yield Finding(form.path, 1, form.id, "id", f"mã biểu mẫu phải trùng tên tệp: {form.path.stem}")
    if schema.get("schemaVersion") != _SCHEMA_VERSION:
        yield Finding(form.path, 1, form.id, "platform", f"schemaVersion phải là {_SCHEMA_VERSION} (Tasklist 8.6)")
    if (schema.get("executionPlatform"), schema.get("executionPlatformVersion")) != ("Camunda Cloud", _PLATFORM):
        yield Finding(form.path, 1, form.id, "platform", f"đặt nền tảng là Camunda Cloud {_PLATFORM}")
    keys = [c["key"] for c in form.schema.get("components", []) if c.get("key")]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield Finding(form.path, form.line_of(key), key, "id", "hai thành phần ghi cùng một biến")


def _check_component(form: Form, component: dict[str, Any]) -> Iterator[Finding]:
    kind = component.get("type")
    if kind not in _INPUTS | _SILENT:
        yield _finding(form, component, "platform", f"Tasklist 8.6 không biết thành phần “{kind}”")
    if kind in _INPUTS and not component.get("key"):
        yield _finding(form, component, "key", "thiếu biến (key)")
    if kind in _INPUTS | {"dynamiclist"} and not (component.get("label") or component.get("dateLabel")):
        yield _finding(form, component, "label", "thiếu nhãn tiếng Việt")
    if kind == "checkbox" and component.get("defaultValue"):
        yield _finding(form, component, "consent", "ô đồng ý không được đánh dấu sẵn")
    if kind in {"radio", "select", "taglist", "checklist"} and not _has_choices(component):
        yield _finding(form, component, "choices", "thiếu các lựa chọn")
    yield from _check_texts(form, component)
    for name in ("valuesExpression", "expression"):
        if component.get(name) and not str(component[name]).startswith("="):
            yield _finding(form, component, "expression", f"{name} phải bắt đầu bằng =")
    hide = component.get("conditional", {}).get("hide")
    if hide is not None and not str(hide).startswith("="):
        yield _finding(form, component, "expression", "điều kiện ẩn phải bắt đầu bằng =")


def _has_choices(component: dict[str, Any]) -> bool:
    return bool(component.get("values") or component.get("valuesExpression") or component.get("valuesKey"))


def _check_texts(form: Form, component: dict[str, Any]) -> Iterator[Finding]:
    texts = [str(component[name]) for name in _TEXTS if component.get(name)]
    texts += [str(option["label"]) for option in component.get("values", [])]
    texts += [line.strip() for line in _STYLE.sub("\n", str(component.get("content") or "")).splitlines()]
    for text in filter(None, texts):
        mistake = text_mistake(text)
        if mistake:
            yield _finding(form, component, "label", f"“{text}” {mistake}")


def _finding(form: Form, component: dict[str, Any], rule: str, message: str) -> Finding:
    name = str(component.get("key") or component.get("path") or component.get("id", ""))
    return Finding(form.path, form.line_of(name), name, rule, message)
