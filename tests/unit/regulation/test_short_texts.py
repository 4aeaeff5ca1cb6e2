import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.regulation.short_texts import segments

GSM = st.text("abcXYZ 0189@é", max_size=700)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ă" * 70, 1),
        ("ă" * 71, 2),
        ("ă" * 134, 2),
        ("ă" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        # 153 is odd: the last septet of each part stays empty, for an escaped character is not split.
        ("€" * 153, 3),
    ],
)
def test_segments_are_counted_as_phones_join_them(text, count):
    assert segments(text) == count


@given(text=GSM)
def test_a_text_of_the_basic_alphabet_takes_what_its_length_says(text):
    assert segments(text) == (1 if len(text) <= 160 else -(-len(text) // 153))


@given(text=st.text(max_size=500), more=st.text(max_size=50))
def test_a_longer_text_never_takes_fewer_segments(text, more):
    assert segments(text) <= segments(text + more)


@given(text=GSM)
def test_one_vietnamese_letter_turns_the_whole_text_to_two_bytes(text):
    assert segments(text + "ữ") == (1 if len(text) + 1 <= 70 else -(-(len(text) + 1) // 67))
