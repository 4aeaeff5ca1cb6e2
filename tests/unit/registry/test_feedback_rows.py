from __future__ import annotations

from datetime import date, timedelta

import pytest
from asyncpg import IntegrityConstraintViolationError
from sqlalchemy.exc import IntegrityError

from workers.records import (
    FeedbackAnswer,
    FeedbackHandover,
    FeedbackPhoto,
    FeedbackRating,
    FeedbackRecord,
    FeedbackState,
    PublicState,
    Reporter,
)

CODE = "PA-7KX2MQ9D"
REPORTER = Reporter(name="Nguyễn Văn Ví Dụ", phone="0900000001", email="vidu@example.vn", consent_sms=True)


def feedback(samples, code=CODE, **changes):
    return FeedbackRecord(
        code=code,
        secret="EXAMPLE234",
        received_at=samples.now,
        channel="portal",
        text="Nắp cống hư trước số 1 đường Ví Dụ",
        place="1 đường Ví Dụ",
        latitude=10.77,
        longitude=106.7,
        commune="H29.26740",
        forward_due_at=samples.now + timedelta(minutes=5),
    ).model_copy(update=changes)


async def test_feedback_comes_back_with_its_reporter(registry, samples):
    kept = feedback(samples, committed_on=date(2025, 7, 20), due_at=samples.now)
    async with registry.write() as writer:
        await writer.add_feedback(kept, REPORTER)
    assert await registry.latest.feedback(CODE) == kept
    assert await registry.latest.reporter(CODE) == REPORTER
    assert await registry.latest.feedback("PA-22222222") is None
    with pytest.raises(KeyError):
        await registry.latest.reporter("PA-22222222")


async def test_what_hangs_on_feedback_comes_back_in_order(registry, samples):
    photos = [FeedbackPhoto(sha256=f"{number:064x}", name="ảnh.jpg", kind="report") for number in (1, 2)]
    answers = [
        FeedbackAnswer(kind="interim", text="Đang làm", committed_on=date(2025, 7, 20), at=samples.now, unit="H29.07"),
        FeedbackAnswer(kind="final", text="Đã làm", at=samples.now, unit="H29.07"),
    ]
    moved = FeedbackHandover(from_unit="H29.08", to_unit="H29.07", reason="Chuyển xử lý", at=samples.now)
    async with registry.write() as writer:
        await writer.add_feedback(feedback(samples), REPORTER)
        for photo in photos:
            await writer.add_feedback_photo(CODE, photo)
        for answer in (answers[0], answers[1].model_copy(update={"public_text": "Đã làm xong"})):
            await writer.add_feedback_answer(CODE, answer)
        await writer.add_feedback_handover(CODE, moved)
        await writer.publish_feedback_photos(CODE, [photos[1].sha256])
    latest = registry.latest
    assert [(photo.sha256, photo.public) for photo in await latest.feedback_photos(CODE)] == [
        (photos[0].sha256, False),
        (photos[1].sha256, True),
    ]
    assert await latest.feedback_answers(CODE) == [
        answers[0],
        answers[1].model_copy(update={"public_text": "Đã làm xong"}),
    ]
    assert await latest.feedback_handovers(CODE) == [moved]


async def test_one_answer_is_rated_once(registry, samples):
    async with registry.write() as writer:
        await writer.add_feedback(feedback(samples), REPORTER)
        assert await writer.add_feedback_rating(CODE, FeedbackRating(stars=1, at=samples.now))
        assert not await writer.add_feedback_rating(CODE, FeedbackRating(stars=5, at=samples.now))
        assert await writer.add_feedback_rating(CODE, FeedbackRating(stars=4, at=samples.now, round=1))
    assert [rating.stars for rating in await registry.latest.feedback_ratings(CODE)] == [1, 4]


async def test_feedback_keeps_its_code_secret_and_moment(registry, samples):
    async with registry.write() as writer:
        await writer.add_feedback(feedback(samples), REPORTER)
        changed = await writer.update_feedback(CODE, state=FeedbackState.FORWARDED, unit="H29.07")
        for wrong in ({"code": "X"}, {"secret": "X"}, {"received_at": samples.now}, {"colour": "red"}):
            with pytest.raises(TypeError):
                await writer.update_feedback(CODE, **wrong)
        with pytest.raises(KeyError):
            await writer.update_feedback("PA-22222222", unit="H29.07")
    assert await registry.latest.feedback(CODE) == changed


async def test_what_hangs_on_no_feedback_is_refused_at_commit(registry, samples):
    with pytest.raises((IntegrityError, IntegrityConstraintViolationError)):
        async with registry.write() as writer:
            await writer.add_feedback_rating(CODE, FeedbackRating(stars=1, at=samples.now))


async def test_feedback_is_found_by_what_it_is_in_pages(registry, samples):
    codes = [f"PA-2222222{letter}" for letter in "ABCDE"]
    async with registry.write() as writer:
        for number, code in enumerate(codes):
            one = feedback(
                samples,
                code,
                received_at=samples.now + timedelta(minutes=number // 2),
                public_state=PublicState.SHOWN if number % 2 else PublicState.PENDING,
                field="waste" if number else "noise",
            )
            await writer.add_feedback(one, Reporter())
    latest = registry.latest
    newest_first = [one.code for one in await latest.find_feedback()]
    assert newest_first == ["PA-2222222E", "PA-2222222D", "PA-2222222C", "PA-2222222B", "PA-2222222A"]
    pages, after = [], None
    while page := await latest.find_feedback(limit=2, after=after):
        pages += [one.code for one in page]
        after = page[-1].code
    assert pages == newest_first
    assert [one.code for one in await latest.find_feedback(public_state=PublicState.SHOWN)] == [codes[3], codes[1]]
    assert [one.code for one in await latest.find_feedback(field="noise")] == [codes[0]]
    assert [one.code for one in await latest.find_feedback(since=samples.now + timedelta(minutes=2))] == [codes[4]]
    assert await latest.find_feedback(after="PA-99999999") == []
