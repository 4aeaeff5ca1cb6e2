"""The monthly report of 1022: its period, its sums, its two shares on time, its files."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from typer.testing import CliRunner

from tests.unit.office import MONDAY, ZONE, dissolved
from workers.cli import app
from workers.errors import UserError
from workers.feedback_intake import FeedbackDraft, report
from workers.feedback_report import UNCLASSIFIED, as_pdf, as_xlsx, cells, make_report
from workers.records import FeedbackHandover, FeedbackRating, FeedbackState
from workers.regulation.feedback_report import Case, Outcome, Period, period_at, read_period, totals

NOVEMBER = Period(2026, 11)
SINCE, UNTIL = NOVEMBER.since, NOVEMBER.until
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
moments = st.datetimes(datetime(2026, 9, 1), datetime(2027, 1, 1), timezones=st.just(ZONE))  # noqa: DTZ001


@st.composite
def cases(draw):
    received = draw(moments)
    ended = draw(st.none() | st.timedeltas(timedelta(0), timedelta(days=60)).map(lambda after: received + after))
    return Case(
        code="PA",
        unit=draw(st.sampled_from([None, "H29.07", "H29.06"])),
        field=draw(st.sampled_from([None, "noise"])),
        received_at=received,
        due_at=draw(st.none() | st.timedeltas(timedelta(0), timedelta(days=20)).map(lambda after: received + after)),
        forwarded_in_time=draw(st.booleans()),
        reopened=draw(st.booleans()),
        ended_at=ended,
        outcome=draw(st.sampled_from(Outcome)) if ended else Outcome.DONE,
    )


@given(st.lists(cases(), max_size=30))
def test_what_came_in_is_what_went_out_and_what_is_left(some):
    one = totals(some, SINCE, UNTIL)
    out = one.done + one.routed_out + one.rejected + one.merged + one.in_progress
    assert one.carried_over + one.received == out
    assert 0 <= one.done_on_time <= one.done
    assert sum(one.late_for) == one.open_late <= one.in_progress
    for share in (one.on_time_of_due, one.on_time_of_done, one.forwarded_share):
        assert share is None or 0 <= share <= 1


@given(st.lists(cases(), max_size=30))
def test_what_is_left_is_carried_over_to_the_next_period(some):
    after = NOVEMBER.plus(1)
    assert totals(some, SINCE, UNTIL).in_progress == totals(some, after.since, after.until).carried_over


@given(st.lists(cases(), max_size=30))
def test_the_lines_add_up_to_the_whole(some):
    units = {one.unit for one in some}
    lines = [totals([one for one in some if one.unit == unit], SINCE, UNTIL) for unit in units]
    whole = totals(some, SINCE, UNTIL)
    counts = [cells(line)[:9] for line in lines] or [(0,) * 9]
    assert tuple(map(sum, zip(*counts, strict=True))) == cells(whole)[:9]


@given(moments)
def test_every_moment_lies_in_one_period(moment):
    period = period_at(moment)
    assert period.since <= moment < period.until
    assert period.plus(1).since == period.until


def test_a_period_runs_from_noon_on_the_25th():
    assert period_at(datetime(2026, 11, 25, 11, 59, tzinfo=ZONE)) == NOVEMBER
    assert period_at(datetime(2026, 11, 25, 12, 0, tzinfo=ZONE)) == NOVEMBER.plus(1)
    assert str(Period(2027, 1).plus(-1)) == "2026-12"


@pytest.mark.parametrize("text", ["2026-13", "10/2026", "", "1999-01", "2026-1"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(UserError, match="2026-10"):
        read_period(text)


EARLIER = {"resolved_at": MONDAY - 20 * DAY, "closed_at": MONDAY - 9 * DAY}
DRAFT = FeedbackDraft(channel="phone", text="Đèn đường không sáng.", anonymous=True)


async def kept(office, **changes):
    office.clock.now = changes.pop("at", MONDAY)
    code, _ = await report(office.services, DRAFT)
    async with office.registry.write() as writer:
        await writer.update_feedback(code, **changes)
    return code


async def city(office):
    """Feedback of each kind, and a moment after the period."""
    handled = {"field": "street_light", "unit": "H29.07", "forwarded_at": MONDAY}
    done = {**handled, "state": FeedbackState.CLOSED, "original_due_at": MONDAY + DAY, "closed_at": MONDAY + 9 * DAY}
    await kept(office, at=MONDAY - 30 * DAY, **{**done, **EARLIER})
    await kept(office, at=MONDAY - 30 * DAY, **done, resolved_at=MONDAY)
    await kept(office, **done, resolved_at=MONDAY + 2 * DAY)
    await kept(office, **{**handled, "state": FeedbackState.IN_PROGRESS, "original_due_at": MONDAY + DAY})
    await kept(office, state=FeedbackState.ROUTED_OUT, closed_at=MONDAY + HOUR)
    await kept(office)
    office.clock.now = UNTIL + DAY


async def test_the_report_counts_what_the_registry_holds(office):
    await city(office)
    made = await make_report(office.services, NOVEMBER)
    whole = made.whole
    assert (whole.carried_over, whole.received, whole.done, whole.done_on_time) == (1, 4, 2, 1)
    assert (whole.routed_out, whole.in_progress, whole.open_late) == (1, 2, 1)
    assert (whole.on_time_of_due, whole.on_time_of_done) == (1 / 3, 1 / 2)
    assert [row.name for row in made.fields] == ["Chiếu sáng công cộng", UNCLASSIFIED]
    assert [row.key for row in made.units] == ["H29.07", None]


async def test_a_running_period_is_counted_until_now(office):
    await city(office)
    office.clock.now = MONDAY + HOUR
    made = await make_report(office.services, NOVEMBER)
    assert made.until == MONDAY + HOUR
    assert made.whole.done == 1


async def test_a_dissolved_unit_counts_for_its_successor_or_for_itself(office):
    await kept(office, unit="H29.07")
    office.with_rules(organization=dissolved(office.rules, "H29.07", MONDAY.date(), "H29.08").organization)
    office.clock.now = UNTIL
    assert [row.key for row in (await make_report(office.services, NOVEMBER)).units] == ["H29.08"]
    assert [row.key for row in (await make_report(office.services, NOVEMBER, historic=True)).units] == ["H29.07"]


async def test_wrong_addresses_and_ratings_are_told(office):
    code = await kept(office, unit="H29.07")
    desk = office.rules.feedback.coordinator
    async with office.registry.write() as writer:
        for source, target in ((desk, "H29.06"), ("H29.06", desk), (desk, "H29.07")):
            handover = FeedbackHandover(from_unit=source, to_unit=target, reason="x", at=MONDAY)
            await writer.add_feedback_handover(code, handover)
        for number, stars in enumerate((2, 5)):
            await writer.add_feedback_rating(code, FeedbackRating(stars=stars, at=MONDAY, round=number))
    office.clock.now = UNTIL
    made = await make_report(office.services, NOVEMBER)
    assert made.returned == 1
    assert made.satisfaction.share == 1 / 2


async def test_the_workbook_holds_texts_and_numbers_and_no_formula(office):
    await city(office)
    book = zipfile.ZipFile(io.BytesIO(as_xlsx(await make_report(office.services, NOVEMBER))))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    words = book.read("xl/sharedStrings.xml").decode()
    for one in ("Sở Xây dựng", "Toàn Thành phố", "Chiếu sáng công cộng", UNCLASSIFIED, "Đúng hạn ÷ xong"):
        assert one in words


async def test_the_printed_report_says_the_same(printing_office):
    await city(printing_office)
    pdf = await as_pdf(await make_report(printing_office.services, NOVEMBER), printing_office.services)
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
    for one in ("Kỳ 11/2026", "12:00 25/10/2026", "Sở Xây dựng", "33,3 %", "50,0 %", UNCLASSIFIED):
        assert one in text


def test_the_command_writes_both_files(tmp_path, monkeypatch):
    monkeypatch.setenv("DIEUPHOI_DATA_DIR", str(tmp_path / "data"))
    done = CliRunner().invoke(app, ["report", "feedback", "2026-10", "--to", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert {one.name for one in Path(tmp_path / "out").iterdir()} == {"1022-2026-10.xlsx", "1022-2026-10.pdf"}


async def test_nothing_at_all_is_a_report_too(office):
    made = await make_report(office.services, NOVEMBER)
    assert cells(made.whole)[-2:] == (None, None)
    assert as_xlsx(made)
