"""Save an installation to a folder and put it back: registry, documents and the embedded engine, all of one moment.

The engine must not have gone on without the registry, nor the registry without the engine: the ledger names an effect
by keys that the engine gives out. So nothing may run meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import TYPE_CHECKING

from workers.app import keep_private, utc_now
from workers.errors import UserError
from workers.registry.database import Registry, restore
from workers.registry.engines import parse_url
from workers.registry.schema import head
from workers.station import Station

if TYPE_CHECKING:
    from pathlib import Path

    from workers.settings import Settings

MANIFEST = "backup.json"
FOLDERS = ("documents", "engine")


def save(settings: Settings, folder: Path) -> list[str]:
    """Copy everything into a new folder; returns what was copied.

    Raises UserError while anything runs, when the folder holds something, or when a part cannot be copied.
    """
    _require_stopped(settings)
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"Thư mục {folder} đã có tệp; chọn một thư mục mới hoặc trống.")
    asyncio.run(_save_registry(settings, folder))
    saved = [name for name in FOLDERS if (settings.data / name).is_dir()]
    for name in saved:
        _copy(settings.data / name, folder / name)
    # Written last: a folder without it is half a backup.
    manifest = {"made_at": utc_now().isoformat(), "schema": head(), "folders": saved}
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return [_registry_file(settings), *saved]


def put_back(settings: Settings, folder: Path) -> list[str]:
    """Fill an empty installation from a backup; returns what was put back.

    Raises UserError while anything runs, when there is data already, or when the folder is no whole backup.
    """
    _require_stopped(settings)
    manifest = folder / MANIFEST
    if not manifest.is_file() or not (folder / _registry_file(settings)).is_file():
        raise UserError(f"{folder} không phải bản sao lưu trọn vẹn của loại cơ sở dữ liệu đang thiết lập.")
    saved: list[str] = json.loads(manifest.read_text("utf-8"))["folders"]
    for name in saved:
        if any(path.is_file() for path in (settings.data / name).rglob("*")):
            raise UserError(f"Đã có dữ liệu ở {settings.data / name}; xóa bằng «dieuphoi wipe» rồi phục hồi lại.")
    keep_private(settings.data)
    restore(settings.database, folder / _registry_file(settings))
    for name in saved:
        _copy(folder / name, settings.data / name)
    return [_registry_file(settings), *saved]


async def _save_registry(settings: Settings, folder: Path) -> None:
    registry = await Registry.connect(settings.database)
    try:
        if others := await registry.others_connected():
            raise UserError(
                f"Còn {others} kết nối của bộ xử lý tới sổ đăng ký; dừng mọi «dieuphoi run» rồi sao lưu lại."
            )
        keep_private(folder)
        await registry.backup(folder / _registry_file(settings))
    finally:
        await registry.close()


def _require_stopped(settings: Settings) -> None:
    if Station(settings).stack.status().running:
        raise UserError("Hệ thống đang chạy; dừng bằng «dieuphoi down» rồi chạy lại lệnh này.")


def _registry_file(settings: Settings) -> str:
    return "registry.dump" if parse_url(settings.database).get_backend_name() == "postgresql" else "registry.db"


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    except (OSError, shutil.Error):
        raise UserError(f"Không chép được {source} sang {target}; kiểm tra quyền ghi và dung lượng ổ đĩa.") from None
