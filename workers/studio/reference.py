"""Write the reference pages: job types from their contracts, commands from the command line itself."""

from __future__ import annotations

import types
import typing
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import AwareDatetime, BaseModel

from workers.studio.diagram import job_type, listeners

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydantic.fields import FieldInfo

    from workers.contract import Contract
    from workers.studio.models import Dictionary, Models

_JOBS_HEAD = """# Các loại công việc của bộ xử lý

Trang này được sinh từ hợp đồng của các worker (`workers/*/contracts.py`) và từ điển `bpmn/variables.yaml`;
không sửa tay, chạy `dieuphoi studio reference`. Loại công việc là giá trị *Job type* của service task hoặc listener
trong sơ đồ.

- **Cần**: biến được đọc; “có thể trống” nghĩa là bước vẫn chạy khi biến chưa có.
- **Trả về**: biến được ghi vào phiên quy trình.
- **Lỗi nghiệp vụ**: mã mà một sự kiện biên phải bắt, ở mọi sơ đồ dùng công việc này.
- **Thời gian chờ**: quá thời gian này Camunda giao việc lại; kết quả đã ghi không bị ghi lần hai.
- Mã lỗi trong thông báo cho người vận hành: xem [runbook.md](runbook.md).
"""

_COMMANDS_HEAD = """# Commands

Generated from the command line by `dieuphoi studio reference`; not edited by hand. What a command says is Vietnamese.

Exit codes: 0 well; 1 the command found something wrong (`check`, `doctor`, `status`, `studio lint`) or was not
confirmed (`wipe`); 2 a mistake of the user or of `config/`, told in one sentence; 130 stopped with Ctrl-C. `run` has
its own, see [runtime.md](runtime.md#health-and-exit-codes).
"""

_PLAIN: dict[Any, str] = {
    str: "chữ",
    int: "số nguyên",
    float: "số",
    bool: "đúng/sai",
    AwareDatetime: "thời điểm",
    datetime: "thời điểm",
    date: "ngày",
    type(None): "trống",
}


def write_reference(docs: Path, pages: dict[str, str]) -> list[Path]:
    """Write the pages that changed and return them."""
    changed = [docs / name for name, text in pages.items() if _read(docs / name) != text]
    for path in changed:
        path.write_text(pages[path.name], encoding="utf-8")
    return changed


def job_types_page(contracts: Iterable[Contract[Any, Any]], models: Models) -> str:
    """Describe every job type: what it does, reads, returns and throws, and which diagrams use it."""
    parts = [_JOBS_HEAD]
    chapter = ""
    for contract in contracts:
        if contract.chapter != chapter:
            chapter = contract.chapter
            parts.append(f"## `{chapter}`\n")
        parts.append(_job(contract, models))
    return "\n".join(parts)


def commands_page(root: Any) -> str:
    """Describe every command of a Click group: usage, purpose, arguments, options and an example."""
    parts = [_COMMANDS_HEAD]
    for path, command in walk_commands(root, "dieuphoi"):
        parts.append(f"## `{path}`\n\n{command.help}\n")
        rows = [_parameter(one) for one in command.params if one.name != "help"]
        if rows:
            parts.append("\n".join(["| tham số | mặc định | ý nghĩa |", "|---|---|---|", *rows]) + "\n")
        example = (command.epilog or "").removeprefix("Ví dụ: ")
        if example:
            parts.append(f"```sh\n{example}\n```\n")
    return "\n".join(parts)


def walk_commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command below a Click command with the words that call it, groups left out."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from walk_commands(child, f"{path} {name}")


def _job(contract: Contract[Any, Any], models: Models) -> str:
    errors = "; ".join(f"`{code}` {meaning}" for code, meaning in contract.errors.items())
    facts = [
        f"- Dùng ở: {_uses(contract.type, models) or 'chưa sơ đồ nào'}",
        f"- Thời gian chờ: {_seconds(contract.timeout.total_seconds())}; số lần thử: {contract.retries}",
        *([f"- Lỗi nghiệp vụ: {errors}"] if errors else []),
        *(f"- Header `{name}`: {label}" for name, label in contract.headers.items()),
    ]
    tables = [
        _table("Cần", contract.input, models.dictionary),
        _table("Trả về", contract.output, models.dictionary),
    ]
    return "\n".join(
        [f"### `{contract.type}` – {contract.label}\n", f"{contract.description}\n", *facts, "", *filter(None, tables)]
    )


def _uses(wanted: str, models: Models) -> str:
    names = {
        diagram.process.id
        for diagram in models.diagrams
        for node in diagram.nodes
        if job_type(node) == wanted or wanted in {kind for _, kind in listeners(node)}
    }
    return ", ".join(f"`{name}`" for name in sorted(names))


def _table(title: str, model: type[BaseModel], dictionary: Dictionary) -> str:
    if not model.model_fields:
        return ""
    rows = [_variable(info.alias or name, info, dictionary) for name, info in model.model_fields.items()]
    return "\n".join([f"| {title} | Kiểu | Ý nghĩa |", "|---|---|---|", *rows]) + "\n"


def _variable(name: str, info: FieldInfo, dictionary: Dictionary) -> str:
    known = dictionary.variables.get(name)
    meaning = f"{known.title}. {known.description}" if known else (info.description or "")
    if info.annotation is type(None):
        meaning = f"Để trống sau bước này: {meaning}"
    elif not info.is_required():
        meaning = f"{meaning.rstrip('.')} (có thể trống)"
    return f"| `{name}` | {_kind(info.annotation)} | {_cell(meaning)} |"


def _kind(annotation: Any) -> str:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return " hoặc ".join(_kind(one) for one in inner if one is not type(None))
    if origin in (list, tuple):
        return f"danh sách {_kind(inner[0])}"
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in inner)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "nhóm (" + ", ".join(f"`{name}`" for name in annotation.model_fields) + ")"
    return _PLAIN.get(annotation, "nhóm giá trị")


def _parameter(one: Any) -> str:
    option = one.param_type_name == "option"
    names = ", ".join(f"`{name}`" for name in one.opts) if option else f"`{(one.metavar or one.name).upper()}`"
    given = "" if one.default in (None, False) or callable(one.default) else f"`{one.default}`"
    needed = "bắt buộc" if one.required else given
    return f"| {names} | {needed} | {_cell(getattr(one, 'help', None) or '')} |"


def _seconds(seconds: float) -> str:
    return f"{seconds / 60:g} phút" if seconds >= 60 else f"{seconds:g} giây"  # noqa: PLR2004 - a minute


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
