"""Read a BPMN or DMN file into a small tree that knows its line numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from workers.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PREFIXES = {
    "http://www.omg.org/spec/BPMN/20100524/MODEL": "bpmn",
    "http://www.omg.org/spec/BPMN/20100524/DI": "bpmndi",
    "http://www.omg.org/spec/DD/20100524/DC": "dc",
    "http://www.omg.org/spec/DD/20100524/DI": "di",
    "http://camunda.org/schema/zeebe/1.0": "zeebe",
    "http://camunda.org/schema/modeler/1.0": "modeler",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "dmn",
    "https://www.omg.org/spec/DMN/20191111/DMNDI/": "dmndi",
    "http://www.omg.org/spec/DMN/20180521/DC/": "dc",
    "http://www.omg.org/spec/DMN/20180521/DI/": "di",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
}


@dataclass(eq=False)
class Node:
    """Hold one XML element: `tag` with a fixed prefix (`bpmn:userTask`), line from 1, text of its own."""

    tag: str
    attributes: dict[str, str]
    line: int
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    text: str = ""

    @property
    def id(self) -> str:
        """Return the id, or nothing."""
        return self.attributes.get("id", "")

    @property
    def name(self) -> str:
        """Return the name, or nothing."""
        return self.attributes.get("name", "")

    def get(self, attribute: str) -> str | None:
        """Return an attribute."""
        return self.attributes.get(attribute)

    def all(self, *tags: str) -> list[Node]:
        """List the children with one of these tags."""
        return [child for child in self.children if child.tag in tags]

    def first(self, *path: str) -> Node | None:
        """Follow the first child of each tag of the path."""
        node: Node | None = self
        for tag in path:
            node = next(iter(node.all(tag)), None) if node else None
        return node

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()

    def ancestors(self) -> Iterator[Node]:
        """Yield the parents, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


class ModelUnreadableError(UserError):
    """Say that a diagram or decision file is no well-formed XML."""


def read_tree(path: Path) -> Node:
    """Read a file; raises ModelUnreadableError naming file and line."""
    parser = expat.ParserCreate(namespace_separator=" ")
    root = Node("", {}, 0)
    open_nodes = [root]

    def start(tag: str, attributes: dict[str, str]) -> None:
        named = {_short(key): value for key, value in attributes.items()}
        node = Node(_short(tag), named, parser.CurrentLineNumber, open_nodes[-1])
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def text(data: str) -> None:
        open_nodes[-1].text += data

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _tag: open_nodes.pop()
    parser.CharacterDataHandler = text
    try:
        parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as failure:
        message = f"{path}, dòng {failure.lineno}: tệp không phải XML hợp lệ. Mở lại bằng Camunda Modeler và lưu."
        raise ModelUnreadableError(message) from failure
    top = root.children[0]
    top.parent = None
    return top


def _short(name: str) -> str:
    uri, _, local = name.rpartition(" ")
    if not uri:
        return local
    return f"{_PREFIXES.get(uri, uri)}:{local}"
