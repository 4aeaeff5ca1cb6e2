from __future__ import annotations

import asyncio
import re
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tests.databases import CHOSEN
from workers.errors import UserError
from workers.registry.database import Registry
from workers.registry.engines import parse_url, sqlite_url
from workers.registry.schema import head, migrate
from workers.registry.tables import metadata

VERSION = "SELECT version_num FROM alembic_version"


async def test_migrations_make_the_tables_the_program_names(empty_database):
    await migrate(empty_database.url)
    registry = await Registry.connect(empty_database.url)
    differences = []
    try:
        await registry.store.check(
            lambda connection: differences.extend(compare_metadata(MigrationContext.configure(connection), metadata))
        )
    finally:
        await registry.close()
    assert differences == []


async def test_migrating_again_changes_nothing(registry, database, samples):
    async with registry.write() as writer:
        await samples.file(writer)
    before = database.shape()
    await migrate(database.url)
    assert database.shape() == before
    assert database.value("SELECT count(*) FROM dossiers") == "1"


async def test_several_programs_may_migrate_at_once(empty_database):
    await asyncio.gather(*(migrate(empty_database.url) for _ in range(6)))
    assert empty_database.value(VERSION) == head()


async def test_a_migration_that_fails_leaves_nothing_behind(databases, empty_database, tmp_path):
    half_made = databases.migrated(tmp_path / "half")
    half_made.remove_guards()
    half_made.change(
        *(f"DROP TABLE {table.name}" for table in reversed(metadata.sorted_tables) if table.name != "timeline")
    )
    half_made.change("DROP TABLE alembic_version")
    before = half_made.shape()
    with pytest.raises(UserError):
        await migrate(half_made.url)
    assert half_made.shape() == before


async def test_a_newer_database_is_refused_and_left_alone(registry, database):
    await registry.close()
    database.change("UPDATE alembic_version SET version_num = '9999'")
    for attempt in (migrate, Registry.connect):
        with pytest.raises(UserError, match="phiên bản mới hơn") as raised:
            await attempt(database.url)
        assert "9999" in raised.value.message
    assert database.value(VERSION) == "9999"


async def test_an_unmigrated_database_is_refused(empty_database):
    if CHOSEN == "sqlite":
        with pytest.raises(UserError, match="Chưa có cơ sở dữ liệu"):
            await Registry.connect(empty_database.url)
        assert not empty_database.path.exists()
        empty_database.path.parent.mkdir()
        empty_database.path.touch()
    with pytest.raises(UserError, match="chưa được cập nhật"):
        await Registry.connect(empty_database.url)


@pytest.mark.sqlite
async def test_a_file_that_is_no_database_is_named(tmp_path):
    letter = tmp_path / "letter.sqlite"
    letter.write_text("Kính gửi Nguyễn Văn Ví Dụ " * 100, encoding="utf-8")
    for attempt in (migrate, Registry.connect):
        with pytest.raises(UserError, match=r"letter\.sqlite.*không phải cơ sở dữ liệu") as raised:
            await attempt(sqlite_url(letter))
        assert "Ví Dụ" not in raised.value.message


@pytest.mark.sqlite
async def test_a_place_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "a file"
    blocked.touch()
    with pytest.raises(UserError, match="kiểm tra đường dẫn"):
        await migrate(sqlite_url(blocked / "registry.sqlite"))


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d", "sqlite://", "sqlite:///:memory:"])
async def test_an_address_of_no_usable_database_is_refused(url):
    with pytest.raises(UserError, match="viết dạng"):
        await migrate(url)


def test_an_address_may_ask_for_encryption_as_the_tools_of_postgresql_do():
    assert dict(parse_url("postgresql://u@h/d?sslmode=verify-full").query) == {"ssl": "verify-full"}


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda url: url.replace("dieuphoi:", "dieuphoi:x"), "sai tên đăng nhập hoặc mật khẩu"),
        (lambda url: f"{url}_absent", "chưa có cơ sở dữ liệu này"),
        (lambda url: re.sub(r":\d+/", ":1/", url), "không kết nối được máy chủ"),
    ],
)
async def test_a_server_that_cannot_be_used_is_named_without_its_password(database, wrong, said):
    url = wrong(database.url)
    for attempt in (migrate, Registry.connect):
        with pytest.raises(UserError, match=said) as raised:
            await attempt(url)
        assert database.server.environment["PGPASSWORD"] not in raised.value.message


async def test_a_database_changed_by_another_version_is_told_to_whoever_asks(registry, database):
    assert await registry.problem() is None
    database.change("UPDATE alembic_version SET version_num = '9999'")
    assert "phiên bản dieuphoi mới hơn" in await registry.problem()
    database.change("DELETE FROM alembic_version")
    assert "chưa được cập nhật" in await registry.problem()


@pytest.mark.sqlite
async def test_only_the_owner_may_read_the_files(registry, database, samples):
    async with registry.write() as writer:
        await samples.file(writer)
    files = sorted(database.path.parent.iterdir())
    assert len(files) >= 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
