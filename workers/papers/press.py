"""Render papers with typst: data goes in as JSON, never as source, and only the shipped fonts are used."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import segno
import typst

from workers.errors import ConfigError
from workers.papers.models import FormSet, Paper, view

if TYPE_CHECKING:
    from pathlib import Path

# PDF/A-2a: archival, tagged, every glyph mapped to Unicode.
_STANDARD: typst.PDFStandards = ["a-2a"]
_UNDRAWABLE = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
_STAND_IN = "□"


@dataclass(frozen=True)
class RenderedPaper:
    """Hold a PDF. `undrawable` lists characters the shipped fonts lack; □ stands in their place."""

    pdf: bytes
    sha256: str
    kind: str
    form_set: str | None
    form_code: str | None
    title: str
    name: str
    undrawable: str = ""


class PaperPress:
    """Render papers from the templates of a folder; one press serves a process, thread-safe."""

    def __init__(self, forms_dir: Path) -> None:
        self._forms_dir = forms_dir
        self._fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(forms_dir / "fonts")])
        self._compiler = typst.Compiler(root=str(forms_dir), font_paths=self._fonts)
        self._lock = threading.Lock()

    def render(self, paper: Paper) -> RenderedPaper:
        """Render a paper; the same data gives the same bytes.

        Raises:
            ConfigError: a template is missing or does not compile.
            ValueError: the paper's form set has no such form.

        """
        form_code = paper.form_code()
        form_set = getattr(paper, "form_set", None)
        data = json.dumps(_template_data(paper, form_code, form_set), ensure_ascii=False)
        pdf, undrawable = self._compile(paper, data)
        return RenderedPaper(
            pdf=pdf,
            sha256=hashlib.sha256(pdf).hexdigest(),
            kind=paper.kind,
            form_set=form_set,
            form_code=form_code,
            title=paper.title(),
            name=_file_name(paper),
            undrawable=undrawable,
        )

    async def render_async(self, paper: Paper) -> RenderedPaper:
        """Render in a thread, as compiling is work for the processor."""
        return await asyncio.to_thread(self.render, paper)

    def _compile(self, paper: Paper, data: str) -> tuple[bytes, str]:
        source = self._forms_dir / paper.template
        if not source.is_file():
            raise ConfigError(f"Thiếu mẫu giấy tờ {source}: hãy khôi phục tệp này.")
        try:
            return self._pdf(source, paper, data), ""
        except typst.TypstError as error:
            undrawable = _undrawable(error.diagnostic)
            if not undrawable:
                raise ConfigError(f"Mẫu {source.name} không dựng được: {error.diagnostic.strip()}") from error
        readable = data.translate(dict.fromkeys(map(ord, undrawable), _STAND_IN))
        return self._pdf(source, paper, readable), undrawable

    def _pdf(self, source: Path, paper: Paper, data: str) -> bytes:
        with self._lock:
            made = self._compiler.compile(
                input=str(source),
                format="pdf",
                sys_inputs={"data": data},
                pdf_standards=_STANDARD,
                timestamp=int(paper.issued_at.timestamp()),
            )
        if not isinstance(made, bytes):
            raise ConfigError(f"Mẫu {source.name} không cho ra tệp PDF.")
        return made


def _template_data(paper: Paper, form_code: str | None, form_set: FormSet | None) -> dict[str, object]:
    qr = _qr_svg(paper.tracking_url) if paper.tracking_url else None
    return {**view(paper), "title": paper.title(), "form_code": form_code, "form_set": form_set, "qr": qr}


def _undrawable(diagnostic: str) -> str:
    """List the characters that typst says no font has; it escapes marks that have no base letter."""
    named = "".join(_UNDRAWABLE.findall(diagnostic))
    named = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), named)
    return "".join(sorted(one for one in set(named) if not one.isascii()))


def _qr_svg(url: str) -> str:
    drawing = io.BytesIO()
    segno.make(url, error="m", micro=False).save(drawing, kind="svg", border=0, xmldecl=False, svgns=True, dark="#000")
    return drawing.getvalue().decode("utf-8")


def _file_name(paper: Paper) -> str:
    label = f"{paper.title()} {paper.dossier_code or paper.number or ''}"
    return re.sub(r'[\s\\/:*?"<>|]+', " ", label).strip()[:180] + ".pdf"
