"""Copy, put back and check the database beside the running program, with the means of each kind."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from workers.errors import UserError
from workers.registry.engines import BUSY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import URL


def backup(source: Path, target: Path) -> None:
    """Copy a file in use; `target` appears only complete. Raises UserError when it cannot be written."""
    with _appearing(target) as partial, closing(_open(source)) as original, closing(sqlite3.connect(partial)) as copy:
        original.backup(copy)
        # The copy is one file: it must not need the side files of WAL.
        copy.execute("PRAGMA journal_mode=DELETE").fetchone()


def restore(source: Path, target: Path) -> None:
    """Put a copy where no registry is yet. Raises UserError when there is one, or when it cannot be written."""
    if target.exists():
        raise UserError(f"Đã có sổ đăng ký {target}; xóa bằng «dieuphoi wipe» hoặc chọn DIEUPHOI_DATA_DIR khác.")
    with _appearing(target) as partial:
        shutil.copyfile(source, partial)


def dump(url: URL, target: Path) -> None:
    """Have pg_dump copy a database in use; `target` appears only complete. Raises UserError with its reason."""
    with _appearing(target) as partial:
        _run(url, "pg_dump", "--format=custom", "--no-owner", f"--file={partial}")


def load(source: Path, url: URL) -> None:
    """Have pg_restore fill an empty database, wholly or not at all. Raises UserError with its reason."""
    _run(url, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(source))


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


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        partial.touch(mode=0o600, exist_ok=False)
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(target)
    except (sqlite3.Error, OSError):
        raise UserError(f"Không ghi được {target}; kiểm tra thư mục, quyền ghi và dung lượng ổ đĩa.") from None
    finally:
        partial.unlink(missing_ok=True)


def _run(url: URL, program: str, *words: str) -> None:
    # The password goes by the environment: everybody may read a command line.
    place = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": str(url.query.get("ssl", "prefer")),
    }
    environment = {**os.environ, **{name: str(value) for name, value in place.items() if value is not None}}
    command = [program, *(("--dbname", url.database or "") if program == "pg_restore" else ()), *words]
    try:
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError:
        raise UserError(f"Máy này chưa có {program}; cài gói postgresql-client rồi chạy lại.") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["không rõ lý do"])[0]
        raise UserError(f"{program} không làm được: {reason}")


def _open(source: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
