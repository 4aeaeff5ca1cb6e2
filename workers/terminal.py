"""Print on a terminal what people sent, so that it cannot move the cursor, colour, or turn the rest of the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment

from workers.plain import is_control

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType

_STAND_IN = "\N{REPLACEMENT CHARACTER}"


class PlainConsole(Console):
    """Print like rich, with a stand-in for every control or direction character of the text itself."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render to segments without control characters; rich's own controls are kept."""
        for segment in super().render(renderable, options):
            if segment.control or not any(map(is_control, segment.text)):
                yield segment
            else:
                yield Segment(_visible(segment.text), segment.style)


def _visible(text: str) -> str:
    return "".join(_STAND_IN if is_control(char) else char for char in text)
