from __future__ import annotations

import string
import unicodedata
from pathlib import Path

import pytest
from pydantic import ValidationError

from workers.documents.findings import CATALOGUE, Finding, already_filed, catalogue_table, finding, refresh_catalogue

PAGE = Path(__file__).parents[3] / "docs" / "document-checks.md"


def test_documented_codes_are_those_of_the_program():
    told = "call workers.documents.findings.refresh_catalogue(Path('docs/document-checks.md'))"
    assert catalogue_table() in PAGE.read_text(encoding="utf-8"), told


def test_drifted_page_is_repaired(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8").replace("| `macro` |", "| `makro` |"), encoding="utf-8")

    assert refresh_catalogue(page)
    assert page.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    assert not refresh_catalogue(page)


@pytest.mark.parametrize("code", CATALOGUE)
def test_message_is_precomposed_and_ends_as_a_sentence(code):
    message = CATALOGUE[code].message

    assert unicodedata.is_normalized("NFC", message)
    assert message.endswith(".")


@pytest.mark.parametrize("code", [code for code, kind in CATALOGUE.items() if "{" in kind.message])
def test_message_with_a_gap_refuses_to_stay_unfilled(code):
    with pytest.raises(KeyError):
        finding(code)
    names = [name for _, name, _, _ in string.Formatter().parse(CATALOGUE[code].message) if name]
    assert "{" not in finding(code, **dict.fromkeys(names, "x")).message


def test_unknown_code_is_refused():
    with pytest.raises(KeyError):
        finding("nothing")
    with pytest.raises(ValidationError, match="unknown finding code"):
        Finding(code="nothing", severity="error", message="x")


def test_duplicate_names_the_other_dossier():
    found = already_filed("H29.04-261123-0001")

    assert (found.code, found.severity) == ("already_filed", "warning")
    assert "H29.04-261123-0001" in found.message
