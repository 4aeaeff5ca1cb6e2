import unicodedata
from datetime import date

import pytest

from workers.configuration import load_configuration

CONSTRUCTION = "procedures/construction_permit.yaml"

MISTAKES = [
    ("organization.yaml", "level: office,", "level: so,", "đang ghi “so”, cần một trong: city, office, department"),
    ("organization.yaml", "code: H29.03", "code: H2903x", "cần mã dạng H29.14"),
    ("organization.yaml", "code: H29.05", "code: H29.03", "mã “H29.03” đã dùng trong cùng thời gian"),
    ("organization.yaml", "parent: H29}", "parent: H28}", "đang ghi “H28”, cần mã của một đơn vị"),
    ("organization.yaml", "successors: [H29.08]", "successors: [H29.88]", "“H29.88” không hoạt động ngày 01/03/2025"),
    (
        "organization.yaml",
        "successors: [H29.08]",
        "successors: [H29.08], handover_to: H29.07",
        "“H29.07” không phải đơn vị kế thừa, cần một trong: H29.08",
    ),
    ("organization.yaml", "city: H29", "city: H29.01", "cần mã của một đơn vị có level city"),
    ("organization.yaml", "code: clerk", "code: head", "vai trò “head” ghi hai lần"),
    ("organization.yaml", "vanthu.{code}@", "vanthu@", "mailbox_pattern”: đang ghi “vanthu@example.vn”"),
    ("calendar.yaml", '"11:30"', '"25:30"', 'đang ghi “25:30”, cần giờ dạng "07:30"'),
    ("calendar.yaml", "day: 2026-02-16", "day: 2025-02-16", "ngày 16/02/2025 không thuộc năm 2026"),
    ("calendar.yaml", "day: 2026-08-22", "day: 2026-08-31", "ngày 31/08/2026 vừa nghỉ vừa làm bù"),
    ("calendar.yaml", "year: 2025", "year: 2026", "ngày 01/01/2025 không thuộc năm 2026"),
    ("deadlines.yaml", "amount: 4", "amount: 0", "đang ghi “0”, cần số lớn hơn 0"),
    ("deadlines.yaml", "unit: working_hour}}", "unit: hour}}", "đang ghi “hour”, cần một trong: working_day"),
    ("deadlines.yaml", "step: correct_dossier", "step: receive_dossier", "bước “receive_dossier” ghi hai lần"),
    ("notifications.yaml", "enabled: true", "enabled: có", "đang ghi “có”, cần true hoặc false"),
    ("notifications.yaml", "most_segments: 4", "most_segments: 40", "10"),
    ("notifications.yaml", "code: zalo", "code: fax", "đang ghi “fax”, cần một trong: email, sms, zalo"),
    ("notifications.yaml", "code: zalo", "code: sms", "kênh “sms” ghi hai lần"),
    ("feedback.yaml", "coordinator: H29.08", "coordinator: H29.34", "đang ghi “H29.34”, cần mã của một đơn vị đang"),
    ("feedback.yaml", "unit: H29.16", "unit: H29.99", "fields.14.unit”: đang ghi “H29.99”"),
    ("feedback.yaml", "group: tourism", "group: travel", "đang ghi “travel”, cần một trong: infrastructure"),
    ("feedback.yaml", "code: flooding", "code: road_damage", "mã “road_damage” ghi hai lần"),
    ("feedback.yaml", "unit: minute", "unit: second", "đang ghi “second”, cần một trong: working_day"),
    (
        "feedback.yaml",
        "level: department\n    unit: H29.16",
        "level: commune\n    unit: H29.16",
        "không giao cho cấp xã",
    ),
    ("form_sets.yaml", 'code: "2025"', 'code: "2030"', "đang ghi “2030”, cần một trong: 2018, 2025"),
    ("form_sets.yaml", "valid_to: 2025-09-14", "valid_to: 2025-09-20", "đang ghi “15/09/2025”, cần 21/09/2025"),
    (CONSTRUCTION, 'code: "1.009974"', "code: [1, 2]", "“code”: cần chữ"),
    (CONSTRUCTION, "lead_unit: H29.07", "lead_unit: H29.77", "đang ghi “H29.77”, cần mã của một đơn vị"),
    (CONSTRUCTION, "lead_unit: H29.07", "lead_unit: H29.36", "“H29.36” không hoạt động từ ngày 01/07/2025"),
    (CONSTRUCTION, "[H29.14, H29.06]", "[H29.14, H29.99]", "opinions.units.2”: đang ghi “H29.99”"),
    (CONSTRUCTION, "form: original", "form: origin", "đang ghi “origin”, cần một trong: original, certified, copy"),
    (CONSTRUCTION, "kind: administrative_procedure\n", "", "“kind”: bị thiếu, cần bổ sung"),
    (CONSTRUCTION, "legal_basis:", "legal_bases:", "“legal_bases”: không phải tên được dùng ở đây"),
    (CONSTRUCTION, '"Công trình tín ngưỡng, tôn giáo"', "Công trình tín ngưỡng, tôn giáo", "trong dấu nháy kép"),
    (CONSTRUCTION, "code: application", "code: land_right", "mã giấy tờ “land_right” ghi hai lần"),
    (CONSTRUCTION, "valid_from: 2025-07-01", "valid_from: 2025-07-32", "đang ghi “2025-07-32”, cần ngày có thật"),
    (CONSTRUCTION, "level: department", "level: department\nlevel: city", "tên “level” ghi hai lần"),
    (CONSTRUCTION, "composition:", "composition:\n  - [", "sai cú pháp"),
    ("procedures/investment_policy_approval.yaml", "step: decide", "step: dance", "cần một trong các bước"),
    ("procedures/business_registration_2021.yaml", "2025-02-28", "2025-03-31", "phiên bản 2021.1"),
    ("procedures/business_registration_2025.yaml", '"2025.1"', '"2021.1"', "khác với phiên bản trước"),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), MISTAKES)
def test_a_mistake_is_said_with_file_and_what_is_expected(change, mistakes, file, old, new, expected):
    change(file, old, new)
    said = mistakes()
    assert any(expected in line for line in said), said
    assert all(line.startswith("config/") and ", dòng " in line and line.endswith(".") for line in said)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("organization.yaml", "type: inspectorate", "typo: inspectorate"),
        ("calendar.yaml", "{day: 2027-09-03, name", "{day: 2027-09-33, name"),
        ("deadlines.yaml", "step: decide,", "step: Decide,"),
        (CONSTRUCTION, "copies: 2", "copies: hai"),
    ],
)
def test_a_mistake_is_said_with_its_line(change, mistakes, file, old, new):
    line = change(file, old, new)
    assert any(text.startswith(f"config/{file}, dòng {line}: ") for text in mistakes())


def test_a_code_that_looks_like_a_number_keeps_its_last_digit(config_dir, change):
    change(CONSTRUCTION, 'code: "1.009974"', "code: 1.009970")
    assert load_configuration(config_dir).procedures.at("1.009970", date(2026, 1, 5))


def test_all_mistakes_of_all_files_are_said_at_once(change, mistakes):
    change("organization.yaml", "level: office,", "level: so,")
    change("calendar.yaml", '"11:30"', '"25:30"')
    change("deadlines.yaml", "amount: 4", "amount: 0")
    change(CONSTRUCTION, "form: original", "form: origin")
    files = {line.partition(",")[0] for line in mistakes()}
    assert {
        "config/organization.yaml",
        "config/calendar.yaml",
        "config/deadlines.yaml",
        f"config/{CONSTRUCTION}",
    } <= files


@pytest.mark.parametrize("name", ["organization", "calendar", "deadlines", "notifications", "form_sets"])
def test_a_file_that_is_not_there_is_said(config_dir, mistakes, name):
    (config_dir / f"{name}.yaml").unlink()
    assert f"config/{name}.yaml, dòng 1: không có tệp này, cần tạo lại tệp." in mistakes()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfe\x00", "bảng mã UTF-8"),
        (b"", "tên: giá trị"),
        (b"- 1\n- 2\n", "tên: giá trị"),
        (b"quiet_hours: &a [*a]\n", "lồng nhau quá sâu"),
        (b"a: \x01\n", "ký tự lạ"),
    ],
)
def test_a_file_that_is_no_configuration_is_said(config_dir, mistakes, content, expected):
    (config_dir / "notifications.yaml").write_bytes(content)
    assert any(expected in line for line in mistakes())


def test_text_that_is_not_normalised_is_said_with_its_line(change, mistakes):
    decomposed = unicodedata.normalize("NFD", "Sở Tư pháp")
    line = change("organization.yaml", "Sở Tư pháp", decomposed)
    assert any(f"dòng {line}: " in text and "NFC" in text for text in mistakes())


def test_a_folder_that_is_not_there_is_said(config_dir, mistakes):
    for path in config_dir.glob("*.yaml"):
        path.unlink()
    assert len(mistakes()) == 7


def test_a_unit_may_have_hours_and_a_mailbox_of_its_own(config_dir, change):
    own = 'code: H29.12, mailbox: dulich@example.vn, sessions: {monday: [{start: "08:00", end: "12:00"}]},'
    change("organization.yaml", "code: H29.12,", own)
    configuration = load_configuration(config_dir)
    assert configuration.hours_of("H29.12") is not configuration.common_hours
    assert configuration.organization.last_version("H29.12").mailbox == "dulich@example.vn"
