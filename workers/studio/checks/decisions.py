"""Check one decision table: rules that can be reached, values that are quoted, a clause for every rule."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

from workers.studio.checks.texts import text_mistake
from workers.studio.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from workers.studio.decisions import Decision

_POLICIES = {"UNIQUE", "ANY", "FIRST", "RULE ORDER", "COLLECT"}
_BARE_WORD = re.compile(r"[A-Za-zÀ-ỹ][\wÀ-ỹ ]*")
_FEEL_VALUES = {"true", "false", "null"}


def check_decision(decision: Decision, dictionary: Container[str]) -> Iterator[Finding]:
    """Yield the findings of one decision table; `dictionary` holds the names of known variables."""
    node, path = decision.node, decision.path
    if decision.id != path.stem:
        yield finding(path, node, "id", f"mã quyết định phải trùng tên tệp: {path.stem}")
    if not decision.name or text_mistake(decision.name):
        yield finding(path, node, "name", "bảng quyết định cần tên tiếng Việt có dấu")
    if decision.hit_policy not in _POLICIES:
        yield finding(path, node, "hit-policy", f"hit policy {decision.hit_policy} không dùng được")
    if not decision.rows:
        yield finding(path, node, "rows", "bảng chưa có dòng nào")
    for row in decision.rows:
        if not row.annotation:
            yield Finding(path, row.line, row.id, "clause", "dòng thiếu căn cứ (điều, khoản) ở cột chú giải")
        for output in row.outputs:
            if _BARE_WORD.fullmatch(output) and output not in _FEEL_VALUES and output not in dictionary:
                yield Finding(path, row.line, row.id, "quote", f"đặt {output} trong dấu nháy kép")
    yield from _check_reachable(decision)


def _check_reachable(decision: Decision) -> Iterator[Finding]:
    for earlier, later in combinations(decision.rows, 2):
        if decision.hit_policy == "FIRST" and earlier.covers(later):
            message = f"dòng không bao giờ được dùng: dòng {earlier.line} phía trên đã bao hết"
            yield Finding(decision.path, later.line, later.id, "reachable", message)
        if decision.hit_policy == "UNIQUE" and earlier.meets(later):
            message = f"trùng điều kiện với dòng {earlier.line}; hit policy UNIQUE chỉ cho một dòng khớp"
            yield Finding(decision.path, later.line, later.id, "overlap", message)
