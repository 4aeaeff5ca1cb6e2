"""Copy and check the SQLite file beside the running program."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from workers.errors import UserError
from workers.registry.engines import BUSY_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


def backup(source: Path, target: Path) -> None:
    """Copy a database in use; `target` appears only complete. Raises UserError when it cannot be written."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        partial.touch(mode=0o600, exist_ok=False)
        with closing(_open(source)) as original, closing(sqlite3.connect(partial)) as copy:
            original.backup(copy)
            # The copy is one file: it must not need the side files of WAL.
            copy.execute("PRAGMA journal_mode=DELETE").fetchone()
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(target)
    except (sqlite3.Error, OSError):
        raise UserError(
            f"Không ghi được bản sao lưu {target}; kiểm tra thư mục, quyền ghi và dung lượng ổ đĩa."
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def damage(source: Path) -> list[str]:
    """List in Vietnamese what is wrong with the file and with references between its tables."""
    try:
        with closing(_open(source)) as connection:
            pages = [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
            orphans = {row[0] for row in connection.execute("PRAGMA foreign_key_check")}
    except sqlite3.DatabaseError:
        return [f"Tệp {source} bị hỏng và không đọc được; phục hồi bản sao lưu gần nhất."]
    broken = [f"Tệp {source} bị hỏng ({page})." for page in pages]
    return broken + [f"Bảng {table} có dòng trỏ tới dữ liệu không còn." for table in sorted(orphans)]


def require_file(source: Path) -> None:
    """Raise UserError when there is no database yet: opening one would leave an empty file behind."""
    if not source.is_file():
        raise UserError(f"Chưa có cơ sở dữ liệu {source}. Chạy «dieuphoi up» hoặc «dieuphoi run» để tạo.")


def _open(source: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
