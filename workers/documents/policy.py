"""Read config/documents.yaml: the limits and expectations that document checks apply."""

from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from workers.documents.findings import Finding, finding
from workers.errors import ConfigError
from workers.yaml_files import read_model

FileType = Literal["pdf", "jpeg", "png", "tiff", "docx", "xlsx", "pptx", "odt", "ods", "doc", "xls", "ppt"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SizeLimits(_Section):
    """Bound a file: megabytes as filed, megabytes and ratio when unpacked, pages, megapixels."""

    file_mb: float = Field(default=20, gt=0)
    unpacked_mb: float = Field(default=200, gt=0)
    unpacked_ratio: float = Field(default=100, gt=1)
    archive_entries: int = Field(default=5000, ge=1)
    pages: int = Field(default=500, ge=1)
    examined_pages: int = Field(default=100, ge=1)
    image_megapixels: float = Field(default=120, gt=0)


class Expectations(_Section):
    """Say what a well-made document has: PDF version, dots per inch of a scan, share of ink on a page."""

    pdf_version: str = Field(default="1.4", pattern=r"^\d\.\d$")
    scan_dpi: int = Field(default=200, ge=1)
    blank_ink_share: float = Field(default=0.0005, ge=0, le=1)
    signature_required: bool = False
    expiry_margin_days: int = Field(default=30, ge=0)


class Trust(_Section):
    """Name the folders of root certificates (PEM), relative to the file that names them."""

    roots: tuple[Path, ...] = ()
    example_roots: tuple[Path, ...] = ()
    accept_example_roots: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        """List the folders whose certificates count as roots."""
        return self.roots + (self.example_roots if self.accept_example_roots else ())


class SandboxLimits(_Section):
    """Bound one inspection: seconds of processor and of wall time, megabytes of address space."""

    cpu_seconds: int = Field(default=20, ge=1)
    wall_seconds: float = Field(default=30, gt=0)
    memory_mb: int = Field(default=1024, ge=256)


class Source(_Section):
    """Say where a limit comes from; `confirmed` only when the clause was read in the document itself."""

    value: str
    clause: str
    confirmed: bool


class DocumentPolicy(_Section):
    """Hold every limit of the document checks; the defaults are those of the shipped configuration."""

    allowed_types: tuple[FileType, ...] = Field(
        default=("pdf", "jpeg", "png", "tiff", "docx", "xlsx", "odt", "ods"), min_length=1
    )
    limits: SizeLimits = SizeLimits()
    expectations: Expectations = Expectations()
    trust: Trust = Trust()
    sandbox: SandboxLimits = SandboxLimits()
    sources: tuple[Source, ...] = ()


def load_policy(path: Path) -> DocumentPolicy:
    """Read the policy; raises ConfigError with all mistakes: file, line and what is expected."""
    policy, file = read_model(path, DocumentPolicy, ConfigError)
    for index, source in enumerate(policy.sources):
        section, _, name = source.value.partition(".")
        if not hasattr(getattr(policy, section, None), name or section):
            expected = f"đang ghi “{source.value}”, cần tên một giá trị trong tệp này, ví dụ limits.file_mb."
            file.note(("sources", index, "value"), expected)
    if file.mistakes:
        raise file.failure(ConfigError)
    base = path.resolve().parent
    trust = policy.trust.model_copy(
        update={
            "roots": tuple(base / folder for folder in policy.trust.roots),
            "example_roots": tuple(base / folder for folder in policy.trust.example_roots),
        }
    )
    return policy.model_copy(update={"trust": trust})


def check_validity_dates(
    issued_on: date | None, expires_on: date | None, today: date, policy: DocumentPolicy
) -> list[Finding]:
    """Compare the dates written on a paper with each other and with `today`; a paper is valid on its last day."""
    found = []
    if issued_on and issued_on > today:
        found.append(finding("issued_in_future", date=_vietnamese(issued_on)))
    if issued_on and expires_on and expires_on < issued_on:
        return [*found, finding("expiry_before_issue", issued=_vietnamese(issued_on), expires=_vietnamese(expires_on))]
    if expires_on and expires_on < today:
        found.append(finding("document_expired", date=_vietnamese(expires_on)))
    elif expires_on and expires_on < today + timedelta(days=policy.expectations.expiry_margin_days):
        found.append(finding("document_expires_soon", date=_vietnamese(expires_on)))
    return found


def _vietnamese(day: date) -> str:
    return day.strftime("%d/%m/%Y")
