"""Mistakes in YAML are said with file, line and what is expected."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.documents.folder import load_folder
from workers.documents.policy import DocumentPolicy, check_validity_dates, load_policy
from workers.errors import ConfigError, UserError

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 23)

GOOD = """\
kind: administrative_procedure
procedure: "1.004873"
title: Cấp giấy xác nhận
channel: online
origin_unit: H29.26740
applicant:
  name: Nguyễn Văn Ví Dụ
  id_number: "079201000001"
documents:
  - composition: application
    file: to-khai.pdf
    original: original
    issued_on: 2026-01-02
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "to-khai.pdf").write_bytes(b"x")
    return tmp_path


def mistakes_in(folder, text):
    (folder / "dossier.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_folder(folder)
    return caught.value.message.replace(str(folder) + "/", "").splitlines()


def test_good_folder_is_read(folder):
    (folder / "dossier.yaml").write_text(GOOD, encoding="utf-8")
    dossier, source = load_folder(folder)

    assert (dossier.urgency, dossier.case, dossier.applicant.consent.email) == ("normal", None, False)
    assert dossier.documents[0].issued_on == date(2026, 1, 2)
    assert source.line(("documents", 0, "issued_on")) == 13


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            '"1.004873"',
            "1.004873",
            "dossier.yaml, dòng 2: “procedure”: đang ghi “1.004873”, cần chữ, đặt trong dấu nháy kép.",
        ),
        (
            "online",
            "phone",
            "dossier.yaml, dòng 4: “channel”: đang ghi “phone”, cần một trong: in_person, online, postal.",
        ),
        (
            '"079201000001"',
            "079201000001",
            "dòng 8: “applicant.id_number”: đang ghi “079201000001”, cần chữ, đặt trong",
        ),
        ("Cấp giấy xác nhận", "2026-01-02", "dòng 3: “title”: đang ghi “2026-01-02”, cần chữ, đặt trong dấu nháy kép."),
        ("Cấp giấy xác nhận", "true", "dòng 3: “title”: đang ghi “true”, cần chữ, đặt trong dấu nháy kép."),
        (
            "2026-01-02",
            "hôm qua",
            "dòng 13: “documents.1.issued_on”: đang ghi “hôm qua”, cần ngày có thật dạng 2026-11-23.",
        ),
        ("2026-01-02", "2026-02-30", "dòng 13: “documents.1.issued_on”: đang ghi “2026-02-30”, cần ngày có thật dạng"),
        ("title: Cấp giấy xác nhận\n", "", "dossier.yaml, dòng 1: “title”: bị thiếu, cần bổ sung."),
        ("title: Cấp giấy xác nhận", 'title: "  "', "dòng 3: “title”: không được để trống."),
        ("title:", "titel:", "dòng 3: “titel”: không phải tên được dùng ở đây, cần kiểm tra chính tả."),
        (
            "    file: to-khai.pdf",
            "    file: khac.pdf",
            "dòng 11: “documents.1.file”: đang ghi “khac.pdf”, cần một tệp có",
        ),
        (
            "    file: to-khai.pdf",
            "    file: ../to-khai.pdf",
            "dòng 11: “documents.1.file”: đang ghi “../to-khai.pdf”, cần tên tệp nằm ngay trong thư mục",
        ),
        (
            "    file: to-khai.pdf",
            "    file: /etc/passwd",
            "dòng 11: “documents.1.file”: đang ghi “/etc/passwd”, cần tên tệp nằm ngay trong thư mục",
        ),
        ("  name: Nguyễn Văn Ví Dụ\n", "  name: A\n  unit: H29.02\n", "dòng 6: “applicant”: cần đúng một trong hai"),
        ("kind:", "kind: [", "dossier.yaml, dòng "),
        ("kind:", "kind: x\nkind:", "dossier.yaml, dòng 2: tên “kind” ghi hai lần"),
    ],
)
def test_mistake_is_said_with_line_and_expectation(folder, before, after, expected):
    assert before in GOOD
    assert any(expected in line for line in mistakes_in(folder, GOOD.replace(before, after)))


def test_all_mistakes_are_said_at_once(folder):
    wrong = GOOD.replace("online", "phone").replace("H29.26740", "1").replace("original: original", "original: yes")

    assert len(mistakes_in(folder, wrong)) == 3


def test_missing_folder_and_missing_file_are_said(tmp_path):
    with pytest.raises(UserError, match="không có thư mục này"):
        load_folder(tmp_path / "nothing")
    with pytest.raises(UserError, match="không có tệp này"):
        load_folder(tmp_path)


@given(st.binary(max_size=300))
def test_any_bytes_for_dossier_yaml_end_in_a_sentence(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "any-folder"
    folder.mkdir(exist_ok=True)
    (folder / "dossier.yaml").write_bytes(data)

    with pytest.raises(UserError, match=r"dossier\.yaml"):
        load_folder(folder)


def test_shipped_policy_is_read_and_does_not_trust_example_roots():
    policy = load_policy(ROOT / "config" / "documents.yaml")

    assert not policy.trust.accept_example_roots
    assert policy.trust.folders == (ROOT / "config" / "trust",)
    assert not any(source.confirmed for source in policy.sources)


def test_shipped_policy_says_what_the_defaults_say():
    policy = load_policy(ROOT / "config" / "documents.yaml")

    assert policy.model_copy(update={"trust": DocumentPolicy().trust, "sources": ()}) == DocumentPolicy()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("limits:\n  file_mb: 0\n", "dòng 2: “limits.file_mb”: đang ghi “0”, cần số lớn hơn 0."),
        ("limits:\n  file_mb: nhiều\n", "dòng 2: “limits.file_mb”: đang ghi “nhiều”, cần một số."),
        ("limits:\n  size: 3\n", "dòng 2: “limits.size”: không phải tên được dùng ở đây"),
        ("allowed_types: [pdf, exe]\n", "dòng 1: “allowed_types.2”: đang ghi “exe”, cần một trong: pdf, jpeg"),
        ("sandbox: 3\n", "dòng 1: “sandbox”: đang ghi “3”, cần các dòng dạng"),
        (
            "expectations:\n  pdf_version: 1.4\n",
            "dòng 2: “expectations.pdf_version”: đang ghi “1.4”, cần chữ, đặt trong",
        ),
        (
            "sources:\n  - {value: limits.files, clause: x, confirmed: false}\n",
            "dòng 2: “sources.1.value”: đang ghi “limits.files”, cần tên một giá trị",
        ),
    ],
)
def test_mistake_in_the_policy_is_said(tmp_path, text, expected):
    path = tmp_path / "documents.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_policy(path)
    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("issued", "expires", "expected"),
    [
        (None, None, []),
        (0, None, []),
        (1, None, ["issued_in_future"]),
        (-10, -1, ["document_expired"]),
        (-10, 0, ["document_expires_soon"]),
        (-10, 29, ["document_expires_soon"]),
        (-10, 30, []),
        (-10, -20, ["expiry_before_issue"]),
        (5, 2, ["issued_in_future", "expiry_before_issue"]),
    ],
)
def test_dates_on_a_paper_are_compared_with_today(issued, expires, expected):
    days = [None if offset is None else TODAY + timedelta(days=offset) for offset in (issued, expires)]

    assert [found.code for found in check_validity_dates(*days, TODAY, DocumentPolicy())] == expected


def test_dates_are_written_as_people_write_them():
    found = check_validity_dates(None, date(2024, 1, 5), TODAY, DocumentPolicy())

    assert "05/01/2024" in found[0].message
