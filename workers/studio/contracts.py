"""Collect the contracts that the diagrams may use, chapter by chapter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.communication.contracts import CONTRACTS as COMMUNICATION
from workers.coordination.contracts import CONTRACTS as COORDINATION
from workers.dossier.contracts import CONTRACTS as DOSSIER
from workers.feedback.contracts import CONTRACTS as FEEDBACK
from workers.timeline.contracts import CONTRACTS as TIMELINE

if TYPE_CHECKING:
    from workers.contract import Contract

CONTRACTS: tuple[Contract[Any, Any], ...] = (*DOSSIER, *COORDINATION, *FEEDBACK, *COMMUNICATION, *TIMELINE)
