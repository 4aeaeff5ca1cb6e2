"""What `show` says: where the dossier is, who holds it for how long, against which limit, what comes next."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from tests.unit.office import DAY, MONDAY, SECRETS, ZONE, open_office
from workers import show
from workers.errors import UserError
from workers.records import DossierState, OutboxChannel
from workers.registry.outbox import Outbox
from workers.regulation.statuses import STATE_NAMES

ASSIGN = ("dossier_resolution", "Task_AssignOfficer")
APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")
DUE = datetime(2026, 11, 23, 17, tzinfo=ZONE)


def printed(shown, rules):
    console = Console(file=io.StringIO(), width=220)
    show.render(console, shown, rules)
    return console.file.getvalue()


async def test_who_holds_it_for_how_long_and_what_comes_next(office):
    code = await office.accepted()
    await office.open(code, APPRAISE, officer="officer.h29-07")
    office.clock.now = MONDAY + timedelta(hours=2, minutes=30)
    shown = await show.view(office.services, code)
    assert shown.holders == ["Sở Xây dựng, officer.h29-07: Thẩm định hồ sơ (đã giữ 2 giờ 30 phút làm việc)"]
    assert "Lấy ý kiến → Lấy ý kiến phối hợp" in shown.next_steps
    row = next(row for row in shown.rows if row.step == "Thẩm định hồ sơ")
    assert (row.open, row.until, row.used, row.limit, row.late) == (True, None, 150, row.limit, False)
    assert row.limit == office.rules.working_minutes("H29.07", MONDAY, datetime(2026, 11, 4, 17, tzinfo=ZONE))
    text = printed(shown, office.rules)
    assert "Trạng thái: Đang giải quyết" in text
    assert "đang giữ" in text
    assert "Còn " in text


async def test_a_step_beyond_its_limit_is_late_while_open_and_after(office):
    code = await office.accepted()
    step = await office.open(code, ASSIGN)
    office.clock.now = MONDAY + DAY
    assert (await show.view(office.services, code)).rows[-1].late is True
    await office.run("timeline.close", element=ASSIGN, instance=step, dossier_code=code)
    office.clock.now = MONDAY + 9 * DAY
    row = (await show.view(office.services, code)).rows[-1]
    assert (row.late, row.open, row.until, row.used) == (True, False, MONDAY + DAY, 480)
    assert "trễ" in printed(await show.view(office.services, code), office.rules)


@pytest.mark.parametrize(
    ("changes", "now", "sign"),
    [
        ({}, DUE - DAY, 1),
        ({}, DUE + 2 * DAY, -1),
        ({"state": DossierState.RESOLVED, "resolved_at": DUE - 3 * DAY}, DUE + 9 * DAY, 1),
        ({"state": DossierState.RETURNED, "resolved_at": DUE + 3 * DAY, "finished_at": DUE}, DUE + 9 * DAY, -1),
        ({"state": DossierState.WITHDRAWN, "finished_at": DUE - 3 * DAY}, DUE + 9 * DAY, 1),
        ({"state": DossierState.SUPPLEMENT_REQUESTED, "paused_at": DUE - 3 * DAY}, DUE + 9 * DAY, 1),
    ],
)
async def test_time_left_stops_when_the_dossier_is_resolved_ended_or_paused(office, changes, now, sign):
    code = await office.accepted()
    await office.change(code, **changes)
    office.clock.now = now
    shown = await show.view(office.services, code)
    assert (shown.minutes_left > 0) is (sign > 0)
    assert shown.as_json(office.rules)["late"] is (sign < 0)
    text = printed(shown, office.rules)
    finished = changes.get("state") in {DossierState.RESOLVED, DossierState.RETURNED, DossierState.WITHDRAWN}
    expected = {
        (True, 1): "Kết thúc trong hạn",
        (True, -1): "Kết thúc quá hạn",
        (False, 1): "Còn ",
        (False, -1): "Quá hạn ",
    }
    assert expected[finished, sign] in text


@pytest.mark.parametrize("state", list(DossierState))
async def test_every_state_has_a_name_and_can_be_shown(office, state):
    code = await office.accepted()
    await office.change(code, state=state)
    assert f"Trạng thái: {STATE_NAMES[state]}" in printed(await show.view(office.services, code), office.rules)


async def test_the_original_deadline_is_shown_beside_the_one_in_force(office):
    code = await office.accepted()
    assert "Hạn gốc" not in printed(await show.view(office.services, code), office.rules)
    await office.run("deadline.recompute", dossier_code=code, new_due_at=(DUE + 3 * DAY).isoformat())
    text = printed(await show.view(office.services, code), office.rules)
    assert "hạn 26/11/2026 17:00" in text
    assert "Hạn gốc (dùng tính đúng hạn): 23/11/2026 17:00" in text


async def test_only_mail_that_was_sent_counts(office):
    code = await office.accepted()
    assert (await show.view(office.services, code)).mails == 0
    outbox = Outbox(office.registry, "test")
    (message,) = await outbox.claim_due(MONDAY, 5, [OutboxChannel.EMAIL])
    await outbox.mark_sent(message.id, MONDAY)
    assert (await show.view(office.services, code)).mails == 1


async def test_the_json_carries_everything_but_the_person_and_the_secret(office):
    code = await office.accepted()
    step = await office.open(code, ASSIGN)
    await office.run("timeline.close", element=ASSIGN, instance=step, dossier_code=code)
    data = (await show.view(office.services, code)).as_json(office.rules)
    text = json.dumps(data, ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in text] == []
    assert (await office.dossier(code)).tracking_secret not in text
    assert (data["code"], data["state_name"], data["origin_unit_name"]) == (code, "Đang giải quyết", "Sở Xây dựng")
    assert [row["step"] for row in data["timeline"]] == [
        "Đăng ký hồ sơ",
        "Tiếp nhận hồ sơ và hẹn trả kết quả",
        "Phân công xử lý hồ sơ",
    ]
    assert [one["kind"] for one in data["papers"]] == ["receipt"]
    assert len(data["documents"]) == 4
    assert data["timeline"][0]["since"] == MONDAY.isoformat()


@pytest.mark.parametrize("text", ["[/x]", "[red]Đỏ[/red]", "[bold", "mái [lợp] tôn"])
async def test_brackets_in_what_people_wrote_are_shown_as_written(office, text):
    code = await office.accepted(title=f"Nhà {text}")
    await office.run("dossier.withdraw", dossier_code=code, withdrawal_reason=f"Lý do {text}")
    shown = printed(await show.view(office.services, code), office.rules)
    assert f"Nhà {text}" in shown
    assert f"Lý do {text}" in shown


async def test_a_code_as_people_type_it_is_found(office):
    code = await office.accepted()
    assert (await show.view(office.services, f"  {code.lower()} ")).overview.dossier.code == code


@pytest.mark.parametrize(
    ("code", "told"),
    [("H29.07-261102-0099", "Không có hồ sơ nào mang mã H29.07-261102-0099."), ("abc", "không phải mã hồ sơ")],
)
async def test_a_code_that_is_none_or_unknown_is_the_users_to_correct(office, code, told):
    with pytest.raises(UserError, match=told):
        await show.view(office.services, code)


MOVES = st.lists(st.tuples(st.sampled_from([ASSIGN, APPRAISE]), st.booleans(), st.integers(1, 600)), max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
async def test_any_sequence_of_hand_overs_gives_one_row_each(parts, tmp_path_factory, moves):
    office = await open_office(parts, tmp_path_factory.mktemp("office"), real_press=False)
    try:
        code = await office.registered()
        expected, now = [], MONDAY
        for element, closes, minutes in moves:
            step = await office.open(code, element)
            opened, now = now, now + timedelta(minutes=minutes)
            office.clock.now = now
            expected.append((opened, now if closes else None))
            if closes:
                for _ in range(2):
                    await office.run("timeline.close", element=element, instance=step, dossier_code=code)
        shown = await show.view(office.services, code)
        rows = [row for row in shown.rows if row.limit is not None]
        assert [(row.since, row.until) for row in rows] == expected
        for row in rows:
            assert row.open is (row.until is None)
            assert row.used == office.rules.working_minutes("H29.07", row.since, row.until or now)
        assert len(shown.holders) == sum(row.open for row in rows)
        assert len(shown.rows) == len(rows) + 1
        async with office.registry.read() as reader:
            assert await reader.verify_timeline() == []
    finally:
        await office.registry.close()


def test_every_decision_a_form_offers_has_words_in_the_timeline():
    offered = set()
    for path in sorted((Path(__file__).parents[3] / "bpmn").rglob("*.form")):
        for field in json.loads(path.read_text(encoding="utf-8"))["components"]:
            if field["type"] == "radio":
                offered |= {choice["value"] for choice in field["values"] if isinstance(choice["value"], str)}
    kept = {"accepted", "partly_accepted", "explained"} | {"withdraw", "stop", "deadline", "late_opinion"}
    kept |= {"shown", "hidden", "none", "unit", "all"}
    assert offered
    assert offered - kept <= show.OUTCOME_LABELS.keys()


@pytest.mark.parametrize("width", [100, 200])
async def test_the_timeline_keeps_words_and_hours_at_any_width(office, width):
    code = await office.accepted()
    step = await office.open(code, APPRAISE, officer="officer.h29-07")
    await office.run("timeline.close", element=APPRAISE, instance=step, dossier_code=code, appraisal_decision="approve")
    console = Console(file=io.StringIO(), width=width)
    show.render(console, await show.view(office.services, code), office.rules)
    text = console.file.getvalue()
    assert "0g00 / " in text
    assert "approve" not in text
    assert max(len(line) for line in text.splitlines()) <= width


NIGHT = datetime(2026, 11, 2, 22, 30, tzinfo=ZONE)


async def put_off(office, settle):
    """Have a dispatcher try the one letter and settle it."""
    outbox = Outbox(office.registry, "test")
    (letter,) = await outbox.claim_due(office.clock.now, 5, [OutboxChannel.EMAIL])
    await settle(outbox, letter)


async def waiting(office, code):
    shown = await show.view(office.services, code)
    told = shown.as_json(office.rules)
    assert told["messages_waiting"] == [letter.as_json() for letter in shown.waiting]
    assert not [secret for secret in SECRETS if secret in json.dumps(told, ensure_ascii=False)]
    text = printed(shown, office.rules)
    for letter in shown.waiting:
        assert f"{letter.name}: {letter.why}" in text
    return shown.waiting


async def test_a_letter_of_the_night_waits_for_the_morning_and_says_so(office):
    code = await office.registered(submitted_at=NIGHT)
    await office.run("dossier.accept", at=NIGHT, dossier_code=code)
    (letter,) = await waiting(office, code)
    assert (letter.name, letter.why) == ("Tiếp nhận hồ sơ và hẹn trả kết quả", "chờ giờ gửi, từ 07:00 ngày 03/11/2026")
    shown = await show.view(office.services, code)
    assert show.told_of_waiting([shown, shown]).startswith("Còn 2 thư chưa gửi")
    office.clock.now = NIGHT + timedelta(hours=9)
    (letter,) = await waiting(office, code)
    assert letter.why == "đến lượt gửi, bộ xử lý chưa lấy"


async def test_a_letter_that_is_tried_again_says_when_and_why(office):
    code = await office.accepted()
    again = MONDAY + timedelta(minutes=5)
    await put_off(office, lambda box, one: box.mark_retry(one.id, MONDAY, again, "máy chủ thư bận"))
    (letter,) = await waiting(office, code)
    assert letter.why == "gửi lại lúc 09:05 ngày 02/11/2026: máy chủ thư bận"


@pytest.mark.parametrize(
    ("settle", "why"),
    [
        (
            lambda box, one: box.mark_failed(one.id, MONDAY, "địa chỉ không tồn tại"),
            "chờ người quyết định (`dieuphoi letters`, số {}): không gửi được: địa chỉ không tồn tại",
        ),
        (
            lambda box, one: box.mark_unknown(one.id, MONDAY, "mất kết nối"),
            "chờ người quyết định (`dieuphoi letters`, số {}): không rõ đã gửi hay chưa: mất kết nối",
        ),
    ],
)
async def test_a_letter_with_a_person_says_what_is_to_decide(office, settle, why):
    code = await office.accepted()
    await put_off(office, settle)
    (letter,) = await waiting(office, code)
    assert letter.why == why.format(letter.number)


async def test_a_letter_that_is_being_sent_or_was_sent(office):
    code = await office.accepted()
    outbox = Outbox(office.registry, "test")
    (message,) = await outbox.claim_due(MONDAY, 5, [OutboxChannel.EMAIL])
    assert [letter.why for letter in await waiting(office, code)] == ["đang gửi"]
    await outbox.mark_sent(message.id, MONDAY)
    assert await waiting(office, code) == []
    assert show.told_of_waiting([await show.view(office.services, code)]) == ""


async def test_a_letter_of_a_channel_that_is_off_is_held_and_says_so(office):
    office.with_rules(notices=off(office.rules.notices, "email"))
    code = await office.accepted()
    (letter,) = await waiting(office, code)
    assert letter.why == "kênh Thư điện tử đang tắt trong config/notifications.yaml"


def off(notices, code):
    channels = tuple(one.model_copy(update={"enabled": one.code != code}) for one in notices.channels)
    return notices.model_copy(update={"channels": channels})
