"""Tell whether a town is sound after whatever happened to it: nothing lost, nothing twice, everything explained."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select

from workers.records import FINISHED, TimelineKind
from workers.registry import tables as t
from workers.registry.outbox import OutboxState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.engine.faults.town import Town
    from workers.records import TimelineEntry
    from workers.workplace import Services


async def assert_sound(town: Town, services: Services) -> None:
    """Check every promise over all that ever happened in the town."""
    assert await town.incidents() == []
    await _no_dossier_is_lost(town, services)
    await _numbers_have_no_gap_and_no_duplicate(services)
    await _letters_went_out_once(town, services)
    await _papers_were_made_once(services)
    await _timelines_are_whole(services)


async def _no_dossier_is_lost(town: Town, services: Services) -> None:
    submissions = await services.registry.latest.rows(select(t.submissions.c.id))
    assert len(submissions) == len(town.codes)
    for code in town.codes:
        dossier = await services.registry.latest.dossier(code)
        assert dossier is not None
        held = [(step.element_id, step.unit, step.role) for step in await services.registry.latest.open_steps(code)]
        assert dossier.state in FINISHED or held, f"{code} is {dossier.state} and nobody holds it"


async def _numbers_have_no_gap_and_no_duplicate(services: Services) -> None:
    counters = {row["scope"]: row["value"] for row in await services.registry.latest.rows(select(t.counters))}
    dossiers = await services.registry.latest.rows(select(t.dossiers.c.code, t.dossiers.c.result_number))
    taken = defaultdict(list)
    for row in dossiers:
        agency_and_day, _, number = row["code"].rpartition("-")
        taken[agency_and_day].append(int(number))
    for numbers in taken.values():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
    results = [row["result_number"] for row in dossiers if row["result_number"]]
    assert len(set(results)) == len(results)
    assert sum(counters.values()) == len(dossiers) + len(results)


async def _letters_went_out_once(town: Town, services: Services) -> None:
    before = await _letter_states(services)
    came = Counter(name.strip("<>").rpartition("@")[0] for name in town.post.letters())
    after = await _letter_states(services)
    assert set(came) <= set(after)
    # The dispatcher may be at work: a letter whose state changed while the post was counted proves nothing.
    for message_id in before.keys() & after.keys():
        state = after[message_id]
        allowed = {
            OutboxState.SENT: {1},
            OutboxState.PENDING: {0},
            OutboxState.FAILED: {0},
            # Nobody can know, so a person is asked; a dispatcher that died leaves SENDING until that is noticed.
            OutboxState.UNKNOWN: {0, 1},
            OutboxState.SENDING: {0, 1},
        }[state]
        settled = before[message_id] == state
        assert not settled or came[message_id] in allowed, f"{message_id} is {state} and came {came[message_id]} times"
        assert came[message_id] <= 1, f"{message_id} came {came[message_id]} times"


async def _letter_states(services: Services) -> dict[str, OutboxState]:
    rows = await services.registry.latest.rows(
        select(t.outbox.c.message_id, t.outbox.c.state).where(t.outbox.c.channel == "email")
    )
    return {row["message_id"]: OutboxState(row["state"]) for row in rows}


async def _papers_were_made_once(services: Services) -> None:
    """Hold the papers against what happened: a request for each supplement and opinion, one of all else."""
    for row in await services.registry.latest.rows(select(t.dossiers)):
        papers = await services.registry.latest.papers(row["code"])
        made = Counter(paper.kind for paper in papers)
        requests = {
            "supplement_request": row["supplements"],
            "opinion_request": len(await services.registry.latest.opinions(row["code"])),
        }
        assert {kind: made.pop(kind, 0) for kind in requests} == requests
        assert set(made.values()) <= {1}, f"{row['code']}: {made}"
        assert row["result_number"] is None or {"receipt", "decision", "control_slip"} <= set(made)


async def _timelines_are_whole(services: Services) -> None:
    async with services.registry.read() as reader:
        assert await reader.verify_timeline() == []
    for row in await services.registry.latest.rows(select(t.dossiers.c.code)):
        timeline = await services.registry.latest.timeline(row["code"])
        assert [entry.seq for entry in timeline] == list(range(1, len(timeline) + 1))
        _holders_take_turns(timeline)


def _holders_take_turns(timeline: Sequence[TimelineEntry]) -> None:
    """Each hand-over begins once and ends once after that; no element of a diagram is held twice at a time."""
    held: dict[int, TimelineEntry] = {}
    seen: set[int] = set()
    for entry in timeline:
        if entry.step_id is None:
            continue
        if entry.kind is TimelineKind.OPENED:
            assert entry.step_id not in seen
            same = [other for other in held.values() if other.element_id == entry.element_id]
            assert all(other.unit != entry.unit for other in same), f"{entry.element_id} is held twice by {entry.unit}"
            held[entry.step_id] = entry
            seen.add(entry.step_id)
        else:
            opened = held.pop(entry.step_id)
            assert entry.at >= opened.at
            assert (entry.unit, entry.element_id) == (opened.unit, opened.element_id)
