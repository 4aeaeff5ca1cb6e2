"""Publications from draft to recall, at the level of jobs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.unit.communication.newsroom import APPROVER, EDITOR
from tests.unit.office import MONDAY, ZONE, business, three_parts
from workers.errors import BusinessError, NeedsOperator
from workers.records import OutboxChannel
from workers.registry.outbox import Outbox

PRIVATE = "Liên hệ ông Ví Dụ, 0900000001."
SECRET = "TỐI MẬT"


def what(result):
    return [finding["what"] for finding in result["draft_findings"]]


async def test_a_draft_gets_a_code_and_a_card(newsroom):
    first, second = await newsroom.draft(), await newsroom.draft()
    assert [one["publication_code"] for one in (first, second)] == ["TT-261102-0001", "TT-261102-0002"]
    assert (first["must_revise"], first["draft_findings"], first["unit"]) == (False, [], "H29.01")
    card = first["publication_card"]
    assert card["version_label"] == "bản đầu"
    assert card["topics_label"] == "Thiên tai, triều cường, ngập nước"
    assert card["source_label"] == "1234/UBND-ĐT, ngày 30/10/2026, Phó Chủ tịch Nguyễn Văn Ví Dụ"
    assert card["publish_label"] == "ngay khi được duyệt"


async def test_a_number_is_confirmed_by_the_editor_or_taken_out(newsroom):
    found = await newsroom.draft(publication_text=PRIVATE)
    assert (what(found), found["must_revise"]) == (["Số điện thoại: 090****001"], True)
    code = found["publication_code"]
    confirmed = await newsroom.draft(publication_code=code, publication_text=PRIVATE, disclosures_confirmed=True)
    assert confirmed["must_revise"] is False
    assert confirmed["draft_findings"] == found["draft_findings"]


async def test_a_mark_of_secrecy_can_be_confirmed_by_nobody(newsroom):
    found = await newsroom.draft(publication_summary=SECRET, disclosures_confirmed=True)
    assert (what(found), found["must_revise"]) == (["Dấu chỉ độ mật: TỐI MẬT"], True)
    assert found["draft_findings"][0]["place"] == "Tóm tắt, dòng 1"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"approver": EDITOR}, "Người duyệt"),
        ({"approver": "head.h29-04"}, "Người duyệt"),
        ({"approver": None}, "Người duyệt"),
        ({"publication_topics": []}, "Chủ đề"),
        ({"publication_topics": ["gossip"]}, "Chủ đề"),
        ({"publication_areas": ["H29.99999"]}, "Địa bàn"),
        ({"source_date": "2026-12-01"}, "Văn bản nguồn"),
        ({"signed_at": "2026-11-02T23:00:00+07:00"}, "Văn bản nguồn"),
    ],
)
async def test_what_does_not_fit_goes_back_to_the_editor(newsroom, changes, place):
    found = await newsroom.draft(**changes, disclosures_confirmed=True)
    assert [finding["place"] for finding in found["draft_findings"]] == [place]
    assert found["must_revise"] is True


async def test_somebody_who_is_no_editor_cannot_draft(newsroom):
    with pytest.raises(NeedsOperator) as caught:
        await newsroom.draft(editor=APPROVER)
    three_parts(caught.value, "TI-004")


@pytest.mark.parametrize("people", [{"approver": EDITOR}, {"editor": APPROVER}, {"approver": "approver.h29-99"}])
async def test_people_swapped_after_the_check_approve_nothing(newsroom, people):
    code = (await newsroom.draft())["publication_code"]
    with pytest.raises(NeedsOperator) as caught:
        await newsroom.approve(code, **people)
    three_parts(caught.value, "TI-005")
    with pytest.raises(NeedsOperator) as caught:
        await newsroom.publish(code)
    three_parts(caught.value, "TI-006")


async def test_an_editor_who_is_named_as_approver_too_approves_nothing(newsroom):
    code = (await newsroom.draft(approver=EDITOR))["publication_code"]
    with pytest.raises(NeedsOperator):
        await newsroom.approve(code, approver=EDITOR)


async def test_publication_waits_for_its_moment_and_a_past_one_means_now(newsroom):
    code = (await newsroom.draft())["publication_code"]
    later = "2026-11-03T07:30:00+07:00"
    assert (await newsroom.approve(code, publish_at=later))["publish_at"] == later
    past = await newsroom.approve(code, publish_at="2026-10-03T07:30:00+07:00")
    assert datetime.fromisoformat(past["publish_at"]) == MONDAY


async def test_each_subscriber_it_concerns_is_told_once_over_the_channel_confirmed(newsroom, office):
    await newsroom.subscribe("khap-noi@example.vn")
    await newsroom.subscribe("0900000001", "sms", areas=["H29.26740"])
    await newsroom.subscribe("noi-khac@example.vn", areas=["H29.26743"])
    await newsroom.subscribe("chu-de-khac@example.vn", topics=["health"])
    await newsroom.subscribe("chua-xac-nhan@example.vn", confirmed=False)
    await newsroom.subscribe("0900000002", "zalo")
    code = await newsroom.approved()
    await newsroom.publish(code, instance=4711)
    await newsroom.publish(code, instance=4711)
    assert await newsroom.told() == [("news_published", "khap-noi@example.vn"), ("news_published", "0900000001")]
    mail, text = await office.mails()
    assert mail["subject"] == "Khơi thông cống trước đợt triều cường"
    assert json.loads(mail["variables"])["unsubscribe_url"].endswith("/nhan-tin/TOKENDK1/huy")
    assert "/nhan-tin/TOKENDK2" in text["body"]
    published = await office.read.publication(code)
    assert (published.state, published.version, published.published_at) == ("published", 1, MONDAY)


async def test_subscribers_sleep_at_night(newsroom, office):
    await newsroom.subscribe("khap-noi@example.vn")
    code = await newsroom.approved()
    office.clock.now = datetime(2026, 11, 2, 22, 0, tzinfo=ZONE)
    await newsroom.publish(code)
    (mail,) = await office.mails()
    assert mail["due_at"] == int(datetime(2026, 11, 3, 7, tzinfo=ZONE).timestamp() * 1_000_000)


async def correct(newsroom, office, code, **changes):
    reason = {"change_reason": "Sửa ngày bắt đầu"}
    assert await office.run("publication.begin_correction", publication_code=code, **reason) == {
        "disclosures_confirmed": False
    }
    kept = await newsroom.draft(publication_code=code, **reason, **changes)
    await newsroom.approve(code)
    return kept


async def test_a_correction_is_approved_like_the_first_and_reaches_who_read_the_first(newsroom, office):
    await newsroom.subscribe("phuong@example.vn", areas=["H29.26740"])
    await newsroom.subscribe("suc-khoe@example.vn", topics=["health"])
    code = await newsroom.published()
    await send_all(office)
    kept = await correct(newsroom, office, code, publication_topics=["health"], publication_title="Tiêu đề đã sửa")
    assert kept["publication_card"]["version_label"] == "bản đính chính 1"
    assert [one.title for _, one in await office.read.public_news()] == ["Khơi thông cống trước đợt triều cường"]
    await newsroom.publish(code)
    assert [one.title for _, one in await office.read.public_news()] == ["Tiêu đề đã sửa"]
    corrected = [to for event, to in await newsroom.told() if event == "news_corrected"]
    assert sorted(corrected) == ["phuong@example.vn", "suc-khoe@example.vn"]
    assert (await office.read.publication(code)).version == 2


async def test_a_correction_that_is_dropped_leaves_the_first_wording(newsroom, office):
    code = await newsroom.published()
    await office.run("publication.begin_correction", publication_code=code, change_reason="Sửa (ví dụ)")
    await newsroom.draft(publication_code=code, publication_title="Không dùng nữa")
    assert await office.run("publication.discard", publication_code=code) == {"still_published": True}
    assert [one.title for _, one in await office.read.public_news()] == ["Khơi thông cống trước đợt triều cường"]
    fresh = (await newsroom.draft())["publication_code"]
    assert await office.run("publication.discard", publication_code=fresh) == {"still_published": False}
    with pytest.raises(NeedsOperator) as caught:
        await newsroom.draft(publication_code=fresh)
    three_parts(caught.value, "TI-003")


async def test_a_recall_is_told_to_those_who_were_told_and_to_nobody_else(newsroom, office):
    await newsroom.subscribe("da-nhan@example.vn")
    code = await newsroom.published()
    await send_all(office)
    await newsroom.subscribe("den-sau@example.vn")
    await office.run("publication.recall", publication_code=code, change_reason="Văn bản đã thay thế")
    assert await newsroom.told() == [
        ("news_published", "da-nhan@example.vn"),
        ("news_recalled", "da-nhan@example.vn"),
    ]
    recalled = await office.read.publication(code)
    assert (recalled.state, recalled.recall_reason) == ("recalled", "Văn bản đã thay thế")


async def test_a_recall_takes_back_what_was_not_sent_yet(newsroom, office):
    await newsroom.subscribe("chua-gui@example.vn")
    code = await newsroom.published()
    await office.run("publication.recall", publication_code=code, change_reason="Nhầm (ví dụ)")
    assert await newsroom.told() == []


async def send_all(office):
    outbox = Outbox(office.registry, "test")
    for message in await outbox.claim_due(office.clock.now + timedelta(days=1), 99, [OutboxChannel.EMAIL]):
        await outbox.mark_sent(message.id, office.clock.now)


async def test_a_job_of_another_instance_touches_nothing(newsroom, office):
    code = (await newsroom.draft())["publication_code"]
    job = office.job
    office.job = lambda *args: replace(job(*args), process_instance_key=78)
    with pytest.raises(NeedsOperator) as caught:
        await newsroom.draft(publication_code=code)
    three_parts(caught.value, "TI-002")
    with pytest.raises(NeedsOperator) as caught:
        await newsroom.draft(publication_code="TT-261102-0099")
    three_parts(caught.value, "TI-001")


@pytest.mark.parametrize(
    ("change", "message"), [("correct", "Msg_PublicationCorrected"), ("recall", "Msg_PublicationRecalled")]
)
async def test_what_staff_asks_for_reaches_the_process(newsroom, office, change, message):
    code = await newsroom.published()
    asked = {"publication_change": change, "change_reason": "Lý do ví dụ"}
    await office.run("publication.request_change", publication_code=f" {code.lower()}", **asked)
    (sent,) = await office.mails()
    assert (sent["event"], sent["recipient"], json.loads(sent["variables"])) == (
        message,
        code,
        {"change_reason": "Lý do ví dụ"},
    )


async def test_a_request_nobody_would_hear_is_said(newsroom, office):
    asked = {"publication_change": "recall", "change_reason": "Lý do ví dụ"}
    with pytest.raises(BusinessError) as caught:
        await office.run("publication.request_change", publication_code="TT-261102-0042", **asked)
    assert "TT-261102-0042" in business(caught.value, "Err_PublicationNotOpen")


async def test_the_timeline_tells_who_held_it(newsroom, office):
    code = (await newsroom.draft())["publication_code"]
    held = {"publication_code": code, "unit": "H29.01", "editor": EDITOR, "approver": APPROVER}
    element = ("directive_publication", "Task_ReviseDraft")
    opened = await office.run("timeline.open", element=element, instance=900, **held)
    assert opened["due"] == "2026-11-02T14:30:00+07:00"
    (step,) = await office.read.open_steps(code)
    assert (step.person, step.unit, step.role) == (EDITOR, "H29.01", "editor")
    await office.run("timeline.close", element=element, instance=900, draft_decision="submit", publication_code=code)
    assert await office.read.open_steps(code) == []
    assert (await office.read.timeline(code))[-1].outcome == "submit"
    assert await office.read.verify_timeline(code) == []
