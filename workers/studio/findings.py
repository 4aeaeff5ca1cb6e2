"""Say what is wrong in a model: where, and in Vietnamese what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workers.studio.xml_tree import Node


@dataclass(frozen=True, order=True)
class Finding:
    """Hold one finding: file, line from 1, element id, rule id, message."""

    path: Path
    line: int
    element: str
    rule: str
    message: str

    def __str__(self) -> str:
        """Show it in one line, as compilers do."""
        return f"{self.path}:{self.line}: {self.element}: {self.message} [{self.rule}]"


def finding(path: Path, node: Node, rule: str, message: str) -> Finding:
    """Make a finding about a node; a node without id is named by its parent."""
    owner = node.id or next((parent.id for parent in node.ancestors() if parent.id), "")
    return Finding(path, node.line, owner, rule, message)
