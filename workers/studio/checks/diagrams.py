"""Check one diagram: ids, names, what the 8.6 engine knows, what every step must carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.studio.checks.texts import text_mistake
from workers.studio.diagram import (
    ACTIVITIES,
    EVENTS,
    Diagram,
    called_process,
    decision,
    extension,
    job_type,
    listeners,
    mappings,
    properties,
)
from workers.studio.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.studio.xml_tree import Node

_PREFIXES: dict[str, str | tuple[str, ...]] = {
    "bpmn:startEvent": "StartEvent_",
    "bpmn:endEvent": "EndEvent_",
    "bpmn:boundaryEvent": "BoundaryEvent_",
    "bpmn:intermediateCatchEvent": ("Event_", "Catch_"),
    "bpmn:intermediateThrowEvent": "Event_",
    "bpmn:userTask": "Task_",
    "bpmn:serviceTask": "Task_",
    "bpmn:sendTask": "Task_",
    "bpmn:businessRuleTask": "Task_",
    "bpmn:callActivity": "CallActivity_",
    "bpmn:subProcess": "SubProcess_",
    "bpmn:exclusiveGateway": "Gateway_",
    "bpmn:parallelGateway": "Gateway_",
    "bpmn:eventBasedGateway": "Gateway_",
    "bpmn:sequenceFlow": "SequenceFlow_",
    "bpmn:message": "Message_",
    "bpmn:error": "Error_",
    "bpmn:textAnnotation": "TextAnnotation_",
    "bpmn:association": "Association_",
}
_ID = re.compile(r"[A-Za-z]+_[A-Za-z0-9_]+")
_UNKNOWN = {"bpmn:inclusiveGateway", "bpmn:complexGateway", "bpmn:task", "bpmn:manualTask", "bpmn:scriptTask"}
_RULE_TASKS = {"bpmn:userTask", "bpmn:serviceTask", "bpmn:sendTask", "bpmn:businessRuleTask"}
_STEP_PROPERTIES = ("clause", "holder", "role", "norm")
_HOLDERS = {
    "origin_unit", "lead_unit", "office_unit", "city_unit", "unit", "round_unit", "intake_origin_unit",
    "coordinator_unit", "handling_unit",
}  # fmt: skip
_ROLES = {
    "one_stop_officer",
    "head",
    "officer",
    "specialist",
    "office_head",
    "leader",
    "clerk",
    "editor",
    "approver",
} | {
    "feedback_coordinator",
    "feedback_officer",
}
_LISTENERS = (("start", "timeline.open"), ("end", "timeline.close"))
_PLATFORM = "8.6.0"


def check_diagram(diagram: Diagram) -> Iterator[Finding]:
    """Yield the findings of one diagram."""
    yield from _check_process(diagram)
    for node in diagram.root.walk():
        yield from _check_id(diagram, node)
    for node in [*diagram.nodes, *diagram.flows]:
        yield from _check_name(diagram, node)
    for node in diagram.nodes:
        yield from _check_node(diagram, node)


def _check_process(diagram: Diagram) -> Iterator[Finding]:
    processes = diagram.root.all("bpmn:process")
    if len(processes) != 1:
        yield finding(diagram.path, diagram.root, "process", "mỗi tệp có đúng một quy trình")
    process = diagram.process
    if process.id != diagram.path.stem:
        yield finding(diagram.path, process, "process", f"mã quy trình phải trùng tên tệp: {diagram.path.stem}")
    if process.get("isExecutable") != "true":
        yield finding(diagram.path, process, "process", "quy trình phải chạy được (isExecutable)")
    if not process.name or text_mistake(process.name):
        yield finding(diagram.path, process, "name", "quy trình cần tên tiếng Việt có dấu")
    if diagram.root.get("modeler:executionPlatformVersion") != _PLATFORM:
        yield finding(diagram.path, diagram.root, "process", f"đặt phiên bản nền tảng là {_PLATFORM} trong Modeler")


def _check_id(diagram: Diagram, node: Node) -> Iterator[Finding]:
    prefixes = _PREFIXES.get(node.tag)
    if prefixes is None:
        return
    if not node.id.startswith(prefixes) or not _ID.fullmatch(node.id):
        wanted = " hoặc ".join([prefixes] if isinstance(prefixes, str) else prefixes)
        yield finding(diagram.path, node, "id", f"mã phần tử phải bắt đầu bằng {wanted}, chỉ gồm chữ không dấu và số")
    if node.tag == "bpmn:message" and not node.name.startswith("Msg_"):
        yield finding(diagram.path, node, "id", "tên thông điệp phải bắt đầu bằng Msg_")
    if node.tag == "bpmn:error" and not (node.get("errorCode") or "").startswith("Err_"):
        yield finding(diagram.path, node, "id", "mã lỗi phải bắt đầu bằng Err_")


def _check_name(diagram: Diagram, node: Node) -> Iterator[Finding]:
    mistake = text_mistake(node.name)
    if mistake:
        yield finding(diagram.path, node, "name", f"tên “{node.name}” {mistake}")
    if node.name or not _needs_name(diagram, node):
        return
    yield finding(diagram.path, node, "name", "thiếu tên tiếng Việt")


def _needs_name(diagram: Diagram, node: Node) -> bool:
    if node.tag == "bpmn:exclusiveGateway":
        return len(_outgoing(diagram, node)) > 1
    if node.tag == "bpmn:sequenceFlow":
        source = diagram.by_id.get(node.get("sourceRef") or "")
        return source is not None and source.tag == "bpmn:exclusiveGateway" and len(_outgoing(diagram, source)) > 1
    return node.tag in ACTIVITIES | EVENTS


def _check_node(diagram: Diagram, node: Node) -> Iterator[Finding]:
    if node.tag in _UNKNOWN:
        yield finding(diagram.path, node, "element", "loại phần tử này không dùng trong quy chế")
    before_extensions = {"bpmn:documentation", "bpmn:extensionElements"}
    if node.all("bpmn:extensionElements") and node.children[0].tag not in before_extensions:
        yield finding(diagram.path, node, "element", "lưu lại bằng Camunda Modeler để sắp đúng thứ tự XML")
    if node.tag == "bpmn:exclusiveGateway":
        yield from _check_exclusive(diagram, node)
    if node.tag == "bpmn:userTask":
        yield from _check_user_task(diagram, node)
    if node.tag in {"bpmn:serviceTask", "bpmn:sendTask"}:
        yield from _check_service_task(diagram, node)
    if node.tag == "bpmn:callActivity":
        yield from _check_call(diagram, node)
    if node.tag == "bpmn:businessRuleTask":
        yield from _check_rule_task(diagram, node)
    if node.tag in EVENTS:
        yield from _check_timer(diagram, node)
    if node.tag in _RULE_TASKS and not properties(node).get("clause"):
        yield finding(diagram.path, node, "clause", "thiếu thuộc tính clause: điều, khoản mà bước này thực hiện")


def _outgoing(diagram: Diagram, node: Node) -> list[Node]:
    return [flow for flow in diagram.flows if flow.get("sourceRef") == node.id]


def _check_exclusive(diagram: Diagram, node: Node) -> Iterator[Finding]:
    outgoing = _outgoing(diagram, node)
    if len(outgoing) < 2:  # noqa: PLR2004 - a gateway with one way out only merges
        return
    default = node.get("default")
    if not default:
        yield finding(diagram.path, node, "default", "cổng rẽ nhánh thiếu nhánh mặc định")
    for flow in outgoing:
        condition = flow.first("bpmn:conditionExpression")
        if flow.id == default and condition:
            yield finding(diagram.path, flow, "default", "nhánh mặc định không được có điều kiện")
        if flow.id != default and (condition is None or not condition.text.strip().startswith("=")):
            yield finding(diagram.path, flow, "default", "nhánh không mặc định cần điều kiện FEEL bắt đầu bằng =")


def _check_user_task(diagram: Diagram, node: Node) -> Iterator[Finding]:
    if extension(node, "zeebe:userTask") is None:
        yield finding(diagram.path, node, "user-task", "chọn Implementation là “Camunda user task”")
    form = extension(node, "zeebe:formDefinition")
    if form is None or not form.get("formId"):
        yield finding(diagram.path, node, "user-task", "thiếu biểu mẫu (liên kết bằng mã biểu mẫu)")
    elif form.get("bindingType") != "deployment":
        yield finding(diagram.path, node, "user-task", "biểu mẫu phải gắn theo “deployment”")
    schedule = extension(node, "zeebe:taskSchedule")
    if schedule is None or not (schedule.get("dueDate") or "").startswith("="):
        yield finding(diagram.path, node, "user-task", "thiếu hạn: đặt Due date là =due")
    assignment = extension(node, "zeebe:assignmentDefinition")
    if assignment is None or not (assignment.get("candidateGroups") or assignment.get("assignee")):
        yield finding(diagram.path, node, "user-task", "thiếu người hoặc nhóm thực hiện")
    yield from _check_step(diagram, node)


def _check_step(diagram: Diagram, node: Node) -> Iterator[Finding]:
    held = properties(node)
    for name in _STEP_PROPERTIES:
        if name != "clause" and not held.get(name):
            yield finding(diagram.path, node, "step", f"thiếu thuộc tính {name}")
    if held.get("holder") and held["holder"] not in _HOLDERS:
        yield finding(diagram.path, node, "step", f"holder “{held['holder']}” không phải biến chứa đơn vị")
    assignment = extension(node, "zeebe:assignmentDefinition")
    groups = assignment.get("candidateGroups") if assignment is not None else None
    if groups and held.get("holder") and held["holder"] not in re.findall(r"\w+", groups):
        yield finding(diagram.path, node, "step", f"nhóm thực hiện phải lấy từ biến holder “{held['holder']}”")
    if held.get("role") and held["role"] not in _ROLES:
        yield finding(diagram.path, node, "step", f"role “{held['role']}” không có trong danh sách vai trò")
    for event, kind in _LISTENERS:
        if (event, kind) not in listeners(node):
            yield finding(diagram.path, node, "step", f"thiếu execution listener {event}: {kind}")


def _check_service_task(diagram: Diagram, node: Node) -> Iterator[Finding]:
    if job_type(node) is None:
        yield finding(diagram.path, node, "job", "thiếu loại công việc (task definition type) viết rõ")
        return
    definition = extension(node, "zeebe:taskDefinition")
    if definition is not None and not (definition.get("retries") or "").isdecimal():
        yield finding(diagram.path, node, "job", "ghi số lần thử lại (retries)")


def _check_call(diagram: Diagram, node: Node) -> Iterator[Finding]:
    called = extension(node, "zeebe:calledElement")
    if called is None or not called_process(node):
        yield finding(diagram.path, node, "call", "thiếu quy trình được gọi")
    elif called.get("propagateAllChildVariables") != "false":
        yield finding(diagram.path, node, "call", "tắt “Propagate all child variables”; khai báo từng biến trả về")


def _check_rule_task(diagram: Diagram, node: Node) -> Iterator[Finding]:
    called = decision(node)
    if called is None or not called.get("decisionId") or not called.get("resultVariable"):
        yield finding(diagram.path, node, "decision", "thiếu bảng quyết định hoặc biến kết quả")


def _check_timer(diagram: Diagram, node: Node) -> Iterator[Finding]:
    timer = node.first("bpmn:timerEventDefinition")
    if timer is None:
        return
    date = timer.first("bpmn:timeDate")
    if date is None or not date.text.strip().startswith("="):
        yield finding(diagram.path, node, "timer", "hẹn giờ phải là thời điểm tuyệt đối (timeDate) từ một biến")


def check_mappings(diagram: Diagram) -> Iterator[Finding]:
    """Yield the input and output mappings that are no FEEL expression, which would set a plain text."""
    for node in diagram.nodes:
        for mapping in [*mappings(node, "zeebe:input"), *mappings(node, "zeebe:output")]:
            if not (mapping.get("source") or "").startswith("="):
                yield finding(diagram.path, node, "mapping", f"nguồn của {mapping.get('target')} phải bắt đầu bằng =")
