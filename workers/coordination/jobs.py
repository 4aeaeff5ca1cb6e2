"""Pair the chapter's job types with their handlers."""

from __future__ import annotations

from workers.coordination import appraisal, contracts, escalation, opinions, result_feedback

JOBS = (
    (contracts.OPEN_ROUND, opinions.open_round),
    (contracts.RECORD_REPLY, opinions.record_reply),
    (contracts.RECORD_SILENCE, opinions.record_silence),
    (contracts.RESOLVE_SILENCE, opinions.resolve_silence),
    (contracts.RECORD_LATE, opinions.record_late),
    (contracts.COMPILE, opinions.compile_opinions),
    (contracts.CLOSE_ROUND, opinions.close_round),
    (contracts.CHECK_PACKAGE, appraisal.check_package),
    (contracts.RETURN_PACKAGE, appraisal.return_package),
    (contracts.PRESENT, appraisal.present),
    (contracts.SEND_FEEDBACK, result_feedback.send),
    (contracts.CONFIRM_FEEDBACK, result_feedback.confirm),
    (contracts.REMIND, escalation.remind),
)
