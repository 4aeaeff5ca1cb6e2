"""Keep documents in a folder under the SHA-256 of their bytes: one content is stored once and never overwritten."""

import errno
import hashlib
import math
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

from workers.errors import RetryLater
from workers.plain import open_plain

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FileTooLarge(Exception):
    """A file is larger than what is taken in, by its bytes as they are read: a file may grow meanwhile."""


class StoredDocument(BaseModel):
    """Refer to stored bytes; `name` is what the sender called the file and never part of a path. `size` in bytes."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    name: str
    size: int


class DocumentStore:
    """Store documents below `root`; safe for several processes at once, because a file only appears complete."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def put_file(self, path: Path, largest: float = math.inf) -> StoredDocument:
        """Copy a file of at most `largest` bytes into the store.

        Raises FileTooLarge, OSError when it is no regular file or cannot be read, and RetryLater when the disk is full.
        """
        with open_plain(path) as source:
            return self._put(source, _written(path.name), largest)

    def put_bytes(self, data: bytes, name: str) -> StoredDocument:
        """Store `data` under the name its sender gave. Raises RetryLater when the disk is full."""
        with self._new_file() as (target, temporary):
            target.write(data)
            return self._keep(target, temporary, hashlib.sha256(data).hexdigest(), name, len(data))

    def path_of(self, sha256: str) -> Path:
        """Give the place of a document. Raises ValueError unless `sha256` is 64 lower-case hex digits."""
        if not _SHA256.fullmatch(sha256):
            message = "a document is named by the 64 hex digits of its SHA-256"
            raise ValueError(message)
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def exists(self, sha256: str) -> bool:
        """Tell whether the document is stored."""
        return self.path_of(sha256).is_file()

    def get(self, sha256: str) -> bytes:
        """Read a document whole. Raises FileNotFoundError when it is not stored, ValueError when its bytes changed."""
        data = self.path_of(sha256).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            message = f"stored document {sha256} no longer has the bytes it was stored with"
            raise ValueError(message)
        return data

    def open(self, sha256: str) -> BinaryIO:
        """Open a document for reading. Raises FileNotFoundError when it is not stored."""
        return self.path_of(sha256).open("rb")

    def _put(self, source: BinaryIO, name: str, largest: float) -> StoredDocument:
        digest = hashlib.sha256()
        size = 0
        with self._new_file() as (target, temporary):
            while block := source.read(1 << 20):
                digest.update(block)
                size += len(block)
                if size > largest:
                    raise FileTooLarge
                target.write(block)
            return self._keep(target, temporary, digest.hexdigest(), name, size)

    @contextmanager
    def _new_file(self) -> Iterator[tuple[BinaryIO, Path]]:
        with self._room():
            handle, temporary = tempfile.mkstemp(dir=self._incoming)
            try:
                with os.fdopen(handle, "wb") as target:
                    yield target, Path(temporary)
            finally:
                Path(temporary).unlink(missing_ok=True)

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise RetryLater(f"Ổ đĩa của kho tài liệu {self._root} đã đầy: hãy giải phóng dung lượng.") from None

    def _keep(self, target: BinaryIO, temporary: Path, sha256: str, name: str, size: int) -> StoredDocument:
        place = self.path_of(sha256)
        if not place.is_file():
            target.flush()
            os.fsync(target.fileno())
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary.chmod(0o440)
            temporary.replace(place)
            _sync_folder(place.parent)
        return StoredDocument(sha256=sha256, name=Path(name).name, size=size)


def _written(name: str) -> str:
    """Write a name that the file system holds in another encoding with stand-ins, so that it can be kept as text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
