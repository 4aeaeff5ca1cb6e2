"""Name what can go wrong by who acts next.

    DieuphoiError
    ├── UserError          a person at the command line corrects it and tries again
    │   └── ConfigError    an office worker corrects a file of config/
    └── Outcome            a job did not complete
        ├── BusinessError  the diagram acts: a boundary event catches the code
        ├── RetryLater     time acts: the engine delivers the job again
        │   └── Outage     the same, however often: what the job needs is away
        └── NeedsOperator  a person in Operate acts: retries are set to 0

Apart from these, `AlreadyDone` tells one delivery of a job that another has done its work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any


class DieuphoiError(Exception):
    """Carry one Vietnamese message for the person who acts next."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UserError(DieuphoiError):
    """Say in one sentence what was wrong with a command and what to do."""


class ConfigError(UserError):
    """Say what is wrong in config/, in which file and line, and what is expected."""


class Outcome(DieuphoiError):
    """End a job without a result."""


class BusinessError(Outcome):
    """Throw a BPMN error; `code` is one the job's contract declares (Err_…)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RetryLater(Outcome):
    """Ask the engine to deliver the job again, after `after` or the default back-off."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class Outage(RetryLater):
    """Ask the engine to deliver the job again until what it needs is back; that uses up none of its retries."""


class NeedsOperator(Outcome):
    """Open an incident at once: what failed, and in `action` what the operator does."""

    def __init__(self, message: str, action: str, code: str = "VH-000") -> None:
        super().__init__(message)
        self.action = action
        self.code = code


class AlreadyDone(Exception):
    """Carry the result another delivery of the same job committed first; nobody has to act."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("another delivery won")
        self.result = result
