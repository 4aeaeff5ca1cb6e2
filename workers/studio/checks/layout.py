"""Check the drawing itself: every element drawn, in its size, straight edges, nothing on top of another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from workers.studio.diagram import EVENTS, FLOW_NODES, GATEWAYS, TASKS, Diagram
from workers.studio.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.studio.xml_tree import Node

_TOLERANCE = 1.0


@dataclass(frozen=True)
class Box:
    """Hold a rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        """Tell whether two rectangles share some area."""
        apart = (
            self.x + self.width <= other.x
            or other.x + other.width <= self.x
            or self.y + self.height <= other.y
            or other.y + other.height <= self.y
        )
        return not apart


def check_layout(diagram: Diagram) -> Iterator[Finding]:
    """Yield what is not drawn or drawn wrongly."""
    shapes = {shape.get("bpmnElement"): shape for shape in diagram.root.walk() if shape.tag == "bpmndi:BPMNShape"}
    edges = {edge.get("bpmnElement"): edge for edge in diagram.root.walk() if edge.tag == "bpmndi:BPMNEdge"}
    boxes = {name: _box(shape) for name, shape in shapes.items()}
    for node in [*diagram.nodes, *diagram.of("bpmn:textAnnotation")]:
        if node.id not in boxes:
            yield finding(diagram.path, node, "layout", "phần tử không được vẽ trên sơ đồ")
        elif _size_of(node) not in {None, (boxes[node.id].width, boxes[node.id].height)}:
            yield finding(diagram.path, node, "layout", f"kích thước phải là {_size_of(node)}")
    for flow in [*diagram.flows, *diagram.of("bpmn:association")]:
        if flow.id not in edges:
            yield finding(diagram.path, flow, "layout", "đường nối không được vẽ trên sơ đồ")
        elif flow.tag == "bpmn:sequenceFlow" and not _is_orthogonal(edges[flow.id]):
            yield finding(diagram.path, flow, "layout", "đường nối phải ngang hoặc dọc")
    yield from _check_boundaries(diagram, boxes)
    yield from _check_overlaps(diagram, boxes)


def _box(shape: Node) -> Box:
    bounds = shape.first("dc:Bounds")
    attributes = bounds.attributes if bounds else {}
    return Box(*(float(attributes.get(name, "0")) for name in ("x", "y", "width", "height")))


def _size_of(node: Node) -> tuple[float, float] | None:
    if node.tag in EVENTS:
        return (36.0, 36.0)
    if node.tag in GATEWAYS:
        return (50.0, 50.0)
    return (100.0, 80.0) if node.tag in TASKS or node.tag == "bpmn:callActivity" else None


def _is_orthogonal(edge: Node) -> bool:
    points = [(float(point.get("x") or 0), float(point.get("y") or 0)) for point in edge.all("di:waypoint")]
    return len(points) > 1 and all(
        abs(a[0] - b[0]) <= _TOLERANCE or abs(a[1] - b[1]) <= _TOLERANCE for a, b in pairwise(points)
    )


def _check_boundaries(diagram: Diagram, boxes: dict[str | None, Box]) -> Iterator[Finding]:
    for event in diagram.of("bpmn:boundaryEvent"):
        box, host = boxes.get(event.id), boxes.get(event.get("attachedToRef"))
        if box is None or host is None:
            continue
        if abs(box.y + box.height / 2 - host.y - host.height) > _TOLERANCE:
            yield finding(diagram.path, event, "layout", "sự kiện biên phải nằm ở cạnh dưới")


def _check_overlaps(diagram: Diagram, boxes: dict[str | None, Box]) -> Iterator[Finding]:
    drawn = [node for node in diagram.nodes if node.id in boxes and node.tag != "bpmn:boundaryEvent"]
    for one, other in combinations(drawn, 2):
        if one.parent is other.parent and boxes[one.id].overlaps(boxes[other.id]):
            yield finding(diagram.path, other, "layout", f"nằm chồng lên {one.id}")
    for node in drawn:
        scope = node.parent
        if scope is not None and scope.tag in FLOW_NODES and scope.id in boxes and not _inside(boxes, node, scope):
            yield finding(diagram.path, node, "layout", f"nằm ngoài khung {scope.id}")


def _inside(boxes: dict[str | None, Box], node: Node, scope: Node) -> bool:
    box, frame = boxes[node.id], boxes[scope.id]
    return (
        frame.x <= box.x
        and frame.y <= box.y
        and box.x + box.width <= frame.x + frame.width
        and box.y + box.height <= frame.y + frame.height
    )
