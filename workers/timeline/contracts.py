"""Declare the listeners that record hand-overs."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from workers.contract import Contract, SummaryClaim, Variables


class Option(Variables):
    """Offer one choice of a form."""

    label: str
    value: str


class OpenStepIn(Variables):
    """Name the case and every variable that may hold the step's unit, person or given deadline."""

    dossier_code: str | None = None
    publication_code: str | None = None
    dossier_summary: SummaryClaim | None = None
    feedback_code: str | None = None
    feedback_summary: SummaryClaim | None = None
    origin_unit: str | None = None
    lead_unit: str | None = None
    office_unit: str | None = None
    city_unit: str | None = None
    round_unit: str | None = None
    unit: str | None = None
    intake_origin_unit: str | None = None
    coordinator_unit: str | None = None
    handling_unit: str | None = None
    officer: str | None = None
    specialist: str | None = None
    editor: str | None = None
    approver: str | None = None
    request_id: str | None = None
    request_due_at: AwareDatetime | None = None
    supplement_until: AwareDatetime | None = None
    feedback_due_at: AwareDatetime | None = None
    forward_due_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    field: str | None = None


Replaced = Annotated[str | None, Field(exclude_if=lambda value: value is None)]
"""A variable that is set for the task only when it differs from the dossier's."""


class OpenStepOut(Variables):
    """Give the task its deadline, the moment to remind, and what its form offers. Local to the task.

    When the unit that a variable names is dissolved, the task gets its successor under the same name, and no officer
    of the old unit.
    """

    due: AwareDatetime
    remind_at: AwareDatetime
    due_label: str
    time_left_label: str
    history_label: str = ""
    officer_options: list[Option] = Field(default_factory=list)
    unit_options: list[Option] = Field(default_factory=list)
    origin_unit: Replaced = None
    lead_unit: Replaced = None
    office_unit: Replaced = None
    city_unit: Replaced = None
    round_unit: Replaced = None
    unit: Replaced = None
    intake_origin_unit: Replaced = None
    coordinator_unit: Replaced = None
    handling_unit: Replaced = None
    officer: Replaced = None
    specialist: Replaced = None
    editor: Replaced = None
    approver: Replaced = None


OPEN_STEP = Contract(
    type="timeline.open",
    label="Ghi nhận bắt đầu bước",
    description="Tính hạn của bước theo giờ làm việc và ghi ai đang giữ hồ sơ hoặc phản ánh.",
    input=OpenStepIn,
    output=OpenStepOut,
    person_waits=True,
)


class CloseStepIn(Variables):
    """Name the case and the decisions that say how a step ended."""

    dossier_code: str | None = None
    publication_code: str | None = None
    feedback_code: str | None = None
    reception_decision: str | None = None
    appraisal_decision: str | None = None
    signature_decision: str | None = None
    extension_decision: str | None = None
    handover_method: str | None = None
    opinion_answer: str | None = None
    silence_decision: str | None = None
    package_decision: str | None = None
    review_decision: str | None = None
    leader_decision: str | None = None
    draft_decision: str | None = None
    approval_decision: str | None = None
    triage_decision: str | None = None
    acceptance_decision: str | None = None
    result_decision: str | None = None
    moderation_decision: str | None = None


class CloseStepOut(Variables):
    """Return nothing."""


CLOSE_STEP = Contract(
    type="timeline.close",
    label="Ghi nhận kết thúc bước",
    description="Ghi thời điểm bàn giao và số phút làm việc đã dùng.",
    input=CloseStepIn,
    output=CloseStepOut,
    person_waits=True,
)

CONTRACTS = (OPEN_STEP, CLOSE_STEP)
