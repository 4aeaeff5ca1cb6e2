"""Watch deadlines on the real engine: the ladder, extensions, step reminders, changes of deadline and calendar."""

from __future__ import annotations

import asyncio
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.engine.city import at
from workers import cli
from workers.app import open_services

if TYPE_CHECKING:
    from tests.engine.city import City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPLICANT = "nguoinop02@example.vn"
UNIT, OFFICE, LEADER = "H29.02", "H29.01", "H29"
WATCHED = "Giải quyết hồ sơ"


async def _at_work(city: City) -> Dossier:
    """Have a dossier of ten working days, due 14 December at five, with its officer."""
    dossier = await city.submit("work-permit-urgent", urgency="normal")
    await dossier.assigned()
    await dossier.held("Task_AppraiseDossier")
    assert (await dossier.record()).due_at == at(14, 17)
    assert (await dossier.record()).near_due_at == at(10, 17)
    return dossier


def _told(city: City, dossier: Dossier, unit: str, words: str) -> int:
    return len([mail for mail in city.mails(dossier, city.rules.mailbox(unit)) if words in mail.subject])


async def test_an_extension_granted_before_the_deadline_keeps_the_original_one(city: City) -> None:
    dossier = await _at_work(city)
    await city.pass_until(at(10, 17))
    await dossier.shows(f"Đôn đốc bậc 1: {WATCHED}")
    await dossier.held("Task_ProposeExtension", UNIT)
    await city.pass_until(at(11, 10))
    await dossier.does(
        "Task_ProposeExtension",
        extension_decision="extend",
        extension_reason="Chờ xác minh lý lịch (ví dụ)",
        extension_days=5,
    )
    await dossier.shows("Xin lỗi và gia hạn")
    record = await dossier.record()
    assert (record.original_due_at, record.due_at, record.extensions) == (at(14, 17), at(21, 17), 1)
    assert ("apology", "2025", "04") in await dossier.papers()
    letter = await city.mail_of(dossier, "ngày trả kết quả mới 21/12/2026 17:00")
    assert "Chờ xác minh lý lịch" in letter.body
    assert len(letter.attachments) == 1

    await city.pass_until(at(14, 17))
    await city.pass_until(record.near_due_at)
    await dossier.shows(f"Đôn đốc bậc 1: {WATCHED}", times=2)
    assert _told(city, dossier, UNIT, f"Đến hạn: {WATCHED}") == 0
    assert (await dossier.view()).minutes_left == 2 * 480


async def test_without_extension_the_ladder_goes_to_head_office_and_leader(city: City) -> None:
    dossier = await _at_work(city)
    await city.pass_until(at(10, 17))
    await dossier.does("Task_ProposeExtension", extension_decision="on_time")
    await city.pass_until(at(14, 17))
    await dossier.shows(f"Đôn đốc bậc 2: {WATCHED}")
    await city.pass_until(at(15, 17))
    await dossier.shows(f"Đôn đốc bậc 3: {WATCHED}")
    assert (await dossier.view()).minutes_left == -480
    await city.pass_until(at(17, 17))
    last = await dossier.shows(f"Đôn đốc bậc 4: {WATCHED}")
    assert last.unit == city.rules.unit_name(LEADER, date(2026, 12, 17))
    await city.until(city.nothing_on_its_way, "thư đã gửi")
    assert _told(city, dossier, UNIT, f"Sắp đến hạn: {WATCHED}") == 1
    assert _told(city, dossier, UNIT, f"Đến hạn: {WATCHED}") == 1
    assert _told(city, dossier, OFFICE, f"Quá hạn: {WATCHED}") == 1
    assert _told(city, dossier, LEADER, f"Báo cáo quá hạn: {WATCHED}") == 1

    await dossier.approved()
    await dossier.does("Task_SignResult", signature_decision="sign")
    await dossier.becomes("returned")
    assert (await dossier.view()).minutes_left == -3 * 480
    assert (await dossier.row("Thẩm định hồ sơ")).late is True


async def test_an_extension_nobody_decides_on_lapses_at_the_deadline(city: City) -> None:
    dossier = await _at_work(city)
    await city.pass_until(at(10, 17))
    await dossier.held("Task_ProposeExtension")
    await city.pass_until(at(14, 17))
    await dossier.shows(f"Đôn đốc bậc 2: {WATCHED}")
    await dossier.held("Task_AppraiseDossier")
    held = [step.element_id for step in (await dossier.view()).overview.open_steps]
    assert held == ["Task_AppraiseDossier"]


async def test_an_offer_of_extension_ends_with_the_result(city: City) -> None:
    dossier = await _at_work(city)
    await city.pass_until(at(10, 17))
    await dossier.held("Task_ProposeExtension")
    await dossier.approved()
    await dossier.does("Task_SignResult", signature_decision="sign")
    await dossier.becomes("returned")
    held = [step.element_id for step in (await dossier.view()).overview.open_steps]
    assert "Task_ProposeExtension" not in held


async def test_a_step_is_reminded_of_then_told_to_head_office_and_leader(city: City) -> None:
    dossier = await city.submit("marital-status")
    await dossier.held("Task_ReceiveDossier")
    step = "Tiếp nhận hồ sơ"
    await city.pass_until(at(30, 11, month=11))
    await dossier.shows(f"Đôn đốc bậc 1: {step}")
    await city.pass_until(at(30, 14, 30, month=11))
    await dossier.shows(f"Đôn đốc bậc 2: {step}")
    await city.pass_until(at(1, 14, 30))
    await dossier.shows(f"Đôn đốc bậc 3: {step}")
    assert (await dossier.row(step)).late is True
    await dossier.accepted()
    await city.pass_until(at(4, 14, 30))
    rows = await dossier.steps()
    assert f"Đôn đốc bậc 4: {step}" not in rows


async def test_a_deadline_set_earlier_is_watched_once_and_the_applicant_is_told(city: City) -> None:
    dossier = await _at_work(city)
    await city.start(
        "dossier_change",
        dossier_code=dossier.code,
        change_kind="deadline",
        reason="Thủ trưởng yêu cầu rút ngắn (ví dụ)",
        clause="Công văn 1 (ví dụ)",
        new_due_at="2026-12-08T17:00:00+07:00",
    )
    changed = await dossier.shows("Thay đổi thời hạn giải quyết")
    assert (changed.clause, changed.outcome) == ("Công văn 1 (ví dụ)", "Thủ trưởng yêu cầu rút ngắn (ví dụ)")
    record = await dossier.record()
    assert (record.original_due_at, record.due_at, record.near_due_at) == (at(14, 17), at(8, 17), at(4, 17))
    letter = await city.mail_of(dossier, "thay đổi: 08/12/2026 17:00", "doanhnghiep05@example.vn")
    assert "Thủ trưởng yêu cầu rút ngắn" in letter.body

    await city.pass_until(at(4, 17))
    await dossier.shows(f"Đôn đốc bậc 1: {WATCHED}")
    await dossier.does("Task_ProposeExtension", extension_decision="on_time")
    await city.pass_until(at(8, 17))
    await dossier.shows(f"Đôn đốc bậc 2: {WATCHED}")
    await city.pass_until(at(10, 17))
    await dossier.shows(f"Đôn đốc bậc 3: {WATCHED}")
    await city.pass_until(at(11, 9))
    assert (await dossier.steps()).count(f"Đôn đốc bậc 1: {WATCHED}") == 1


async def test_a_deadline_set_later_is_watched_from_its_new_near_moment(city: City) -> None:
    dossier = await _at_work(city)
    await dossier.is_told("Msg_DeadlineChanged", change_reason="Chờ hướng dẫn", new_due_at="2026-12-21T17:00:00+07:00")
    await dossier.shows("Thay đổi thời hạn giải quyết")
    await city.pass_until(at(14, 17))
    await dossier.held("Task_AppraiseDossier")
    await city.pass_until((await dossier.record()).near_due_at)
    await dossier.shows(f"Đôn đốc bậc 1: {WATCHED}")
    assert _told(city, dossier, UNIT, f"Đến hạn: {WATCHED}") == 0


async def test_a_new_day_off_moves_the_deadline_of_dossiers_at_work(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = await _at_work(city)
    listed = "- {day: 2026-11-24, name"
    changed = city.office_edits("calendar.yaml", listed, f"- {{day: 2026-12-08, name: Nghỉ (ví dụ)}}\n      {listed}")
    monkeypatch.setenv("DIEUPHOI_HOME", str(changed.home))
    monkeypatch.setenv("DIEUPHOI_DATA_DIR", str(changed.data))
    monkeypatch.setattr(cli, "open_services", partial(open_services, now=city.services.now))

    said = await _typed("calendar", "apply", "--reason", "Nghỉ bù (ví dụ)", "--dry-run")
    assert f"{dossier.code} │ 14/12/2026 17:00 │ 15/12/2026 17:00" in said
    await city.until(city.nothing_on_its_way, "thư đã gửi")
    assert (await dossier.record()).due_at == at(14, 17)
    assert await _typed("calendar", "apply", "--reason", "Nghỉ bù (ví dụ)") == said

    await dossier.shows("Thay đổi thời hạn giải quyết")
    record = await dossier.record()
    assert (record.due_at, record.near_due_at, record.original_due_at) == (at(15, 17), at(11, 17), at(14, 17))
    letter = await city.mail_of(dossier, "thay đổi: 15/12/2026 17:00", "doanhnghiep05@example.vn")
    assert "Nghỉ bù (ví dụ)" in letter.body
    await city.pass_until(at(11, 17))
    await dossier.shows(f"Đôn đốc bậc 1: {WATCHED}")
    assert dossier.code not in await _typed("calendar", "apply", "--reason", "Nghỉ bù (ví dụ)", "--dry-run")


async def _typed(*words: str) -> str:
    """Type a command; gives the rows it prints, without what the workers of this process log meanwhile."""
    done = await asyncio.to_thread(CliRunner().invoke, cli.app, words)
    assert done.exit_code == 0, done.output
    return "\n".join(line for line in done.output.splitlines() if "│" in line)
