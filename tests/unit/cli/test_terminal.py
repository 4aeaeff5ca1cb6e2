"""Nothing that people sent reaches the terminal as a control sequence."""

from __future__ import annotations

import io
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from workers.plain import is_control, plain
from workers.terminal import PlainConsole

NASTY = "a\x1b[2J\x1b]0;tiêu đề\x07\u202egnp.exe\x9b31m\x00\r\ud800b"
CONTROLS = {"Cc", "Cs", "Zl", "Zp"}


def printed(what, **options):
    out = io.StringIO()
    PlainConsole(file=out, width=200, **options).print(what)
    return out.getvalue()


def test_text_tables_and_markup_are_printed_without_control_characters():
    table = Table("Mã")
    table.add_row(escape(NASTY))
    for what in (NASTY, Text(NASTY), table, escape(NASTY)):
        shown = printed(what)
        assert not any(is_control(char) for char in shown)
        assert "gnp.exe" in shown
        shown.encode()


def test_colours_of_the_program_itself_stay():
    assert "\x1b[31m" in printed("[red]Lỗi[/]", force_terminal=True, color_system="standard")


def test_json_for_other_programs_is_without_them_too():
    out = io.StringIO()
    PlainConsole(file=out, width=200).print_json(data={"title": NASTY.replace("\ud800", "")})
    assert not any(is_control(char) for char in out.getvalue())


@given(st.text())
def test_plain_text_is_composed_once_and_for_all(text):
    once = plain(text)
    assert plain(once) == once
    assert not any(is_control(char) for char in once)
    once.encode()


def test_control_characters_are_those_of_unicode_and_what_turns_the_direction():
    every = [chr(number) for number in range(sys.maxunicode + 1)]
    dropped = {char for char in every if is_control(char)}
    by_category = {char for char in every if unicodedata.category(char) in CONTROLS}
    turning = {char for char in dropped if unicodedata.category(char) == "Cf"}
    assert dropped - turning == by_category - {"\t", "\n"}
    assert turning == set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert not any(map(str.isprintable, dropped))
