"""Read one YAML file and remember where everything stands in it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from workers.plain import open_plain
from workers.yaml_files.wording import expectation

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails
    from ruamel.yaml.nodes import Node

    from workers.errors import UserError

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]

_DEEPEST = 30
_LARGEST = 512 * 1024
"""Bytes; ten times the largest file of config/, and read in seconds."""
_MOST_PLACES = 100_000
_NULL = "tag:yaml.org,2002:null"
_UNLIKE_TEXT = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "timestamp"))


@dataclass(frozen=True, order=True)
class Mistake:
    """Say what is wrong at one place of a file and what is expected there."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Write the mistake as one line."""
        return f"{self.file}, dòng {self.line}: {self.text}"


class _TooMuchError(Exception):
    """Stop reading a file that names parts of itself without end."""


class Source:
    """Hold the tree of one file and collect the mistakes found in it.

    `tree` is None when the file cannot be read at all. With `as_written` all its values are texts as they stand in the
    file: the models say what makes a number or a day, and a code such as 1.001190 keeps its last digit. Without it a
    text that YAML takes for something else has to stand in quotes. `composed`: every line has to be NFC.
    """

    def __init__(self, path: Path, name: str | None = None, *, as_written: bool = False, composed: bool = True) -> None:
        self.name = name or str(path)
        self.mistakes: list[Mistake] = []
        self._yaml = YAML(typ="safe", pure=True)
        self._as_written = as_written
        self._composed = composed
        self._lines: dict[Location, int] = {(): 1}
        self._texts: dict[Location, str] = {}
        self.tree = self._read(path)

    def whole(self, model: type[Model]) -> Model | None:
        """Validate the whole file; mistakes are noted at their own lines."""
        return None if self.tree is None else self.model(model, self.tree)

    def model(self, model: type[Model], data: Any, at: Location = ()) -> Model | None:
        """Validate a part of the file; mistakes are noted at their own lines. `at`: where the part stands."""
        try:
            return model.model_validate(data)
        except ValidationError as failure:
            for error in _own_errors(failure):
                # For a mapping whose key is wrong pydantic ends the place with this marker, which nobody wrote.
                location = (*at, *(part for part in error["loc"] if part != "[key]"))
                self.note(location, expectation(error, self._texts.get(location)))
            return None

    def note(self, at: Location, text: str) -> None:
        """Note a mistake at a place; a place that is not written counts as the nearest one around it."""
        label = ".".join(str(part + 1) if isinstance(part, int) else part for part in at)
        self.note_line(self.line(at), f"“{label}”: {text}" if label else text)

    def note_line(self, line: int, text: str) -> None:
        """Note a mistake at a line, from 1."""
        self.mistakes.append(Mistake(self.name, line, text))

    def line(self, at: Location) -> int:
        """Give the line, from 1, of the deepest part of a place that is written in the file."""
        while at not in self._lines:
            at = at[:-1]
        return self._lines[at]

    def failure(self, error: type[UserError]) -> UserError:
        """Give an `error` that says all mistakes noted so far, one a line."""
        return error("\n".join(map(str, sorted(self.mistakes))))

    def _read(self, path: Path) -> dict[str, Any] | None:
        text = self._text(path)
        if text is None:
            return None
        if self._composed:
            self._check_normal_form(text)
        try:
            root = self._yaml.compose(text)
            if isinstance(root, MappingNode):
                return self._mapping(root, ())
            self.note_line(1, "cần các dòng dạng “tên: giá trị”.")
        except MarkedYAMLError as failure:
            line = failure.problem_mark.line + 1 if failure.problem_mark else 1
            self.note_line(line, "sai cú pháp, cần kiểm tra thụt lề, dấu hai chấm và dấu nháy.")
        except YAMLError:
            self.note_line(1, "không đọc được, cần kiểm tra ký tự lạ.")
        except (_TooMuchError, RecursionError):
            self.note_line(1, "lồng nhau quá sâu hoặc lặp lại quá nhiều, cần bỏ bớt.")
        return None

    def _text(self, path: Path) -> str | None:
        try:
            with open_plain(path, follow=True) as file:
                data = file.read(_LARGEST + 1)
            if len(data) <= _LARGEST:
                return data.decode("utf-8-sig")
            self.note_line(1, f"tệp lớn hơn {_LARGEST >> 10} KB, cần bỏ bớt.")
        except FileNotFoundError:
            self.note_line(1, "không có tệp này, cần tạo lại tệp.")
        except UnicodeDecodeError:
            self.note_line(1, "tệp không phải văn bản UTF-8, cần lưu lại với bảng mã UTF-8.")
        except (OSError, ValueError):
            self.note_line(1, "không mở được tệp, cần kiểm tra quyền đọc.")
        return None

    def _value(self, node: Node, at: Location) -> Any:
        if len(at) > _DEEPEST or len(self._lines) > _MOST_PLACES:
            raise _TooMuchError
        if isinstance(node, MappingNode):
            return self._mapping(node, at)
        if isinstance(node, SequenceNode):
            return [self._placed(item, item, (*at, index)) for index, item in enumerate(node.value)]
        self._texts[at] = node.value
        return self._scalar(node)

    def _scalar(self, node: Node) -> Any:
        if node.tag == _NULL:
            return None
        if self._as_written or node.tag not in _UNLIKE_TEXT:
            return node.value
        try:
            return self._yaml.constructor.construct_object(node)
        except (ValueError, YAMLError):
            # A day that does not exist: the model refuses the text, with its line.
            return node.value

    def _mapping(self, node: MappingNode, at: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.note_line(key.start_mark.line + 1, "tên phải là chữ.")
            elif key.value in found:
                self.note_line(key.start_mark.line + 1, f"tên “{key.value}” ghi hai lần, chỉ được ghi một lần.")
            else:
                found[key.value] = self._placed(key, value, (*at, key.value))
        return found

    def _placed(self, start: Node, value: Node, at: Location) -> Any:
        self._lines[at] = start.start_mark.line + 1
        return self._value(value, at)

    def _check_normal_form(self, text: str) -> None:
        if unicodedata.is_normalized("NFC", text):
            return
        for number, line in enumerate(text.splitlines(), start=1):
            if not unicodedata.is_normalized("NFC", line):
                self.note_line(number, "có chữ tiếng Việt dạng tổ hợp, cần gõ lại bằng Unicode dựng sẵn (NFC).")


def read_model(
    path: Path, model: type[Model], error: type[UserError], *, composed: bool = True
) -> tuple[Model, Source]:
    """Read a whole file into a model; raises `error` with all its mistakes. The source is for checks to come."""
    source = Source(path, composed=composed)
    found = source.whole(model)
    if found is None or source.mistakes:
        raise source.failure(error)
    return found, source


def _own_errors(failure: ValidationError) -> list[ErrorDetails]:
    """Leave out lists that only count as too short because an item in them is wrong."""
    errors = failure.errors(include_url=False)
    return [
        item
        for item in errors
        if item["type"] != "too_short"
        or not any(other["loc"][: len(item["loc"])] == item["loc"] for other in errors if other is not item)
    ]
