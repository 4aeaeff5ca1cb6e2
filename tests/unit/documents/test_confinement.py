"""What examines a file can read, and nothing else: no network, no program, no change of any file."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workers.documents import confinement

ATTEMPTS = {
    "network": "socket.socket()",
    "local socket": "socket.socket(socket.AF_UNIX)",
    "connection": "socket.socketpair()[0].connect('/run/x')",
    "fork": "os.fork()",
    "program": "os.execv('/bin/true', ['true'])",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "thread": "threading.Thread(target=int).start()",
    "signal": "os.kill(os.getppid(), 0)",
    "write": "open(path, 'r+b')",
    "create": "open(path + '.new', 'xb')",
    "append": "open(path, 'ab')",
    "remove": "os.unlink(path)",
    "rename": "os.rename(path, path + '.old')",
    "link": "os.link(path, path + '.again')",
    "symlink": "os.symlink(path, path + '.link')",
    "folder": "os.mkdir(path + '.folder')",
    "rights": "os.chmod(path, 0)",
    "truncate": "os.truncate(path, 0)",
    "owner": "os.chown(path, 1, 1)",
    "second numbers": "libc_fork(0x40000000 + 57)",
}
PROGRAM = """
import ctypes, os, socket, sys, threading
from workers.documents.confinement import confine

def libc_fork(number):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number) < 0:
        raise OSError(ctypes.get_errno(), "denied")

path = sys.argv[1]
assert confine()
assert open(path, "rb").read() == b"bytes"
try:
    eval(sys.argv[2])
except (OSError, RuntimeError):
    os._exit(0)
os._exit(1)
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or confinement.platform.machine() not in confinement._MACHINES,
    reason="the filter is written for Linux on x86-64 and arm64",
)


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_it_is_denied_while_reading_goes_on(tmp_path, attempt):
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    subprocess.run([sys.executable, "-c", PROGRAM, path, attempt], check=True, timeout=60)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"bytes"


def test_another_processor_is_said_to_have_no_filter(monkeypatch):
    monkeypatch.setattr(confinement.platform, "machine", lambda: "riscv64")
    assert confinement.confine() is False
