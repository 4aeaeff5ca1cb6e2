"""What citizens say through 1022: rows in the registry and a message to the engine, both or neither."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from tests.unit.office import MONDAY, ZONE
from workers import feedback_intake
from workers.errors import UserError
from workers.feedback_intake import FeedbackDraft
from workers.records import FeedbackState, Reporter
from workers.regulation.codes import is_feedback_code, new_feedback_code, parse_feedback_code
from workers.regulation.limits import Limit, LimitUnit

PERSON = {"name": "Nguyễn Văn Ví Dụ", "phone": "0900000001", "email": "vidu@example.vn", "consent_email": True}
TEXT = "Nắp cống hư trước số 1 đường Ví Dụ"
SUNDAY_NIGHT = datetime(2026, 11, 1, 23, 58, tzinfo=ZONE)


def draft(**changes):
    return FeedbackDraft(**{"channel": "portal", "text": TEXT, **PERSON, **changes})


def photo(kind="JPEG", size=(64, 48), **written):
    data = io.BytesIO()
    Image.new("RGB", size, "red").save(data, kind, **written)
    return data.getvalue()


async def test_a_report_is_kept_and_its_process_started(office):
    code, secret = await feedback_intake.report(
        office.services, draft(field="flooding", commune="H29.26740", latitude=10.77, longitude=106.7)
    )
    kept = await office.read.feedback(code)
    assert is_feedback_code(code)
    assert kept.secret == secret
    assert (kept.text, kept.field, kept.state) == (TEXT, "flooding", FeedbackState.RECEIVED)
    assert kept.received_at == MONDAY
    assert (await office.read.reporter(code)).phone == "0900000001"
    assert [(mail["event"], mail["recipient"]) for mail in await office.mails()] == [("Msg_FeedbackReceived", code)]


async def test_the_forwarding_clock_runs_around_the_clock_or_in_office_hours_as_configured(office):
    office.clock.now = SUNDAY_NIGHT
    code, _ = await feedback_intake.report(office.services, draft())
    assert (await office.read.feedback(code)).forward_due_at == SUNDAY_NIGHT + timedelta(minutes=5)
    policy = office.rules.feedback
    in_office_hours = Limit(amount=5, unit=LimitUnit.WORKING_MINUTE)
    clocks = policy.clocks.model_copy(update={"forward": in_office_hours})
    office.with_rules(feedback=policy.model_copy(update={"clocks": clocks}))
    code, _ = await feedback_intake.report(office.services, draft())
    assert (await office.read.feedback(code)).forward_due_at == datetime(2026, 11, 2, 7, 35, tzinfo=ZONE)


async def test_an_anonymous_report_keeps_nothing_of_who_sent_it(office):
    code, _ = await feedback_intake.report(office.services, draft(anonymous=True))
    assert await office.read.reporter(code) == Reporter()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"field": "nothing"}, "Không có lĩnh vực"),
        ({"commune": "H29.07"}, "không phải mã phường, xã"),
        ({"commune": "H29.99999"}, "không phải mã phường, xã"),
    ],
)
async def test_an_unknown_field_or_commune_is_refused_and_nothing_is_kept(office, changes, said):
    with pytest.raises(UserError, match=said):
        await feedback_intake.report(office.services, draft(**changes))
    assert await office.read.find_feedback() == []
    assert await office.mails() == []


@pytest.mark.parametrize(
    "changes", [{"name": None}, {"phone": None, "email": None}, {"latitude": 10.7}, {"text": "ngắn"}, {"colour": "x"}]
)
def test_a_draft_that_lacks_something_is_refused_without_showing_it(changes):
    with pytest.raises(ValidationError) as refused:
        draft(**changes)
    assert "0900000001" not in str(refused.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_photo_is_kept_without_what_the_camera_wrote(office, kind):
    exif = Image.Exif()
    exif[0x010E] = "Nguyễn Văn Ví Dụ"
    exif.get_ifd(0x8825)[1] = "N"
    data = photo(kind, exif=exif, **({"comment": b"Vi Du"} if kind == "JPEG" else {}))
    code, _ = await feedback_intake.report(office.services, draft(), [("ảnh.jpg", data)])
    kept = await office.read.feedback_photos(code)
    assert [(one.kind, one.public) for one in kept] == [("report", False)]
    stored = office.looker.store.get(kept[0].sha256)
    with Image.open(io.BytesIO(stored)) as image:
        assert image.format == "JPEG"
        assert not image.getexif()
        assert "comment" not in image.info
    assert b"GPS" not in stored
    assert b"Vi Du" not in stored


async def test_a_photo_is_turned_upright_and_made_smaller(office):
    exif = Image.Exif()
    exif[0x0112] = 6
    code, _ = await feedback_intake.report(office.services, draft(), [("a.jpg", photo(size=(4000, 100), exif=exif))])
    kept = await office.read.feedback_photos(code)
    with Image.open(io.BytesIO(office.looker.store.get(kept[0].sha256))) as image:
        assert image.size == (51, 2048)


@pytest.mark.parametrize("data", [b"", b"khong phai anh", photo()[:200], b"GIF89a" + bytes(40)])
async def test_what_is_no_photo_is_refused_by_name_and_nothing_is_kept(office, data):
    with pytest.raises(UserError, match=r"a\.jpg không phải ảnh"):
        await feedback_intake.report(office.services, draft(), [("a.jpg", data)])
    assert await office.read.find_feedback() == []


async def test_too_many_or_too_large_photos_are_refused(office):
    policy = office.rules.feedback
    limits = policy.photos.model_copy(update={"count": 1, "megabytes": 1})
    office.services = replace(
        office.services, rules=replace(office.rules, feedback=policy.model_copy(update={"photos": limits}))
    )
    with pytest.raises(UserError, match="tối đa 1 ảnh"):
        await feedback_intake.report(office.services, draft(), [("a.jpg", photo())] * 2)
    with pytest.raises(UserError, match="lớn hơn 1 MB"):
        await feedback_intake.report(office.services, draft(), [("a.jpg", bytes(1024 * 1024 + 1))])


async def test_only_an_answer_is_rated_and_only_once(office):
    code, _ = await feedback_intake.report(office.services, draft())
    with pytest.raises(UserError, match="chưa có kết quả"):
        await feedback_intake.rate(office.services, code, 1)
    async with office.registry.write() as writer:
        await writer.update_feedback(code, state=FeedbackState.ANSWERED)
    await feedback_intake.rate(office.services, code.lower(), 1, " chưa sửa ")
    with pytest.raises(UserError, match="đã được đánh giá"):
        await feedback_intake.rate(office.services, code, 5)
    assert [(one.stars, one.comment) for one in await office.read.feedback_ratings(code)] == [(1, "chưa sửa")]
    sent = [mail for mail in await office.mails() if mail["event"] == "Msg_FeedbackRated"]
    assert [(mail["recipient"], json.loads(mail["variables"])) for mail in sent] == [(f"{code}:dg0", {"stars": 1})]
    with pytest.raises(UserError, match="Không có phản ánh"):
        await feedback_intake.rate(office.services, "PA-22222222", 1)


@given(st.randoms())
def test_a_code_is_read_back_however_it_is_typed(random):
    code = new_feedback_code(random.choice)
    for typed in (code, code.lower(), f" {code} ", code.removeprefix("PA-"), code.replace("-", "")):
        assert parse_feedback_code(typed) == code


@pytest.mark.parametrize("typed", ["", "PA-", "PA-0000000O", "H29.04-261123-0001", "PA-7KX2MQ9", "PA-7KX2MQ9DD"])
def test_what_is_no_code_is_refused(typed):
    with pytest.raises(UserError, match="không phải mã phản ánh"):
        parse_feedback_code(typed)
