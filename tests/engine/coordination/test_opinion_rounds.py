"""Ask units for opinions on the real engine: answers, reminders, silence, late answers, and accounting for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.city import at

if TYPE_CHECKING:
    from tests.engine.city import City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENVIRONMENTAL_PERMIT = {
    "procedure": "9.000007",
    "case": None,
    "origin_unit": "H29.06",
    "documents": [
        {"composition": "application", "file": "don-de-nghi.pdf", "original": "original"},
        {"composition": "proposal_report", "file": "ban-ve.pdf", "original": "original"},
        {"composition": "investment_report", "file": "phe-duyet-du-an.pdf", "original": "copy"},
    ],
}
INVESTMENT_UNITS = ("H29.06", "H29.07", "H29.14", "H29.05")


async def _asking(city: City, example: str, *units: str, **changes: Any) -> Dossier:
    dossier = await city.submit(example, **changes)
    await dossier.assigned()
    await dossier.asks(*units)
    for unit in units:
        await dossier.held("Task_ReplyOpinion", unit)
    return dossier


def _mails(city: City, dossier: Dossier, unit: str, subject: str) -> int:
    return len(city.mails(dossier, city.rules.mailbox(unit), subject))


async def test_units_are_asked_in_parallel_and_each_answers_for_itself(city: City) -> None:
    dossier = await _asking(city, "investment-policy", *INVESTMENT_UNITS)
    view = await dossier.view()
    assert [holder.partition(":")[0] for holder in sorted(view.holders)] == [
        "Sở Công Thương",
        "Sở Nông nghiệp và Môi trường",
        "Sở Quy hoạch - Kiến trúc",
        "Sở Xây dựng",
    ]
    assert {step.due_at for step in view.overview.open_steps} == {at(15, 17)}
    letter = await city.mail_of(dossier, "Xin ý kiến", city.rules.mailbox("H29.07"))
    assert len(letter.attachments) == 1

    await dossier.replies("H29.07", "agree")
    await city.pass_until(at(2, 9))
    await dossier.replies("H29.06", "agree_with_comments", "Bổ sung phương án thoát nước (ví dụ).")
    await dossier.replies("H29.14", "disagree", "Chưa phù hợp quy hoạch (ví dụ).")
    await dossier.replies("H29.05", "not_competent", "")
    step = await dossier.held("Task_ConfirmDispositions", "H29.04")
    assert step.person == "officer.h29-04"
    shown = {row["unit_name"]: row for row in (await city.task_variables(step))["opinions"]}
    assert shown["Sở Nông nghiệp và Môi trường"]["answer_label"] == "Đồng ý, có góp ý"
    assert shown["Sở Nông nghiệp và Môi trường"]["content"] == "Bổ sung phương án thoát nước (ví dụ)."
    assert {row["silent"] for row in shown.values()} == {False}
    rows = {row.unit: row for row in (await dossier.view()).rows if row.step == "Trả lời ý kiến"}
    answered = rows["Sở Xây dựng"]
    assert (answered.used, answered.late, answered.outcome) == (0, False, "agree")
    assert rows["Sở Công Thương"].used == 2 * 480


async def test_an_opinion_not_accounted_for_comes_back_with_its_unit_named(city: City) -> None:
    dossier = await _asking(city, "construction-permit", "H29.14", "H29.06")
    await dossier.replies("H29.14")
    await dossier.replies("H29.06", "disagree", "Chưa đủ căn cứ (ví dụ).")
    await dossier.disposes("explained", explanation="")
    again = await dossier.held("Task_ConfirmDispositions")
    assert (await city.task_variables(again))["undisposed_message"] == (
        "Chưa tiếp thu hoặc giải trình: Sở Quy hoạch - Kiến trúc, Sở Nông nghiệp và Môi trường"
    )
    assert "opinion_table" not in [kind for kind, _, _ in await dossier.papers()]

    await dossier.disposes("partly_accepted", explanation="Tiếp thu một phần, giải trình phần còn lại (ví dụ).")
    await dossier.held("Task_AppraiseDossier")
    assert "opinion_table" in [kind for kind, _, _ in await dossier.papers()]
    assert (await dossier.opinion_of("H29.06")).disposition == "partly_accepted"


async def test_a_unit_is_reminded_halfway_and_again_never_after_its_answer(city: City) -> None:
    dossier = await _asking(city, "construction-permit", "H29.14", "H29.06")
    halfway = (await dossier.held("Task_ReplyOpinion", "H29.14")).due_at
    assert halfway == at(7, 17)
    await city.pass_until(at(3, 9))
    await dossier.shows("Đôn đốc bậc 1: Trả lời ý kiến", times=2)
    await dossier.replies("H29.14")
    await city.pass_until(at(7, 16, 59))
    await dossier.replies("H29.06")
    await dossier.held("Task_ConfirmDispositions")
    await city.until(city.nothing_on_its_way, "thư đã gửi")
    assert _mails(city, dossier, "H29.14", "Nhắc trả lời ý kiến") == 1
    assert _mails(city, dossier, "H29.06", "Nhắc trả lời ý kiến") == 1
    assert not (await dossier.opinion_of("H29.06")).late


async def test_silence_counts_as_agreement_where_the_rule_says_so_and_stays_silence(city: City) -> None:
    dossier = await _asking(city, "construction-permit", "H29.07", **ENVIRONMENTAL_PERMIT)
    assert (await dossier.held("Task_ReplyOpinion")).due_at == at(7, 17)
    await city.pass_until(at(7, 17))
    step = await dossier.held("Task_ConfirmDispositions", "H29.06")
    opinion = await dossier.opinion_of("H29.07")
    assert (opinion.silent, opinion.answer, opinion.silence_outcome) == (True, None, "agree")
    assert opinion.silence_clause == "TT 02/2022/TT-BTNMT Điều 16"
    (row,) = (await city.task_variables(step))["opinions"]
    assert (row["silent"], row["answer"]) == (True, None)
    await city.mail_of(dossier, "Hết hạn trả lời ý kiến", city.rules.mailbox("H29.07"))
    replied = await dossier.row("Trả lời ý kiến")
    assert (replied.until, replied.outcome, replied.open) == (at(7, 17), "không trả lời", False)
    view = await dossier.view()
    assert [one.element_id for one in view.overview.open_steps] == ["Task_ConfirmDispositions"]


async def test_silence_counts_as_disagreement_where_the_rule_says_so_and_is_accounted_for(city: City) -> None:
    dossier = await _asking(city, "city-plan", "H29.03", "H29.04")
    await dossier.replies("H29.03")
    due = (await dossier.held("Task_ReplyOpinion", "H29.04")).due_at
    assert due is not None
    await city.pass_until(due)
    step = await dossier.held("Task_ConfirmDispositions")
    opinion = await dossier.opinion_of("H29.04")
    assert (opinion.silent, opinion.answer, opinion.silence_outcome) == (True, None, "disagree")
    assert opinion.silence_clause == "Quy chế phối hợp (ví dụ, chờ văn bản)"
    silent = next(row for row in (await city.task_variables(step))["opinions"] if row["silent"])
    assert silent["answer_label"] == "Không trả lời, được coi là không đồng ý theo quy định"
    replies = {row.unit: row.outcome for row in (await dossier.view()).rows if row.step == "Trả lời ý kiến"}
    assert replies == {"Sở Tư pháp": "agree", "Sở Tài chính": "không trả lời"}
    told = await city.mail_of(dossier, "Hết hạn trả lời ý kiến", city.rules.mailbox("H29.04"))
    assert "được coi là không đồng ý theo quy định" in told.body
    assert "Task_DecideOnSilence" not in [one.element_id for one in (await dossier.view()).overview.open_steps]
    await dossier.disposes("explained", explanation="Giải trình trong tờ trình (ví dụ).")
    await dossier.held("Task_AppraiseDossier")


async def test_silence_without_a_rule_is_decided_by_the_office_which_extends_or_goes_on(city: City) -> None:
    dossier = await _asking(city, "construction-permit", "H29.14", "H29.06")
    await city.pass_until(at(7, 17))
    for unit in ("H29.14", "H29.06"):
        assert (await dossier.held("Task_DecideOnSilence", "H29.01", about=unit)).due_at == at(8, 17)
    assert (await dossier.opinion_of("H29.14")).silence_outcome == "never_assume"
    await city.pass_until(at(8, 9))
    await dossier.does("Task_DecideOnSilence", about="H29.14", silence_decision="extend")
    await dossier.does(
        "Task_DecideOnSilence", about="H29.06", silence_decision="proceed", silence_note="Đã đôn đốc (ví dụ)."
    )
    again = await dossier.held("Task_ReplyOpinion", "H29.14")
    assert again.due_at == at(15, 17)
    await city.pass_until(at(9, 10))
    await dossier.replies("H29.14", "agree")
    await dossier.held("Task_ConfirmDispositions")
    late = await dossier.opinion_of("H29.14")
    assert (late.answer, late.late) == ("agree", False)
    silent = await dossier.opinion_of("H29.06")
    assert (silent.answer, silent.silent) == (None, True)
    assert (await dossier.row("Quyết định về im lặng", 0)).outcome in {"extend", "proceed"}


async def test_a_unit_silent_again_is_asked_about_again_with_nothing_preselected(city: City) -> None:
    dossier = await _asking(city, "construction-permit", "H29.14")
    await city.pass_until(at(7, 17))
    await dossier.does("Task_DecideOnSilence", silence_decision="extend")
    again = await dossier.held("Task_ReplyOpinion")
    assert again.due_at == at(14, 17)
    await city.pass_until(at(14, 17))
    second = await dossier.held("Task_DecideOnSilence")
    assert (await city.task_variables(second))["silence_decision"] is None
    await dossier.does("Task_DecideOnSilence", silence_decision="proceed")
    await dossier.held("Task_ConfirmDispositions")
    await city.until(city.nothing_on_its_way, "thư đã gửi")
    assert _mails(city, dossier, "H29.14", "Hết hạn trả lời ý kiến") == 2


async def test_an_answer_after_the_deadline_is_kept_as_late_and_the_silence_stays(city: City) -> None:
    dossier = await _asking(city, "construction-permit", "H29.14", "H29.06")
    await dossier.replies("H29.06")
    await city.pass_until(at(7, 17))
    await dossier.does("Task_DecideOnSilence", silence_decision="proceed")
    await dossier.held("Task_ConfirmDispositions")
    await city.pass_until(at(9, 8))
    await city.start(
        "dossier_change",
        dossier_code=dossier.code,
        change_kind="late_opinion",
        reason="Văn bản đến sau hạn (ví dụ)",
        request_unit="H29.14",
        late_answer="disagree",
        late_content="Không thống nhất (ví dụ).",
    )
    await dossier.shows("Nhận ý kiến muộn")
    opinion = await dossier.opinion_of("H29.14")
    assert (opinion.silent, opinion.late, opinion.answer, opinion.answered_at) == (True, True, "disagree", at(9, 8))
    await dossier.disposes("explained", explanation="Đến sau hạn, giải trình (ví dụ).")
    await dossier.held("Task_AppraiseDossier")
