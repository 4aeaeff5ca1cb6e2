"""Pair the chapter's job types with their handlers."""

from __future__ import annotations

from workers.feedback import contracts, handling, intake, rating

JOBS = (
    (contracts.REGISTER, intake.register),
    (contracts.CLASSIFY, intake.classify),
    (contracts.FORWARD, intake.forward),
    (contracts.DECLINE, intake.decline),
    (contracts.MERGE, intake.merge),
    (contracts.RETURN, handling.return_to_coordinator),
    (contracts.ACCEPT, handling.accept),
    (contracts.INTERIM, handling.answer_interim),
    (contracts.RESULT, handling.submit_result),
    (contracts.PUBLISH, handling.publish),
    (contracts.RATE, rating.rate),
    (contracts.REOPEN, rating.reopen),
    (contracts.CLOSE, rating.close),
)
