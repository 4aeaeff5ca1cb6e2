from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.regulation.identity import (
    initials,
    mask_citizen_id,
    mask_phone,
    normalise_phone,
    read_citizen_id,
    tax_check_digit,
    validate_citizen_id,
    validate_tax_code,
)

YEAR = 2026


def problem(found):
    return found.code if found else None


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("079201000001", None),
        ("079099000001", None),
        ("001300000001", None),
        ("001326000001", None),
        ("001327000001", "citizen_id_birth_year"),
        ("079499000001", "citizen_id_birth_year"),
        ("003201000001", "citizen_id_province"),
        ("000201000001", "citizen_id_province"),
        ("07920100001", "citizen_id_form"),
        ("0792010000012", "citizen_id_form"),
        ("07920100000a", "citizen_id_form"),
        ("٠٧٩٢٠١٠٠٠٠٠١", "citizen_id_form"),
        ("079201000001\n", "citizen_id_form"),
        ("", "citizen_id_form"),
        ("024000001", "old_identity_card"),
    ],
)
def test_citizen_id(number, expected):
    assert problem(validate_citizen_id(number, YEAR)) == expected


@pytest.mark.parametrize(
    ("number", "sex", "year"),
    [
        ("079099000001", "male", 1999),
        ("079185000001", "female", 1985),
        ("079201000001", "male", 2001),
        ("079310000001", "female", 2010),
    ],
)
def test_citizen_id_says_sex_and_birth_year(number, sex, year):
    citizen = read_citizen_id(number)

    assert (citizen.province_code, citizen.sex, citizen.birth_year) == ("079", sex, year)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("0310000017", None),
        ("0309999997", None),
        ("0310000017-001", None),
        ("0310000017001", None),
        ("0310000018", "tax_code_check_digit"),
        ("0310000071", "tax_code_check_digit"),
        ("031000001", "tax_code_form"),
        ("0310000017-01", "tax_code_form"),
        ("0310000017-001-1", "tax_code_form"),
        ("079201000001", None),
        ("079201000001x", "tax_code_form"),
        ("", "tax_code_form"),
    ],
)
def test_tax_code(code, expected):
    assert problem(validate_tax_code(code)) == expected


@given(st.text(alphabet="0123456789", min_size=9, max_size=9), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_of_a_tax_code_is_noticed(first_nine, place, shift):
    check = tax_check_digit(first_nine)
    wrong = first_nine[:place] + str((int(first_nine[place]) + shift) % 10) + first_nine[place + 1 :]

    assert tax_check_digit(wrong) != check


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0900000001", "0900000001"),
        ("090 000 0001", "0900000001"),
        ("+84 90.000.0001", "0900000001"),
        ("84900000001", "0900000001"),
        ("0084900000001", "0900000001"),
        ("+84 (0)90-000-0001", "0900000001"),
        ("(028) 3900 0001", "02839000001"),
        ("+842839000001", "02839000001"),
        ("0843000001", "0843000001"),
        ("0400000001", None),
        ("090000000", None),
        ("09000000011", None),
        ("1022", None),
        ("+1 202 555 0100", None),
        ("không có", None),
        ("", None),
    ],
)
def test_phone_is_brought_to_its_national_form(number, expected):
    assert normalise_phone(number) == expected


@given(st.text(max_size=20))
def test_normalising_a_phone_twice_changes_nothing(text):
    once = normalise_phone(text)
    assert once is None or normalise_phone(once) == once


def test_masks_keep_what_the_office_agreed_on():
    assert mask_citizen_id("079000000012") == "079*******12"
    assert mask_phone("0900000123") == "090****123"
    assert mask_phone("+84 900 000 123") == "090****123"


@given(st.text(alphabet="0123456789", max_size=14))
def test_masks_never_show_a_short_number(number):
    for mask in (mask_citizen_id, mask_phone):
        assert mask(number).count("*") >= min(len(number), 4)


@pytest.mark.parametrize(
    ("name", "expected"), [("Nguyễn Văn Ví Dụ", "N.V.V.D."), ("đỗ  ánh", "Đ.Á."), ("a\u0301nh", "Á."), ("", "")]
)
def test_initials_keep_diacritics(name, expected):
    assert initials(name) == expected
