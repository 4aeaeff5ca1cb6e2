"""Run a town through faults drawn by a seed, bring everything back, and say what does not hold."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.chaos.engine_log import EngineLog
from tests.chaos.faults import plan
from tests.chaos.invariants import violations
from tests.chaos.operator import Operator
from tests.chaos.people import Public, RandomStaff
from tests.engine.faults.soundness import wrong_letters
from tests.engine.faults.town import EXAMPLES, eventually
from workers.registry.outbox import Outbox, OutboxState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
    from pathlib import Path

    from tests.chaos.faults import Event
    from tests.chaos.stage import Stage
    from workers.workplace import Services

FINISHING_SECONDS = 300
QUIET_SECONDS = 300
LOOK_AGAIN_SECONDS = 3
A_WHILE = timedelta(minutes=20)
"""Longer than any back-off, claim or job."""


@dataclass
class Report:
    """Hold what a run did and found."""

    seed: int
    dossiers: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    incidents: Counter[str] = field(default_factory=Counter)
    deaths: Counter[int] = field(default_factory=Counter)
    refusals: int = 0
    violations: Sequence[str] = ()

    def __str__(self) -> str:
        """Say it in lines."""
        said = {
            "seed": self.seed,
            "dossiers": f"{self.dossiers} ({_counts(self.states)})",
            "faults": f"{self.faults.total()} ({_counts(self.faults)})",
            "letters": f"{self.letters.total()} ({_counts(self.letters)})",
            "incidents retried": _counts(self.incidents) or "none",
            "workers that ended by themselves": _counts(self.deaths) or "none",
            "refusals people were told": self.refusals,
            "violations": len(self.violations),
        }
        lines = [f"{name}: {value}" for name, value in said.items()]
        return "\n".join([*lines, *(f"  {violation}" for violation in self.violations)])


class Chaos:
    """Run one seed on a stage."""

    def __init__(self, stage: Stage, seed: int, say: Callable[[str], None]) -> None:
        self._stage = stage
        self._seed = seed
        self._say = say
        self._report = Report(seed)
        self._busy: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._operator = Operator(stage.town.stack.endpoints.rest)

    async def run(self, dossiers: int, minutes: float, kept: Path) -> Report:
        """Run and judge; the registry is copied to `kept` for whoever looks into a violation."""
        chance = random.Random(self._seed)
        async with self._stage.town.open() as services, self._stage.open(), EngineLog(self._stage.town.stack) as log:
            public = Public(services, self._stage.town.stack.endpoints.rest, chance)
            async with self._staff(services, chance) as staff:
                await self._trouble(public, dossiers, minutes)
                staff.hurry = True
                await self._brought_back()
                await self._finish(services, log)
            found = [*await self._quiet(services, log, public), *(f"a person saw {one}" for one in public.crashes)]
            self._report.letters = Counter(await self._stage.town.letter_states(services))
            found += [fault async for fault in self._people_decide(services)]
            await self._tell(services, public, found)
            if self._stage.server is None:
                await services.registry.backup(kept)
        return self._report

    @asynccontextmanager
    async def _staff(self, services: Services, chance: random.Random) -> AsyncIterator[RandomStaff]:
        staff = RandomStaff(services, self._stage.town.stack.endpoints.rest, chance)
        async with _meanwhile(staff.work()):
            yield staff
        await staff.close()

    async def _trouble(self, public: Public, dossiers: int, minutes: float) -> None:
        """Let people come and go while the planned faults happen."""
        events = plan(self._seed, minutes, self._stage.faults)
        self._say(f"{dossiers} dossiers, {len(events)} faults in {minutes:g} minutes, seed {self._seed}")
        async with _meanwhile(public.live(), self._look_after_workers()), asyncio.TaskGroup() as happening:
            happening.create_task(self._arrive(public, dossiers, minutes))
            began = time.monotonic()
            for event in events:
                await asyncio.sleep(max(0.0, began + event.at - time.monotonic()))
                happening.create_task(self._befall(event))

    async def _arrive(self, public: Public, dossiers: int, minutes: float) -> None:
        """Hand dossiers in over the first two thirds of the time."""
        chance = random.Random(self._seed)
        names = sorted(folder.name for folder in EXAMPLES.iterdir())
        for _ in range(dossiers):
            await public.submit(chance.choice(names))
            await asyncio.sleep(minutes * 40 / dossiers)

    async def _befall(self, event: Event) -> None:
        async with self._busy[event.fault.part]:
            self._say(f"{event.at:6.1f} s  {event.fault.name} ({event.seconds:.1f} s)")
            await event.fault.happen(self._stage, event.seconds, random.Random(event.seed))
            self._report.faults[event.fault.name] += 1

    async def _look_after_workers(self) -> None:
        """Start workers again that ended by themselves, as a supervisor does, and keep with which code."""
        while True:
            async with self._busy["workers"]:
                for crew in self._stage.crews:
                    if (code := crew.ended()) is not None:
                        self._report.deaths[code] += 1
                        crew.start()
            await asyncio.sleep(1)

    async def _brought_back(self) -> None:
        """Wait until everything answers again."""
        stage = self._stage
        faults = stage.town.post.faults
        faults.busy = faults.refuse = faults.fail_after_data = 0
        for crew in stage.crews:
            if crew.ended() is not None:
                crew.start()
        await eventually(stage.engine_ready)
        await asyncio.gather(*(crew.wait_ready() for crew in stage.crews))
        self._say("everything is back")

    async def _finish(self, services: Services, log: EngineLog) -> None:
        """Have everybody do everything at once until nobody holds anything, or long enough."""
        deadline = time.monotonic() + FINISHING_SECONDS
        while time.monotonic() < deadline:
            tasks = await log.open_tasks()
            self._say(f"{len(tasks)} tasks wait for a person")
            if not tasks and not await self._under_way(services):
                return
            await self._move_on(log)

    async def _quiet(self, services: Services, log: EngineLog, public: Public) -> Sequence[str]:
        """Let time pass until nothing is under way and everything holds, or long enough; give what does not hold."""
        deadline = time.monotonic() + QUIET_SECONDS
        while True:
            under_way = await self._under_way(services)
            found = await violations(self._stage, services, log, public)
            if not found and not under_way:
                return []
            self._say(f"not quiet yet: {len(found)} violations, {under_way} letters or messages under way")
            if time.monotonic() > deadline:
                return found
            await self._move_on(log)

    async def _people_decide(self, services: Services) -> AsyncIterator[str]:
        """Have a person decide on each letter nobody can know of; then all came once and the doctor is content."""
        town = self._stage.town
        await town.a_person_decides(services)
        try:
            await town.letters_settled(services)
        except TimeoutError:
            yield f"letters do not go out: {await town.letter_states(services)}"
        for state, count in (await town.letter_states(services)).items():
            if state is not OutboxState.SENT:
                yield f"{count} letters are {state} after a person decided"
        async for violation in wrong_letters(town, services):
            yield violation
        code, said = await asyncio.to_thread(town.doctor)
        if code != 0:
            yield f"the doctor says: {said}"

    async def _move_on(self, log: EngineLog) -> None:
        incidents = await log.incidents()
        await self._operator.retry(incidents)
        for incident in incidents.values():
            self._report.incidents[f"{incident['errorType']} {incident['errorMessage'][-8:]}"] += 1
        self._stage.clock.leap(A_WHILE)
        await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _under_way(self, services: Services) -> int:
        stats = await Outbox(services.registry, "chaos").outbox_stats(services.now())
        return stats.counts[OutboxState.SENDING] + (stats.oldest_due is not None)

    async def _tell(self, services: Services, public: Public, found: Sequence[str]) -> None:
        for one in await services.registry.latest.count_dossiers():
            self._report.states[one.state] += one.count
        self._report.dossiers = self._report.states.total()
        self._report.refusals = public.refusals
        self._report.violations = found


@asynccontextmanager
async def _meanwhile(*endless: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run what never ends by itself as long as the context is open; one that fails ends the run."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in endless]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _counts(counter: Counter[str] | Counter[int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counter.items(), key=lambda item: -item[1]))
