"""Collect what the checks of one file learn."""

from __future__ import annotations

from dataclasses import dataclass, field

from workers.documents.findings import Finding, Signature, finding


@dataclass
class Report:
    """Grow while the checks run, then become an Inspection."""

    detected_type: str = ""
    pages: int | None = None
    pdf_version: str | None = None
    pdfa: str | None = None
    has_text: bool | None = None
    signatures: list[Signature] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: str, page: int | None = None, **values: object) -> None:
        """Note a finding, once per code and page."""
        found = finding(code, page, **values)
        if found not in self.findings:
            self.findings.append(found)
