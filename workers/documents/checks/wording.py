"""Put lists found in files into a message of bounded length."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 3
_LONGEST = 80


def shorten(names: Iterable[str]) -> str:
    """List the first names, each cut to a bounded length, and say how many follow."""
    distinct = list(dict.fromkeys(names))
    more = f" và {len(distinct) - _SHOWN} tệp khác" if len(distinct) > _SHOWN else ""
    return ", ".join(name[:_LONGEST] for name in distinct[:_SHOWN]) + more
