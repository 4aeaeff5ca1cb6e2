"""Mint numbers and keep an entry for each in the same transaction, until killed or done. Started by a test."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from workers.records import TimelineEntry, TimelineKind
from workers.registry.database import Registry


async def main(url: str, rounds: int, name: str) -> None:
    registry = await Registry.connect(url)
    for _ in range(rounds):
        async with registry.write() as writer:
            number = await writer.next_number("H29.15-250714")
            entry = TimelineEntry(
                dossier_code="shared", seq=0, kind=TimelineKind.EVENT, at=datetime.now(UTC), name=str(number), note=name
            )
            await writer.record_event(entry)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    await registry.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
