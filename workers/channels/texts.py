"""Render the notification texts of config/texts; every text is checked when the catalogue is loaded.

A text file is YAML: `name`, `audience` (applicant or unit), `values` (each value the text uses, with an example),
`subject` and `body` (Jinja2). A text can use its values and nothing else; what it declares it must use.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from workers.errors import ConfigError, NeedsOperator
from workers.ports import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jinja2 import Template

EVENTS = (
    "dossier_received",
    "supplement_requested",
    "supplement_reminder",
    "dossier_refused",
    "extension_notice",
    "dossier_stopped",
    "dossier_withdrawn",
    "result_ready",
    "opinion_requested",
    "opinion_reminder",
    "opinion_overdue",
    "package_returned",
    "result_feedback",
    "feedback_reminder",
    "step_near_due",
    "step_due",
    "step_overdue_office",
    "step_overdue_leader",
    "deadline_changed",
)


class _TextFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    audience: Literal["applicant", "unit"]
    values: dict[str, str | list[str]]
    subject: str = Field(min_length=1)
    body: str = Field(min_length=1)


@dataclass(frozen=True)
class _Source:
    """Hold a part of a text and the line of the file on which it begins."""

    content: str
    path: Path
    line: int

    def at(self, line: int) -> str:
        return f"{self.path}:{self.line + line - 1}"


@dataclass(frozen=True)
class NotificationText:
    """Hold a checked text."""

    event: str
    name: str
    audience: Literal["applicant", "unit"]
    examples: Mapping[str, str | list[str]]
    subject: Template
    body: Template

    def render(self, values: Mapping[str, Any]) -> Text:
        """Render with clean values. Raises TemplateError when a value is missing."""
        return Text(
            subject=" ".join(_composed(self.subject.render(values)).split()),
            body=_composed(self.body.render(values)).strip() + "\n",
        )


class TextCatalog:
    """Render the text of an event."""

    def __init__(self, directory: Path, events: Sequence[str] = EVENTS) -> None:
        """Load and check all texts. Raises ConfigError, naming file, line and what is expected."""
        environment = _environment()
        self._texts = {event: _load(environment, directory / f"{event}.yaml") for event in events}
        strangers = sorted({path.stem for path in directory.glob("*.yaml")} - set(events))
        if strangers:
            path = directory / f"{strangers[0]}.yaml"
            raise ConfigError(f"{path}: không có sự kiện nào mang tên này; hãy đổi tên hoặc xóa tệp.")

    def render(self, event: str, values: Mapping[str, Any]) -> Text:
        """Render the subject (one line) and body of an event, NFC; values it does not declare are left out.

        Raises NeedsOperator when the event is unknown or a declared value is missing; values are never named.
        """
        text = self._texts.get(event)
        if text is None:
            raise NeedsOperator(
                f"Không có nội dung thông báo “{event}”.",
                action="Sửa tên đó trong biến của phiên thành tên một tệp của config/texts rồi bấm Retry.",
                code="TB-001",
            )
        missing = sorted(name for name in text.examples if values.get(name) is None)
        if missing:
            raise NeedsOperator(
                f"Không lập được thông báo “{text.name}”: thiếu {', '.join(missing)}.",
                action="Bổ sung thông tin còn thiếu của hồ sơ rồi bấm Retry.",
                code="TB-002",
            )
        try:
            return text.render({name: _clean(values[name]) for name in text.examples})
        except TemplateError as error:
            raise NeedsOperator(
                f"Không lập được thông báo “{text.name}”: thông tin đưa vào không đúng dạng.",
                action=f"Sửa config/texts/{event}.yaml, khởi động lại bộ xử lý rồi bấm Retry.",
                code="TB-003",
            ) from error

    def audience(self, event: str) -> str:
        """Tell whom an event is for: applicant (quiet hours hold) or unit; an unknown event is for a unit."""
        text = self._texts.get(event)
        return text.audience if text else "unit"

    def example(self, event: str) -> Text:
        """Render an event with its example values. Raises KeyError for an unknown event."""
        return self._texts[event].render(self._texts[event].examples)

    def values_of(self, event: str) -> frozenset[str]:
        """Name the values an event needs. Raises KeyError for an unknown event."""
        return frozenset(self._texts[event].examples)


def _environment() -> ImmutableSandboxedEnvironment:
    # Bodies are plain text, so nothing is escaped for HTML.
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )


def _load(environment: ImmutableSandboxedEnvironment, path: Path) -> NotificationText:
    content = _read(path)
    try:
        file = _TextFile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        line, where = _line(content, first["loc"]), ".".join(map(str, first["loc"]))
        raise ConfigError(f"{path}:{line}: mục “{where}” chưa đúng ({first['msg']}).") from error
    # A block text begins on the line after its key.
    subject = _Source(file.subject, path, _line(content, ("subject",)))
    body = _Source(file.body, path, _line(content, ("body",)) + 1)
    used = {name: where for source in (body, subject) for name, where in _used(environment, source).items()}
    for name, where in used.items():
        if name not in file.values:
            raise ConfigError(f"{where}: dùng “{name}” nhưng mục values không khai báo; hãy khai báo kèm ví dụ.")
    for name in file.values:
        if name not in used:
            line = _line(content, ("values", name))
            raise ConfigError(f"{path}:{line}: khai báo “{name}” nhưng nội dung không dùng; hãy xóa hoặc dùng.")
    text = NotificationText(
        event=path.stem,
        name=file.name,
        audience=file.audience,
        examples=file.values,
        subject=environment.from_string(file.subject),
        body=environment.from_string(file.body),
    )
    try:
        text.render(file.values)
    except TemplateError as error:
        raise ConfigError(f"{body.at(1)}: không dựng được với các giá trị ví dụ ({error.message}).") from error
    return text


def _read(path: Path) -> Any:
    try:
        content = YAML().load(path)
    except OSError as error:
        raise ConfigError(f"{path}: không đọc được; cần một tệp nội dung cho sự kiện “{path.stem}”.") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: không đúng cú pháp YAML.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}:1: cần các mục name, audience, values, subject, body.")
    return content


def _used(environment: ImmutableSandboxedEnvironment, source: _Source) -> dict[str, str]:
    try:
        tree = environment.parse(source.content)
    except TemplateSyntaxError as error:
        raise ConfigError(f"{source.at(error.lineno)}: không đúng cú pháp ({error.message}).") from error
    if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None):
        raise ConfigError(f"{source.at(1)}: nội dung không được lấy từ tệp khác.")
    names = meta.find_undeclared_variables(tree) - set(environment.globals)
    return {node.name: source.at(node.lineno) for node in tree.find_all(nodes.Name) if node.name in names}


def _line(content: Any, where: Sequence[str | int]) -> int:
    line = 1
    for key in where:
        if not isinstance(content, CommentedMap) or key not in content:
            break
        line = content.lc.key(key)[0] + 1
        content = content[key]
    return line


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        kept = (char for char in _composed(value) if char == "\n" or unicodedata.category(char) not in {"Cc", "Cf"})
        return "".join(kept).strip()
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
