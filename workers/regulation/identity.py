"""Check and mask the numbers that identify people and organisations. Pure: no clock, no look-up.

Sources: structure of the personal identification number, tax code and telephone numbers as public guidance describes
them; not verified word for word, hence used to point out probable typing errors, never to refuse a person.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

# Codes of the 63 provinces as numbered before 1 July 2025; numbers issued under them stay valid for life.
PROVINCE_CODES = frozenset(
    {
        1,
        2,
        4,
        6,
        8,
        10,
        11,
        12,
        14,
        15,
        17,
        19,
        20,
        22,
        24,
        25,
        26,
        27,
        30,
        31,
        33,
        34,
        35,
        36,
        37,
        38,
        40,
        42,
        44,
        45,
        46,
        48,
        49,
        51,
        52,
        54,
        56,
        58,
        60,
        62,
        64,
        66,
        67,
        68,
        70,
        72,
        74,
        75,
        77,
        79,
        80,
        82,
        83,
        84,
        86,
        87,
        89,
        91,
        92,
        93,
        94,
        95,
        96,
    }
)

_FIRST_CENTURY = 1900
_YEARS_IN_A_CENTURY = 100
_CITIZEN_ID = re.compile(r"\d{12}")
_OLD_IDENTITY_CARD = re.compile(r"\d{9}")
_TAX_CODE = re.compile(r"(\d{10})(?:-?(\d{3}))?")
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_LEAST_HIDDEN = 4
_MOBILE = re.compile(r"0[35789]\d{8}")
_LANDLINE = re.compile(r"02\d{9}")


@dataclass(frozen=True)
class IdentityProblem:
    """Say in Vietnamese what looks wrong with a number; `code` is stable."""

    code: str
    message: str


@dataclass(frozen=True)
class CitizenId:
    """Hold what the twelve digits say; `sex` as stated at registration of birth."""

    province_code: str
    sex: Literal["male", "female"]
    birth_year: int


def read_citizen_id(number: str) -> CitizenId | None:
    """Read a twelve-digit number; None when it is not one. Layout: province 3, century and sex 1, year 2, serial 6."""
    if not _CITIZEN_ID.fullmatch(number) or not number.isascii() or int(number[:3]) not in PROVINCE_CODES:
        return None
    century_and_sex = int(number[3])
    birth_year = _FIRST_CENTURY + century_and_sex // 2 * _YEARS_IN_A_CENTURY + int(number[4:6])
    return CitizenId(number[:3], "female" if century_and_sex % 2 else "male", birth_year)


def validate_citizen_id(number: str, this_year: int) -> IdentityProblem | None:
    """Check a citizen identification number (12 digits) or a historic identity card number (9 digits).

    Returns None when nothing looks wrong. A nine-digit card is historic and is reported as such.
    """
    if _OLD_IDENTITY_CARD.fullmatch(number) and number.isascii():
        message = "Số CMND 9 số chỉ còn giá trị tra cứu. Ghi số định danh cá nhân 12 số."
        return IdentityProblem("old_identity_card", message)
    if not _CITIZEN_ID.fullmatch(number) or not number.isascii():
        return IdentityProblem("citizen_id_form", "Số định danh phải gồm đúng 12 chữ số. Kiểm tra lại trên thẻ.")
    citizen = read_citizen_id(number)
    if citizen is None:
        message = f"Ba số đầu “{number[:3]}” không phải mã tỉnh, thành phố. Kiểm tra lại số định danh."
        return IdentityProblem("citizen_id_province", message)
    if citizen.birth_year > this_year:
        message = f"Số định danh cho năm sinh {citizen.birth_year}, ở tương lai. Kiểm tra lại các số thứ 4 đến 6."
        return IdentityProblem("citizen_id_birth_year", message)
    return None


def validate_tax_code(code: str) -> IdentityProblem | None:
    """Check a tax code of 10 digits, or 13 (10-3) for a dependent unit; None when nothing looks wrong.

    A person's twelve-digit identification number replaces the personal tax code from July 2025 and is accepted.
    """
    if read_citizen_id(code):
        return None
    match = _TAX_CODE.fullmatch(code) if code.isascii() else None
    if match is None:
        message = "Mã số thuế phải gồm 10 chữ số, hoặc 13 chữ số dạng 0123456789-001. Kiểm tra lại."
        return IdentityProblem("tax_code_form", message)
    if tax_check_digit(match[1][:9]) != int(match[1][9]):
        message = "Mã số thuế sai chữ số kiểm tra (số thứ 10). Kiểm tra lại từng số."
        return IdentityProblem("tax_code_check_digit", message)
    return None


def tax_check_digit(first_nine: str) -> int:
    """Compute the tenth digit of a tax code: 10 minus the weighted sum modulo 11; 10 means that no such code exists."""
    return 10 - sum(weight * int(digit) for weight, digit in zip(_TAX_WEIGHTS, first_nine, strict=True)) % 11


def normalise_phone(number: str) -> str | None:
    """Bring a Vietnamese telephone number to its national form with a leading 0; None when it is not one.

    Accepts +84 and 84 prefixes, spaces, dots, dashes and brackets.
    Mobile: 10 digits from 03, 05, 07, 08, 09; landline: 02 and 9 digits.
    """
    digits = re.sub(r"[\s.\-()]", "", number)
    if not re.fullmatch(r"\+?[0-9]+", digits):
        return None
    for prefix in ("+84", "0084"):
        if digits.startswith(prefix):
            digits = "0" + digits.removeprefix(prefix).removeprefix("0")
    if digits.startswith("84") and len(digits) in (11, 12):
        digits = "0" + digits.removeprefix("84")
    return digits if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits) else None


def mask_citizen_id(number: str) -> str:
    """Keep the province and the last two digits of a number: 079*******12; shorter input is hidden whole."""
    return _mask(number, first=3, last=2)


def mask_phone(number: str) -> str:
    """Keep the first and the last three digits of a number: 090****123; shorter input is hidden whole."""
    return _mask(normalise_phone(number) or number, first=3, last=3)


def initials(name: str) -> str:
    """Shorten a name to its initials, without diacritics lost: Đỗ Ánh Ví Dụ → Đ.Á.V.D."""
    words = unicodedata.normalize("NFC", name).split()
    return "".join(f"{word[0].upper()}." for word in words)


def _mask(number: str, first: int, last: int) -> str:
    hidden = len(number) - first - last
    return number[:first] + "*" * hidden + number[-last:] if hidden >= _LEAST_HIDDEN else "*" * len(number)


# One plain ASCII address: no display name, comment, quoted part, second recipient or look-alike letter.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_LONGEST_EMAIL = 254


def is_email_address(text: str) -> bool:
    """Say whether a text is one e-mail address that a letter can be sent to as it stands."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None
