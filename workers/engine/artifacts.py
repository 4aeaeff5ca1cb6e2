"""Fetch the engine once: pinned files from Maven Central, verified, unpacked and patched in a shared cache.

The cache may be shared by several clones of the project. A kill at any moment leaves nothing that a later run
would take for complete: downloads count only once their SHA-256 is right, and a directory appears by renaming.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from workers.engine.errors import (
    ArchiveCorrupted,
    CacheBusy,
    DiskFull,
    EngineError,
    NetworkUnavailable,
    NoWritePermission,
    translate_os_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from workers.engine.progress import Progress

    Download = Callable[["Artifact", Path, Callable[[int], None]], Path]

DISTRIBUTION = "distribution"
OPENSEARCH = "opensearch"
FREE_BYTES_NEEDED = 2 * 1024**3

_TRIES = 3
_PARALLEL_DOWNLOADS = 4
_LOCK_WAIT_SECONDS = 1800.0
_COMPLETE = "dieuphoi-complete.json"
_PATCH_JAR = "dieuphoi-patch.jar"
_SCHEMA_JAR = "lib/tasklist-els-schema-8.6.0.jar"
_STRICT_DATES = "date_time || epoch_millis"
_TOLERANT_DATES = "date_time || date_time_no_millis || epoch_millis"


@dataclass(frozen=True)
class Artifact:
    """Pin one file: what it is for, its checksum, its size in bytes and its Maven coordinate."""

    group: str
    sha256: str
    size: int
    coordinate: str

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Split the coordinate into group id, artifact id, version and packaging."""
        group_id, artifact_id, version, packaging = self.coordinate.split(":")
        return group_id, artifact_id, version, packaging

    @property
    def file_name(self) -> str:
        """Name the file as a Maven repository does."""
        _, artifact_id, version, packaging = self.parts
        return f"{artifact_id}-{version}.{packaging}"

    def path_in(self, repository: Path) -> Path:
        """Locate the file in a Maven repository directory."""
        group_id, artifact_id, version, _ = self.parts
        return repository.joinpath(*group_id.split("."), artifact_id, version, self.file_name)


@dataclass(frozen=True)
class EngineFiles:
    """Locate what the three processes are started from."""

    distribution: Path
    patch_jar: Path
    opensearch_class_path: tuple[Path, ...]
    aot: Path


def default_cache_dir() -> Path:
    """Locate the cache shared by all clones of one user: the XDG cache directory."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "dieuphoi" / "engine"


def read_lock(text: str | None = None) -> tuple[Artifact, ...]:
    """Read the pinned artifacts in class path order."""
    content = resources.files("workers.engine").joinpath("artifacts.lock").read_text("utf-8") if text is None else text
    rows = (line.split() for line in content.splitlines() if line and not line.startswith("#"))
    return tuple(Artifact(group, sha256, int(size), coordinate) for group, sha256, size, coordinate in rows)


def find_engine(cache: Path, artifacts: Sequence[Artifact] | None = None) -> EngineFiles | None:
    """Locate a complete engine in the cache without any network; None if anything is missing or was changed."""
    pinned = read_lock() if artifacts is None else artifacts
    jars = [item for item in pinned if item.group == OPENSEARCH]
    verified = _read_verified(cache)
    if not all(_is_verified(item, cache, verified) for item in jars):
        return None
    directory = _distribution_dir(cache, pinned)
    if not _is_complete(directory):
        return None
    return EngineFiles(
        distribution=directory,
        patch_jar=directory / _PATCH_JAR,
        opensearch_class_path=tuple(item.path_in(cache / "maven") for item in jars),
        aot=cache / "aot",
    )


def ensure_engine(
    cache: Path,
    progress: Progress,
    artifacts: Sequence[Artifact] | None = None,
    download: Download | None = None,
) -> EngineFiles:
    """Return a complete engine, fetching what is missing (about 380 MB the first time).

    Raises:
        DiskFull, NoWritePermission, NetworkUnavailable, ArchiveCorrupted, CacheBusy: as their names say.

    """
    pinned = read_lock() if artifacts is None else artifacts
    if found := find_engine(cache, pinned):
        return found
    with _alone_in(cache, progress):
        return find_engine(cache, pinned) or _fetch(cache, progress, pinned, download or _download_with_jgo)


def ensure_jars(
    cache: Path, progress: Progress, title: str, artifacts: Sequence[Artifact], download: Download | None = None
) -> tuple[Path, ...]:
    """Return other pinned jars in their order, fetching what is missing; `title` is shown meanwhile.

    Raises:
        DiskFull, NoWritePermission, NetworkUnavailable, ArchiveCorrupted, CacheBusy: as their names say.

    """
    with _alone_in(cache, progress):
        if missing := _missing(cache, artifacts, distribution_done=False):
            require_free_space(cache)
            progress.begin(title, sum(item.size for item in missing))
            _download_all(missing, cache, progress, download or _download_with_jgo)
    return tuple(item.path_in(cache / "maven") for item in artifacts)


def require_free_space(directory: Path, needed: int = FREE_BYTES_NEEDED) -> None:
    """Refuse to start long work that would fill the disk.

    Raises:
        DiskFull: fewer than `needed` bytes are free where `directory` is or will be.

    """
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise DiskFull(existing, free, needed)


def require_writable(directory: Path) -> None:
    """Create `directory` for the owner alone if needed and check that files can be written in it.

    Raises:
        NoWritePermission: it cannot be created or written.

    """
    probe = directory / f".write-{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise translate_os_error(error, directory, FREE_BYTES_NEEDED) or NoWritePermission(directory) from error


@contextlib.contextmanager
def exclusive(lock: Path, progress: Progress, waiting: str) -> Iterator[None]:
    """Let one process at a time do something; the lock dies with its holder, `waiting` is shown to the others.

    Raises:
        CacheBusy: the other process holds it for half an hour.

    """
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    with lock.open("a") as file:
        announced = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CacheBusy(lock) from None
                if not announced:
                    progress.phase(waiting)
                    announced = True
                time.sleep(0.5)
        yield


def sha256_of(path: Path) -> str:
    """Compute the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def build_patch_jar(schema_jar: Path, target: Path) -> int:
    """Write a jar whose index schemas accept dates without milliseconds; return the number of schemas changed.

    Tasklist 8.6.0 writes a task's date as `…:01Z` when its millisecond is 0, its own index refuses that, and the
    import then stands still for ever.
    """
    changed = 0
    with zipfile.ZipFile(schema_jar) as source, zipfile.ZipFile(target, "w") as patched:
        patched.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\n")
        for name in source.namelist():
            if not (name.startswith("schema/os/create/") and name.endswith(".json")):
                continue
            schema = source.read(name).decode()
            if _STRICT_DATES in schema:
                patched.writestr(name, schema.replace(_STRICT_DATES, _TOLERANT_DATES))
                changed += 1
    return changed


@contextlib.contextmanager
def _alone_in(cache: Path, progress: Progress) -> Iterator[None]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with exclusive(cache / "fetch.lock", progress, "Một lệnh khác đang tải bộ máy Camunda; đang chờ lệnh đó xong"):
            yield
    except OSError as error:
        raise translate_os_error(error, cache, FREE_BYTES_NEEDED) or error from error


def _fetch(cache: Path, progress: Progress, pinned: Sequence[Artifact], download: Download) -> EngineFiles:
    require_free_space(cache)
    directory = _distribution_dir(cache, pinned)
    missing = _missing(cache, pinned, distribution_done=_is_complete(directory))
    if missing:
        progress.begin("Tải Camunda 8.6.0 và OpenSearch", sum(item.size for item in missing))
        _download_all(missing, cache, progress, download)
    if not _is_complete(directory):
        progress.phase("Giải nén Camunda 8.6.0")
        _unpack(next(item for item in pinned if item.group == DISTRIBUTION), cache, directory)
    found = find_engine(cache, pinned)
    if found is None:
        raise ArchiveCorrupted(directory.name)
    return found


def _missing(cache: Path, pinned: Iterable[Artifact], *, distribution_done: bool) -> list[Artifact]:
    verified = _read_verified(cache)
    return [
        item
        for item in pinned
        if not (item.group == DISTRIBUTION and distribution_done) and not _is_verified(item, cache, verified)
    ]


def _download_all(items: Sequence[Artifact], cache: Path, progress: Progress, download: Download) -> None:
    guard = threading.Lock()

    def advance(count: int) -> None:
        with guard:
            progress.advance(count)

    def fetch_one(item: Artifact) -> None:
        path = _download_verified(item, cache / "maven", download, advance)
        with guard:
            _remember_verified(cache, item, path)

    with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        futures = [pool.submit(fetch_one, item) for item in items]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _download_verified(item: Artifact, repository: Path, download: Download, advance: Callable[[int], None]) -> Path:
    """Download until the checksum is right; a cut-off or altered file is removed, never kept."""
    target = item.path_in(repository)
    failure: EngineError = NetworkUnavailable(item.file_name)
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(attempt)
        if not target.exists():
            try:
                download(item, repository, advance)
            except (OSError, RuntimeError) as error:
                target.unlink(missing_ok=True)
                known = translate_os_error(error, repository, FREE_BYTES_NEEDED) if isinstance(error, OSError) else None
                if known:
                    raise known from error
                failure = NetworkUnavailable(item.file_name)
                failure.__cause__ = error
                continue
        if sha256_of(target) == item.sha256:
            return target
        target.unlink()
        failure = ArchiveCorrupted(item.file_name)
    raise failure


def _download_with_jgo(item: Artifact, repository: Path, advance: Callable[[int], None]) -> Path:
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415  a warm start never needs it

    @contextlib.contextmanager
    def report(_name: str, _total: int) -> Iterator[Callable[[int], None]]:
        yield advance

    context = MavenContext(resolver=PythonResolver(progress_callback=report), repo_cache=repository, timeout=60)
    group_id, artifact_id, version, packaging = item.parts
    return context.project(group_id, artifact_id).at_version(version).artifact(packaging=packaging).resolve()


def _unpack(item: Artifact, cache: Path, directory: Path) -> None:
    """Unpack beside the final place and rename: the directory exists complete or not at all."""
    archive = item.path_in(cache / "maven")
    workspace = cache / f"{directory.name}.partial"
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)
    with zipfile.ZipFile(archive) as source:
        source.extractall(workspace)
    (root,) = workspace.iterdir()
    build_patch_jar(root / _SCHEMA_JAR, root / _PATCH_JAR)
    sizes = {str(path.relative_to(root)): path.stat().st_size for path in sorted(root.rglob("*.jar"))}
    (root / _COMPLETE).write_text(json.dumps(sizes, indent=1), "utf-8")
    root.rename(directory)
    workspace.rmdir()
    archive.unlink()


def _is_complete(directory: Path) -> bool:
    """Compare the sizes of all jars with those at unpacking: cheap enough for every start."""
    try:
        sizes: dict[str, int] = json.loads((directory / _COMPLETE).read_text("utf-8"))
        return all((directory / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _distribution_dir(cache: Path, pinned: Sequence[Artifact]) -> Path:
    item = next(item for item in pinned if item.group == DISTRIBUTION)
    _, artifact_id, version, _ = item.parts
    return cache / f"{artifact_id}-{version}-{item.sha256[:8]}"


def _read_verified(cache: Path) -> dict[str, list[int]]:
    try:
        content: dict[str, list[int]] = json.loads((cache / "verified.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def _is_verified(item: Artifact, cache: Path, verified: dict[str, list[int]]) -> bool:
    """Trust an earlier checksum as long as size and modification time are unchanged."""
    try:
        stat = item.path_in(cache / "maven").stat()
    except OSError:
        return False
    return verified.get(item.sha256) == [stat.st_size, stat.st_mtime_ns]


def _remember_verified(cache: Path, item: Artifact, path: Path) -> None:
    stat = path.stat()
    verified = _read_verified(cache) | {item.sha256: [stat.st_size, stat.st_mtime_ns]}
    temporary = cache / "verified.json.new"
    temporary.write_text(json.dumps(verified), "utf-8")
    temporary.replace(cache / "verified.json")
