"""What chapters do alike: who is written to and when, papers in print, files looked into for real."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime

import pytest
from pypdf import PdfReader

from tests.unit.office import HOME, MONDAY, PERSON, ZONE
from workers.casework import moment_label
from workers.documents.inspection import Inspector
from workers.documents.policy import load_policy
from workers.records import Applicant
from workers.workplace import StoredFiles

NIGHT = datetime(2026, 11, 2, 22, 15, tzinfo=ZONE)
MORNING = 1793664000000000
"""Seven in the morning of 3 November 2026, in microseconds since 1970."""


@pytest.mark.parametrize(
    "changes", [{"consent_email": False}, {"email": None}, {"email": None, "consent_email": False}]
)
async def test_without_consent_or_address_nothing_is_sent_and_that_is_noted(office, changes):
    code = await office.accepted(applicant=PERSON.model_copy(update=changes))
    assert await office.mails() == []
    assert "Không gửi thư: người nộp chưa đồng ý nhận thư điện tử; giao tại quầy" in await office.names(code)
    assert len(await office.read.papers(code)) == 1


async def test_a_unit_that_filed_is_written_to_at_its_mailbox_at_any_hour(office):
    office.clock.now = NIGHT
    await office.accepted(applicant=Applicant(name="Sở Tài chính", unit="H29.04"))
    (mail,) = await office.mails()
    assert (mail["recipient"], mail["not_before"]) == ("vanthu.h29-04@example.vn", None)


async def test_a_citizen_is_not_written_to_at_night(office):
    office.clock.now = NIGHT
    await office.accepted()
    (mail,) = await office.mails()
    assert mail["not_before"] == mail["due_at"] == MORNING


async def test_each_message_of_an_element_instance_has_an_id_of_its_own(office):
    code = await office.registered()
    await office.run("dossier.accept", instance=42, dossier_code=code)
    await office.run("opinion.open_round", instance=43, dossier_code=code, lead_unit="H29.07")
    assert [mail["message_id"] for mail in await office.mails()] == [
        "42.dossier_received",
        "43.opinion_requested.H29.14",
        "43.opinion_requested.H29.06",
    ]


def test_moments_are_written_in_local_time():
    assert moment_label(MONDAY) == "02/11/2026 09:00"


async def test_a_printed_receipt_can_be_read_and_is_kept_under_its_digest(printing_office):
    office = printing_office
    code = await office.accepted()
    (paper,) = await office.read.papers(code)
    pdf = office.looker.store.get(paper.sha256)
    text = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    assert code in text
    assert PERSON.name in text
    assert paper.name.endswith(f"{code}.pdf")


async def test_a_second_delivery_prints_the_same_bytes(printing_office):
    office = printing_office
    first = await office.accepted()
    (paper,) = await office.read.papers(first)
    await office.run("dossier.accept", dossier_code=first)
    assert {one.sha256 for one in await office.read.papers(first)} == {paper.sha256}


async def test_filed_files_are_looked_into_for_real(office):
    policy = load_policy(HOME / "config" / "documents.yaml")
    async with Inspector(processes=1) as inspector:
        files = StoredFiles(office.looker.store, inspector, policy, office.looker.intake)
        office.services = replace(office.services, files=files)
        documents = []
        for composition, name in (("application", "good/official.pdf"), ("land_right", "bad/encrypted.pdf")):
            stored = office.looker.store.put_file(HOME / "examples" / "files" / name)
            given = {"sha256": stored.sha256, "size": stored.size, "expires_on": date(2026, 1, 1)}
            documents.append(office.document(composition, name.rpartition("/")[2], **given))
        code = await office.registered(documents=documents)
        result = await office.run("dossier.check", dossier_code=code)
    good, bad = result["documents"]
    assert bad["status_label"] == "Không đạt"
    assert "hết hạn" in good["findings_text"]
    assert (await office.read.documents(code))[0].pages == 2


async def test_a_text_message_goes_to_who_consented_to_text_messages(office):
    code = await office.accepted(applicant=PERSON.model_copy(update={"consent_sms": True, "consent_email": False}))
    (mail,) = [one for one in await office.mails() if one["event"] == "dossier_received"]
    assert (mail["channel"], mail["recipient"]) == ("sms", PERSON.phone)
    assert code in mail["body"]


async def test_a_phone_number_without_consent_gets_no_text_message(office):
    await office.accepted(applicant=PERSON)
    assert {one["channel"] for one in await office.mails()} == {"email"}
