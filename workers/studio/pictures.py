"""Draw every diagram to `docs/pictures/`, one SVG a process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from workers.studio.node_tools import find_browser, run_script

if TYPE_CHECKING:
    from pathlib import Path


def draw_diagrams(bpmn: Path, pictures: Path, png: Path | None = None) -> list[str]:
    """Draw every diagram as SVG, and as PNG into `png` if given; return what the drawing tool complained about.

    Raises NodeMissingError when Node or Chromium is missing.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    if png is not None:
        png.mkdir(parents=True, exist_ok=True)
    sources = sorted(bpmn.rglob("*.bpmn"))
    diagrams = [
        {"source": path, "svg": pictures / f"{path.stem}.svg", "png": png / f"{path.stem}.png" if png else None}
        for path in sources
    ]
    answers = run_script("draw_diagrams", {"browser": find_browser(), "diagrams": diagrams})
    for source in sources:
        with (pictures / f"{source.stem}.svg").open("a", encoding="utf-8") as svg:
            svg.write(_stamp(source))
    return [f"{answer['source']}: {warning}" for answer in answers for warning in answer["warnings"]]


def stale_pictures(bpmn: Path, pictures: Path) -> list[str]:
    """Say in Vietnamese which diagrams changed since they were drawn, and which pictures belong to none.

    Compares what was drawn, not the drawing, which differs a little with the fonts of the machine.
    """
    sources = {path.stem: path for path in bpmn.rglob("*.bpmn")}
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in pictures.glob("*.svg")}
    stale = [
        f"{source}: hình đã cũ hoặc chưa có. Chạy `dieuphoi studio pictures` để vẽ lại."
        for name, source in sorted(sources.items())
        if not drawn.get(name, "").endswith(_stamp(source))
    ]
    return stale + [f"{pictures / name}.svg: không còn sơ đồ này. Xóa hình." for name in sorted(drawn.keys() - sources)]


def _stamp(source: Path) -> str:
    return f"<!-- {source.name} sha256:{hashlib.sha256(source.read_bytes()).hexdigest()} -->\n"
