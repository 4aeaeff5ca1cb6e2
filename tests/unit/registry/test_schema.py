from __future__ import annotations

import asyncio
import sqlite3
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from workers.errors import UserError
from workers.registry.database import Registry
from workers.registry.engines import parse_url, sqlite_url, writing_engine
from workers.registry.schema import head, migrate
from workers.registry.tables import metadata


def rows(path, sql):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def change(path, sql):
    connection = sqlite3.connect(path)
    try:
        with connection:
            connection.executescript(sql)
    finally:
        connection.close()


async def test_migrations_make_the_tables_the_program_names(database):
    await migrate(sqlite_url(database))
    engine = writing_engine(parse_url(sqlite_url(database)))
    try:
        async with engine.connect() as connection:
            differences = await connection.run_sync(
                lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
            )
    finally:
        await engine.dispose()
    assert differences == []


async def test_migrating_again_changes_nothing(registry, database, samples):
    async with registry.write() as writer:
        await samples.file(writer)
    before = rows(database, "SELECT sql FROM sqlite_master ORDER BY name")
    await migrate(sqlite_url(database))
    assert rows(database, "SELECT sql FROM sqlite_master ORDER BY name") == before
    assert rows(database, "SELECT count(*) FROM dossiers") == [(1,)]


async def test_several_programs_may_migrate_at_once(database):
    await asyncio.gather(*(migrate(sqlite_url(database)) for _ in range(6)))
    assert rows(database, "SELECT version_num FROM alembic_version") == [(head(),)]


async def test_a_migration_that_fails_leaves_nothing_behind(database, tmp_path):
    await migrate(sqlite_url(database))
    half_made = tmp_path / "half.sqlite"
    change(half_made, "CREATE TABLE timeline (x)")
    with pytest.raises(UserError):
        await migrate(sqlite_url(half_made))
    assert rows(half_made, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("timeline",)]


async def test_a_newer_database_is_refused_and_left_alone(registry, database):
    await registry.close()
    change(database, "UPDATE alembic_version SET version_num = '9999'")
    for attempt in (migrate, Registry.connect):
        with pytest.raises(UserError, match="phiên bản mới hơn") as raised:
            await attempt(sqlite_url(database))
        assert "9999" in raised.value.message
    assert rows(database, "SELECT version_num FROM alembic_version") == [("9999",)]


async def test_an_unmigrated_database_is_refused(database):
    database.parent.mkdir()
    with pytest.raises(UserError, match="Chưa có cơ sở dữ liệu"):
        await Registry.connect(sqlite_url(database))
    assert not database.exists()
    database.touch()
    with pytest.raises(UserError, match="chưa được cập nhật"):
        await Registry.connect(sqlite_url(database))


async def test_a_file_that_is_no_database_is_named(tmp_path):
    letter = tmp_path / "letter.sqlite"
    letter.write_text("Kính gửi Nguyễn Văn Ví Dụ " * 100, encoding="utf-8")
    for attempt in (migrate, Registry.connect):
        with pytest.raises(UserError, match=r"letter\.sqlite.*không phải cơ sở dữ liệu") as raised:
            await attempt(sqlite_url(letter))
        assert "Ví Dụ" not in raised.value.message


async def test_a_place_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "a file"
    blocked.touch()
    with pytest.raises(UserError, match="kiểm tra đường dẫn"):
        await migrate(sqlite_url(blocked / "registry.sqlite"))


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d", "sqlite://", "sqlite:///:memory:"])
async def test_an_address_of_no_usable_database_is_refused(url):
    with pytest.raises(UserError, match="viết dạng"):
        await migrate(url)


async def test_only_the_owner_may_read_the_files(registry, database, samples):
    async with registry.write() as writer:
        await samples.file(writer)
    files = sorted(database.parent.iterdir())
    assert len(files) >= 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
