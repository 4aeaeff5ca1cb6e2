"""Errors and logs carry no personal data."""

from __future__ import annotations

import logging
import traceback

import pytest
from pydantic import ValidationError

from workers.records import Applicant
from workers.registry.database import Registry

SECRETS = ("Ví Dụ", "079000000001", "0900000001", "vidu@example.vn", "example-secret")


def assert_clean(shown):
    assert [secret for secret in SECRETS if secret in shown] == []


async def test_a_database_error_does_not_show_the_row(database, samples, caplog):
    caplog.set_level(logging.DEBUG, logger="sqlalchemy")
    registry = await Registry.connect(database.url)
    async with registry.write() as writer:
        await samples.file(writer)
    for attempt in ("add_submission", "add_dossier"):
        row = samples.submission("S-H29.15-250714-0001") if attempt == "add_submission" else samples.dossier()
        with pytest.raises(Exception, match=r"(?i)unique") as raised:
            async with registry.write() as writer:
                await getattr(writer, attempt)(row)
        assert_clean("".join(traceback.format_exception(raised.value)))
    with pytest.raises(Exception, match=r"(?i)not.null") as raised:
        async with registry.write() as writer:
            await writer.add_submission(samples.submission("S3", applicant=samples.applicant(consent_sms=None)))
    assert_clean("".join(traceback.format_exception(raised.value)))
    await registry.close()
    assert caplog.records
    assert_clean(caplog.text)


def test_a_row_that_does_not_fit_is_not_shown():
    with pytest.raises(ValidationError) as raised:
        Applicant(name="Nguyễn Văn Ví Dụ", phone=["0900000001"])
    assert_clean(str(raised.value))
