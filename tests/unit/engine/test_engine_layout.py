"""Generated configuration and command lines keep the engine on loopback."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Self

import pytest

from workers.engine import layout as layout_module
from workers.engine.artifacts import EngineFiles
from workers.engine.errors import EngineError, PortTaken
from workers.engine.layout import (
    BROKER,
    OPENSEARCH,
    WEBAPPS,
    EngineOptions,
    Layout,
    Ports,
    broker_config,
    engine_children,
    opensearch_config,
    require_free_ports,
    webapps_config,
    write_configuration,
)

FILES = EngineFiles(Path("/dist"), Path("/dist/patch.jar"), (Path("/a.jar"), Path("/b.jar")), Path("/aot"))


@pytest.mark.parametrize("offset", range(0, 90, 10))
def test_ports_of_one_stack_differ_and_opensearch_stays_below_its_limit(offset: int) -> None:
    ports = Ports.at_offset(offset)
    assert len(set(ports.all())) == 10
    assert ports.opensearch <= 9299


def test_stacks_at_different_offsets_share_no_port() -> None:
    every = [port for offset in range(0, 90, 10) for port in Ports.at_offset(offset).all()]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("offset", [-10, 5, 90, 1000])
def test_other_offsets_are_refused_in_one_sentence(offset: int) -> None:
    with pytest.raises(EngineError, match=f"nhận được {offset}"):
        Ports.at_offset(offset)


def test_every_configured_address_is_loopback(tmp_path: Path) -> None:
    ports = Ports.at_offset(10)
    configs = [
        opensearch_config(Layout(tmp_path), ports),
        broker_config(Layout(tmp_path), ports, quick_export=False),
        webapps_config(ports, "secret"),
    ]
    text = json.dumps(configs)
    assert set(re.findall(r"\d+\.\d+\.\d+\.\d+", text)) == {"127.0.0.1"}
    assert "localhost" not in text
    used = {int(number) for number in re.findall(r"(?<![\d.])\d{4,5}(?![\d.])", text)} & set(ports.all())
    assert used == set(ports.all())


def test_quick_export_sends_every_record_at_once(tmp_path: Path) -> None:
    def bulk_size(*, quick: bool) -> int:
        config = json.dumps(broker_config(Layout(tmp_path), Ports(), quick_export=quick))
        return json.loads(config)["zeebe"]["broker"]["exporters"]["opensearch"]["args"]["bulk"]["size"]

    assert bulk_size(quick=True) == 1
    assert bulk_size(quick=False) > 100


def test_written_configuration_is_private_and_holds_the_administrators_password(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_configuration(layout, Ports(), EngineOptions(admin_password="mật khẩu"))
    path = layout.home(WEBAPPS) / "application.yaml"
    assert json.loads(path.read_text("utf-8"))["camunda"]["operate"]["password"] == "mật khẩu"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.rglob("*.new")) == []


def test_command_lines_set_heaps_and_a_clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEBE_BROKER_NETWORK_HOST", "0.0.0.0")
    children = {child.name: child for child in engine_children(Layout(tmp_path), Ports(), FILES, "/java")}
    assert set(children) == {OPENSEARCH, BROKER, WEBAPPS}
    heaps = {name: next(flag for flag in child.argv if flag.startswith("-Xmx")) for name, child in children.items()}
    assert heaps == {OPENSEARCH: "-Xmx384m", BROKER: "-Xmx256m", WEBAPPS: "-Xmx384m"}
    assert all(child.argv[0] == "/java" for child in children.values())
    assert all("ZEEBE_BROKER_NETWORK_HOST" not in child.env for child in children.values())
    assert children[WEBAPPS].needs == (OPENSEARCH,)


def test_the_patch_comes_first_on_the_class_path_of_tasklist_and_opensearch_keeps_its_order(tmp_path: Path) -> None:
    children = {child.name: child for child in engine_children(Layout(tmp_path), Ports(), FILES, "/java")}

    def class_path(name: str) -> list[str]:
        argv = children[name].argv
        return argv[argv.index("-cp") + 1].split(":")

    assert class_path(WEBAPPS)[0] == "/dist/patch.jar"
    assert class_path(OPENSEARCH) == ["/a.jar", "/b.jar"]
    http = children[OPENSEARCH].argv
    assert http[http.index("-baseHttpPort") + 1] == str(Ports().opensearch - 1)


def test_a_taken_port_is_named_with_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    class Taken:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def setsockopt(self, *_: object) -> None:
            pass

        def bind(self, _address: object) -> None:
            raise OSError(98, "in use")

    monkeypatch.setattr(layout_module.socket, "socket", lambda *_: Taken())
    monkeypatch.setattr(layout_module, "port_owner", lambda _port: "chương trình nginx (PID 42)")
    with pytest.raises(PortTaken, match=r"Cổng 8081 .* nginx \(PID 42\)"):
        require_free_ports([8081])


def test_opensearch_counts_what_requests_need_and_not_garbage(tmp_path: Path) -> None:
    """After some hundred indices it answered 429 with three quarters of its heap garbage."""
    assert opensearch_config(Layout(tmp_path), Ports())["indices.breaker.total.use_real_memory"] is False
