"""What applicants send: a row in the registry and a message to the engine, both or neither."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.unit.office import HOME, MONDAY
from workers import intake
from workers.errors import UserError
from workers.records import FINISHED, DossierState

EXAMPLES = HOME / "examples" / "dossiers"
PERMIT = EXAMPLES / "construction-permit"


@pytest.fixture
def folder(tmp_path):
    """A dossier folder to spoil."""
    return shutil.copytree(PERMIT, tmp_path / "dossier")


def change(folder, old, new):
    path = folder / "dossier.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


async def messages(office):
    return [mail for mail in await office.mails() if mail["channel"] == "engine"]


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir()))
async def test_every_example_is_taken_in_and_can_be_registered(office, example):
    office.clock.now = MONDAY
    submission_id = await intake.submit(office.services, EXAMPLES / example)
    submission = await office.read.submission(submission_id)
    assert submission.documents
    assert all(office.looker.store.exists(document.sha256) for document in submission.documents)
    (message,) = await messages(office)
    assert (message["event"], message["recipient"]) == ("Msg_DossierSubmitted", submission_id)
    assert json.loads(message["variables"]) == {"submission_id": submission_id}
    result = await office.run("dossier.register", submission_id=submission_id)
    assert await intake.wait_for_code(office.services, submission_id, patience=5) == result["dossier_code"]


async def test_what_the_folder_says_is_kept_and_no_person_is_in_the_message(office):
    submission = await office.read.submission(await intake.submit(office.services, PERMIT))
    assert (submission.applicant.name, submission.applicant.tax_code) == ("Công ty TNHH Kho Ví Dụ", "0309999997")
    assert (submission.applicant.consent_email, submission.applicant.consent_sms) == (True, False)
    assert (submission.case, submission.channel, submission.submitted_at) == ("non_linear", "online", MONDAY)
    assert [document.name for document in submission.documents] == [
        "don-de-nghi.pdf",
        "quyen-su-dung-dat.pdf",
        "phe-duyet-du-an.pdf",
        "ban-ve.pdf",
    ]
    (message,) = await messages(office)
    assert "Ví Dụ" not in str(message)


async def test_a_unit_needs_no_name_of_its_own(office):
    submission = await office.read.submission(await intake.submit(office.services, EXAMPLES / "city-plan"))
    unit = submission.applicant.unit
    assert submission.applicant.name == office.rules.unit_name(unit, MONDAY.date())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "procedure: '1.009974'",
            "procedure: '9.999999'",
            "dòng 3: “procedure”: đang ghi “9.999999”, cần mã một thủ tục",
        ),
        (
            "kind: administrative_procedure",
            "kind: work_dossier",
            "dòng 2: “kind”: đang ghi “work_dossier”, cần administrative_",
        ),
        (
            "origin_unit: H29.07",
            "origin_unit: H29.31",
            "“origin_unit”: đang ghi “H29.31”, cần mã một đơn vị hoạt động ngày 02/11/2026.",
        ),
        (
            "composition: land_right",
            "composition: moon_right",
            "“documents.2.composition”: đang ghi “moon_right”, cần một giấy tờ trong",
        ),
        ("file: ban-ve.pdf", "file: ban-ve-2.pdf", "ban-ve-2.pdf”, cần một tệp có thật"),
        ("file: ban-ve.pdf", "file: ../ban-ve.pdf", "không kèm đường dẫn"),
        ("title:", "titel:", "titel"),
        ("kind:", "kind: [", "dòng"),
    ],
)
async def test_a_mistake_in_the_folder_is_said_and_nothing_is_kept(office, folder, old, new, told):
    change(folder, old, new)
    with pytest.raises(UserError, match="dossier") as failure:
        await intake.submit(office.services, folder)
    assert told in failure.value.message
    assert set((await office.footprint()).values()) == {0}


async def test_a_filing_unit_that_nobody_knows_is_said_with_its_line(office, tmp_path):
    folder = shutil.copytree(EXAMPLES / "city-plan", tmp_path / "dossier")
    unit = re.search(r"  unit: (\S+)", (folder / "dossier.yaml").read_text(encoding="utf-8")).group(1)
    change(folder, f"  unit: {unit}", "  unit: H29.31")
    with pytest.raises(UserError, match=r"dossier\.yaml, dòng \d+: “applicant\.unit”: đang ghi “H29\.31”, cần mã"):
        await intake.submit(office.services, folder)
    assert set((await office.footprint()).values()) == {0}


async def test_all_mistakes_against_the_rules_are_said_at_once(office, folder):
    change(folder, "origin_unit: H29.07", "origin_unit: H29.31")
    change(folder, "composition: land_right", "composition: moon_right")
    with pytest.raises(UserError) as failure:
        await intake.submit(office.services, folder)
    assert "H29.31" in failure.value.message
    assert "moon_right" in failure.value.message
    assert "application, design_drawings, land_right" in failure.value.message


@pytest.mark.parametrize("missing", ["folder", "file"])
async def test_a_folder_that_is_none_is_said(office, tmp_path, missing):
    where = tmp_path / "nothing"
    if missing == "file":
        where.mkdir()
    with pytest.raises(UserError, match="nothing"):
        await intake.submit(office.services, where)


async def waiting(office):
    code = await office.registered()
    missing = [{"name": "Bản vẽ", "reason": "Chưa nộp."}]
    await office.run("supplement.request", dossier_code=code, missing=missing)
    return code


async def test_a_supplement_goes_to_the_request_that_waits(office):
    code = await waiting(office)
    await intake.supplement(office.services, code.lower(), PERMIT)
    (message,) = await messages(office)
    assert (message["event"], message["recipient"]) == ("Msg_SupplementReceived", f"{code}:bs1")
    submission = await office.read.submission(json.loads(message["variables"])["supplement_submission_id"])
    assert len(submission.documents) == 4
    assert submission.dossier_code is None
    await office.run("supplement.receive", dossier_code=code, supplement_submission_id=submission.id)
    assert len(await office.read.documents(code)) == 8


@pytest.mark.parametrize("state", sorted(set(DossierState) - {DossierState.SUPPLEMENT_REQUESTED}))
async def test_a_dossier_that_waits_for_nothing_takes_no_supplement(office, state):
    code = await office.registered()
    await office.change(code, state=state)
    before = await office.footprint()
    with pytest.raises(UserError, match="không chờ bổ sung"):
        await intake.supplement(office.services, code, PERMIT)
    assert await office.footprint() == before


async def test_a_withdrawal_goes_to_the_dossier(office):
    code = await office.accepted()
    await intake.withdraw(office.services, code, "Nộp nhầm")
    (message,) = await messages(office)
    assert (message["event"], message["recipient"]) == ("Msg_DossierWithdrawn", code)
    assert json.loads(message["variables"]) == {"withdrawal_reason": "Nộp nhầm"}


@pytest.mark.parametrize("state", sorted(FINISHED))
async def test_what_is_finished_cannot_be_withdrawn(office, state):
    code = await office.registered()
    await office.change(code, state=state)
    with pytest.raises(UserError, match="không rút được"):
        await intake.withdraw(office.services, code, "x")
    assert await messages(office) == []


@pytest.mark.parametrize("state", list(DossierState))
async def test_only_a_returned_result_can_be_rated(office, state):
    code = await office.registered()
    await office.change(code, state=state)
    if state is DossierState.RETURNED:
        await intake.rate(office.services, code, 4)
        (message,) = await messages(office)
        assert (message["event"], json.loads(message["variables"])) == ("Msg_ResultRated", {"rating": 4})
        return
    with pytest.raises(UserError, match="chưa đánh giá được"):
        await intake.rate(office.services, code, 4)


@pytest.mark.parametrize("code", ["H29.07-261102-0099", "không phải mã"])
async def test_a_code_nobody_knows_is_the_users_to_correct(office, code):
    for action in (
        intake.withdraw(office.services, code, "x"),
        intake.rate(office.services, code, 3),
        intake.supplement(office.services, code, PERMIT),
    ):
        with pytest.raises(UserError, match=code):
            await action


async def test_a_changed_calendar_is_applied_to_what_it_moves_only(office):
    from tests.unit.dossier.test_deadline_changes import closed_on  # noqa: PLC0415

    moved = await office.accepted()
    by_hand = await office.accepted()
    await office.run("deadline.recompute", dossier_code=by_hand, new_due_at="2026-11-24T17:00:00+07:00")
    paused = await waiting(office)
    finished = await office.accepted()
    await office.change(finished, state=DossierState.RETURNED)
    assert await intake.apply_calendar(office.services, "Thông báo 1") == []
    due = (await office.dossier(moved)).due_at
    office.with_rules(calendar=closed_on(office.rules.calendar, due.date()))
    changes = await intake.apply_calendar(office.services, "Thông báo 1", dry_run=True)
    assert [code for code, _, _ in changes] == [moved]
    assert changes[0][1] == due < changes[0][2]
    assert await messages(office) == []
    await intake.apply_calendar(office.services, "Thông báo 1")
    (message,) = await messages(office)
    assert (message["event"], message["recipient"]) == ("Msg_CalendarChanged", moved)
    assert paused != moved


async def test_without_workers_the_wait_ends_with_advice(office):
    submission_id = await intake.submit(office.services, PERMIT)
    with pytest.raises(UserError, match="dieuphoi status") as failure:
        await intake.wait_for_code(office.services, submission_id, patience=0.15)
    assert submission_id in failure.value.message
