"""Read from the diagrams what they say of their user tasks, so that nothing is said twice."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from workers.errors import ConfigError
from workers.rulebook import Step

if TYPE_CHECKING:
    from pathlib import Path

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
NEEDED = ("holder", "role", "norm")


def load_steps(bpmn_dir: Path) -> dict[tuple[str, str], Step]:
    """Read every user task below a folder, by process and element id. Raises ConfigError naming file and element."""
    steps: dict[tuple[str, str], Step] = {}
    for path in sorted(bpmn_dir.glob("*/*.bpmn")):
        for process in _parsed(path).iter(f"{BPMN}process"):
            for task in process.iter(f"{BPMN}userTask"):
                step = _step(path, process.attrib["id"], task)
                steps[step.process_id, step.element_id] = step
    return steps


def _parsed(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()  # noqa: S314 - the office's own files
    except ElementTree.ParseError as error:
        raise ConfigError(f"{path}: không phải sơ đồ BPMN đọc được ({error}). Mở lại bằng Camunda Modeler.") from error


def _step(path: Path, process_id: str, task: ElementTree.Element) -> Step:
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
    )
