"""Examine an installation and say in plain words what is well and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.agreement import disagreements
from workers.app import default_gateway, load_rules, open_services
from workers.channels.texts import TextCatalog
from workers.configuration.loading import load_configuration
from workers.documents.policy import load_policy
from workers.engine.layout import ADMIN
from workers.engine.operate import Operate
from workers.errors import DieuphoiError
from workers.registry.outbox import Outbox, OutboxState
from workers.runtime.channel import open_channel
from workers.runtime.engine_client import EngineClient
from workers.station import Station

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.settings import Settings
    from workers.workplace import Services


@dataclass(frozen=True)
class Check:
    """Hold one verdict; `ok` None is a hint, no fault."""

    name: str
    ok: bool | None
    text: str


async def examine(settings: Settings) -> list[Check]:
    """Run every check; one that fails does not keep the others from running."""
    config = settings.home / "config"
    checks = [
        _loads("Quy định và sơ đồ", lambda: load_rules(settings), "đọc được, không có lỗi"),
        _loads("Nội dung thông báo", lambda: TextCatalog(config / "texts"), "mọi nội dung lập được"),
        _loads("Quy tắc kiểm tra tệp", lambda: load_policy(config / "documents.yaml"), "đọc được"),
        *_unconfirmed(settings),
        *_embedded(settings),
        await _engine(settings),
    ]
    try:
        async with open_services(settings, migrating=False) as services:
            checks += await _registry(services)
            checks += await _agreement(settings, services)
    except DieuphoiError as error:
        checks.append(Check("Sổ đăng ký", ok=False, text=error.message))
    return checks


def _loads(name: str, load: Callable[[], object], well: str) -> Check:
    try:
        load()
    except DieuphoiError as error:
        return Check(name, ok=False, text=error.message)
    return Check(name, ok=True, text=well)


def _unconfirmed(settings: Settings) -> list[Check]:
    try:
        configuration = load_configuration(settings.home / "config")
    except DieuphoiError:
        return []
    return [Check("Chờ xác nhận", ok=None, text=text) for text in configuration.unconfirmed()]


def _embedded(settings: Settings) -> list[Check]:
    """Examine the engine on this machine, unless the settings name one elsewhere."""
    if settings.gateway_address is not None:
        return []
    return [Check(one.name, one.ok, one.text) for one in Station(settings).stack.diagnose()]


async def _engine(settings: Settings) -> Check:
    address = default_gateway(settings)
    try:
        async with EngineClient(open_channel(settings, address), settings.gateway_address or address) as engine:
            topology = await engine.topology()
    except DieuphoiError as error:
        return Check("Bộ máy Camunda", ok=False, text=error.message)
    return Check(
        "Bộ máy Camunda", ok=True, text=f"phiên bản {topology.gateway_version}, {topology.partitions} phân vùng"
    )


async def _registry(services: Services) -> list[Check]:
    async with services.registry.read() as reader:
        violations = await reader.verify_timeline()
    damage = await services.registry.damage()
    stats = await Outbox(services.registry, "doctor").outbox_stats(services.now())
    stuck = {state: stats.counts.get(state, 0) for state in (OutboxState.FAILED, OutboxState.UNKNOWN)}
    checks = [_verdict("Sổ đăng ký", damage, "tệp dữ liệu nguyên vẹn")]
    checks.append(_verdict("Dòng thời gian", [one.message for one in violations], "chuỗi băm liền mạch"))
    if any(stuck.values()):
        failed, unknown = stuck[OutboxState.FAILED], stuck[OutboxState.UNKNOWN]
        text = f"{failed} thư bị từ chối, {unknown} thư không rõ đã gửi; cần người xem"
        checks.append(Check("Hộp gửi", ok=False, text=text))
    else:
        checks.append(Check("Hộp gửi", ok=True, text=f"{stats.counts.get(OutboxState.PENDING, 0)} thư đang chờ gửi"))
    return checks


async def _agreement(settings: Settings, services: Services) -> list[Check]:
    """Compare with the engine on this machine; one elsewhere shows nothing of its instances over the gateway."""
    if settings.gateway_address is not None:
        return []
    try:
        async with Station(settings).stack.session(ADMIN) as session:
            faults = await disagreements(services, Operate(session))
    except DieuphoiError as error:
        return [Check("Sổ và Camunda", ok=None, text=f"chưa đối chiếu được: {error.message}")]
    return [_verdict("Sổ và Camunda", faults, "cùng biết những hồ sơ đang giải quyết")]


def _verdict(name: str, faults: list[str], well: str) -> Check:
    return Check(name, ok=not faults, text="; ".join(faults) or well)
