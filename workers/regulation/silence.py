"""Say what it means when a unit that was asked does not answer.

Silence is recorded apart from every answer and is never written down as consent. The decision table chooses the
row; here stand the words it may use and what happens when it says nothing: consent is not assumed, the matter
is escalated.
"""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import ValidationError

from workers.errors import NeedsOperator
from workers.regulation.calendar import Rule


class OpinionAnswer(StrEnum):
    """Name what a unit may answer; not answering is none of these."""

    AGREE = "agree"
    AGREE_WITH_COMMENTS = "agree_with_comments"
    DISAGREE = "disagree"
    NOT_COMPETENT = "not_competent"


ANSWER_NAMES = {
    OpinionAnswer.AGREE: "Đồng ý",
    OpinionAnswer.AGREE_WITH_COMMENTS: "Đồng ý, có góp ý",
    OpinionAnswer.DISAGREE: "Không đồng ý",
    OpinionAnswer.NOT_COMPETENT: "Không thuộc thẩm quyền",
}

SILENCE_NAME = "Không trả lời"


class SilenceOutcome(StrEnum):
    """Name what silence may lead to."""

    AGREE = "agree"
    DISAGREE = "disagree"
    NEVER_ASSUME = "never_assume"


OUTCOME_NAMES = {
    SilenceOutcome.AGREE: "Không trả lời, được coi là đồng ý theo quy định",
    SilenceOutcome.DISAGREE: "Không trả lời, được coi là không đồng ý theo quy định",
    SilenceOutcome.NEVER_ASSUME: "Không trả lời, không được suy đoán; báo cáo Văn phòng UBND Thành phố",
}


_UNKNOWN = "có giá trị ngoài danh sách agree, disagree, never_assume"


class SilenceRule(Rule):
    """Hold the row that applies: outcome, who answers for it, and the clause that allows it."""

    outcome: SilenceOutcome = SilenceOutcome.NEVER_ASSUME
    responsible: str | None = None
    clause: str | None = None
    confirmed: bool = False

    @property
    def escalates(self) -> bool:
        """Say whether a person has to decide."""
        return self.outcome is SilenceOutcome.NEVER_ASSUME


def silence_rule(decided: Mapping[str, object] | None) -> SilenceRule:
    """Check what the decision table returned; nothing means never assume.

    Raises NeedsOperator when the outcome is unknown, or reads an answer into silence without naming a clause.
    """
    if decided is None:
        return SilenceRule()
    try:
        rule = SilenceRule.model_validate({key: decided[key] for key in SilenceRule.model_fields if key in decided})
    except ValidationError as failure:
        raise _illegal(_UNKNOWN) from failure
    if not rule.escalates and not rule.clause:
        raise _illegal("suy ra ý kiến từ im lặng mà không nêu căn cứ")
    return rule


def _illegal(why: str) -> NeedsOperator:
    return NeedsOperator(
        f"Bảng quy tắc im lặng {why} nên chưa áp dụng được cho ý kiến quá hạn.",
        action=(
            "Sửa biến silence trong Operate (outcome là never_assume khi chưa có căn cứ) rồi bấm Retry; "
            "sửa bảng quyết định và triển khai lại cho các hồ sơ sau."
        ),
        code="YK-001",
    )
