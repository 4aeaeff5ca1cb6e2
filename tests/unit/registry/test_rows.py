from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from asyncpg import IntegrityConstraintViolationError
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from workers import ports
from workers.records import DeadlineChange, DossierState, PaperRecord
from workers.registry.columns import LOCAL, Instant
from workers.registry.reader import Reader
from workers.registry.writer import Writer

CODE = "H29.15-250714-0001"


def test_reader_and_writer_are_what_chapters_ask_for():
    def accept(reader: ports.Reader, writer: ports.Writer) -> None: ...

    def wire(reader: Reader, writer: Writer) -> None:
        accept(reader, writer)

    for port, made in ((ports.Reader, Reader), (ports.Writer, Writer)):
        asked = {name for name in vars(port) if not name.startswith("_")}
        assert asked <= set(dir(made))


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_comes_back_exact_and_local(instant):
    column = Instant()
    stored = column.process_bind_param(instant, None)
    back = column.process_result_value(stored, None)
    assert isinstance(stored, int)
    assert back == instant
    assert back.tzinfo is LOCAL


def test_an_instant_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        Instant().process_bind_param(datetime(2025, 7, 14, 9, 30), None)  # noqa: DTZ001


async def test_a_submission_comes_back_as_it_was_handed_in(registry, samples):
    handed_in = samples.submission(
        case="new",
        documents=[samples.document(expires_on=date(2030, 1, 2)), samples.document(original="certified")],
    )
    async with registry.write() as writer:
        await writer.add_submission(handed_in)
    assert await registry.latest.submission("S1") == handed_in
    assert await registry.latest.submission("S2") is None


async def test_a_dossier_comes_back_and_is_linked_to_its_submission(registry, samples):
    pause = (samples.now, samples.now + timedelta(hours=2))
    dossier = samples.dossier(accepted_at=samples.now + timedelta(hours=1), rating=5, pauses=[pause])
    async with registry.write() as writer:
        await writer.add_dossier(dossier)
        await writer.add_submission(samples.submission())
    assert await registry.latest.dossier(CODE) == dossier
    assert (await registry.latest.submission("S1")).dossier_code == CODE
    assert await registry.latest.applicant(CODE) == samples.applicant()
    assert await registry.latest.dossier("H29.15-250714-0002") is None
    with pytest.raises(KeyError):
        await registry.latest.applicant("H29.15-250714-0002")


async def test_a_dossier_without_submission_is_refused_at_commit(registry, samples):
    with pytest.raises((IntegrityError, IntegrityConstraintViolationError)):
        async with registry.write() as writer:
            await writer.add_dossier(samples.dossier())
    assert await registry.latest.dossier(CODE) is None
    async with registry.write() as writer:
        await samples.file(writer)


async def test_updating_a_dossier_changes_the_named_fields_only(registry, samples):
    async with registry.write() as writer:
        await samples.file(writer)
        before = await writer.dossier(CODE)
        changed = await writer.update_dossier(CODE, state=DossierState.ACCEPTED, accepted_at=samples.now)
    assert changed == before.model_copy(update={"state": DossierState.ACCEPTED, "accepted_at": samples.now})
    assert await registry.latest.dossier(CODE) == changed


async def test_a_dossier_keeps_its_code_and_takes_no_unknown_field(registry, samples):
    async with registry.write() as writer:
        await samples.file(writer)
        for wrong in ({"code": "X"}, {"submission_id": "X"}, {"colour": "red"}):
            with pytest.raises(TypeError):
                await writer.update_dossier(CODE, **wrong)
        with pytest.raises(KeyError):
            await writer.update_dossier("nowhere", rating=1)


async def test_documents_stay_in_order_and_keep_their_inspection(registry, samples):
    more = samples.document(round=1)
    async with registry.write() as writer:
        await samples.file(writer)
        await writer.add_documents(CODE, [more])
        inspected = more.model_copy(
            update={"detected_type": "application/pdf", "pages": 3, "findings": [{"code": "TL-1", "message": "Trống"}]}
        )
        await writer.set_inspection(CODE, inspected)
    documents = await registry.latest.documents(CODE)
    assert [document.round for document in documents] == [0, 0, 1]
    assert documents[2] == inspected
    assert documents[0].findings is None
    async with registry.write() as writer:
        with pytest.raises(KeyError):
            await writer.add_documents("nowhere", [more])


async def test_the_first_other_dossier_with_the_same_file_is_named(registry, samples):
    shared = samples.document()
    async with registry.write() as writer:
        for code in ("A-1", "A-2", "A-3"):
            await samples.file(writer, code)
            await writer.add_documents(code, [shared])
    digests = [shared.sha256, "f" * 64]
    assert await registry.latest.filed_elsewhere(digests, "A-1") == {shared.sha256: "A-2"}
    assert await registry.latest.filed_elsewhere(digests, "A-3") == {shared.sha256: "A-1"}
    assert await registry.latest.filed_elsewhere([], "A-3") == {}


async def test_opinions_papers_and_deadline_changes_come_back_in_order(registry, samples):
    papers = [
        PaperRecord(
            dossier_code=CODE,
            kind=kind,
            form_set="2025",
            form_code="01",
            title="Giấy tiếp nhận",
            number=None,
            sha256="a" * 64,
            name="giấy.pdf",
            made_at=samples.now,
        )
        for kind in ("receipt", "feedback")
    ]
    changes = [
        DeadlineChange(
            dossier_code=CODE,
            revision=revision,
            at=samples.now,
            reason="Gia hạn",
            clause=None,
            before=None,
            after=samples.now + timedelta(days=revision),
            provisional=True,
        )
        for revision in (1, 2)
    ]
    opinions = [samples.opinion("R2"), samples.opinion("R1", unit="so_tu_phap")]
    async with registry.write() as writer:
        await samples.file(writer)
        for paper in papers:
            await writer.add_paper(paper)
        for change in reversed(changes):
            await writer.add_deadline_change(change)
        for opinion in opinions:
            await writer.add_opinion(opinion)
        answered = await writer.update_opinion("R1", answer="agree", answered_at=samples.now)
    latest = registry.latest
    assert await latest.papers(CODE) == papers
    assert await latest.deadline_changes(CODE) == changes
    assert await latest.opinions(CODE) == [opinions[0], answered]
    assert await latest.opinion("R1") == opinions[1].model_copy(update={"answer": "agree", "answered_at": samples.now})
    assert await latest.opinion("R9") is None
    async with registry.write() as writer:
        with pytest.raises(KeyError):
            await writer.update_opinion("R9", answer="agree")
