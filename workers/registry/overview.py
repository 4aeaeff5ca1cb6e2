"""Name the answers to what people ask about dossiers."""

from __future__ import annotations

from collections.abc import Sequence

from workers.records import (
    DeadlineChange,
    DossierRecord,
    DossierState,
    FiledDocument,
    OpenStep,
    OpinionRecord,
    PaperRecord,
    Record,
    TimelineEntry,
)


class DossierOverview(Record):
    """Hold all that is known of a dossier except who filed it, as of one instant."""

    dossier: DossierRecord
    open_steps: Sequence[OpenStep]
    timeline: Sequence[TimelineEntry]
    deadline_changes: Sequence[DeadlineChange]
    documents: Sequence[FiledDocument]
    opinions: Sequence[OpinionRecord]
    papers: Sequence[PaperRecord]


class DossierCount(Record):
    """Count the dossiers a unit leads in one state."""

    lead_unit: str
    state: DossierState
    count: int
