"""Sample accounts are read from staff.yaml, and its mistakes are said with file, line and what is expected."""

import pytest

from workers.configuration.staff import load_accounts
from workers.errors import ConfigError

MISTAKES = [
    ("city: [leader]", "city: leader", "“roles.city”: đang ghi “leader”, cần danh sách"),
    ("city: [leader]", "city: [leader, mayor]", "“roles.city.2”: đang ghi “mayor”, cần một vai có tên gọi ở titles."),
    ("  city: [leader]\n", "", "“units.1”: “H29” là đơn vị cấp city, cần ghi các vai của cấp này ở roles."),
    ("clerk: Văn thư", "clerk: 5", "“titles.clerk”: đang ghi “5”, cần chữ, đặt trong dấu nháy kép."),
    ("H29.03", "H29.93", "“units.4”: đang ghi “H29.93”, cần mã của một đơn vị có trong organization.yaml."),
    ("titles:", "title:", "“title”: không phải tên được dùng ở đây, cần kiểm tra chính tả"),
    ("clerk: Văn thư", "head: Văn thư", "tên “head” ghi hai lần, chỉ được ghi một lần."),
    ("units: [", "units: [[", "sai cú pháp"),
]


def said_of(path, organization):
    with pytest.raises(ConfigError) as caught:
        load_accounts(path, organization)
    return caught.value.message.splitlines()


def test_every_unit_has_an_account_for_each_role_of_its_level(shipped, config_dir):
    accounts = load_accounts(config_dir / "staff.yaml", shipped.organization)
    assert [one.user for one in accounts][:3] == ["leader.h29", "office_head.h29-01", "specialist.h29-01"]
    assert len({one.user for one in accounts}) == len(accounts)


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES)
def test_a_mistake_is_said_with_file_line_and_what_is_expected(shipped, config_dir, change, old, new, expected):
    path = config_dir / "staff.yaml"
    change("staff.yaml", old, new)
    said = said_of(path, shipped.organization)
    assert any(expected in line for line in said), said
    assert all(line.startswith(f"{path}, dòng ") and line.endswith(".") for line in said)


@pytest.mark.parametrize(
    ("old", "new"), [("H29.03", "H29.93"), ("clerk: Văn thư", "clerk: 5"), ("officer: Chuyên viên", "officer: [1]")]
)
def test_a_mistake_is_said_with_its_line(shipped, config_dir, change, old, new):
    line = change("staff.yaml", old, new)
    assert any(f", dòng {line}: " in text for text in said_of(config_dir / "staff.yaml", shipped.organization))


def test_all_mistakes_are_said_at_once(shipped, config_dir, change):
    change("staff.yaml", "H29.03", "H29.93")
    change("staff.yaml", "H29.05", "H29.95")
    change("staff.yaml", "city: [leader]", "city: [leader, mayor]")
    assert len(said_of(config_dir / "staff.yaml", shipped.organization)) == 3


def test_a_file_that_is_not_there_is_said(shipped, config_dir):
    (config_dir / "staff.yaml").unlink()
    assert "staff.yaml, dòng 1: không có tệp này" in said_of(config_dir / "staff.yaml", shipped.organization)[0]
