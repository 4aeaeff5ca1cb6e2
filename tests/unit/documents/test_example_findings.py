"""Every example is found to be what it is: no finding for good files, exactly its own for bad ones."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from workers.documents.findings import CATALOGUE, describe
from workers.documents.folder import load_folder

EXAMPLES = Path(__file__).parents[3] / "examples"

EXPECTED = {
    "empty.pdf": {"empty_file"},
    "encrypted.pdf": {"encrypted"},
    "encrypted.docx": {"encrypted"},
    "restricted.pdf": {"restricted"},
    "truncated.pdf": {"truncated"},
    "truncated.jpg": {"truncated"},
    "truncated.docx": {"damaged"},
    "damaged.pdf": {"damaged"},
    "cross-references.pdf": {"pdf_repaired"},
    "wrong-extension.pdf": {"type_mismatch"},
    "program.pdf": {"type_not_allowed"},
    "archive.zip": {"type_not_allowed"},
    "macro.docm": {"macro"},
    "macro-hidden.docx": {"macro"},
    "macro.doc": {"macro"},
    "remote-template.docx": {"remote_template"},
    "embedded-object.docx": {"embedded_object"},
    "zip-bomb.docx": {"archive_bomb"},
    "javascript.pdf": {"javascript"},
    "launch.pdf": {"launch_action"},
    "embedded-file.pdf": {"embedded_file"},
    "old-version.pdf": {"pdf_version_old"},
    "blank-page.pdf": {"blank_page"},
    "blank-scan.pdf": {"blank_document"},
    "low-resolution.pdf": {"low_resolution"},
    "low-resolution.jpg": {"low_resolution"},
    "huge-image.png": {"image_too_large"},
    "decomposed-text.docx": {"text_not_nfc"},
    "legacy-tcvn3.docx": {"legacy_encoding"},
    "legacy-vni.docx": {"legacy_encoding"},
    "signed-altered.pdf": {"signature_broken"},
    "signed-extended.pdf": {"signature_not_whole_file"},
    "signed-untrusted.pdf": {"signature_untrusted"},
    "signed-expired.pdf": {"signature_untrusted"},
    unicodedata.normalize("NFD", "Đơn đề nghị tổ hợp.pdf"): {"name_not_nfc"},
}
# What scans and unstamped signatures are told besides; nobody has to act on it.
NOTES = {"pdfa_missing", "no_text_layer", "signature_time_claimed"}


def codes(inspection):
    return {found.code for found in inspection.findings}


def test_each_bad_example_has_an_expectation():
    assert {path.name for path in (EXAMPLES / "files" / "bad").iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_bad_example_yields_exactly_its_finding(inspect, name):
    inspection = inspect(EXAMPLES / "files" / "bad" / name)

    assert codes(inspection) - NOTES == EXPECTED[name]
    worst = {CATALOGUE[code].severity for code in EXPECTED[name]}
    assert inspection.ok == ("error" not in worst)


@pytest.mark.parametrize("path", sorted((EXAMPLES / "files" / "good").iterdir()), ids=lambda path: path.name)
def test_good_example_passes_without_finding(inspect, path):
    inspection = inspect(path)

    assert codes(inspection) <= NOTES
    assert inspection.ok


def test_blank_page_is_named_by_its_number(inspect, examples):
    inspection = inspect(examples / "files" / "bad" / "blank-page.pdf")

    assert [found.page for found in inspection.findings] == [2]


def test_low_resolution_is_measured_on_paper(inspect, examples):
    inspection = inspect(examples / "files" / "bad" / "low-resolution.pdf")

    assert "100 dpi" in next(found.message for found in inspection.findings if found.code == "low_resolution")


def test_signature_answers_are_told_apart(inspect, examples):
    signature = inspect(examples / "files" / "good" / "signed.pdf").signatures[0]
    extended = inspect(examples / "files" / "bad" / "signed-extended.pdf").signatures[0]
    altered = inspect(examples / "files" / "bad" / "signed-altered.pdf").signatures[0]
    untrusted = inspect(examples / "files" / "bad" / "signed-untrusted.pdf").signatures[0]

    answers = [(s.intact, s.trusted, s.covers_whole_file) for s in (signature, extended, altered, untrusted)]
    assert answers == [(True, True, True), (True, True, False), (False, False, True), (True, False, True)]
    assert signature.trust_anchor == "Gốc chứng thư ví dụ dieuphoi"


def test_proven_time_is_told_from_claimed_time(inspect, examples):
    stamped = inspect(examples / "files" / "good" / "signed.pdf").signatures[0]
    claimed = inspect(examples / "files" / "good" / "signed-claimed-time.pdf").signatures[0]

    assert stamped.timestamp is not None
    assert stamped.timestamp_trusted
    assert claimed.timestamp is None
    assert claimed.claimed_time is not None


def test_each_signer_of_a_file_signed_twice_is_listed(inspect, examples):
    signatures = inspect(examples / "files" / "good" / "signed-twice.pdf").signatures

    assert [signature.signer for signature in signatures] == ["Nguyễn Văn Ví Dụ", "Trần Thị Ví Dụ"]
    assert all(signature.covers_whole_file for signature in signatures)


def test_example_root_is_not_trusted_unless_the_policy_says_so(inspect, examples, policy):
    careful = policy.model_copy(update={"trust": policy.trust.model_copy(update={"accept_example_roots": False})})

    assert codes(inspect(examples / "files" / "good" / "signed.pdf", policy=careful)) == {"signature_untrusted"}


def test_signature_can_be_required(inspect, examples, policy):
    expectations = policy.expectations.model_copy(update={"signature_required": True})
    strict = policy.model_copy(update={"expectations": expectations})

    assert codes(inspect(examples / "files" / "good" / "official.pdf", policy=strict)) == {"signature_missing"}
    assert codes(inspect(examples / "files" / "good" / "signed.pdf", policy=strict)) == set()


def test_bytes_appended_after_a_signature_are_noticed(inspect, examples, tmp_path):
    data = (examples / "files" / "good" / "signed.pdf").read_bytes()
    path = tmp_path / "signed.pdf"
    path.write_bytes(data + b"% more\n" + data[data.rindex(b"startxref") :])

    assert codes(inspect(path)) == {"signature_not_whole_file"}


def test_signature_of_a_file_with_a_broken_end_is_unreadable(inspect, examples, tmp_path):
    path = tmp_path / "signed.pdf"
    path.write_bytes((examples / "files" / "good" / "signed.pdf").read_bytes() + b"\n% more\n%%EOF\n")

    assert "signature_unreadable" in codes(inspect(path))


@pytest.mark.parametrize("folder", sorted((EXAMPLES / "dossiers").iterdir()), ids=lambda path: path.name)
def test_example_dossier_can_be_read_and_holds_what_its_name_says(inspect, folder):
    dossier, _ = load_folder(folder)
    problems = {code for item in dossier.documents for code in codes(inspect(folder / item.file))} - NOTES

    assert problems == ({"encrypted"} if "encrypted" in folder.name else set())


def test_examples_stay_small():
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < 3_000_000


def test_description_puts_errors_first_and_says_what_to_do(inspect, examples):
    lines = describe(inspect(examples / "files" / "bad" / "blank-scan.pdf"))

    assert lines[0].startswith("blank-scan.pdf: KHÔNG đạt (PDF, 2 KB, 1 trang; SHA-256 ")
    assert lines[1].startswith("  LỖI [blank_document] Cả tệp không có nội dung")
    assert lines[2].startswith("  Ghi chú [pdfa_missing]")


def test_description_gives_the_time_of_signing_in_the_city(inspect, examples):
    lines = describe(inspect(examples / "files" / "good" / "signed.pdf"))

    assert "dấu thời gian 10:30 02/03/2026" in lines[1]
    assert lines[2] == "  Không phát hiện vấn đề."
