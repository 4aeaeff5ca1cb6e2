"""Where time goes: who may look, what is counted, and the lists behind the figures."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.office import MONDAY
from workers.portal.months import Month
from workers.portal.time_use import Holder, holder_of
from workers.records import OpenStep
from workers.registry.durations import HeldFor, breaks, held_for, passages, spread
from workers.regulation.organization import UnitLevel

NOVEMBER = Month(2026, 11)
APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")
ASSIGN = ("dossier_resolution", "Task_AssignOfficer")
OFFICE_STEP = ("office_appraisal", "Task_AssignSpecialist")


async def sign_in(visit, user="leader.h29", password=None):
    browser = visit()
    await browser.open("/can-bo/dang-nhap")
    await browser.send(action="/can-bo/dang-nhap", user=user, password=password or f"password of {user}")
    return browser


async def held(office, code, element, minutes, start=MONDAY, **variables):
    office.clock.now = start
    step = await office.open(code, element, **variables)
    office.clock.now = start + timedelta(minutes=minutes)
    await office.run("timeline.close", element=element, instance=step, dossier_code=code)
    return step


async def ask(office, question, *given_):
    async with office.registry.read() as reader:
        return await question(reader, NOVEMBER.start, NOVEMBER.end, *given_)


@pytest.mark.parametrize(
    "path", ["/dieu-hanh", "/dieu-hanh.csv", "/dieu-hanh/buoc?don-vi=H29.07", "/dieu-hanh/tre-han"]
)
async def test_strangers_are_asked_to_sign_in(visit, path):
    browser = visit()
    await browser.open(path)
    assert browser.path == "/can-bo/dang-nhap"


@pytest.mark.parametrize(
    ("user", "password"),
    [("leader.h29", "guessed"), ("nobody", "password of nobody"), ("clerk.h29-07", "password of clerk.h29-07")],
    ids=["wrong password", "no account", "role is not admitted"],
)
async def test_who_is_not_admitted_learns_nothing_more(visit, user, password):
    browser = await sign_in(visit, user, password)
    assert browser.status == 422
    assert "hoặc tài khoản không được xem trang này" in browser.text()
    await browser.open("/dieu-hanh")
    assert browser.path == "/can-bo/dang-nhap"


async def test_passwords_cannot_be_tried_without_end(visit):
    browser = visit()
    for _ in range(10):
        await browser.open("/can-bo/dang-nhap")
        await browser.send(action="/can-bo/dang-nhap", user="leader.h29", password="guessed")
    await browser.open("/can-bo/dang-nhap")
    await browser.send(action="/can-bo/dang-nhap", user="leader.h29", password="password of leader.h29")
    assert browser.status == 429


async def test_signing_out_and_a_long_day_end_the_visit(office, visit):
    browser = await sign_in(visit)
    assert browser.path == "/dieu-hanh"
    await browser.send(action="/can-bo/dang-xuat")
    await browser.open("/dieu-hanh")
    assert browser.path == "/can-bo/dang-nhap"
    browser = await sign_in(visit)
    office.clock.now += timedelta(hours=9)
    await browser.open("/dieu-hanh")
    assert browser.path == "/can-bo/dang-nhap"


async def test_time_is_shown_by_holder_and_unit(office, visit):
    code = await office.accepted()
    await held(office, code, APPRAISE, 60, officer="officer.h29-07")
    await held(office, code, OFFICE_STEP, 120, start=MONDAY + timedelta(days=1))
    browser = await sign_in(visit)
    await browser.open("/dieu-hanh?thang=2026-11")
    text = browser.text()
    assert "Sở Xây dựng 33,3 % 1 1 giờ làm việc" in text
    assert "Văn phòng Ủy ban nhân dân Thành phố 66,7 % 1 2 giờ làm việc" in text
    assert "Sở Xây dựng Văn phòng Ủy ban nhân dân Thành phố 1" in text
    answer = await browser.client.get("/dieu-hanh.csv?thang=2026-11")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["unit_code"], row["holder"], row["working_minutes"], row["share"]) for row in rows] == [
        ("H29.01", "Văn phòng Ủy ban nhân dân Thành phố", "120", "0.6667"),
        ("H29.07", "Chuyên viên đơn vị", "60", "0.3333"),
    ]
    await browser.open("/dieu-hanh/buoc?thang=2026-11&don-vi=H29.07")
    assert code in browser.text()


async def test_a_head_lists_the_dossiers_of_their_own_unit_only(office, visit):
    code = await office.accepted()
    await held(office, code, APPRAISE, 60, officer="officer.h29-07")
    browser = await sign_in(visit, "head.h29-07")
    await browser.open("/dieu-hanh/buoc?thang=2026-11&don-vi=H29.07")
    assert code in browser.text()
    for path in ("/dieu-hanh/buoc?don-vi=H29.04", "/dieu-hanh/tre-han?don-vi=H29.01"):
        await browser.open(path)
        assert browser.status == 403


async def test_a_deadline_breaks_where_the_dossier_lay(office, visit):
    code = await office.accepted()
    await office.open(code, APPRAISE, officer="officer.h29-07")
    await office.change(code, due_at=MONDAY + timedelta(hours=2))
    office.clock.now = MONDAY + timedelta(days=1)
    (found,) = await ask(office, breaks, office.clock.now)
    assert (found.dossier_code, found.unit, found.resolved_at) == (code, "H29.07", None)
    browser = await sign_in(visit)
    await browser.open("/dieu-hanh/tre-han?thang=2026-11&don-vi=H29.07")
    assert code in browser.text()


async def test_a_dossier_that_waits_for_its_applicant_breaks_no_deadline(office):
    code = await office.accepted()
    await office.change(code, due_at=MONDAY + timedelta(hours=2), paused_at=MONDAY)
    assert await ask(office, breaks, MONDAY + timedelta(days=1)) == []


async def test_a_month_that_is_over_has_only_its_own_late_results(office):
    code = await office.accepted()
    await office.change(code, due_at=MONDAY + timedelta(hours=2))
    assert await ask(office, breaks, NOVEMBER.end + timedelta(days=3)) == []
    await office.change(code, resolved_at=MONDAY + timedelta(days=3), original_due_at=MONDAY)
    (found,) = await ask(office, breaks, NOVEMBER.end + timedelta(days=3))
    assert (found.dossier_code, found.unit) == (code, None)


async def test_hand_overs_inside_a_unit_are_none_between_units(office):
    code = await office.accepted()
    await held(office, code, ASSIGN, 10)
    await held(office, code, APPRAISE, 10, start=MONDAY + timedelta(hours=1), officer="officer.h29-07")
    assert await ask(office, passages) == []
    (one,) = [line for line in await ask(office, held_for) if line.role == "officer"]
    assert (one.unit, one.minutes, one.steps, one.late) == ("H29.07", 10, 1, 0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 4)), max_size=12))
def test_a_spread_is_that_of_the_steps_written_out(counted):
    lines = [
        HeldFor("u", "r", asked=False, minutes=minutes, steps=steps, total=minutes * steps, late=0)
        for minutes, steps in counted
    ]
    every = sorted(minutes for minutes, steps in counted for _ in range(steps))
    found = spread(lines)
    assert (found.steps, found.minutes) == (len(every), sum(every))
    if every:
        assert found.median == round(median(every) + 1e-9)
        assert found.p90 == every[max(0, -(-9 * len(every) // 10) - 1)]
        assert every[0] <= found.median <= found.p90 <= every[-1] or len(every) < 3


@pytest.mark.parametrize(
    ("level", "role", "asked", "holder"),
    [
        (UnitLevel.OFFICE, "one_stop_officer", False, Holder.OFFICE),
        (UnitLevel.CITY, "leader", False, Holder.LEADERS),
        (UnitLevel.DEPARTMENT, "head", True, Holder.CONSULTED),
        (UnitLevel.DEPARTMENT, "head", False, Holder.HEADS),
        (UnitLevel.COMMUNE, "one_stop_officer", False, Holder.ONE_STOP),
        (UnitLevel.COMMUNE, "clerk", False, Holder.OFFICERS),
    ],
)
def test_each_step_has_one_kind_of_holder(level, role, asked, holder):
    assert holder_of(level, role, asked=asked) is holder


async def test_long_steps_are_told_by_the_half_hour_and_summed_exactly(office):
    code = await office.accepted()
    await held(office, code, APPRAISE, 100, officer="officer.h29-07")
    (one,) = await ask(office, held_for)
    assert (one.minutes, one.total) == (90, 100)


async def test_feedback_has_figures_of_its_own(office):
    async with office.registry.write() as writer:
        step = OpenStep(
            step_id=9,
            dossier_code="PA-7KX2MQ9D",
            element_id="Task_Any",
            process_id="feedback_handling",
            name="Xử lý",
            unit="H29.07",
            role="officer",
            person=None,
            clause=None,
            opened_at=MONDAY,
            due_at=None,
            limit_minutes=None,
        )
        await writer.open_step(step)
        await writer.close_step(9, MONDAY + timedelta(hours=1), 60, None)
    assert await ask(office, held_for) == []
