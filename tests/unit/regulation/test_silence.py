import pytest

from workers.errors import NeedsOperator
from workers.regulation.silence import ANSWER_NAMES, OUTCOME_NAMES, OpinionAnswer, SilenceOutcome, silence_rule


def test_nothing_decided_means_never_assume():
    rule = silence_rule(None)
    assert rule.outcome is SilenceOutcome.NEVER_ASSUME
    assert rule.escalates


def test_a_row_with_its_clause_is_applied():
    rule = silence_rule({"outcome": "agree", "clause": "TT 02/2022/TT-BTNMT, Điều 16", "confirmed": True})
    assert (rule.outcome, rule.escalates) == (SilenceOutcome.AGREE, False)


@pytest.mark.parametrize("row", [{"outcome": "agree"}, {"outcome": "disagree", "clause": ""}])
def test_an_answer_is_not_read_into_silence_without_a_clause(row):
    with pytest.raises(NeedsOperator, match="không nêu căn cứ"):
        silence_rule(row)


@pytest.mark.parametrize("outcome", ["silence", "đồng ý", "", None])
def test_an_unknown_outcome_goes_to_a_person(outcome):
    with pytest.raises(NeedsOperator, match="ngoài danh sách"):
        silence_rule({"outcome": outcome})


def test_silence_is_no_answer():
    assert "silent" not in set(OpinionAnswer)


def test_every_word_has_its_name():
    assert set(ANSWER_NAMES) == set(OpinionAnswer)
    assert set(OUTCOME_NAMES) == set(SilenceOutcome)
