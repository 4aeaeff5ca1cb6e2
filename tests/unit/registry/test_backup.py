"""Save an installation, lose it, put it back: whole, of one moment, and never over what is there."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.databases import CHOSEN
from workers import backup
from workers.errors import UserError
from workers.registry.database import Registry
from workers.registry.schema import head
from workers.settings import load_settings

CODE = "H29.15-250714-0001"


@pytest.fixture
def settings(database, tmp_path):
    documents = tmp_path / "data" / "documents" / "aa"
    documents.mkdir(parents=True)
    (documents / "aa").write_bytes(b"%PDF")
    return load_settings(data_dir=tmp_path / "data", database_url=database.url)


@pytest.fixture
async def filed(settings, samples):
    """A registry with one dossier, and nobody connected."""
    registry = await Registry.connect(settings.database)
    async with registry.write() as writer:
        await samples.file(writer)
        await writer.record_event(samples.event())
        await writer.next_number("n")
    await registry.close()


async def test_what_is_put_back_is_what_was_saved_and_goes_on(settings, filed, databases, tmp_path, samples):
    saved = await asyncio.to_thread(backup.save, settings, tmp_path / "saved")
    files = {path.relative_to(tmp_path / "saved").parts[0] for path in (tmp_path / "saved").rglob("*")}
    assert files == {*saved, "backup.json"}
    assert (tmp_path / "saved").stat().st_mode & 0o777 == 0o700
    fresh = settings.model_copy(update={"data_dir": tmp_path / "other"})
    empty = load_settings(data_dir=fresh.data, database_url=databases.empty(tmp_path / "fresh").url)
    (tmp_path / "fresh" / "registry").mkdir(parents=True, exist_ok=True)

    assert await asyncio.to_thread(backup.put_back, empty, tmp_path / "saved") == saved

    assert (fresh.data / "documents" / "aa" / "aa").read_bytes() == b"%PDF"
    again = await Registry.connect(empty.database)
    try:
        assert (await again.latest.dossier(CODE)).code == CODE
        assert await again.latest.verify_timeline() == []
        assert await again.damage() == []
        async with again.write() as writer:
            assert await writer.next_number("n") == 2
            await writer.record_event(samples.event())
            await writer.send(samples.draft())
    finally:
        await again.close()


async def test_nothing_that_is_there_is_written_over(settings, filed, tmp_path):
    await asyncio.to_thread(backup.save, settings, tmp_path / "saved")
    with pytest.raises(UserError, match="chọn một thư mục mới"):
        await asyncio.to_thread(backup.save, settings, tmp_path / "saved")
    with pytest.raises(UserError, match="Đã có dữ liệu"):
        await asyncio.to_thread(backup.put_back, settings, tmp_path / "saved")
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    with pytest.raises(UserError, match=r"Đã có sổ đăng ký|pg_restore"):
        await asyncio.to_thread(backup.put_back, elsewhere, tmp_path / "saved")


async def test_half_a_backup_is_refused(settings, filed, tmp_path):
    await asyncio.to_thread(backup.save, settings, tmp_path / "saved")
    (tmp_path / "saved" / "backup.json").unlink()
    with pytest.raises(UserError, match="không phải bản sao lưu trọn vẹn"):
        await asyncio.to_thread(backup.put_back, settings, tmp_path / "saved")


async def test_a_backup_names_its_schema_and_moment(settings, filed, tmp_path):
    await asyncio.to_thread(backup.save, settings, tmp_path / "saved")
    manifest = json.loads((tmp_path / "saved" / "backup.json").read_text("utf-8"))
    assert manifest["schema"] == head()
    assert manifest["folders"] == ["documents"]
    assert manifest["made_at"]


@pytest.mark.postgresql
async def test_as_long_as_workers_are_connected_nothing_is_saved(settings, filed, database, tmp_path):
    session = "SET application_name = 'dieuphoi other:1'; SELECT pg_sleep(30)"
    other = asyncio.create_task(asyncio.to_thread(database.change, session))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dieuphoi other:1'"
    async with asyncio.timeout(30):
        while await asyncio.to_thread(database.value, waiting) == "0":  # noqa: ASYNC110 - another process's session
            await asyncio.sleep(0.05)
    with pytest.raises(UserError, match="Còn 1 kết nối"):
        await asyncio.to_thread(backup.save, settings, tmp_path / "saved")
    assert not (tmp_path / "saved").exists()
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dieuphoi other:1'"
    await asyncio.to_thread(database.change, end)
    with pytest.raises(RuntimeError):
        await other


def test_the_kind_of_database_names_the_file(settings):
    assert backup._registry_file(settings) == {"sqlite": "registry.db", "postgresql": "registry.dump"}[CHOSEN]
