"""Tell apart the ways a send can fail, by what may be done next.

    SendFailure
    ├── SendLater     it certainly did not go out; try again
    ├── SendRefused   it certainly did not go out and never will as it is; a person decides
    └── SendUnknown   it may have gone out; a person decides, it is not sent again blindly

Reasons are Vietnamese and hold no personal data: they are logged and kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


class SendFailure(Exception):
    """Carry the reason why a message was not, or perhaps not, sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SendLater(SendFailure):
    """Say that a message did not go out, or that a second copy does no harm; `after`: not before so long."""

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


class SendRefused(SendFailure):
    """Say that a message was refused for good."""


class SendUnknown(SendFailure):
    """Say that nobody can tell whether a message went out."""
