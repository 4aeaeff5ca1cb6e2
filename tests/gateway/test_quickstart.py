from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

from workers.runtime.runner import ExitCode

PAGE = (Path(__file__).parents[2] / "docs" / "runtime.md").read_text(encoding="utf-8")


async def test_the_quickstart_of_the_docs_runs(bench, gateway, monkeypatch):
    """Gap 13: the first example of the client's own README does not run."""
    monkeypatch.setenv("DIEUPHOI_GATEWAY_ADDRESS", gateway.address)
    names = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1), names)
    await gateway.add("sample.greet", {"unit": "Sở Xây dựng"})
    running = asyncio.create_task(names["main"](bench.workplace))
    await gateway.until(lambda: gateway.completed)
    assert gateway.completed[0][1] == {"greeting": "Kính gửi Sở Xây dựng"}
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 30) is ExitCode.STOPPED
