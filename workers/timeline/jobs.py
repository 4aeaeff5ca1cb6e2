"""Pair the chapter's job types with their handlers."""

from __future__ import annotations

from workers.timeline import contracts, handlers

JOBS = (
    (contracts.OPEN_STEP, handlers.open_step),
    (contracts.CLOSE_STEP, handlers.close_step),
)
