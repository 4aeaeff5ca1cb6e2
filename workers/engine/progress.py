"""Tell a caller how long work is going, without knowing how it is shown."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receive what is being done, in Vietnamese; methods may be called from several threads."""

    def phase(self, text: str) -> None:
        """Announce the next piece of work, without a known length."""

    def begin(self, text: str, total: int) -> None:
        """Open a bar of `total` bytes; a later `begin` or `phase` closes it."""

    def advance(self, count: int) -> None:
        """Move the open bar on by `count` bytes."""


class SilentProgress:
    """Show nothing."""

    def phase(self, text: str) -> None:
        """Ignore the announcement."""

    def begin(self, text: str, total: int) -> None:
        """Ignore the bar."""

    def advance(self, count: int) -> None:
        """Ignore the movement."""
