"""Text that is not precomposed Unicode is recognised, ordinary text of any language is left alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.documents.checks.text_form import has_decomposed_vietnamese, legacy_encoding, legacy_font

VIETNAMESE = (
    "Cộng hòa xã hội chủ nghĩa Việt Nam. Độc lập - Tự do - Hạnh phúc. Kính gửi Ủy ban nhân dân Thành phố Hồ Chí Minh, "
    "đề nghị xem xét, giải quyết hồ sơ “số 12” theo quy định; diện tích 1.200 m², nhiệt độ 30°C, toà nhà, hoà giải."
)


def test_decomposed_text_is_recognised_and_precomposed_is_not():
    assert has_decomposed_vietnamese(unicodedata.normalize("NFD", VIETNAMESE))
    assert not has_decomposed_vietnamese(VIETNAMESE)


@given(st.text(alphabet="aăâeêioôơuưyđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệ ", max_size=60))
def test_precomposed_letters_never_count_as_decomposed(text):
    assert not has_decomposed_vietnamese(text)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Céng hßa x· héi chñ nghÜa ViÖt Nam §éc lËp - Tù do - H¹nh phóc", "TCVN3"),
        ("Giấy".replace("ấ", "Ê") + " phÐp x©y dùng nhµ ë riªng lÎ", "TCVN3"),
        ("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam Ñoäc laäp - Töï do - Haïnh phuùc", "VNI"),
    ],
)
def test_remnants_of_old_encodings_are_named(text, encoding):
    assert legacy_encoding(text) == encoding


@pytest.mark.parametrize(
    "text",
    [
        VIETNAMESE,
        "Straße nach München über Köln, schöne Grüße aus Österreich und der Schweiz an alle Freunde im Süden",
        "El niño español mañana en la montaña con señor Ibáñez y su compañera para la reunión anual",
        "Copyright © 2026 Example ® registered, 25 µm, § 4 and 5 × 6 plus 7 ÷ 8 «quoted» text for the annual report",
        "",
        "Plain English text without any accent at all",
    ],
)
def test_other_text_is_left_alone(text):
    assert legacy_encoding(text) is None


@pytest.mark.parametrize(
    ("font", "encoding"), [("/ABCDEF+.VnTime", "TCVN3"), (".VnTimeH", "TCVN3"), ("VNI-Times", "VNI")]
)
def test_fonts_of_old_encodings_are_named(font, encoding):
    assert legacy_font([font]) == encoding


def test_other_fonts_are_left_alone():
    assert legacy_font(["/ABCDEF+TimesNewRomanPSMT", "Libertinus Serif", "SVN-Gotham", "Vnext"]) is None
