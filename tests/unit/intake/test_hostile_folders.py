"""A dossier folder from anywhere: it is taken in, or refused in one sentence, and nothing outside it is read."""

from __future__ import annotations

import os
import shutil
import socket
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.office import HOME
from workers import intake
from workers.documents.folder import load_folder
from workers.documents.store import DocumentStore
from workers.errors import UserError

PERMIT = HOME / "examples" / "dossiers" / "construction-permit"
DRAWING = "ban-ve.pdf"


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(PERMIT, tmp_path / "dossier")


def rewrite(folder, old, new):
    path = folder / "dossier.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8", errors="surrogatepass")


async def refused(office, folder):
    with pytest.raises(UserError) as failure:
        await intake.submit(office.services, folder)
    assert set((await office.footprint()).values()) == {0}
    assert unicodedata.is_normalized("NFC", failure.value.message)
    failure.value.message.encode()
    return failure.value.message


def link_out(path, outside):
    path.symlink_to(outside)


def pipe(path, _):
    os.mkfifo(path)


def listen(path, _):
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            server.bind(f"/proc/self/fd/{here}/{path.name}")
        finally:
            os.close(here)


def directory(path, _):
    path.mkdir()


def loop(path, _):
    path.symlink_to(path.name)


def device(path, _):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [link_out, pipe, listen, directory, loop, device])
@pytest.mark.parametrize("name", [DRAWING, "dossier.yaml"])
async def test_what_is_no_plain_file_is_refused_and_never_waited_for(office, folder, tmp_path, make, name):
    outside = tmp_path / "outside"
    outside.write_text("bí mật 079000000001", encoding="utf-8")
    (folder / name).unlink()
    make(folder / name, outside)
    told = await refused(office, folder)
    assert name in told
    assert "bí mật" not in told


@pytest.mark.parametrize(
    "name",
    [
        "../ban-ve.pdf",
        "/etc/passwd",
        "a/b.pdf",
        "C:\\ban-ve.pdf",
        "..",
        ".",
        "x" * 252 + ".pdf",
        "ban\\u202Efdp.exe",
        "ban\\0ve.pdf",
        "ban\\nve.pdf",
        "ban\\x1b[2Jve.pdf",
        "\\ud800.pdf",
    ],
)
async def test_a_name_that_leaves_the_folder_or_deceives_is_refused(office, folder, name):
    rewrite(folder, "file: ban-ve.pdf", f'file: "{name}"' if "\\" in name and "C:" not in name else f"file: '{name}'")
    assert "dòng" in await refused(office, folder)


@pytest.mark.parametrize("name", ["CON.pdf", "aux", "nul.pdf", "-rf.pdf", "=cmd|' calc'!A0.pdf", "$(id).pdf", "ạ.pdf"])
async def test_a_name_that_means_something_elsewhere_is_only_a_name_here(office, folder, name):
    (folder / DRAWING).rename(folder / name)
    rewrite(folder, "file: ban-ve.pdf", "file: " + '"' + name + '"')
    submission = await office.read.submission(await intake.submit(office.services, folder))
    assert submission.documents[-1].name == name
    assert office.looker.store.exists(submission.documents[-1].sha256)


async def test_a_name_in_decomposed_letters_is_found(office, folder):
    decomposed = unicodedata.normalize("NFD", "bản vẽ.pdf")
    (folder / DRAWING).rename(folder / decomposed)
    rewrite(folder, "file: ban-ve.pdf", f"file: {decomposed}")
    submission = await office.read.submission(await intake.submit(office.services, folder))
    assert unicodedata.normalize("NFC", submission.documents[-1].name) == "bản vẽ.pdf"


async def test_a_huge_sparse_file_is_refused_before_it_fills_the_disk(office, folder):
    os.truncate(folder / DRAWING, 1 << 40)
    assert "lớn hơn 20 MB" in await refused(office, folder)
    assert not list((office.looker.store._root / "incoming").iterdir())


async def test_an_unreadable_file_is_said(office, folder, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "denied")

    monkeypatch.setattr(DocumentStore, "put_file", denied)
    assert "Kiểm tra quyền đọc" in await refused(office, folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("tax_code: ", "email: 'ví dụ@example.vn'\n  tax_code: ", "cần địa chỉ thư điện tử"),
        ("tax_code: ", 'email: "a@example.vn\\r\\nBcc: b@example.vn"\n  tax_code: ', "có ký tự điều khiển"),
        ("tax_code: ", "email: 'a@example.vn, b@example.vn'\n  tax_code: ", "cần địa chỉ thư điện tử"),
        ("tax_code: ", "email: '\"a b\"@example.vn'\n  tax_code: ", "cần địa chỉ thư điện tử"),
        ("tax_code: ", "email: 'a(x)@example.vn'\n  tax_code: ", "cần địa chỉ thư điện tử"),
        ("tax_code: ", "email: 'a@еxample.vn'\n  tax_code: ", "cần địa chỉ thư điện tử"),
        ("title: ", 'title: "\\x1b]0;x\\a" # ', "có ký tự điều khiển"),
        ("title: ", 'title: "\\u202Eabc" # ', "đổi chiều chữ"),
        ("title: ", f"title: {'x' * 2000} # ", "không quá 1000 ký tự"),
        ("title: ", "title: !!python/object/apply:os.system ['id'] # ", "cần chữ"),
        ("title: ", "title: .nan # ", "cần chữ"),
        ("title: ", f"title: {'9' * 6000} # ", "không quá 1000 ký tự"),
        ("issued_on: ", "issued_on: 99999-01-01 # ", "cần ngày có thật"),
    ],
)
async def test_what_dossier_yaml_may_not_hold_is_said_with_its_line(office, folder, old, new, told):
    if old == "issued_on: " and old not in (folder / "dossier.yaml").read_text(encoding="utf-8"):
        old, new = "file: ban-ve.pdf", "file: ban-ve.pdf\n    issued_on: 99999-01-01"
    rewrite(folder, old, new)
    message = await refused(office, folder)
    assert told in message
    assert "dòng" in message


LAUGHS = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" if n else "a0: &a0 [lol]" for n in range(12))


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "a: &a [*a]",
        "a: " + "[" * 50_000,
        "{" * 50_000,
        "- " * 50_000,
        "x: 1\n" * 100_000,
        "a" * (50 << 20),
        "%YAML 9.9\n---\na: 1",
        "a: 1\n---\na: 2",
        "? [a]\n: b",
        "<<: *x",
        "\x00",
        "\ufeff",
        "a: !!binary xxxx",
        "a: 2001-12-14t21:59:43.10-99:99",
        "a: 0o" + "7" * 9000,
    ],
    ids=range(16),
)
def test_any_yaml_ends_in_a_sentence_in_bounded_time(folder, text):
    (folder / "dossier.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"dossier\.yaml"):
        load_folder(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_spoilt_dossier_yaml_is_read_or_refused_in_words(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("spoilt")
    for path in PERMIT.iterdir():
        (folder / path.name).touch()
    good = (PERMIT / "dossier.yaml").read_bytes()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 12)))
    (folder / "dossier.yaml").write_bytes(good[:start] + data.draw(st.binary(max_size=12)) + good[end:])
    try:
        load_folder(folder)
    except UserError as error:
        error.message.encode()
