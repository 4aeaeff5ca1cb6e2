"""Read one YAML file and remember where everything stands in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from workers.configuration.wording import expectation, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


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
    """Hold the tree of one file and collect the mistakes found in it."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.mistakes: list[Mistake] = []
        self.tree = self._read(path)

    def model(self, model: type[Model], data: Any, at: Location = ()) -> Model | None:
        """Validate a part of the file; mistakes are noted at their own lines. `at`: where the part stands."""
        try:
            return model.model_validate(data)
        except ValidationError as failure:
            for error in failure.errors(include_url=False):
                location = (*at, *_written(error["loc"]))
                self.note(location, expectation(error, self._written_at(location)))
            return None

    def note(self, at: Location, text: str) -> None:
        """Note a mistake at a place; a place that is not written counts as the nearest one around it."""
        label = _dotted(at)
        self.mistakes.append(Mistake(self.name, self.line(at), f"“{label}”: {text}" if label else text))

    def line(self, at: Location) -> int:
        """Give the line, from 1, of the deepest part of a place that is written in the file."""
        *_, (line, _) = self._walk(at)
        return line

    def _written_at(self, at: Location) -> str | None:
        """Show what is written at a place; None when nothing is."""
        steps = list(self._walk(at))
        return shown(steps[-1][1]) if len(steps) == len(at) + 1 else None

    def _walk(self, at: Location) -> Iterator[tuple[int, Any]]:
        """Follow a place as far as it is written: line and value of each part."""
        node: Any = self.tree
        yield 1, node
        for key in at:
            if isinstance(node, CommentedMap) and key in node:
                position = node.lc.key(key)
            elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
                position = node.lc.item(key)
            else:
                return
            node = node[key]
            yield position[0] + 1, node

    def _read(self, path: Path) -> Mapping[str, Any] | None:
        text = self._text(path)
        if text is None:
            return None
        self._check_normal_form(text)
        try:
            tree = YAML(typ="rt").load(text)
        except DuplicateKeyError as failure:
            key = re.search(r'found duplicate key "(.*?)"', failure.problem or "")
            name = f" “{key[1]}”" if key else ""
            self._note_line(_line_of(failure), f"tên{name} ghi hai lần, chỉ được ghi một lần.")
        except MarkedYAMLError as failure:
            self._note_line(_line_of(failure), "sai cú pháp, cần kiểm tra thụt lề, dấu hai chấm và dấu nháy.")
        except (YAMLError, ValueError):
            self._note_line(1, "không đọc được, cần kiểm tra ký tự lạ và ngày không có thật.")
        else:
            if isinstance(tree, CommentedMap):
                return tree
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

    def _note_line(self, line: int, text: str) -> None:
        self.mistakes.append(Mistake(self.name, line, text))

    def _check_normal_form(self, text: str) -> None:
        if unicodedata.is_normalized("NFC", text):
            return
        for number, line in enumerate(text.splitlines(), start=1):
            if not unicodedata.is_normalized("NFC", line):
                self._note_line(number, "có chữ tiếng Việt dạng tổ hợp, cần gõ lại bằng Unicode dựng sẵn (NFC).")


def _written(location: tuple[int | str, ...]) -> Location:
    # For a mapping whose key is wrong pydantic ends the place with this marker, which nobody wrote.
    return tuple(part for part in location if part != "[key]")


def _dotted(at: Location) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in at)


def _line_of(failure: MarkedYAMLError) -> int:
    return failure.problem_mark.line + 1 if failure.problem_mark else 1
