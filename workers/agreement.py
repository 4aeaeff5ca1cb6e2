"""Hold the registry against the engine: after a restore from different moments one knows dossiers the other lacks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from workers.claims import ROOT_PROCESS
from workers.records import IN_PROGRESS
from workers.registry import tables as t

if TYPE_CHECKING:
    from workers.engine.operate import Operate
    from workers.workplace import Services

SHOWN = 5
SETTLING = timedelta(minutes=10)
"""How long a dossier may be on its way: Operate shows an instance seconds after it began."""

_RESTORE = "Nếu vừa phục hồi: dừng bộ xử lý, phục hồi cả hai từ cùng một lần sao lưu (docs/operations.md)."
_ONLY_IN_REGISTRY = (
    "{count} hồ sơ đang giải quyết trong sổ đăng ký không có phiên trong Camunda nên không ai nhận được việc: {codes}. "
    f"{_RESTORE} Nếu phiên đã bị hủy trong Operate: báo đơn vị giữ hồ sơ để tiếp nhận lại."
)
_ONLY_IN_ENGINE = (
    "{count} hồ sơ đang chạy trong Camunda không có trong sổ đăng ký, bước kế tiếp sẽ dừng (HS-001): {codes}. "
    f"{_RESTORE}"
)


async def disagreements(services: Services, operate: Operate) -> list[str]:
    """Say in Vietnamese which dossiers only one side knows, and what to do; empty when both agree."""
    running = {one.key for one in await operate.instances(ROOT_PROCESS, "ACTIVE")}
    d = t.dossiers.c
    rows = await services.registry.latest.rows(select(d.code, d.state, d.process_instance_key, d.received_at))
    settled = services.now() - SETTLING
    lost = [
        row["code"]
        for row in rows
        if row["state"] in IN_PROGRESS and row["received_at"] < settled and row["process_instance_key"] not in running
    ]
    unknown = running - {row["process_instance_key"] for row in rows}
    named = [(await operate.variables(key)).get("dossier_code") for key in sorted(unknown)]
    found = {_ONLY_IN_REGISTRY: lost, _ONLY_IN_ENGINE: [str(code) for code in named if code]}
    return [text.format(count=len(codes), codes=_some(codes)) for text, codes in found.items() if codes]


def _some(codes: list[str]) -> str:
    shown = sorted(codes)[:SHOWN]
    return ", ".join(shown) + (" …" if len(codes) > SHOWN else "")
