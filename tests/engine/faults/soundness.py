"""Tell whether a town is sound after whatever happened to it: nothing lost, nothing twice, everything explained."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select

from workers.records import FINISHED, TimelineKind
from workers.registry import tables as t
from workers.registry.outbox import OutboxState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from tests.engine.faults.town import Town
    from workers.records import TimelineEntry
    from workers.workplace import Services

MAY_HAVE_COME = {
    OutboxState.SENT: {1},
    OutboxState.PENDING: {0},
    OutboxState.FAILED: {0},
    # Nobody can know, so a person is asked; a dispatcher that died leaves SENDING until that is noticed.
    OutboxState.UNKNOWN: {0, 1},
    OutboxState.SENDING: {0, 1},
}


async def assert_sound(town: Town, services: Services) -> None:
    """Check every promise over all that ever happened in the town."""
    assert await town.incidents() == []
    checks = (
        lost_dossiers(town, services),
        wrong_numbers(services),
        wrong_letters(town, services),
        repeated_papers(services),
        broken_timelines(services),
    )
    assert [violation for check in checks async for violation in check] == []


async def lost_dossiers(town: Town, services: Services) -> AsyncIterator[str]:
    """Find submissions without a dossier and dossiers that are neither finished nor held by anybody."""
    submissions = await services.registry.latest.rows(select(t.submissions.c.id))
    if len(submissions) != len(town.codes):
        yield f"{len(submissions)} submissions, {len(town.codes)} dossiers"
    for code in town.codes:
        dossier = await services.registry.latest.dossier(code)
        held = await services.registry.latest.open_steps(code)
        if dossier is None or not (dossier.state in FINISHED or held):
            yield f"{code} is {dossier and dossier.state} and nobody holds it"


async def wrong_numbers(services: Services) -> AsyncIterator[str]:
    """Find gaps and duplicates among dossier codes, results and their counters."""
    counters = {row["scope"]: row["value"] for row in await services.registry.latest.rows(select(t.counters))}
    dossiers = await services.registry.latest.rows(select(t.dossiers.c.code, t.dossiers.c.result_number))
    taken = defaultdict(list)
    for row in dossiers:
        agency_and_day, _, number = row["code"].rpartition("-")
        taken[agency_and_day].append(int(number))
    for scope, numbers in taken.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"codes {scope} are numbered {sorted(numbers)}"
    results = Counter(row["result_number"] for row in dossiers if row["result_number"])
    for number, count in results.items():
        if count > 1:
            yield f"result {number} was given {count} times"
    if sum(counters.values()) != len(dossiers) + results.total():
        yield f"{sum(counters.values())} numbers counted, {len(dossiers)} codes and {results.total()} results there"


async def wrong_letters(town: Town, services: Services) -> AsyncIterator[str]:
    """Find letters that came more or less often than their row in the outbox says."""
    before = await _letter_states(services)
    came = Counter(name.strip("<>").rpartition("@")[0] for name in town.post.letters())
    after = await _letter_states(services)
    for message_id in came.keys() - after.keys():
        yield f"letter {message_id} came and nobody sent it"
    for message_id, state in after.items():
        # The dispatcher may be at work: a letter whose state changed while the post was counted proves nothing.
        settled = before.get(message_id) == state
        if came[message_id] > 1 or (settled and came[message_id] not in MAY_HAVE_COME[state]):
            yield f"letter {message_id} is {state} and came {came[message_id]} times"


async def _letter_states(services: Services) -> dict[str, OutboxState]:
    rows = await services.registry.latest.rows(
        select(t.outbox.c.message_id, t.outbox.c.state).where(t.outbox.c.channel == "email")
    )
    return {row["message_id"]: OutboxState(row["state"]) for row in rows}


async def repeated_papers(services: Services) -> AsyncIterator[str]:
    """Hold the papers against what happened: a request for each supplement and opinion, one of all else."""
    for row in await services.registry.latest.rows(select(t.dossiers)):
        papers = await services.registry.latest.papers(row["code"])
        made = Counter(paper.kind for paper in papers)
        requests = {
            "supplement_request": row["supplements"],
            "opinion_request": len(await services.registry.latest.opinions(row["code"])),
        }
        if {kind: made.pop(kind, 0) for kind in requests} != requests or set(made.values()) - {1}:
            yield f"{row['code']} asked {requests} and has papers {Counter(paper.kind for paper in papers)}"
        if row["result_number"] is not None and not {"receipt", "decision", "control_slip"} <= set(made):
            yield f"{row['code']} has a result and only papers {sorted(made)}"


async def broken_timelines(services: Services) -> AsyncIterator[str]:
    """Find timelines with gaps, broken chains, or hand-overs that overlap or never began."""
    async with services.registry.read() as reader:
        for violation in await reader.verify_timeline():
            yield violation.message
    for row in await services.registry.latest.rows(select(t.dossiers.c.code)):
        timeline = await services.registry.latest.timeline(row["code"])
        if [entry.seq for entry in timeline] != list(range(1, len(timeline) + 1)):
            yield f"{row['code']} has entries {[entry.seq for entry in timeline]}"
        for violation in _turns_not_taken(timeline):
            yield f"{row['code']}: {violation}"


def _turns_not_taken(timeline: Sequence[TimelineEntry]) -> Iterator[str]:
    """Each hand-over begins once and ends once after that; no element of a diagram is held twice at a time."""
    held: dict[int, TimelineEntry] = {}
    seen: set[int] = set()
    for entry in timeline:
        if entry.step_id is None:
            continue
        if entry.kind is TimelineKind.OPENED:
            if entry.step_id in seen:
                yield f"step {entry.step_id} ({entry.element_id}) is opened twice"
            if any(one.element_id == entry.element_id and one.unit == entry.unit for one in held.values()):
                yield f"{entry.element_id} is held twice by {entry.unit}"
            held[entry.step_id] = entry
            seen.add(entry.step_id)
            continue
        opened = held.pop(entry.step_id, None)
        if opened is None:
            yield f"step {entry.step_id} ({entry.element_id}) is closed and was not open"
        elif entry.at < opened.at or (entry.unit, entry.element_id) != (opened.unit, opened.element_id):
            yield f"step {entry.step_id} ({entry.element_id}) is closed at {entry.at}, opened at {opened.at}"
