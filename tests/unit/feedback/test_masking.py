"""What is shown of a citizen's words names nobody by a number, an address or a name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.regulation.likeness import has_words, likeness, metres_between, plain_text
from workers.regulation.masking import MASK, mask_personal

MOBILE = st.builds(
    "".join, st.tuples(st.sampled_from(["03", "05", "07", "08", "09"]), st.text("0123456789", min_size=8, max_size=8))
)
ABROAD = MOBILE.map(lambda number: "+84" + number[1:])
IDENTITY = st.text("0123456789", min_size=12, max_size=12) | st.text("0123456789", min_size=9, max_size=9)
GAPS = st.lists(st.sampled_from(["", " ", ".", "-", ". ", " - "]), min_size=13, max_size=13)
WORDS = st.text("abcđeêôơ ,.!?\n", max_size=40)


@given(MOBILE | ABROAD | IDENTITY, GAPS, WORDS, WORDS)
def test_no_phone_or_identity_number_is_left_however_it_is_written(number, gaps, before, after):
    written = "".join(digit + gap for digit, gap in zip(number, gaps, strict=False))
    masked = mask_personal(f"{before} {written} {after}")
    assert not re.search(r"\d{5,}", re.sub(r"[\s.\-]", "", masked))


@given(WORDS)
def test_masking_again_changes_nothing_more(text):
    once = mask_personal(text + " ông Nguyễn Văn Ví Dụ 0900000001")
    assert mask_personal(once) == once


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Gọi 0900.000.001 hoặc (028) 3800 0001", f"Gọi {MASK} hoặc {MASK}"),
        ("thư vi.du@example.vn nhé", f"thư {MASK} nhé"),
        ("xe 59X1-123.45 và 51F-12345", f"xe {MASK} và {MASK}"),
        ("Ông Nguyễn Văn Ví Dụ đổ rác", f"Ông {MASK} đổ rác"),
        ("tôi tên Trần Thị Ví Dụ", f"tôi tên {MASK}"),
        ("CCCD 079 000 000 001", f"CCCD {MASK}"),
    ],
)
def test_what_names_a_person_is_masked(text, masked):
    assert mask_personal(text) == masked


@pytest.mark.parametrize(
    "text", ["Ngày 23/11/2026 lúc 20:15 tại số 12", "Mất 1.500.000 đồng", "Đường Nguyễn Huệ, Phường Sài Gòn"]
)
def test_dates_amounts_and_streets_stay(text):
    assert mask_personal(text) == text


def test_texts_are_alike_without_diacritics_and_in_another_order():
    assert plain_text("Ổ gà LỚN, đường Ví Dụ!") == "o ga lon duong vi du"
    assert likeness("Ổ gà lớn trước số 12 đường Ví Dụ", "duong vi du truoc so 12 co o ga lon") > 85
    assert likeness("Ổ gà lớn trước số 12 đường Ví Dụ", "Quán karaoke ồn ào mỗi đêm") < 50


def test_a_word_counts_with_its_diacritics_and_whole():
    assert has_words("Nhà bên CHÁY, khói đen", ["cháy"])
    assert not has_words("Xe chạy nhanh", ["cháy"])
    assert not has_words("cháylan", ["cháy"])
    assert has_words("cháy".replace("á", "á"), ["cháy"])


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(0.001, 0.01))
def test_a_degree_north_is_111_kilometres(latitude, longitude, step):
    assert metres_between((latitude, longitude), (latitude, longitude)) == 0
    assert metres_between((latitude, longitude), (latitude + step, longitude)) == pytest.approx(
        111_195 * step, rel=1e-3
    )
