"""Check that what the models name exists, and that nothing is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.studio.data_flow import DataFlow, outputs_of, required_inputs
from workers.studio.diagram import (
    Diagram,
    called_process,
    compared_literals,
    decision,
    extension,
    form_id,
    job_type,
    listeners,
    properties,
    variables_in,
)
from workers.studio.findings import Finding, finding
from workers.studio.models import DICTIONARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.contract import Contract
    from workers.studio.models import Models
    from workers.studio.xml_tree import Node

# What `timeline.open` offers a form only when the step asks for it.
_OPTIONS = {"officer_options": "officers", "unit_options": "units"}
_ASSIGNED = ("zeebe:assignmentDefinition", "zeebe:taskSchedule", "zeebe:priorityDefinition", "zeebe:calledElement")


def check_wiring(models: Models, contracts: Mapping[str, Contract[Any, Any]]) -> Iterator[Finding]:
    """Yield the findings across files."""
    flow = DataFlow(models, contracts)
    for diagram in models.diagrams:
        for node in diagram.nodes:
            yield from _check_references(models, contracts, diagram, node)
            yield from _check_inputs(flow, diagram, node)
            yield from _check_errors(contracts, diagram, node)
            yield from _check_form_reads(flow, diagram, node)
            yield from _check_step_and_form(models, diagram, node)
        yield from _check_messages(models, diagram)
        yield from _check_expressions(models, diagram)
        yield from _check_literals(models, diagram)
    yield from _check_left_over(models, contracts)
    yield from _check_dictionary(models, flow)


def _check_references(
    models: Models, contracts: Mapping[str, Contract[Any, Any]], diagram: Diagram, node: Node
) -> Iterator[Finding]:
    for kind in sorted(_job_types(node) - contracts.keys()):
        yield finding(diagram.path, node, "job", f"không có worker nào làm “{kind}”")
    form = form_id(node)
    if form and models.form(form) is None:
        yield finding(diagram.path, node, "form", f"không có biểu mẫu “{form}”")
    rule = decision(node)
    if rule is not None and models.decision(rule.get("decisionId")) is None:
        yield finding(diagram.path, node, "decision", f"không có bảng quyết định “{rule.get('decisionId')}”")
    yield from _check_call(models, diagram, node)


def _check_call(models: Models, diagram: Diagram, node: Node) -> Iterator[Finding]:
    called = extension(node, "zeebe:calledElement")
    if called is None:
        return
    target = models.diagram(called.get("processId"))
    if target is None:
        yield finding(diagram.path, node, "call", f"không có quy trình “{called.get('processId')}”")
    elif called.get("bindingType") == "deployment" and target.path.parent != diagram.path.parent:
        message = "quy trình ở chương khác được triển khai riêng: gắn theo versionTag, không theo deployment"
        yield finding(diagram.path, node, "call", message)
    elif called.get("bindingType") == "versionTag" and not _same_tag(called, target):
        message = (
            f"“{target.process.id}” mang version tag “{target.version_tag}”, không phải “{called.get('versionTag')}”"
        )
        yield finding(diagram.path, node, "call", message)


def _same_tag(called: Node, target: Diagram) -> bool:
    return bool(target.version_tag) and called.get("versionTag") == target.version_tag


def _job_types(node: Node) -> set[str]:
    declared = job_type(node)
    return {kind for _, kind in listeners(node)} | ({declared} if declared else set())


def _check_inputs(flow: DataFlow, diagram: Diagram, node: Node) -> Iterator[Finding]:
    needed: set[str] = set()
    contract = flow.contracts.get(job_type(node) or "")
    if contract is not None:
        needed |= required_inputs(contract)
    rule = decision(node)
    table = flow.models.decision(rule.get("decisionId")) if rule is not None else None
    if table is not None:
        needed |= set().union(*(variables_in("=" + source) for source in table.inputs))
    for name in sorted(needed - flow.before(diagram, node)):
        yield finding(diagram.path, node, "input", f"không bước nào trước đó tạo ra biến “{name}”")


def _check_errors(contracts: Mapping[str, Contract[Any, Any]], diagram: Diagram, node: Node) -> Iterator[Finding]:
    contract = contracts.get(job_type(node) or "")
    if contract is None:
        return
    caught: set[str] = set()
    for scope in [node, *node.ancestors()]:
        caught |= {diagram.errors_of(event) or "*" for event in diagram.boundaries_of(scope) if _catches(event)}
        for handler in scope.all("bpmn:subProcess"):
            starts = handler.all("bpmn:startEvent") if handler.get("triggeredByEvent") == "true" else []
            caught |= {diagram.errors_of(event) or "*" for event in starts if _catches(event)}
    for code in sorted(contract.errors):
        if code not in caught and "*" not in caught:
            yield finding(diagram.path, node, "error", f"lỗi nghiệp vụ {code} của bước này chưa có sự kiện biên bắt")
    for event in diagram.boundaries_of(node):
        caught_code = diagram.errors_of(event)
        if caught_code and caught_code not in contract.errors:
            yield finding(diagram.path, event, "error", f"bước này không bao giờ báo lỗi {caught_code}")


def _catches(event: Node) -> bool:
    return event.first("bpmn:errorEventDefinition") is not None


def _check_messages(models: Models, diagram: Diagram) -> Iterator[Finding]:
    used = {diagram.message_of(node) for node in diagram.nodes}
    for message in diagram.root.all("bpmn:message"):
        if message.name not in used:
            yield finding(diagram.path, message, "message", f"thông điệp {message.name} không được dùng")
        if message.name not in models.dictionary.messages:
            yield finding(
                diagram.path, message, "message", f"thông điệp {message.name} chưa có trong bpmn/{DICTIONARY}"
            )
    for node in diagram.nodes:
        yield from _check_taken(models, diagram, node)


def _check_taken(models: Models, diagram: Diagram, node: Node) -> Iterator[Finding]:
    """Check that an event takes what its message says it carries: without a mapping it takes any variable."""
    message = models.dictionary.messages.get(diagram.message_of(node) or "")
    if message is None:
        return
    mapping = extension(node, "zeebe:ioMapping")
    taken = {(one.get("source"), one.get("target")) for one in mapping.all("zeebe:output")} if mapping else set()
    if taken != {(f"={name}", name) for name in message.variables}:
        wanted = ", ".join(message.variables)
        yield finding(
            diagram.path, node, "message", f"sự kiện phải nhận (output) đúng các biến của thông điệp: {wanted}"
        )


def _check_expressions(models: Models, diagram: Diagram) -> Iterator[Finding]:
    for node in diagram.root.walk():
        local = _loop_names(node)
        for expression in _expressions(node):
            for name in sorted(variables_in(expression) - models.dictionary.variables.keys() - local):
                yield finding(diagram.path, node, "variable", f"biến “{name}” chưa có trong bpmn/{DICTIONARY}")


def _expressions(node: Node) -> list[str | None]:
    if node.tag in {"bpmn:conditionExpression", "bpmn:timeDate", "bpmn:completionCondition"}:
        return [node.text.strip()]
    if node.tag in {"zeebe:input", "zeebe:output"}:
        return [node.get("source")]
    if node.tag == "zeebe:subscription":
        return [node.get("correlationKey")]
    if node.tag == "zeebe:loopCharacteristics":
        return [node.get("inputCollection"), node.get("outputElement")]
    if node.tag in _ASSIGNED:
        return list(node.attributes.values())
    return []


def _loop_names(node: Node) -> set[str]:
    elements = [
        loop.get("inputElement")
        for scope in [node, *node.ancestors()]
        for loop in scope.walk()
        if loop.tag == "zeebe:loopCharacteristics"
    ]
    return {name for name in elements if name} | {"loopCounter", "error"}


def _check_literals(models: Models, diagram: Diagram) -> Iterator[Finding]:
    choices = _choices(models)
    for flow in diagram.flows:
        condition = flow.first("bpmn:conditionExpression")
        for name, value in sorted(compared_literals(condition.text if condition else None)):
            if name in choices and value not in choices[name]:
                yield finding(diagram.path, flow, "choice", f"biểu mẫu không có lựa chọn “{value}” cho “{name}”")


def _choices(models: Models) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for form in models.forms:
        for key in form.keys:
            options = form.options(key)
            if options is not None:
                found.setdefault(key, set()).update(options)
    return found


def _check_form_reads(flow: DataFlow, diagram: Diagram, node: Node) -> Iterator[Finding]:
    form = flow.models.form(form_id(node))
    if form is None:
        return
    contracts = [flow.contracts[kind] for _, kind in listeners(node) if kind in flow.contracts]
    given = flow.before(diagram, node).union(*(outputs_of(contract) for contract in contracts))
    for name in sorted(form.reads - form.keys - given):
        yield finding(diagram.path, node, "input", f"biểu mẫu {form.id} cần biến “{name}” mà quy trình không có")


def _check_step_and_form(models: Models, diagram: Diagram, node: Node) -> Iterator[Finding]:
    form = models.form(form_id(node))
    if form is None or node.tag != "bpmn:userTask":
        return
    held = properties(node)
    decided = held.get("decision")
    if decided and form.options(decided) is None:
        yield finding(diagram.path, node, "step", f"biểu mẫu {form.id} không có quyết định “{decided}”")
    for variable, kind in _OPTIONS.items():
        if variable in form.reads and kind not in held.get("options", "").split():
            yield finding(diagram.path, node, "step", f"biểu mẫu {form.id} cần thuộc tính options là {kind}")


def _check_left_over(models: Models, contracts: Mapping[str, Contract[Any, Any]]) -> Iterator[Finding]:
    nodes = [(diagram, node) for diagram in models.diagrams for node in diagram.nodes]
    forms = {form_id(node) for _, node in nodes}
    decisions = {rule.get("decisionId") for _, node in nodes if (rule := decision(node)) is not None}
    called = {called_process(node) for _, node in nodes}
    kinds: set[str] = set().union(*(_job_types(node) for _, node in nodes))
    for form in models.forms:
        if form.id not in forms:
            yield Finding(form.path, 1, form.id, "left-over", "không bước nào dùng biểu mẫu này")
    for table in models.decisions:
        if table.id not in decisions:
            yield finding(table.path, table.node, "left-over", "không bước nào dùng bảng quyết định này")
    for diagram in models.diagrams:
        if diagram.process.id not in called and not _starts_alone(diagram):
            yield finding(diagram.path, diagram.process, "left-over", "không quy trình nào gọi, cũng không tự bắt đầu")
    for kind in sorted(contracts.keys() - kinds):
        yield Finding(models.root, 1, kind, "left-over", "không sơ đồ nào dùng loại công việc này")


def _starts_alone(diagram: Diagram) -> bool:
    starts = diagram.process.all("bpmn:startEvent")
    return any(
        start.first("bpmn:messageEventDefinition") or extension(start, "zeebe:formDefinition") for start in starts
    )


def _check_dictionary(models: Models, flow: DataFlow) -> Iterator[Finding]:
    path = models.root / DICTIONARY
    contracts = flow.contracts.values()
    known = set(models.dictionary.variables)
    used = flow.universe | {name for contract in contracts for name in contract.input_names}
    used |= {name for form in models.forms for name in form.reads}
    used |= {name for message in models.dictionary.messages.values() for name in message.variables}
    for name in sorted(used - known):
        yield Finding(path, 1, name, "variable", "biến đang dùng nhưng chưa có trong từ điển")
    for name in sorted(known - used):
        yield Finding(path, 1, name, "left-over", "biến trong từ điển nhưng không nơi nào dùng")
    declared = {node.name for diagram in models.diagrams for node in diagram.root.all("bpmn:message")}
    for name in sorted(models.dictionary.messages.keys() - declared):
        yield Finding(path, 1, name, "left-over", "thông điệp trong từ điển nhưng không sơ đồ nào chờ")
