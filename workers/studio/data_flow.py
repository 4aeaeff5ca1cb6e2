"""Work out which variables may exist when a step begins.

Within a diagram a variable counts as soon as some path produces it; a called process may rely only on what
every caller has. Local variables of listeners and mappings stay local, as the engine keeps them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from workers.studio.diagram import (
    FLOW_NODES,
    Diagram,
    called_process,
    decision,
    extension,
    form_id,
    job_type,
    mappings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract import Contract
    from workers.studio.models import Models
    from workers.studio.xml_tree import Node

# The runtime sends this variable along with every business error.
ERROR_MESSAGE = "error_message"


class DataFlow:
    """Answer which variables exist before a node."""

    def __init__(self, models: Models, contracts: Mapping[str, Contract[Any, Any]]) -> None:
        self.models = models
        self.contracts = contracts
        self._given = self._start_variables()

    def before(self, diagram: Diagram, node: Node) -> set[str]:
        """List the variables that may exist when the node begins, its own inputs included."""
        return self._given[diagram.process.id] | self._inside(diagram, node) | local_inputs(node)

    @cached_property
    def universe(self) -> set[str]:
        """List every variable that anything produces anywhere."""
        found: set[str] = set()
        for diagram in self.models.diagrams:
            for node in diagram.nodes:
                found |= self.produced(diagram, node) | local_inputs(node)
        for contract in self.contracts.values():
            found |= outputs_of(contract)
        return found

    def produced(self, diagram: Diagram, node: Node) -> set[str]:
        """List what a node leaves to the nodes after it."""
        found = self._payload(diagram, node)
        outputs = mappings(node, "zeebe:output")
        collection = _loop(node)
        if collection is not None and collection.get("outputCollection"):
            found.add(str(collection.get("outputCollection")))
        if outputs:
            return found | {str(mapping.get("target")) for mapping in outputs}
        return found | self._results(diagram, node)

    def _payload(self, diagram: Diagram, node: Node) -> set[str]:
        if diagram.errors_of(node) is not None:
            return {ERROR_MESSAGE}
        message = self.models.dictionary.messages.get(diagram.message_of(node) or "")
        return set(message.variables) if message else set()

    def _results(self, diagram: Diagram, node: Node) -> set[str]:
        contract = self.contracts.get(job_type(node) or "")
        if contract is not None:
            return outputs_of(contract)
        form = self.models.form(form_id(node))
        if form is not None:
            return set(form.keys)
        rule = decision(node)
        if rule is not None:
            return {str(rule.get("resultVariable"))}
        if node.tag == "bpmn:subProcess":
            inner = [child for child in node.walk() if child is not node and child.tag in FLOW_NODES]
            return set().union(*(self.produced(diagram, child) for child in inner))
        return set()

    def _inside(self, diagram: Diagram, node: Node) -> set[str]:
        found: set[str] = set()
        for earlier in _upstream(diagram, node):
            found |= self.produced(diagram, earlier)
        scope = node.parent
        if scope is not None and scope.tag == "bpmn:subProcess":
            found |= local_inputs(scope) | self._inside(diagram, scope)
            if scope.get("triggeredByEvent") == "true" and scope.parent is not None:
                for sibling in scope.parent.all(*FLOW_NODES):
                    found |= self.produced(diagram, sibling) if sibling is not scope else set()
        return found

    def _start_variables(self) -> dict[str, set[str]]:
        everything = self.universe
        calls = self._calls()
        given = {diagram.process.id: set(everything) if diagram.process.id in calls else set[str]() for diagram in
                 self.models.diagrams}  # fmt: skip
        changed = True
        while changed:
            changed = False
            for process, callers in calls.items():
                if process not in given:
                    continue
                common = set.intersection(*(self._handed_over(given, *caller) for caller in callers))
                if common != given[process]:
                    given[process] = common
                    changed = True
        return given

    def _calls(self) -> dict[str, list[tuple[Diagram, Node]]]:
        calls: dict[str, list[tuple[Diagram, Node]]] = {}
        for diagram in self.models.diagrams:
            for node in diagram.of("bpmn:callActivity"):
                calls.setdefault(called_process(node) or "", []).append((diagram, node))
        return calls

    def _handed_over(self, given: dict[str, set[str]], diagram: Diagram, node: Node) -> set[str]:
        called = extension(node, "zeebe:calledElement")
        if called is not None and called.get("propagateAllParentVariables") == "false":
            return local_inputs(node)
        return given[diagram.process.id] | self._inside(diagram, node) | local_inputs(node)


def outputs_of(contract: Contract[Any, Any]) -> set[str]:
    """List the variables a job type returns."""
    return {info.alias or name for name, info in contract.output.model_fields.items()}


def required_inputs(contract: Contract[Any, Any]) -> set[str]:
    """List the variables a job type cannot do without."""
    return {info.alias or name for name, info in contract.input.model_fields.items() if info.is_required()}


def local_inputs(node: Node) -> set[str]:
    """List the variables a node makes for itself: input mappings, the element of its loop."""
    found = {str(mapping.get("target")) for mapping in mappings(node, "zeebe:input")}
    loop = _loop(node)
    if loop is not None and loop.get("inputElement"):
        found.add(str(loop.get("inputElement")))
    return found


def _loop(node: Node) -> Node | None:
    return node.first("bpmn:multiInstanceLoopCharacteristics", "bpmn:extensionElements", "zeebe:loopCharacteristics")


def _upstream(diagram: Diagram, node: Node) -> list[Node]:
    """List the nodes of the same scope from which a path leads here.

    A boundary event follows what leads to its host; a link that is caught follows the links thrown to it.
    """
    found: dict[str, Node] = {}
    waiting = _before(diagram, node)
    while waiting:
        earlier = waiting.pop()
        if earlier.id not in found:
            found[earlier.id] = earlier
            waiting += _before(diagram, earlier)
    return list(found.values())


def _before(diagram: Diagram, node: Node) -> list[Node]:
    sources = [flow.get("sourceRef") for flow in diagram.flows if flow.get("targetRef") == node.id]
    nodes = [diagram.by_id[source] for source in sources if source in diagram.by_id]
    if node.tag == "bpmn:boundaryEvent" and node.get("attachedToRef") in diagram.by_id:
        nodes += _before(diagram, diagram.by_id[str(node.get("attachedToRef"))])
    if node.tag == "bpmn:intermediateCatchEvent" and _link(node):
        nodes += [thrown for thrown in diagram.of("bpmn:intermediateThrowEvent") if _link(thrown) == _link(node)]
    return nodes


def _link(node: Node) -> str | None:
    link = node.first("bpmn:linkEventDefinition")
    return link.name if link else None
