"""Write what an operator reads in Operate: what failed, on which dossier, what to do; then a code.

Never a stack trace, never the value of a variable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.runtime.privacy import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract import Contract

HANDED_BACK = "Bộ xử lý đang dừng; việc được trả lại để bộ xử lý khác nhận ngay."

FIX_VARIABLES = ("Sửa các biến nêu trên trong Operate rồi bấm Retry.", "VH-001")
REPORT_OUTPUT = ("Báo nhóm phát triển kèm mã này; sau khi cập nhật phần mềm thì bấm Retry.", "VH-002")
REPORT_CODE = ("Báo nhóm phát triển khai báo mã lỗi này; sau khi cập nhật phần mềm thì bấm Retry.", "VH-003")
RETRIES_EXHAUSTED = (
    "Xem nhật ký của bộ xử lý theo khóa việc (job key), khắc phục nguyên nhân, tăng số lần thử rồi bấm Retry.",
    "VH-004",
)
REPORT_REFUSAL = ("Báo nhóm phát triển kèm mã này; sau khi khắc phục thì bấm Retry.", "VH-005")
FIX_CONFIGURATION = ("Sửa cấu hình theo thông báo trên rồi bấm Retry.", "VH-006")

CODES = {
    "VH-000": "Bước dừng lại và cần người vận hành; thông báo nêu việc cần làm.",
    "VH-001": "Biến đầu vào thiếu hoặc sai kiểu so với khai báo của bước.",
    "VH-002": "Kết quả của bước không đúng khai báo hoặc không ghi được thành JSON.",
    "VH-003": "Bước báo một mã lỗi nghiệp vụ chưa khai báo.",
    "VH-004": "Đã thử lại hết số lần cho phép mà vẫn lỗi.",
    "VH-005": "Camunda không nhận kết quả của bước.",
    "VH-006": "Cấu hình trong config/ có lỗi.",
}

_KINDS = {
    "missing": "thiếu",
    "string_type": "phải là chữ",
    "string_unicode": "chứa ký tự không hợp lệ",
    "int_type": "phải là số nguyên",
    "int_parsing": "phải là số nguyên",
    "int_from_float": "phải là số nguyên",
    "float_type": "phải là số",
    "float_parsing": "phải là số",
    "decimal_type": "phải là số",
    "decimal_parsing": "phải là số",
    "bool_type": "phải là đúng hoặc sai",
    "bool_parsing": "phải là đúng hoặc sai",
    "list_type": "phải là danh sách",
    "tuple_type": "phải là danh sách",
    "set_type": "phải là danh sách",
    "dict_type": "phải là nhóm giá trị",
    "model_type": "phải là nhóm giá trị",
    "model_attributes_type": "phải là nhóm giá trị",
    "literal_error": "không thuộc danh sách cho phép",
    "enum": "không thuộc danh sách cho phép",
    "string_pattern_mismatch": "không đúng mẫu",
    "string_too_short": "quá ngắn",
    "string_too_long": "quá dài",
    "too_short": "quá ít phần tử",
    "too_long": "quá nhiều phần tử",
    "extra_forbidden": "không được khai báo",
    "naive_datetime": "là thời điểm thiếu múi giờ",
    "not_finite": "không phải số hữu hạn",
    "too_large": "quá lớn",
    "wrong_model": "không phải kiểu đã khai báo",
    "unwritable": "không ghi được thành JSON",
}


def kind_of_problem(error_type: str) -> str:
    """Name a kind of validation problem in Vietnamese, by its pydantic type."""
    if error_type in _KINDS:
        return _KINDS[error_type]
    if error_type.startswith(("datetime", "date", "time", "timezone")):
        return "phải là ngày giờ có múi giờ"
    if error_type.startswith(("greater_than", "less_than")):
        return "ngoài khoảng cho phép"
    return f"không hợp lệ ({error_type})"


def operator_message(what: str, dossier_code: str | None, process_instance_key: int, action: str, code: str) -> str:
    """Join the three sentences and the code."""
    if dossier_code is None:
        dossier = f"Hồ sơ chưa có mã, xem phiên quy trình {process_instance_key}."
    else:
        dossier = f"Hồ sơ {dossier_code}."
    return f"{redact(_sentence(what))} {dossier} {redact(_sentence(action))} [{code}]"


def invalid_input(contract: Contract[Any, Any], problems: Sequence[str]) -> str:
    """Say which input variables do not fit."""
    return f"{_step(contract)} không chạy được vì biến đầu vào chưa đúng: {'; '.join(problems)}"


def invalid_output(contract: Contract[Any, Any], problems: Sequence[str]) -> str:
    """Say which fields of the result do not fit."""
    return f"{_step(contract)} đã chạy nhưng kết quả không đúng khai báo: {'; '.join(problems)}"


def undeclared_code(contract: Contract[Any, Any], code: str) -> str:
    """Say that no diagram can be catching this code."""
    return f"{_step(contract)} báo mã lỗi {code} chưa được khai báo"


def technical_failure(contract: Contract[Any, Any], error_class: str) -> str:
    """Name the class of an unknown error."""
    return f"{_step(contract)} gặp lỗi kỹ thuật {error_class}"


def refused_result(contract: Contract[Any, Any], reason: str) -> str:
    """Say that the engine does not take the result."""
    return f"{_step(contract)} đã chạy nhưng Camunda không nhận kết quả ({reason})"


def _step(contract: Contract[Any, Any]) -> str:
    return f"Bước “{contract.label}” ({contract.type})"


def _sentence(text: str) -> str:
    stripped = text.strip()
    return stripped if stripped.endswith((".", "!", "?", "…")) else f"{stripped}."
