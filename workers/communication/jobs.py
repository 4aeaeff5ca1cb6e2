"""Pair the chapter's job types with their handlers."""

from __future__ import annotations

from workers.communication import changes, contracts, drafting, publishing

JOBS = (
    (contracts.KEEP_DRAFT, drafting.keep_draft),
    (contracts.DISCARD, drafting.discard),
    (contracts.APPROVE, publishing.approve),
    (contracts.PUBLISH, publishing.publish),
    (contracts.BEGIN_CORRECTION, changes.begin_correction),
    (contracts.RECALL, changes.recall),
    (contracts.REQUEST_CHANGE, changes.request_change),
)
