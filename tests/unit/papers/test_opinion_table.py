"""The table of opinions names a unit that is not competent as such."""

from __future__ import annotations

import io
from pathlib import Path

from pypdf import PdfReader

from workers.papers.models import FormSet, OpinionRow
from workers.papers.press import PaperPress
from workers.papers.samples import sample_papers

FORMS = Path(__file__).parents[3] / "config" / "forms"


def test_a_unit_that_is_not_competent_is_named_and_counted():
    table = next(paper for paper in sample_papers(FormSet.Y2025) if paper.kind == "opinion_table")
    row = OpinionRow(unit_name="Sở Ví Dụ", verdict="not_competent")
    made = PaperPress(FORMS).render(table.model_copy(update={"rows": [row]}))
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(made.pdf)).pages).split())
    assert "Không thuộc thẩm quyền" in text
    assert "không thuộc thẩm quyền: 1" in text
    assert "không đồng ý: 0" in text
