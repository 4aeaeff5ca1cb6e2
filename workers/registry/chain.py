"""Chain the entries of a dossier's timeline by hashes, so that a change made behind the program's back shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.records import TimelineEntry


@dataclass(frozen=True)
class Head:
    """Hold how many entries a chain has and the hash of the last one; kept apart so that a cut tail shows."""

    seq: int = 0
    hash: str = ""


class ViolationKind(StrEnum):
    """Tell apart what can be wrong with a chain."""

    CHANGED = "changed"
    MISSING = "missing"
    LINK = "link"
    CUT = "cut"
    HEAD = "head"
    UNREADABLE = "unreadable"


_TEXTS = {
    ViolationKind.CHANGED: "nội dung bản ghi số {seq} đã bị sửa",
    ViolationKind.MISSING: "thiếu bản ghi số {seq}",
    ViolationKind.LINK: "bản ghi số {seq} không nối tiếp bản ghi trước nó",
    ViolationKind.CUT: "các bản ghi từ số {seq} đã bị cắt khỏi cuối dòng thời gian",
    ViolationKind.HEAD: "bản ghi cuối số {seq} không khớp với dấu kết đã lưu",
    ViolationKind.UNREADABLE: "có bản ghi không đọc được",
}


@dataclass(frozen=True)
class Violation:
    """Name one place where a dossier's timeline is not what was written; `seq` is the entry concerned."""

    dossier_code: str
    kind: ViolationKind
    seq: int

    @property
    def message(self) -> str:
        """Say it in Vietnamese."""
        return f"Dòng thời gian của hồ sơ {self.dossier_code}: {_TEXTS[self.kind].format(seq=self.seq)}."


def link(entry: TimelineEntry, head: Head) -> TimelineEntry:
    """Make the entry the next one after `head`: fill in `seq`, `previous_hash` and `hash`."""
    placed = entry.model_copy(update={"seq": head.seq + 1, "previous_hash": head.hash})
    return placed.model_copy(update={"hash": digest(placed)})


def digest(entry: TimelineEntry) -> str:
    """Compute the SHA-256 over the canonical JSON of an entry without its own hash.

    Keys are sorted, instants are UTC with microseconds, empty fields are left out: a field that a later version
    adds leaves older hashes as they are.
    """
    fields = entry.model_dump(exclude={"hash"}, exclude_none=True)
    canonical = {name: _instant(value) if isinstance(value, datetime) else value for name, value in fields.items()}
    text = json.dumps(canonical, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def find_violations(code: str, entries: Sequence[TimelineEntry], head: Head | None) -> list[Violation]:
    """Compare a dossier's entries, in order, with their hashes, with each other and with the head kept apart."""
    found: list[Violation] = []
    last = Head()
    for entry in entries:
        if entry.seq != last.seq + 1:
            found.append(Violation(code, ViolationKind.MISSING, last.seq + 1))
        elif entry.previous_hash != last.hash:
            found.append(Violation(code, ViolationKind.LINK, entry.seq))
        if entry.hash != digest(entry):
            found.append(Violation(code, ViolationKind.CHANGED, entry.seq))
        last = Head(entry.seq, entry.hash)
    if head is not None and head.seq > last.seq:
        found.append(Violation(code, ViolationKind.CUT, last.seq + 1))
    elif head != last:
        found.append(Violation(code, ViolationKind.HEAD, last.seq))
    return found


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")
