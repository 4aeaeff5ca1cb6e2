"""Render the notification texts of config/texts; every text is checked when the catalogue is loaded.

A text file is YAML: `name`, `audience` (applicant or unit), `values` (each value the text uses, with an example),
`subject` and `body` (Jinja2). A text can use its values and nothing else; what it declares it must use. What also goes
out as a short message has `sms`, and `zalo`: the template registered with Zalo and the values it takes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from workers.errors import ConfigError, NeedsOperator
from workers.ports import Text
from workers.regulation.short_texts import segments
from workers.yaml_files import Mistake, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jinja2 import Template

OF_DOSSIERS = (
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
OF_PUBLICATIONS = (
    "news_published",
    "news_corrected",
    "news_recalled",
    "subscription_confirm",
)
OF_CITIZENS_FEEDBACK = (
    "feedback_received",
    "feedback_forwarded",
    "feedback_interim",
    "feedback_answered",
    "feedback_routed_out",
    "feedback_rejected",
    "feedback_merged",
    "feedback_merged_answered",
    "feedback_reopened",
    "feedback_assigned",
    "feedback_returned",
    "feedback_near_due",
    "feedback_due",
    "feedback_overdue",
)
EVENTS = (*OF_DOSSIERS, *OF_PUBLICATIONS, *OF_CITIZENS_FEEDBACK)


def _example(value: object) -> object:
    if all(isinstance(one, str) for one in (value if isinstance(value, list) else [value])):
        return value
    message = "cần một ví dụ là chữ trong dấu nháy kép, hoặc danh sách những chữ như thế"
    raise ValueError(message)


class _ZaloText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    template: str = Field(min_length=1)
    values: list[str]


class _TextFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    audience: Literal["applicant", "unit"]
    values: dict[str, Annotated[str | list[str], PlainValidator(_example)]]
    subject: str = Field(min_length=1)
    body: str = Field(min_length=1)
    sms: str | None = Field(default=None, min_length=1)
    zalo: _ZaloText | None = None


@dataclass(frozen=True)
class _Part:
    """Hold a part of a text and the line of the file on which it begins."""

    content: str
    source: Source
    first_line: int

    def note(self, line: int, text: str) -> None:
        """Note a mistake at a line of the part."""
        self.source.note_line(self.first_line + line - 1, text)


@dataclass(frozen=True)
class NotificationText:
    """Hold a checked text."""

    event: str
    name: str
    audience: Literal["applicant", "unit"]
    examples: Mapping[str, str | list[str]]
    subject: Template
    body: Template
    sms: Template | None = None
    zalo: _ZaloText | None = None

    def render(self, values: Mapping[str, Any]) -> Text:
        """Render with clean values. Raises TemplateError when a value is missing."""
        return Text(
            subject=_one_line(self.subject.render(values)),
            body=_composed(self.body.render(values)).strip() + "\n",
            sms=_one_line(self.sms.render(values)) if self.sms else None,
            template=self.zalo.template if self.zalo else None,
            template_data={name: values[name] for name in self.zalo.values} if self.zalo else {},
        )


class TextCatalog:
    """Render the text of an event."""

    def __init__(self, directory: Path, events: Sequence[str] = EVENTS, most_segments: int = 4) -> None:
        """Load and check all texts. Raises ConfigError with all mistakes: file, line and what is expected.

        `most_segments`: how long the short form of a text may be with its example values.
        """
        environment = _environment()
        sources = {event: Source(directory / f"{event}.yaml") for event in events}
        texts = [_load(environment, event, source, most_segments) for event, source in sources.items()]
        mistakes = [mistake for source in sources.values() for mistake in source.mistakes]
        mistakes += [
            Mistake(str(path), 1, "không có sự kiện nào mang tên này, cần đổi tên hoặc xóa tệp.")
            for path in directory.glob("*.yaml")
            if path.stem not in sources
        ]
        if mistakes:
            raise ConfigError("\n".join(map(str, sorted(mistakes))))
        self._texts = {text.event: text for text in texts if text}

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

    def name(self, event: str) -> str:
        """Name an event for people; an unknown event keeps its id."""
        text = self._texts.get(event)
        return text.name if text else event

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


def _load(
    environment: ImmutableSandboxedEnvironment, event: str, source: Source, most_segments: int
) -> NotificationText | None:
    file = source.whole(_TextFile)
    if file is None:
        return None
    # A block text begins on the line after its key.
    subject = _Part(file.subject, source, source.line(("subject",)))
    body = _Part(file.body, source, source.line(("body",)) + 1)
    short = _Part(file.sms, source, source.line(("sms",))) if file.sms else None
    used = [_used(environment, part, file.values) for part in (subject, body, short) if part]
    for index, name in enumerate(file.zalo.values if file.zalo else ()):
        if name not in file.values:
            source.note(("zalo", "values", index), f"dùng “{name}” nhưng mục values không khai báo, cần khai báo.")
    if not source.mistakes:
        for name in file.values.keys() - set().union(*used):
            source.note(("values", name), "nội dung không dùng giá trị này, cần xóa hoặc dùng.")
    if source.mistakes:
        return None
    text = NotificationText(
        event=event,
        name=file.name,
        audience=file.audience,
        examples=file.values,
        subject=environment.from_string(file.subject),
        body=environment.from_string(file.body),
        sms=environment.from_string(file.sms) if file.sms else None,
        zalo=file.zalo,
    )
    try:
        example = text.render(file.values)
        if short and (count := segments(example.sms or "")) > most_segments:
            short.note(1, f"tin nhắn dài {count} đoạn với các giá trị ví dụ, cần nhiều nhất {most_segments} đoạn.")
    except TemplateError as error:
        body.note(1, f"không dựng được với các giá trị ví dụ, cần sửa chỗ dùng giá trị ({error.message}).")
    return text


def _used(environment: ImmutableSandboxedEnvironment, part: _Part, declared: Mapping[str, Any]) -> set[str]:
    """Name the values that a part uses, and note what it may not use."""
    try:
        tree = environment.parse(part.content)
    except TemplateSyntaxError as error:
        part.note(error.lineno, f"không đúng cú pháp, cần kiểm tra các dấu {{{{ }}}} và {{% %}} ({error.message}).")
        return set()
    if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None):
        part.note(1, "nội dung lấy từ tệp khác, cần viết cả nội dung ở đây.")
    used = meta.find_undeclared_variables(tree) - set(environment.globals)
    for name in used - declared.keys():
        line = min((node.lineno for node in tree.find_all(nodes.Name) if node.name == name), default=1)
        part.note(line, f"dùng “{name}” nhưng mục values không khai báo, cần khai báo kèm ví dụ.")
    return used


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        kept = (char for char in _composed(value) if char == "\n" or unicodedata.category(char) not in {"Cc", "Cf"})
        return "".join(kept).strip()
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _one_line(text: str) -> str:
    return " ".join(_composed(text).split())


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
