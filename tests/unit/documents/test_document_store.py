from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.documents.store import DocumentStore
from workers.errors import RetryLater


@pytest.fixture
def store(tmp_path):
    return DocumentStore(tmp_path / "store")


def files_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_stored_bytes_come_back(store):
    document = store.put_bytes(b"content", "a.pdf")

    assert document.sha256 == hashlib.sha256(b"content").hexdigest()
    assert (document.name, document.size) == ("a.pdf", 7)
    assert store.exists(document.sha256)
    assert store.get(document.sha256) == b"content"
    with store.open(document.sha256) as file:
        assert file.read() == b"content"


def test_file_and_its_bytes_are_one_document(store, tmp_path):
    path = tmp_path / "b.pdf"
    path.write_bytes(b"x" * 3_000_000)

    assert store.put_file(path).sha256 == store.put_bytes(path.read_bytes(), "c.pdf").sha256
    assert len(files_in(tmp_path / "store")) == 1


def test_a_full_disk_is_one_sentence_that_says_which_and_is_tried_again_later(store, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (os.open("/dev/full", os.O_WRONLY), str(tmp_path / "new")))

    for put in (lambda: store.put_bytes(b"content", "a.pdf"), lambda: store.put_file(Path(__file__))):
        with pytest.raises(RetryLater, match=rf"{tmp_path / 'store'} đã đầy: hãy giải phóng dung lượng"):
            put()


@pytest.mark.parametrize("name", ["../../escape.pdf", "/etc/passwd", "..", "a/../../b"])
def test_name_never_becomes_a_path(store, tmp_path, name):
    document = store.put_bytes(b"content", name)

    assert "/" not in document.name
    assert files_in(tmp_path) == [store.path_of(document.sha256)]


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "../" + "a" * 61])
def test_only_a_digest_names_a_document(store, sha256):
    for use in (store.path_of, store.exists, store.get, store.open):
        with pytest.raises(ValueError, match="64 hex digits"):
            use(sha256)


def test_unknown_document_is_not_there(store):
    assert not store.exists("0" * 64)
    with pytest.raises(FileNotFoundError):
        store.get("0" * 64)


def test_changed_bytes_are_noticed(store):
    document = store.put_bytes(b"content", "a.pdf")
    path = store.path_of(document.sha256)
    path.chmod(0o600)
    path.write_bytes(b"altered")

    with pytest.raises(ValueError, match="no longer has the bytes"):
        store.get(document.sha256)


def test_failed_copy_leaves_nothing_behind(store, tmp_path, monkeypatch):
    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False

        def read(self, _size):
            raise OSError

    monkeypatch.setattr("workers.documents.store.open_plain", lambda _: Broken())
    with pytest.raises(OSError):
        store.put_file(Path("a.pdf"))
    assert files_in(tmp_path) == []


def test_many_threads_store_the_same_document_once(store, tmp_path):
    data = b"y" * 500_000
    threads = [threading.Thread(target=store.put_bytes, args=(data, f"{number}.pdf")) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(files_in(tmp_path)) == 1
    assert store.get(hashlib.sha256(data).hexdigest()) == data


@given(st.binary(max_size=2000))
@settings(max_examples=50, deadline=None)
def test_any_bytes_come_back(tmp_path_factory, data):
    store = DocumentStore(tmp_path_factory.getbasetemp() / "any")

    assert store.get(store.put_bytes(data, "x").sha256) == data
