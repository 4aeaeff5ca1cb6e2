"""Read a YAML file into a pydantic model, and say mistakes with file, line and what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from workers.errors import UserError

Model = TypeVar("Model", bound=BaseModel)

_EXPECTATIONS = {
    "string_type": "cần chuỗi ký tự, đặt giá trị trong dấu nháy kép",
    "bool_type": "cần true hoặc false",
    "bool_parsing": "cần true hoặc false",
    "int_type": "cần số nguyên",
    "int_parsing": "cần số nguyên",
    "int_from_float": "cần số nguyên",
    "float_type": "cần một số",
    "float_parsing": "cần một số",
    "greater_than": "cần số lớn hơn {gt}",
    "greater_than_equal": "cần số từ {ge} trở lên",
    "less_than_equal": "cần số không quá {le}",
    "date_type": "cần ngày dạng 2026-11-23",
    "date_parsing": "cần ngày dạng 2026-11-23",
    "date_from_datetime_parsing": "cần ngày dạng 2026-11-23",
    "date_from_datetime_inexact": "cần ngày dạng 2026-11-23, không kèm giờ",
    "list_type": "cần danh sách, mỗi mục một dòng bắt đầu bằng “- ”",
    "tuple_type": "cần danh sách, mỗi mục một dòng bắt đầu bằng “- ”",
    "dict_type": "cần các dòng dạng “tên: giá trị”",
    "model_type": "cần các dòng dạng “tên: giá trị”",
    "literal_error": "cần một trong: {expected}",
    "string_too_short": "không được để trống",
    "too_short": "cần ít nhất {min_length} mục",
    "string_pattern_mismatch": "cần giá trị theo mẫu {pattern}",
}


def load_model(path: Path, model: type[Model], error: type[UserError]) -> tuple[Model, LineFinder]:
    """Read `path` into `model`; raises `error` naming file, line and what is expected, all mistakes at once."""
    tree = _read_tree(path, error)
    lines = LineFinder(path, tree)
    try:
        return model.model_validate(tree), lines
    except ValidationError as failure:
        mistakes = [lines.mistake(item["loc"], _expectation(item)) for item in _own_errors(failure)]
        raise error("\n".join(mistakes)) from failure


def _own_errors(failure: ValidationError) -> list[ErrorDetails]:
    """Leave out lists that only count as too short because an item in them is wrong."""
    errors = failure.errors(include_url=False)
    return [
        item
        for item in errors
        if item["type"] != "too_short"
        or not any(other["loc"][: len(item["loc"])] == item["loc"] for other in errors if other is not item)
    ]


def _read_tree(path: Path, error: type[UserError]) -> CommentedMap:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as failure:
        message = f"{path}: không có tệp này. Tạo tệp theo mẫu trong tài liệu."
        raise error(message) from failure
    except (OSError, UnicodeDecodeError) as failure:
        message = f"{path}: không đọc được tệp. Cần tệp văn bản UTF-8 có quyền đọc."
        raise error(message) from failure
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as failure:
        line = failure.problem_mark.line + 1 if failure.problem_mark else 1
        message = f"{path}, dòng {line}: sai cú pháp YAML. Kiểm tra thụt lề, dấu hai chấm, tên bị lặp."
        raise error(message) from failure
    except (YAMLError, ValueError) as failure:
        message = f"{path}, dòng 1: không đọc được như YAML. Kiểm tra ký tự lạ trong tệp."
        raise error(message) from failure
    if not isinstance(tree, CommentedMap):
        message = f"{path}, dòng 1: cần các dòng dạng “tên: giá trị”."
        raise error(message)
    return tree


class LineFinder:
    """Find the line of a value in a YAML file from its path of keys, and word a mistake about it."""

    def __init__(self, path: Path, tree: CommentedMap) -> None:
        self._path = path
        self._tree = tree

    def mistake(self, location: tuple[int | str, ...], expectation: str) -> str:
        """Word one mistake: file, line, name of the value, what is expected."""
        return f"{self._path}, dòng {self.line(location)}: “{_dotted(location)}” {expectation}."

    def line(self, location: tuple[int | str, ...]) -> int:
        """Give the line, from 1, of the deepest part of `location` that is in the file."""
        node: Any = self._tree
        line = 1
        for key in location:
            if isinstance(node, CommentedMap) and key in node:
                line = node.lc.key(key)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
                line = node.lc.item(key)[0] + 1
            else:
                continue
            node = node[key]
        return line


def _dotted(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in location) or "tệp"


def _expectation(item: ErrorDetails) -> str:
    if item["type"] == "missing":
        return "bị thiếu, cần bổ sung"
    if item["type"] == "extra_forbidden":
        return "không phải là tên được dùng ở đây, kiểm tra chính tả"
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    template = _EXPECTATIONS.get(item["type"])
    return template.format(**item.get("ctx", {})) if template else f"không hợp lệ ({item['msg']})"
