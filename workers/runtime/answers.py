"""Turn what became of a handler into what the engine is told: the four outcomes, named by who acts next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workers.errors import BusinessError, NeedsOperator, Outage, RetryLater, UserError
from workers.runtime import texts
from workers.runtime.privacy import redact
from workers.runtime.variables import InvalidInput, InvalidOutput

if TYPE_CHECKING:
    from workers.contract import Contract, JobMeta
    from workers.runtime.backoff import BackOff

COMPLETED = "completed"
BUSINESS_ERROR = "business_error"
RETRY = "retry"
OPERATOR = "operator"
EXPIRED = "expired"
HANDED_BACK = "handed_back"

OUTCOMES = (COMPLETED, BUSINESS_ERROR, RETRY, OPERATOR, EXPIRED, HANDED_BACK)


class HandlerTimeout(Exception):
    """The handler did not finish within the time the engine leaves it."""


@dataclass(frozen=True)
class Complete:
    """Let the diagram go on."""

    variables: dict[str, Any]
    outcome: str = COMPLETED


@dataclass(frozen=True)
class Throw:
    """Let a boundary event act."""

    code: str
    message: str
    outcome: str = BUSINESS_ERROR

    @property
    def variables(self) -> dict[str, Any]:
        """Hand the text to the form that shows it."""
        return {"error_message": self.message}


@dataclass(frozen=True)
class Fail:
    """Let time act (`retries` above 0) or a person in Operate (0). `code` is the code of the operator message."""

    message: str
    retries: int
    outcome: str
    after: timedelta = field(default_factory=timedelta)
    code: str | None = None


@dataclass(frozen=True)
class Silence:
    """Say nothing: the engine has given the job to somebody else."""

    outcome: str = EXPIRED


Answer = Complete | Throw | Fail | Silence


@dataclass(frozen=True)
class Case:
    """Name the job an answer is about. `dossier_code` is None before registration."""

    contract: Contract[Any, Any]
    job: JobMeta
    dossier_code: str | None

    def operator(self, what: str, action: str, code: str) -> Fail:
        """Open an incident now."""
        message = texts.operator_message(what, self.dossier_code, self.job.process_instance_key, action, code)
        return Fail(message=message, retries=0, outcome=OPERATOR, code=code)

    def hand_back(self) -> Fail:
        """Give the job to another worker at once without using up a retry."""
        return Fail(message=texts.HANDED_BACK, retries=self.job.retries, outcome=HANDED_BACK)


def answer_to(error: Exception, case: Case, policy: BackOff) -> Answer:
    """Translate an exception; one that nobody declared is retried and named by its class, never by its text."""
    if isinstance(error, BusinessError):
        return _business(error, case)
    if isinstance(error, RetryLater):
        return _retry(error, case, policy)
    for_operator = _operator(error, case)
    return for_operator or _unknown(error, case, policy)


def refused(case: Case, reason: str) -> Fail:
    """Open an incident because the engine does not take the result; `reason` is the name of a gRPC status."""
    return case.operator(texts.refused_result(case.contract, reason), *texts.REPORT_REFUSAL)


def _operator(error: Exception, case: Case) -> Fail | None:
    if isinstance(error, NeedsOperator):
        return case.operator(error.message, error.action, error.code)
    if isinstance(error, InvalidInput):
        return case.operator(texts.invalid_input(case.contract, error.problems), *texts.FIX_VARIABLES)
    if isinstance(error, InvalidOutput):
        return case.operator(texts.invalid_output(case.contract, error.problems), *texts.REPORT_OUTPUT)
    if isinstance(error, UserError):
        return case.operator(error.message, *texts.FIX_CONFIGURATION)
    return None


def _business(error: BusinessError, case: Case) -> Answer:
    if error.code not in case.contract.errors:
        return case.operator(texts.undeclared_code(case.contract, error.code), *texts.REPORT_CODE)
    return Throw(error.code, redact(error.message))


def _retry(error: RetryLater, case: Case, policy: BackOff) -> Answer:
    if isinstance(error, Outage):
        return Fail(redact(error.message), case.job.retries, RETRY, error.after or policy.delay(0))
    if case.job.retries <= 1:
        return case.operator(error.message, *texts.RETRIES_EXHAUSTED)
    return _wait(case, policy, redact(error.message), error.after)


def _unknown(error: Exception, case: Case, policy: BackOff) -> Answer:
    what = texts.technical_failure(case.contract, type(error).__name__)
    if case.job.retries <= 1:
        return case.operator(what, *texts.RETRIES_EXHAUSTED)
    return _wait(case, policy, what, None)


def _wait(case: Case, policy: BackOff, message: str, after: timedelta | None) -> Fail:
    failures = case.contract.retries - case.job.retries
    wait = policy.delay(failures) if after is None else after
    return Fail(message=message, retries=case.job.retries - 1, outcome=RETRY, after=wait)
