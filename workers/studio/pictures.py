"""Draw every diagram to `docs/pictures/`, one SVG a process."""

from __future__ import annotations

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
    diagrams = [
        {"source": path, "svg": pictures / f"{path.stem}.svg", "png": png / f"{path.stem}.png" if png else None}
        for path in sorted(bpmn.rglob("*.bpmn"))
    ]
    answers = run_script("draw_diagrams", {"browser": find_browser(), "diagrams": diagrams})
    return [f"{answer['source']}: {warning}" for answer in answers for warning in answer["warnings"]]
