"""A file is read into a model, or every mistake in it is said with its line."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from workers.errors import ConfigError, UserError
from workers.yaml_files import Source, read_model


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str
    copies: int = 1


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str
    since: date | None = None
    items: tuple[Item, ...] = Field(min_length=1)


GOOD = """\
title: Ví dụ
since: 2026-01-02
items:
  - {code: "1.001190", copies: 2}
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.yaml"


def mistakes_in(path, text, error=ConfigError):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_model(path, File, error)
    assert type(caught.value) is error
    return caught.value.message.replace(f"{path}, ", "").splitlines()


def test_a_good_file_is_read_and_gives_its_lines(path):
    path.write_text(GOOD, encoding="utf-8")
    found, source = read_model(path, File, ConfigError)

    assert found == File(title="Ví dụ", since=date(2026, 1, 2), items=(Item(code="1.001190", copies=2),))
    assert (source.line(("items", 0, "copies")), source.line(("items", 0, "nothing")), source.line(())) == (4, 4, 1)


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(path):
    wrong = GOOD.replace("Ví dụ", "[1]").replace("2026-01-02", "2026-02-30").replace("copies: 2", "copies: hai")

    assert mistakes_in(path, wrong, UserError) == [
        "dòng 1: “title”: cần chữ.",
        "dòng 2: “since”: đang ghi “2026-02-30”, cần ngày có thật dạng 2026-11-23.",
        "dòng 4: “items.1.copies”: đang ghi “hai”, cần số nguyên.",
    ]


def test_a_text_that_looks_like_a_number_needs_quotes(path):
    said = mistakes_in(path, GOOD.replace('"1.001190"', "1.001190"))

    assert said == ["dòng 4: “items.1.code”: đang ghi “1.001190”, cần chữ, đặt trong dấu nháy kép."]


def test_a_text_that_looks_like_a_number_stays_as_it_is_written(path):
    path.write_text(GOOD.replace('"1.001190"', "1.001190"), encoding="utf-8")
    found = Source(path, as_written=True).whole(File)

    assert found
    assert (found.items[0].code, found.items[0].copies, found.since) == ("1.001190", 2, date(2026, 1, 2))


def test_a_mistake_of_a_line_is_said_though_the_model_is_satisfied(path):
    assert mistakes_in(path, GOOD + "title: Hai\n") == ["dòng 5: tên “title” ghi hai lần, chỉ được ghi một lần."]


def test_decomposed_letters_are_refused_unless_the_reader_takes_them(path):
    decomposed = GOOD.replace("Ví", "Vi\N{COMBINING ACUTE ACCENT}")

    assert [line.partition(":")[0] for line in mistakes_in(path, decomposed)] == ["dòng 1"]
    assert read_model(path, File, ConfigError, composed=False)[0].title.startswith("Vi\N{COMBINING ACUTE ACCENT}")


def test_a_checker_notes_further_mistakes_at_their_lines(path):
    path.write_text(GOOD, encoding="utf-8")
    source = read_model(path, File, ConfigError)[1]
    source.note(("items", 0, "code"), "cần mã khác.")
    source.note_line(1, "cần chú thích.")

    said = source.failure(ConfigError).message
    assert said == f"{path}, dòng 1: cần chú thích.\n{path}, dòng 4: “items.1.code”: cần mã khác."


def test_what_was_found_is_shown_on_one_short_line(path):
    said = mistakes_in(path, GOOD.replace("2026-01-02", "|\n  " + "\n  ".join(["dài quá"] * 20)))

    assert len(said) == 1
    assert "đang ghi “dài quá dài quá" in said[0]
    assert len(said[0]) < 160


@pytest.mark.parametrize(
    "text",
    [
        "title: &a [*a]\n",
        "title: " + "[" * 1000 + "]" * 1000 + "\n",
        "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(
            f"{one}: &{one} [{', '.join([f'*{before}'] * 10)}]\n"
            for before, one in zip("abcdef", "bcdefg", strict=True)
        ),
    ],
    ids=["itself", "deep", "many"],
)
def test_a_file_without_end_is_refused(path, text):
    assert mistakes_in(path, text) == ["dòng 1: lồng nhau quá sâu hoặc lặp lại quá nhiều, cần bỏ bớt."]


@given(st.binary(max_size=300) | st.text(st.sampled_from("a:- \n[]{},&*!|>'\"#%@1.e_"), max_size=80).map(str.encode))
def test_any_bytes_end_in_a_model_or_in_lines_that_name_the_file(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        read_model(path, File, ConfigError)
    assert all(line.startswith(f"{path}, dòng ") and line.endswith(".") for line in caught.value.message.splitlines())
