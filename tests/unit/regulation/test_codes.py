import secrets
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.errors import UserError
from workers.regulation import codes

agencies = st.sampled_from(["H29", "H29.14", "H29.14.3", "H29.26740", "000.00.06.H56"])
days = st.dates(date(2020, 1, 1), date(2099, 12, 31))


@given(agencies, days, st.integers(1, 999_999))
def test_a_dossier_code_reads_back(agency, day, number):
    text = codes.format_dossier_code(agency, day, number)
    assert codes.parse_dossier_code(text) == codes.DossierCode(agency, day, number)
    assert str(codes.parse_dossier_code(text)) == text


def test_the_observed_form_of_the_code():
    assert codes.format_dossier_code("000.00.06.H56", date(2023, 10, 27), 361) == "000.00.06.H56-231027-0361"


def test_a_code_is_read_as_people_type_it():
    assert codes.parse_dossier_code(" h29.04-261123-0001\n") == codes.DossierCode("H29.04", date(2026, 11, 23), 1)


@pytest.mark.parametrize(
    "text", ["", "H29", "H29-261123", "H29-261323-0001", "H29-261123-001", "H29-261123-0000", "29-261123-0001"]
)
def test_what_is_no_dossier_code_is_refused_with_an_example(text):
    with pytest.raises(UserError, match=r"H29\.04-261123-0001"):
        codes.parse_dossier_code(text)


@pytest.mark.parametrize(("agency", "number"), [("29", 1), ("H29", 0), ("H29", 1_000_000)])
def test_impossible_parts_make_no_code(agency, number):
    with pytest.raises(ValueError, match="not a"):
        codes.format_dossier_code(agency, date(2026, 11, 23), number)


@pytest.mark.parametrize(
    ("code", "known"), [("H29.14", True), ("000.00.14.H29", True), ("H29-14", False), ("X", False)]
)
def test_agency_codes_of_both_kinds_are_known(code, known):
    assert codes.is_agency_code(code) is known


def test_counters_are_kept_apart():
    assert codes.dossier_counter("H29.04", date(2026, 11, 23)) == "dossier:H29.04:261123"
    assert codes.document_counter("H29.04", "decision", 2026) == "document:H29.04:decision:2026"
    assert codes.document_counter("H29.04", "unknown", 2026) == codes.document_counter("H29.04", "letter", 2026)


def test_document_numbers_carry_kind_and_issuer():
    assert codes.format_document_number(7, "decision", "UBND") == "07/QĐ-UBND"
    assert codes.format_document_number(123, "letter", "STC") == "123/STC"


def test_keys_of_messages_tell_rounds_and_units_apart():
    assert codes.supplement_key("H29.04-261123-0001", 2) == "H29.04-261123-0001:bs2"
    assert codes.opinion_request_id("H29.04-261123-0001", 1, "H29.06") == "H29.04-261123-0001:yk1:H29.06"


def test_tracking_secrets_avoid_what_looks_alike():
    assert not set("0O1lI") & set(codes.TRACKING_ALPHABET)
    assert len(set(codes.TRACKING_ALPHABET)) == len(codes.TRACKING_ALPHABET)


def test_a_tracking_secret_reads_back_as_people_type_it():
    secret = codes.tracking_secret(secrets.choice)
    assert codes.clean_tracking_secret(f" {secret[:5].lower()}-{secret[5:]} ") == secret


@pytest.mark.parametrize("text", ["", "ABC", "O" * 10, "A" * 11, "Ạ" * 10])
def test_what_cannot_be_a_tracking_secret_is_none(text):
    assert codes.clean_tracking_secret(text) is None
