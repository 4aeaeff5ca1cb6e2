"""Bring the database to the shape this program knows, and refuse one it does not know."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from workers.errors import UserError
from workers.registry.engines import BUSY_SECONDS, file_engine, parse_url, server_engine

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_251_629


async def migrate(url: str) -> None:
    """Create or update the tables, all steps in one transaction; several processes may call it at once.

    Raises UserError when a newer program made the database, or when it cannot be opened.
    """
    parsed = parse_url(url)
    try:
        if parsed.get_backend_name() == "sqlite":
            await asyncio.to_thread(_migrate_file, parsed)
        else:
            await _migrate_server(parsed)
    except (DBAPIError, sqlite3.Error, OSError) as error:
        raise unusable(parsed, error) from None


def check_schema(connection: Connection) -> None:
    """Raise UserError unless the tables are exactly those of this program."""
    current = _current(connection)
    if current != head():
        _refuse_newer(current)
        raise UserError(
            f"Cơ sở dữ liệu (lược đồ {current or 'chưa có'}) chưa được cập nhật cho phiên bản này. "
            "Chạy «dieuphoi up» hoặc «dieuphoi run» một lần."
        )


@cache
def head() -> str | None:
    """Name the newest revision this program knows."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def unusable(url: URL, error: Exception) -> UserError:
    """Say in one sentence why a database cannot be used, without its password or any of its content."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    place = url.render_as_string(hide_password=True) if url.get_backend_name() != "sqlite" else url.database
    return UserError(f"Không dùng được cơ sở dữ liệu {place}: {_reason(cause)}")


def _reason(cause: BaseException | None) -> str:
    states = {
        "28": "sai tên đăng nhập hoặc mật khẩu; kiểm tra DIEUPHOI_DATABASE_URL.",
        "3D": "máy chủ chưa có cơ sở dữ liệu này; tạo nó (createdb) hoặc sửa DIEUPHOI_DATABASE_URL.",
        "42501": "tài khoản thiếu quyền; cơ sở dữ liệu phải thuộc về tài khoản trong DIEUPHOI_DATABASE_URL.",
        "53": "máy chủ hết chỗ hoặc hết kết nối; tăng max_connections hoặc giải phóng ổ đĩa rồi chạy lại.",
        "57": "máy chủ đang dừng hoặc đang khởi động; đợi rồi chạy lại.",
    }
    for state, advice in states.items():
        if str(getattr(cause, "sqlstate", None) or "").startswith(state):
            return advice
    known = {
        "unable to open database file": "không mở được tệp; kiểm tra thư mục và quyền ghi.",
        "file is not a database": "tệp này không phải cơ sở dữ liệu SQLite; chọn tệp khác hoặc phục hồi bản sao lưu.",
        "readonly database": "không có quyền ghi vào tệp; kiểm tra quyền của tệp và thư mục.",
        "malformed": "tệp bị hỏng; phục hồi bản sao lưu gần nhất.",
        "disk is full": "ổ đĩa đã đầy; giải phóng dung lượng rồi chạy lại.",
        "locked": "tiến trình khác đang giữ tệp; đợi nó xong rồi chạy lại.",
    }
    for part, advice in known.items():
        if part in str(cause):
            return advice
    if isinstance(cause, OSError | PoolTimeoutError):
        return "không mở được tệp hoặc không kết nối được máy chủ; kiểm tra đường dẫn, quyền và địa chỉ."
    return f"lỗi {type(cause).__name__}; xem «dieuphoi doctor»."


def _prepare_file(path: Path) -> None:
    # Only the owner may read the registry: it holds personal data. SQLite gives its side files the same mode.
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    # Switching to WAL cannot happen inside a transaction and stays with the file.
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
    finally:
        connection.close()


def _migrate_file(url: URL) -> None:
    _prepare_file(Path(url.database or ""))
    engine = file_engine(url, writing=True)
    try:
        with engine.connect() as connection:
            # Leaving without COMMIT rolls back. IMMEDIATE keeps a second program out.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _upgrade(connection)
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


async def _migrate_server(url: URL) -> None:
    engine = server_engine(url, writing=True).execution_options(isolation_level="READ COMMITTED")
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    current = _current(connection)
    if current == head():
        return
    _refuse_newer(current)
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(current: str | None) -> None:
    known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
    if current is not None and current not in known:
        message = (
            f"Cơ sở dữ liệu do phiên bản dieuphoi mới hơn tạo ra (lược đồ {current}). "
            "Cài phiên bản mới hơn rồi chạy lại; dữ liệu chưa bị thay đổi."
        )
        raise UserError(message)
