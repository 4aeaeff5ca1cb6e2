"""Read a BPMN diagram the way the checks need it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workers.studio.xml_tree import Node, read_tree

if TYPE_CHECKING:
    from pathlib import Path

TASKS = {"bpmn:userTask", "bpmn:serviceTask", "bpmn:sendTask", "bpmn:businessRuleTask", "bpmn:scriptTask", "bpmn:task"}
TASKS |= {"bpmn:receiveTask", "bpmn:manualTask"}
ACTIVITIES = TASKS | {"bpmn:callActivity", "bpmn:subProcess"}
GATEWAYS = {"bpmn:exclusiveGateway", "bpmn:parallelGateway", "bpmn:eventBasedGateway", "bpmn:inclusiveGateway"}
GATEWAYS |= {"bpmn:complexGateway"}
EVENTS = {"bpmn:startEvent", "bpmn:endEvent", "bpmn:boundaryEvent", "bpmn:intermediateCatchEvent"}
EVENTS |= {"bpmn:intermediateThrowEvent"}
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS

_STRING = re.compile(r'"[^"]*"')
_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\b(?!\s*\()(?!\s*:)")
_LONG_FUNCTIONS = re.compile(
    r"\b(?:date and time|years and months duration|string length|substring before|substring after|upper case|lower case"
    r"|starts with|ends with|list contains|insert before|index of|distinct values|day of week|get value|context put"
    r"|is defined|get or else|string join)\s*(?=\()"
)
_BOUND = re.compile(r"\b(?:for|some|every)\s+(\w+)\s+in\b")
_FEEL_WORDS = {
    "and", "or", "not", "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "between", "true",
    "false", "null", "function", "instance", "of", "item", "partial",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Diagram:
    """Hold one BPMN file."""

    path: Path
    root: Node

    @cached_property
    def process(self) -> Node:
        """Return the first process, or the root where there is none."""
        return next(iter(self.root.all("bpmn:process")), self.root)

    @property
    def version_tag(self) -> str | None:
        """Return the version tag, which names the edition of the regulation."""
        tag = extension(self.process, "zeebe:versionTag")
        return tag.get("value") if tag else None

    @cached_property
    def nodes(self) -> list[Node]:
        """List activities, gateways and events of all levels, in the order of the file."""
        return [node for node in self.process.walk() if node.tag in FLOW_NODES]

    @cached_property
    def flows(self) -> list[Node]:
        """List the sequence flows of all levels."""
        return [node for node in self.process.walk() if node.tag == "bpmn:sequenceFlow"]

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """Map ids to nodes of the whole file."""
        return {node.id: node for node in self.root.walk() if node.id}

    def of(self, *tags: str) -> list[Node]:
        """List the nodes of the process with one of these tags, of all levels."""
        return [node for node in self.process.walk() if node.tag in tags]

    def message_of(self, node: Node) -> str | None:
        """Name the message of an event or receive task."""
        definition = node.first("bpmn:messageEventDefinition") or node
        message = self.by_id.get(definition.get("messageRef") or "")
        return message.name if message else None

    def errors_of(self, event: Node) -> str | None:
        """Return the error code an event catches; an empty text catches all; None: it is no error event."""
        definition = event.first("bpmn:errorEventDefinition")
        if definition is None:
            return None
        error = self.by_id.get(definition.get("errorRef") or "")
        return (error.get("errorCode") or "") if error else ""

    def boundaries_of(self, node: Node) -> list[Node]:
        """List the boundary events on a node."""
        return [event for event in self.of("bpmn:boundaryEvent") if event.get("attachedToRef") == node.id]


def read_diagram(path: Path) -> Diagram:
    """Read a BPMN file; raises ModelUnreadableError."""
    return Diagram(path, read_tree(path))


def extension(node: Node, tag: str) -> Node | None:
    """Find an extension element of a node."""
    return node.first("bpmn:extensionElements", tag)


def properties(node: Node) -> dict[str, str]:
    """Return the zeebe:properties of a node."""
    holder = extension(node, "zeebe:properties")
    rows = holder.all("zeebe:property") if holder else []
    return {row.name: row.get("value") or "" for row in rows}


def job_type(node: Node) -> str | None:
    """Return the job type of a service or send task; None for FEEL-computed ones and other nodes."""
    definition = extension(node, "zeebe:taskDefinition")
    declared = definition.get("type") if definition else None
    return declared if declared and not declared.startswith("=") else None


def listeners(node: Node) -> set[tuple[str, str]]:
    """Return the execution listeners as (event, job type)."""
    holder = extension(node, "zeebe:executionListeners")
    rows = holder.all("zeebe:executionListener") if holder else []
    return {(row.get("eventType") or "", row.get("type") or "") for row in rows}


def form_id(node: Node) -> str | None:
    """Return the id of the form of a user task or start event."""
    definition = extension(node, "zeebe:formDefinition")
    return definition.get("formId") if definition else None


def mappings(node: Node, side: str) -> list[Node]:
    """List the `zeebe:input` or `zeebe:output` mappings of a node."""
    mapping = extension(node, "zeebe:ioMapping")
    return mapping.all(side) if mapping else []


def called_process(node: Node) -> str | None:
    """Return the literal process id a call activity calls."""
    called = extension(node, "zeebe:calledElement")
    return called.get("processId") if called else None


def decision(node: Node) -> Node | None:
    """Return the called decision of a business rule task."""
    return extension(node, "zeebe:calledDecision")


def variables_in(expression: str | None) -> set[str]:
    """List the variables a FEEL expression reads (the first name of each path)."""
    if not expression or not expression.startswith("="):
        return set()
    plain = _LONG_FUNCTIONS.sub("call", _STRING.sub('""', expression[1:]))
    return set(_NAME.findall(plain)) - _FEEL_WORDS - set(_BOUND.findall(plain))


def compared_literals(expression: str | None) -> set[tuple[str, str]]:
    """List the (variable, text) pairs an expression compares."""
    return set(re.findall(r'\b([a-z_]\w*)\s*!?=\s*"([^"]*)"', expression or ""))
