import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.regulation.disclosure import DisclosureKind, find_disclosures

MARKS = ["lưu hành nội bộ"]


def kinds(text):
    return [found.kind.value for found in find_disclosures(text, MARKS)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Liên hệ 0900 000 001 hoặc 028.3829.1234", ["phone", "phone"]),
        ("Gọi +84 900 000 001", ["phone"]),
        ("Số định danh 079000000001", ["id_number"]),
        ("CMND 023456789 cấp năm 2010", ["id_number"]),
        ("Thư: vidu@example.vn", ["email"]),
        ("Thư: vanphong@tphcm.gov.vn", []),
        ("TỐI MẬT", ["secret_mark"]),
        ("Tài liệu tuyệt mật", ["secret_mark"]),
        ("Độ mật: Mật", ["secret_mark"]),
        ("Mật", ["secret_mark"]),
        ("Công văn (Mật) số 12", ["secret_mark"]),
        ("Lưu hành nội bộ", ["internal_mark"]),
        # What is no finding: hotlines, dates, numbers of documents, money, harmless words.
        ("Gọi 1022, 114 hoặc 113", []),
        ("Quyết định 1234/QĐ-UBND ngày 23/11/2026", []),
        ("Kinh phí 12.500.000.000 đồng trong 2025–2026", []),
        ("Giữ bí mật, bảo mật mật khẩu; mật độ dân cư", []),
        ("QUY HOẠCH MẬT ĐỘ XÂY DỰNG, BÍ MẬT NHÀ NƯỚC", []),
        ("", []),
    ],
)
def test_what_may_not_be_public_is_found_and_harmless_words_are_not(text, found):
    assert kinds(text) == found
    assert kinds(unicodedata.normalize("NFD", text)) == found


def test_the_line_is_told_and_the_excerpt_repeats_no_personal_data():
    text = "Dòng một\nÔng Ví Dụ, 079000000001\n0900000001 vidu@example.vn"
    found = find_disclosures(text, MARKS)
    assert [(one.kind, one.line) for one in found] == [
        (DisclosureKind.ID_NUMBER, 2),
        (DisclosureKind.PHONE, 3),
        (DisclosureKind.EMAIL, 3),
    ]
    shown = " ".join(one.excerpt for one in found)
    for private in ("079000000001", "0900000001", "vidu"):
        assert private not in shown


@given(before=st.text("abc ăâ.,\n", max_size=30), after=st.text("abc ăâ.,\n", max_size=30))
def test_a_number_is_found_wherever_it_stands(before, after):
    assert "phone" in kinds(f"{before} 0900000001 {after}")


@given(text=st.text(max_size=300))
def test_no_text_breaks_the_check(text):
    lines = unicodedata.normalize("NFC", text).splitlines()
    assert all(1 <= one.line <= len(lines) for one in find_disclosures(text, MARKS))
