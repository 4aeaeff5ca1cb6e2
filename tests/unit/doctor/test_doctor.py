"""What `doctor` says of an installation: well, not well, and what waits for a person."""

from __future__ import annotations

import shutil

import pytest
from pydantic import SecretStr

from tests.unit.office import HOME, MONDAY
from workers import doctor
from workers.errors import UserError
from workers.records import OutboxChannel
from workers.registry.engines import sqlite_url
from workers.registry.outbox import Outbox
from workers.settings import load_settings


@pytest.fixture
def database(databases, tmp_path):
    return databases.migrated(tmp_path / "settings")


@pytest.fixture
def settings(tmp_path, database):
    data = tmp_path / "data"
    data.mkdir()
    # Nothing listens there, and an address that is refused at once keeps the test quick.
    return load_settings(home=HOME, data_dir=data, database_url=database.url, gateway_address="127.0.0.1:1")


@pytest.fixture
def engine(monkeypatch):
    """Stands in for the gateway; `engine.error` is raised when set."""

    class Gateway:
        error = None

        def __init__(self, *_given):
            pass

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_given):
            return None

        async def topology(self):
            if Gateway.error:
                raise Gateway.error
            return type("Topology", (), {"gateway_version": "8.6.0", "partitions": 1})()

    monkeypatch.setattr(doctor, "EngineClient", Gateway)
    monkeypatch.setattr(doctor, "open_channel", lambda *_given: None)
    return Gateway


async def verdicts(settings):
    return {check.name: check for check in await doctor.examine(settings) if check.ok is not None}


async def test_a_sound_installation_is_well_everywhere(settings, engine):
    found = await verdicts(settings)
    assert {name: check.ok for name, check in found.items() if not check.ok} == {}
    assert found["Bộ máy Camunda"].text == "phiên bản 8.6.0, 1 phân vùng"
    assert found["Sổ đăng ký"].text == "tệp dữ liệu nguyên vẹn"
    assert found["Hộp gửi"].text == "0 thư đang chờ gửi"


async def test_what_is_not_confirmed_is_a_hint_and_no_fault(settings, engine):
    hints = [check for check in await doctor.examine(settings) if check.ok is None]
    assert {hint.name for hint in hints} == {"Chờ xác nhận"}
    assert any("Lịch làm việc chưa xác nhận" in hint.text for hint in hints)


async def test_an_engine_that_is_away_keeps_the_other_checks(settings, engine):
    engine.error = UserError("Không kết nối được cổng Zeebe.")
    found = await verdicts(settings)
    assert (found["Bộ máy Camunda"].ok, found["Bộ máy Camunda"].text) == (False, "Không kết nối được cổng Zeebe.")
    assert found["Dòng thời gian"].ok


@pytest.mark.sqlite
async def test_a_database_that_cannot_be_used_is_said(settings, engine):
    letter = settings.data / "letter.db"
    letter.write_bytes(b"this is no database" * 100)
    found = await verdicts(settings.model_copy(update={"database_url": SecretStr(sqlite_url(letter))}))
    assert not found["Sổ đăng ký"].ok
    assert "không phải cơ sở dữ liệu SQLite" in found["Sổ đăng ký"].text
    assert "Dòng thời gian" not in found


@pytest.mark.parametrize("spoiled", ["organization.yaml", "documents.yaml", "texts/step_due.yaml"])
async def test_a_mistake_in_config_is_said_where_it_is(settings, engine, tmp_path, monkeypatch, spoiled):
    home = tmp_path / "home"
    shutil.copytree(HOME / "config", home / "config", ignore=shutil.ignore_patterns("fonts"))
    (home / "bpmn").symlink_to(HOME / "bpmn")
    (home / "config" / spoiled).write_text("a: [", encoding="utf-8")
    found = await verdicts(settings.model_copy(update={"home": home}))
    broken = {name for name, check in found.items() if not check.ok}
    named = {"organization.yaml": "Quy định và sơ đồ", "documents.yaml": "Quy tắc kiểm tra tệp"}
    assert named.get(spoiled, "Nội dung thông báo") in broken
    assert spoiled.rpartition("/")[2] in found[named.get(spoiled, "Nội dung thông báo")].text


async def test_a_timeline_that_was_tampered_with_is_found(office, settings, engine):
    code = await office.accepted()
    office.database.remove_guards()
    office.database.change("UPDATE timeline SET note = 'khác' WHERE seq = 1")
    found = await verdicts(settings.model_copy(update={"database_url": SecretStr(office.database.url)}))
    assert not found["Dòng thời gian"].ok
    assert code in found["Dòng thời gian"].text


async def test_a_database_of_another_version_is_said_and_left_as_it_is(settings, engine, database):
    database.change("UPDATE alembic_version SET version_num = '9999'")
    found = await verdicts(settings)
    assert "phiên bản dieuphoi mới hơn" in found["Sổ đăng ký"].text
    database.change("DELETE FROM alembic_version")
    found = await verdicts(settings)
    assert "chưa được cập nhật" in found["Sổ đăng ký"].text
    assert database.value("SELECT count(*) FROM alembic_version") == "0"


async def test_mail_that_needs_a_person_is_counted(office, settings, engine):
    await office.accepted()
    await office.accepted()
    outbox = Outbox(office.registry, "test")
    failed, unknown = await outbox.claim_due(MONDAY, 5, [OutboxChannel.EMAIL])
    await outbox.mark_failed(failed.id, MONDAY, "từ chối")
    await outbox.mark_unknown(unknown.id, MONDAY, "đứt giữa chừng")
    checks = {check.name: check for check in await doctor._registry(office.services)}
    assert not checks["Hộp gửi"].ok
    assert "1 thư bị từ chối, 1 thư không rõ đã gửi" in checks["Hộp gửi"].text


async def test_waiting_mail_is_no_fault(office):
    await office.accepted()
    checks = {check.name: check for check in await doctor._registry(office.services)}
    assert (checks["Hộp gửi"].ok, checks["Hộp gửi"].text) == (True, "1 thư đang chờ gửi")
