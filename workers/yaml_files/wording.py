"""Word in Vietnamese what a validation error expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

from workers.plain import plain

_LONGEST_SHOWN = 60

_DAY = "cần ngày có thật dạng 2026-11-23"
_CLOCK = 'cần giờ dạng "07:30"'
_LIST = "cần danh sách trong ngoặc vuông hoặc mỗi mục một dòng “- ”"
_MAPPING = "cần các dòng dạng “tên: giá trị”"

_EXPECTED = {
    "string_type": "cần chữ",
    "string_too_short": "không được để trống",
    "string_too_long": "cần không quá {max_length} ký tự",
    "string_unicode": "có ký tự không hợp lệ, cần gõ lại",
    "too_long": "cần không quá {max_length} mục",
    "string_pattern_mismatch": "cần dạng {pattern}",
    "bool_type": "cần true hoặc false",
    "bool_parsing": "cần true hoặc false",
    "int_type": "cần số nguyên",
    "int_parsing": "cần số nguyên",
    "int_from_float": "cần số nguyên",
    "float_type": "cần một số",
    "float_parsing": "cần một số",
    "greater_than": "cần số lớn hơn {gt}",
    "greater_than_equal": "cần số từ {ge} trở lên",
    "less_than": "cần số nhỏ hơn {lt}",
    "less_than_equal": "cần số không quá {le}",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "time_type": _CLOCK,
    "time_parsing": _CLOCK,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "too_short": "cần ít nhất {min_length} mục",
    "enum": "cần một trong: {expected}",
    "literal_error": "cần một trong: {expected}",
}


def expectation(error: ErrorDetails, found: str | None) -> str:
    """Say what was found and what is expected."""
    found = _shown(found or "")
    match error["type"]:
        case "missing":
            return "bị thiếu, cần bổ sung."
        case "extra_forbidden":
            return "không phải tên được dùng ở đây, cần kiểm tra chính tả" + (
                "." if found else "; nếu là phần sau dấu phẩy của một câu thì cần đặt cả câu trong dấu nháy kép."
            )
        case "value_error":
            return f"{error['ctx']['error']}."
        case "string_type" if found:
            return f"đang ghi “{found}”, cần chữ, đặt trong dấu nháy kép."
    template = _EXPECTED.get(error["type"], "không hợp lệ")
    values = {key: str(value).replace("'", "").replace(" or ", ", ") for key, value in error.get("ctx", {}).items()}
    expected = template.format(**values)
    return f"đang ghi “{found}”, {expected}." if found else f"{expected}."


def _shown(text: str) -> str:
    """Show what is written on one line, shortened."""
    text = " ".join(plain(text).split())
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
