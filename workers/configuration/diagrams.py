"""Read from the diagrams what they say of their user tasks, so that nothing is said twice."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from workers.errors import ConfigError
from workers.rulebook import Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
NEEDED = ("holder", "role", "norm")


def load_steps(bpmn_dir: Path) -> dict[tuple[str, str], Step]:
    """Read every user task below a folder, by process and element id. Raises ConfigError naming file and element."""
    steps: dict[tuple[str, str], Step] = {}
    for path in sorted(bpmn_dir.glob("*/*.bpmn")):
        for process in _parsed(path).iter(f"{BPMN}process"):
            flows = _Flows(process)
            for task in process.iter(f"{BPMN}userTask"):
                step = _step(path, process.attrib["id"], task, flows)
                steps[step.process_id, step.element_id] = step
    return steps


def _parsed(path: Path) -> ET.Element:
    try:
        return ET.parse(path).getroot()  # noqa: S314 - the office's own files
    except ET.ParseError as error:
        raise ConfigError(f"{path}: không phải sơ đồ BPMN đọc được ({error}). Mở lại bằng Camunda Modeler.") from error


def _step(path: Path, process_id: str, task: ET.Element, flows: _Flows) -> Step:
    said = {one.attrib["name"]: one.attrib["value"] for one in task.iter(f"{ZEEBE}property")}
    absent = [name for name in NEEDED if not said.get(name)]
    if absent:
        raise ConfigError(
            f"{path}: bước {task.attrib['id']} thiếu thuộc tính {', '.join(absent)} (Extension properties)."
        )
    return Step(
        process_id=process_id,
        element_id=task.attrib["id"],
        name=task.attrib.get("name", task.attrib["id"]),
        holder=said["holder"],
        role=said["role"],
        norm=said["norm"],
        clause=said.get("clause"),
        due_from=said.get("due_from"),
        options=said.get("options"),
        decision=said.get("decision"),
        next_steps=tuple(flows.after(task.attrib["id"])),
    )


class _Flows:
    """Follow the flows of a process from one piece of work to the next."""

    def __init__(self, process: ET.Element) -> None:
        self._elements = {one.attrib["id"]: one for one in process.iter() if "id" in one.attrib}
        self._outgoing: dict[str, list[ET.Element]] = {}
        for flow in process.iter(f"{BPMN}sequenceFlow"):
            self._outgoing.setdefault(flow.attrib["sourceRef"], []).append(flow)

    def after(self, element_id: str) -> Iterator[str]:
        """Name what follows, through gateways; an answer on a flow stands before the name."""
        for flow in self._outgoing.get(element_id, []):
            yield from self._through(flow, "", {element_id})

    def _through(self, flow: ET.Element, answer: str, seen: set[str]) -> Iterator[str]:
        target = self._elements[flow.attrib["targetRef"]]
        answer = flow.attrib.get("name", "") or answer
        if not target.tag.endswith("Gateway"):
            name = target.attrib.get("name", target.attrib["id"])
            yield f"{answer} → {name}" if answer else name
        elif target.attrib["id"] not in seen:
            for one in self._outgoing.get(target.attrib["id"], []):
                yield from self._through(one, answer, seen | {target.attrib["id"]})
