"""Declare a job type once: what it reads, returns and throws, and how an analyst sees it."""

from __future__ import annotations

import builtins  # noqa: TC003 - the field `type` hides the name in annotations
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

LONGEST_TEXT = 50_000
"""Characters; forms allow 4,000, and no list of findings comes near."""


class Variables(BaseModel):
    """Hold process variables; unknown ones are ignored on input, and no value is shown in an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        str_max_length=LONGEST_TEXT,
        str_strip_whitespace=True,
    )


class SummaryClaim(Variables):
    """Read off the summary of a dossier which one it is of."""

    code: str | None = None


class DossierIn(Variables):
    """Name the dossier a job is about; the summary that travels with the code tells when the code was changed."""

    dossier_code: str
    dossier_summary: SummaryClaim | None = None


class FeedbackIn(Variables):
    """Name the citizen's feedback a job is about; what else is named is held against the registry."""

    feedback_code: str
    feedback_summary: SummaryClaim | None = None
    coordinator_unit: str | None = None
    handling_unit: str | None = None


class Nothing(Variables):
    """Return nothing."""


In = TypeVar("In", bound=Variables)
Out = TypeVar("Out", bound=Variables)


@dataclass(frozen=True)
class Contract(Generic[In, Out]):
    """Describe one job type.

    From it follow the variables to fetch, the element template, the lint rule, the reference page and
    the labels of the metrics. `timeout` is how long the engine waits before it delivers the job again.
    `person_waits` marks jobs that are streamed because somebody looks at a screen meanwhile.
    """

    type: str
    label: str
    description: str
    input: builtins.type[In]
    output: builtins.type[Out]
    errors: dict[str, str] = field(default_factory=dict)
    timeout: timedelta = timedelta(seconds=60)
    retries: int = 5
    person_waits: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def chapter(self) -> str:
        """Name the group of the job type: the part before the dot."""
        return self.type.partition(".")[0]

    @property
    def input_names(self) -> list[str]:
        """List the process variables the engine sends, never all of them."""
        return [info.alias or name for name, info in self.input.model_fields.items()]


@dataclass(frozen=True)
class JobMeta:
    """Identify one delivery of a job. `headers` are the task headers drawn in the diagram.

    `dossier_code` is the code of the case, a dossier or a citizen's feedback; None before registration, and for what is
    none by its form.
    """

    key: int
    type: str
    element_id: str
    element_instance_key: int
    process_instance_key: int
    process_id: str
    retries: int
    headers: dict[str, str]
    dossier_code: str | None = None
