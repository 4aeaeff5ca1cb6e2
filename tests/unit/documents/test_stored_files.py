"""What is found in a stored file, in its dates and in the registry is one list."""

from __future__ import annotations

from datetime import date

import pytest

from workers.documents.inspection import Inspector
from workers.documents.store import DocumentStore
from workers.records import FiledDocument
from workers.workplace import StoredFiles


@pytest.mark.parametrize(("filed_in", "repeated"), [(None, []), ("H29.04-261102-0001", ["already_filed"])])
async def test_findings_of_file_dates_and_registry_stand_together(examples, policy, tmp_path, filed_in, repeated):
    store = DocumentStore(tmp_path / "store")
    stored = store.put_file(examples / "files" / "bad" / "empty.pdf")
    document = FiledDocument(
        composition="application",
        name="empty.pdf",
        sha256=stored.sha256,
        size=stored.size,
        expires_on=date(2026, 11, 1),
    )
    inspector = Inspector(processes=1)
    files = StoredFiles(store, inspector, policy, tmp_path)
    try:
        inspected = await files.inspect(document, date(2026, 11, 2), filed_in)
    finally:
        await inspector.close()

    assert [found["code"] for found in inspected.findings] == ["empty_file", "document_expired", *repeated]
    assert all(filed_in in found["message"] for found in inspected.findings if found["code"] in repeated)
