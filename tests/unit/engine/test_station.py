"""What `up` starts beside the engine: the same again leaves it alone, a change restarts just what reads it."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workers.engine.errors import PortTaken
from workers.engine.layout import ChildSpec, require_free_ports
from workers.engine.stack import Stack, StackSettings
from workers.engine.supervisor import read_plan, write_plan
from workers.settings import load_settings
from workers.station import Station

if TYPE_CHECKING:
    from workers.settings import Settings

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    for folder in ("config", "bpmn"):
        shutil.copytree(PROJECT / folder, home / folder)
    return load_settings(home=home, data_dir=tmp_path / "data")


def children(settings: Settings) -> dict[str, ChildSpec]:
    return {child.name: child for child in Station(settings).stack.settings.children}


def test_a_second_up_finds_nothing_to_restart(settings: Settings) -> None:
    assert children(settings) == children(settings)


def test_a_changed_rule_restarts_workers_and_portal_and_not_the_mail(settings: Settings) -> None:
    before = children(settings)
    rule = settings.home / "config" / "deadlines.yaml"
    rule.write_text(f"{rule.read_text('utf-8')}\n# đổi\n", "utf-8")
    after = children(settings)
    assert {name for name in before if before[name] != after[name]} == {"workers", "portal"}


def test_a_plan_keeps_the_ports_of_its_children(tmp_path: Path) -> None:
    child = ChildSpec("mail", ("mail",), {}, ready_urls=("http://127.0.0.1:8025/messages",), ports=(1025,))
    write_plan(tmp_path / "plan.json", [child])
    assert read_plan(tmp_path / "plan.json") == [child]
    assert child.all_ports() == (1025, 8025)


@pytest.mark.parametrize("asked", [True, False])
def test_a_taken_port_of_a_child_is_noticed_before_anything_starts(tmp_path: Path, *, asked: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        child = ChildSpec(
            "mail",
            ("mail",),
            {},
            ready_urls=(f"http://127.0.0.1:{port}/",) if asked else (),
            ports=() if asked else (port,),
        )
        stack = Stack(StackSettings(tmp_path, cache_dir=tmp_path, children=(child,)))
        assert set(stack.ports.all()) < set(stack.needed_ports())
        with pytest.raises(PortTaken, match=rf"Cổng {port} .* DIEUPHOI_SMTP_PORT"):
            require_free_ports(set(stack.needed_ports()) - set(stack.ports.all()))
