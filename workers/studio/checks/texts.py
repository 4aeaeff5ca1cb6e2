"""Check that what people read is Vietnamese: diacritics, one Unicode form."""

from __future__ import annotations

import unicodedata


def text_mistake(text: str) -> str | None:
    """Say what is wrong with a Vietnamese label, or None.

    A label of several words without any diacritic is taken for a forgotten translation.
    """
    if unicodedata.normalize("NFC", text) != text:
        return "viết bằng Unicode tổ hợp; gõ lại bằng Unicode dựng sẵn (NFC)"
    if text != text.strip() or "  " in text:
        return "thừa khoảng trắng"
    if len(text.split()) > 1 and text.isascii():
        return "không có dấu tiếng Việt"
    return None
