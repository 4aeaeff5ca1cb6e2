"""Read one YAML file and remember where everything stands in it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from workers.configuration.wording import expectation, shown

if TYPE_CHECKING:
    from pathlib import Path

    from ruamel.yaml.nodes import Node

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]

_DEEPEST = 30
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, order=True)
class Mistake:
    """Say what is wrong at one place of config/ and what is expected there."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Write the mistake as one line."""
        return f"{self.file}, dòng {self.line}: {self.text}"


class Source:
    """Hold the tree of one file and collect the mistakes found in it.

    `tree` is None when the file cannot be read at all. Its values are texts as they are written: what makes a number
    or a day is said by the models, so that a day that does not exist is a mistake with its line like any other, and
    a code such as 1.001190 keeps its last digit.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.mistakes: list[Mistake] = []
        self._lines: dict[Location, int] = {(): 1}
        self._texts: dict[Location, str] = {}
        self.tree = self._read(path)

    def model(self, model: type[Model], data: Any, at: Location = ()) -> Model | None:
        """Validate a part of the file; mistakes are noted at their own lines. `at`: where the part stands."""
        try:
            return model.model_validate(data)
        except ValidationError as failure:
            for error in failure.errors(include_url=False):
                # For a mapping whose key is wrong pydantic ends the place with this marker, which nobody wrote.
                location = (*at, *(part for part in error["loc"] if part != "[key]"))
                self.note(location, expectation(error, self._texts.get(location)))
            return None

    def note(self, at: Location, text: str) -> None:
        """Note a mistake at a place; a place that is not written counts as the nearest one around it."""
        label = ".".join(str(part + 1) if isinstance(part, int) else part for part in at)
        self._note_line(self.line(at), f"“{label}”: {text}" if label else text)

    def line(self, at: Location) -> int:
        """Give the line, from 1, of the deepest part of a place that is written in the file."""
        while at not in self._lines:
            at = at[:-1]
        return self._lines[at]

    def _read(self, path: Path) -> dict[str, Any] | None:
        text = self._text(path)
        if text is None:
            return None
        self._check_normal_form(text)
        try:
            root = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as failure:
            line = failure.problem_mark.line + 1 if failure.problem_mark else 1
            self._note_line(line, "sai cú pháp, cần kiểm tra thụt lề, dấu hai chấm và dấu nháy.")
        except YAMLError:
            self._note_line(1, "không đọc được, cần kiểm tra ký tự lạ.")
        else:
            if isinstance(root, MappingNode):
                return self._mapping(root, ())
            self._note_line(1, "cần các dòng dạng “tên: giá trị”.")
        return None

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self._note_line(1, "không có tệp này, cần tạo lại tệp.")
        except UnicodeDecodeError:
            self._note_line(1, "tệp không phải văn bản UTF-8, cần lưu lại với bảng mã UTF-8.")
        except OSError:
            self._note_line(1, "không mở được tệp, cần kiểm tra quyền đọc.")
        return None

    def _value(self, node: Node, at: Location) -> Any:
        if len(at) > _DEEPEST:
            self.note(at[:1], "lồng nhau quá sâu, cần bỏ bớt cấp.")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, at)
        if isinstance(node, SequenceNode):
            return [self._placed(item, item, (*at, index)) for index, item in enumerate(node.value)]
        self._texts[at] = shown(node.value)
        return None if node.tag == _NULL else node.value

    def _mapping(self, node: MappingNode, at: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._note_line(key.start_mark.line + 1, "tên phải là chữ.")
            elif key.value in found:
                self._note_line(key.start_mark.line + 1, f"tên “{key.value}” ghi hai lần, chỉ được ghi một lần.")
            else:
                found[key.value] = self._placed(key, value, (*at, key.value))
        return found

    def _placed(self, start: Node, value: Node, at: Location) -> Any:
        self._lines[at] = start.start_mark.line + 1
        return self._value(value, at)

    def _note_line(self, line: int, text: str) -> None:
        self.mistakes.append(Mistake(self.name, line, text))

    def _check_normal_form(self, text: str) -> None:
        if unicodedata.is_normalized("NFC", text):
            return
        for number, line in enumerate(text.splitlines(), start=1):
            if not unicodedata.is_normalized("NFC", line):
                self._note_line(number, "có chữ tiếng Việt dạng tổ hợp, cần gõ lại bằng Unicode dựng sẵn (NFC).")
