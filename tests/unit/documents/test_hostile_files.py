"""No file, however broken, raises, stalls the inspector or reaches the next file."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workers.documents.findings import Inspection
from workers.documents.inspection import Inspector

EXAMPLES = Path(__file__).parents[3] / "examples"
FILES = sorted(path for path in (EXAMPLES / "files").rglob("*") if path.is_file() and path.stat().st_size)
DEADLINE = 20


def limited(policy, **limits):
    return policy.model_copy(update={"sandbox": policy.sandbox.model_copy(update=limits)})


def codes(inspection):
    return {found.code for found in inspection.findings}


def pdf_with_content(content: bytes) -> bytes:
    """Write a one-page PDF by hand around a packed content stream."""
    packed = zlib.compress(content, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
    ]
    data = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(data)
    return data + b"xref\n0 5\n0000000000 65535 f \n" + table + end


@pytest.fixture
def endless(tmp_path):
    """A small file that takes minutes and gigabytes to read."""
    path = tmp_path / "endless.pdf"
    path.write_bytes(pdf_with_content(b"0 0 m 1 1 l S\n" * 8_000_000))
    return path


@st.composite
def mutations(draw):
    """Change, cut and repeat parts of a file."""
    changes = draw(
        st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6)
    )
    cut = draw(st.tuples(st.floats(0, 1), st.floats(0, 1)))

    def mutate(data: bytes) -> bytes:
        changed = bytearray(data)
        for place, replacement in changes:
            start = int(place * len(changed))
            changed[start : start + len(replacement)] = replacement
        start, end = sorted(int(place * len(changed)) for place in cut)
        return bytes(changed[:start] + changed[end:]) if end - start < len(changed) // 2 else bytes(changed)

    return mutate


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_mutated_files_never_raise_and_return_in_time(inspect, policy, path, tmp_path_factory):
    target = tmp_path_factory.mktemp("mutated") / path.name
    bounded = limited(policy, wall_seconds=5, cpu_seconds=5)

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(mutations())
    def check(mutate):
        target.write_bytes(mutate(path.read_bytes()))
        started = time.monotonic()
        assert isinstance(inspect(target, policy=bounded), Inspection)
        assert time.monotonic() - started < DEADLINE

    check()


@given(data=st.binary(max_size=4096), name=st.text(max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_under_any_name_give_an_inspection(inspect, tmp_path, data, name):
    path = tmp_path / "file"
    path.write_bytes(data)

    assert inspect(path, name or "x").size == len(data)


def test_endless_file_is_stopped_by_the_clock(inspect, policy, endless):
    inspection = inspect(endless, policy=limited(policy, wall_seconds=1, memory_mb=4096))

    assert codes(inspection) == {"inspection_stopped"}
    assert inspection.findings[0].message.startswith("Tệp làm trình kiểm tra dừng (quá thời gian cho phép).")


def test_endless_file_is_stopped_by_its_share_of_the_processor(inspect, policy, endless):
    inspection = inspect(endless, policy=limited(policy, cpu_seconds=1, memory_mb=4096))

    assert "quá thời gian" in inspection.findings[0].message


def test_memory_blow_up_is_a_finding(inspect, policy, endless):
    inspection = inspect(endless, policy=limited(policy, memory_mb=400))

    assert codes(inspection) == {"inspection_stopped"}


def test_stopped_file_keeps_its_digest_and_size(inspect, policy, endless):
    inspection = inspect(endless, policy=limited(policy, wall_seconds=0.5, memory_mb=4096))

    assert len(inspection.sha256) == 64
    assert inspection.size == endless.stat().st_size


def test_next_file_is_not_affected(inspect, policy, endless, examples):
    inspect(endless, policy=limited(policy, wall_seconds=0.5, memory_mb=4096))

    assert codes(inspect(examples / "files" / "good" / "signed.pdf")) == set()


def test_sandbox_cannot_write_files(inspect, examples):
    before = {path: path.stat().st_mtime_ns for path in examples.rglob("*")}

    inspect(examples / "files" / "good" / "official.pdf")

    assert {path: path.stat().st_mtime_ns for path in examples.rglob("*")} == before


def test_server_imports_nothing_for_a_file(examples):
    """An import in every fork costs time, and fails where limits or rights forbid to read it."""
    program = """
import sys
from pathlib import Path
from workers.documents import sandbox
from workers.documents.checks.report import Report
from workers.documents.policy import DocumentPolicy

sandbox.load_parsers()
loaded = set(sys.modules)
for path in Path(sys.argv[1]).iterdir():
    sandbox.examine(Report(), path, path.name, DocumentPolicy())
print(sorted(set(sys.modules) - loaded))
"""
    command = [sys.executable, "-c", program, str(examples / "files" / "good")]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert result.stdout.strip() == "[]"


def fork_of(server: int) -> int | None:
    children = psutil.Process(server).children()
    return children[0].pid if children else None


def servers() -> set[int]:
    children = psutil.Process().children()
    return {child.pid for child in children if "workers.documents.sandbox" in child.cmdline()}


@pytest.fixture
def server():
    """Find the server that was started since the test began."""
    earlier = servers()

    def find() -> int | None:
        return next(iter(servers() - earlier), None)

    return find


async def until(find):
    """Wait for `find` to give something; fail when it does not within the deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            if found := find():
                return found
        except psutil.NoSuchProcess:
            pass
        await asyncio.sleep(0.02)
    pytest.fail("what the test waits for did not happen")


async def test_file_whose_process_is_killed_becomes_a_finding(policy, endless, examples, server):
    async with Inspector(processes=1) as inspector:
        await inspector.inspect(examples / "files" / "good" / "scan.png", "scan.png", policy)
        running = server()
        task = asyncio.create_task(inspector.inspect(endless, "endless.pdf", limited(policy, memory_mb=4096)))
        os.kill(await until(lambda: fork_of(running)), signal.SIGKILL)
        inspection = await task

        assert inspection.findings[0].message.startswith("Tệp làm trình kiểm tra dừng (trình đọc tệp dừng đột ngột)")
        assert server() == running


async def test_server_killed_between_files_is_replaced(policy, examples, server):
    path = examples / "files" / "good" / "scan.png"
    async with Inspector(processes=1) as inspector:
        await inspector.inspect(path, path.name, policy)
        os.kill(server(), signal.SIGKILL)

        assert (await inspector.inspect(path, path.name, policy)).findings == ()


async def test_server_killed_again_and_again_over_one_file_becomes_a_finding(policy, endless, server):
    async with Inspector(processes=1) as inspector:
        task = asyncio.create_task(inspector.inspect(endless, "endless.pdf", limited(policy, memory_mb=4096)))
        killed = None
        for _ in range(2):
            killed = await until(lambda last=killed: (pid := server()) != last and pid and fork_of(pid) and pid)
            os.killpg(killed, signal.SIGKILL)
        inspection = await task

        assert "dừng đột ngột" in inspection.findings[0].message


async def test_cancelled_question_does_not_answer_the_next(policy, endless, examples, server):
    async with Inspector(processes=1) as inspector:
        task = asyncio.create_task(inspector.inspect(endless, "endless.pdf", limited(policy, memory_mb=4096)))
        await until(lambda: (pid := server()) and fork_of(pid))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        inspection = await inspector.inspect(examples / "files" / "bad" / "macro.docm", "macro.docm", policy)

        assert codes(inspection) == {"macro"}


async def test_many_callers_each_get_the_answer_for_their_file(policy, examples):
    wanted = {"encrypted.pdf": {"encrypted"}, "macro.docm": {"macro"}, "javascript.pdf": {"javascript"}}
    async with Inspector(processes=2) as inspector:
        names = list(wanted) * 10
        folder = examples / "files" / "bad"
        results = await asyncio.gather(*(inspector.inspect(folder / name, name, policy) for name in names))

    assert [codes(result) for result in results] == [wanted[name] for name in names]


async def test_closing_leaves_no_process_behind(policy, examples, server):
    async with Inspector(processes=2) as inspector:
        await inspector.inspect(examples / "files" / "good" / "scan.png", "scan.png", policy)
        assert server() is not None

    assert server() is None
