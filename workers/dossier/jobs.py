"""Pair the chapter's job types with their handlers."""

from __future__ import annotations

from workers.dossier import contracts, deadlines, endings, registration, results, supplement

JOBS = (
    (contracts.REGISTER, registration.register),
    (contracts.CHECK, registration.check),
    (contracts.ACCEPT, registration.accept),
    (contracts.REFUSE, registration.refuse),
    (contracts.STOP, endings.stop),
    (contracts.WITHDRAW, endings.withdraw),
    (contracts.REQUEST_CHANGE, endings.request_change),
    (contracts.REQUEST_SUPPLEMENT, supplement.request),
    (contracts.REMIND_SUPPLEMENT, supplement.remind),
    (contracts.RECEIVE_SUPPLEMENT, supplement.receive),
    (contracts.CHANGE_DEADLINE, deadlines.recompute),
    (contracts.ASSESS_EXTENSION, deadlines.assess_extension),
    (contracts.GRANT_EXTENSION, deadlines.grant_extension),
    (contracts.ISSUE_RESULT, results.issue),
    (contracts.NOTIFY_RESULT, results.notify),
    (contracts.RATE_RESULT, results.rate),
)
