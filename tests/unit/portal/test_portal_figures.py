"""The public figures: what counts as on time, the median, the page and the CSV."""

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
from workers.portal.sheets import plain
from workers.records import DossierState
from workers.registry.figures import unit_figures

NOVEMBER = Month(2026, 11)


async def figures(office, month=NOVEMBER):
    async with office.registry.read() as reader:
        found = await unit_figures(reader, month.start, month.end, office.clock.now)
    return {one.unit: one for one in found}


async def resolved(office, at, **changes):
    code = await office.registered()
    given_ = {"state": DossierState.RESOLVED, "resolved_at": at, "worked_minutes": 60}
    await office.change(code, **{**given_, **changes})
    return code


async def test_received_open_and_late_are_counted_by_lead_unit(office):
    first, second = await office.registered(), await office.registered()
    await office.registered("1.001193", "H29.26740")
    await office.change(first, due_at=MONDAY + timedelta(hours=1))
    await office.change(second, due_at=MONDAY + timedelta(hours=1), paused_at=MONDAY)
    office.clock.now = MONDAY + timedelta(hours=2)
    found = await figures(office)
    assert (found["H29.07"].received, found["H29.07"].open, found["H29.07"].open_late) == (2, 2, 1)
    assert found["H29.26740"].received == 1
    assert (await figures(office, NOVEMBER.plus(1)))["H29.07"].received == 0


@pytest.mark.parametrize(
    ("changes", "on_time"),
    [
        ({}, 1),
        ({"original_due_at": MONDAY}, 1),
        ({"original_due_at": MONDAY, "extensions": 1}, 0),
        ({"original_due_at": MONDAY, "due_set_by_hand": True}, 0),
        ({"original_due_at": MONDAY, "due_at": MONDAY}, 0),
    ],
    ids=["in time", "waited for the applicant", "extended", "set by hand", "late"],
)
async def test_an_extension_does_not_make_a_late_dossier_punctual(office, changes, on_time):
    await resolved(office, MONDAY + timedelta(days=2), **changes)
    assert (await figures(office))["H29.07"].on_time == on_time


@pytest.mark.parametrize("minutes", [[], [60], [60, 90], [5, 100, 60], [1, 2, 3, 1000], [7, 7, 7, 7, 9]])
async def test_the_median_is_that_of_the_office_hours(office, minutes):
    await office.registered()
    for one in minutes:
        await resolved(office, MONDAY + timedelta(days=1), worked_minutes=one)
    expected = round(median(minutes) + 1e-9) if minutes else None
    assert (await figures(office))["H29.07"].median_minutes == expected


async def test_the_office_hours_of_a_dossier_leave_its_pauses_out(office):
    code = await office.accepted()
    await office.change(code, pauses=[(MONDAY + timedelta(hours=1), MONDAY + timedelta(days=1))])
    given_ = {"authority": "department", "appraisal_decision": "approve", "appraisal_summary": "Đủ điều kiện"}
    await office.run("result.issue", dossier_code=code, **given_, at=MONDAY + timedelta(days=1, hours=2))
    assert (await office.dossier(code)).worked_minutes == 60 + 120


async def test_the_page_and_the_table_say_the_same(office, visit):
    await resolved(office, MONDAY + timedelta(days=1))
    await resolved(office, MONDAY + timedelta(days=1), extensions=1, original_due_at=MONDAY)
    browser = visit()
    await browser.open("/so-lieu?thang=2026-11")
    for words in ("11/2026", "Sở Xây dựng", "50,0 %", "1 giờ làm việc", "Sở, ban, ngành"):
        assert words in browser.text()
    answer = await browser.client.get("/so-lieu.csv?thang=2026-11")
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert row == {
        "month": "2026-11",
        "unit_code": "H29.07",
        "unit": "Sở Xây dựng",
        "received": "2",
        "resolved": "2",
        "on_time": "1",
        "median_working_minutes": "60",
        "open_now": "0",
        "open_late_now": "0",
    }


async def test_an_empty_month_says_so_and_a_wrong_one_does_not_exist(visit):
    browser = visit()
    await browser.open("/so-lieu?thang=2026-01")
    assert "Không có hồ sơ nào trong tháng này." in browser.text()
    for wrong in ("2026-13", "x", "0001-01", "9999-12"):
        await browser.open(f"/so-lieu?thang={wrong}")
        assert browser.status == 404


async def test_a_month_is_counted_once_a_minute(office, visit, monkeypatch):
    browser = visit()
    await browser.open("/so-lieu")
    await office.registered()
    before = browser.text()
    await browser.open("/so-lieu")
    assert browser.text() == before


@given(st.integers(2001, 2099), st.integers(1, 12), st.integers(-200, 200))
def test_counting_months_on_and_back_comes_home(year, number, months):
    month = Month(year, number)
    assert month.plus(months).plus(-months) == month
    assert month.start < month.plus(1).start


def test_a_text_is_no_formula():
    assert plain("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert plain("Sở Xây dựng") == "Sở Xây dựng"
