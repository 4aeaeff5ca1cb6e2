"""Take in one file: check it before it is kept, and say at once what is wrong with it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from workers.records import FiledDocument
from workers.regulation.composition import PaperForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.datastructures import FormData

    from workers.portal.visit import Visit

BLOCK = 1 << 20
ERROR = "error"


async def take_upload(visit: Visit, form: FormData, compositions: Sequence[str]) -> FiledDocument | list[str]:
    """Keep the file of a form, or say in the visitor's words why it was not kept.

    A finding that is only a warning does not stand in the way: it is shown to the desk with the document.
    """
    try:
        return await _take(visit, form, compositions)
    finally:
        await form.close()


async def _take(visit: Visit, form: FormData, compositions: Sequence[str]) -> FiledDocument | list[str]:
    upload, composition = form.get("file"), str(form.get("composition", ""))
    if composition not in compositions:
        return [visit.say("documents.unknown")]
    if not isinstance(upload, UploadFile) or not upload.filename:
        return [visit.say("documents.no_file")]
    name = unicodedata.normalize("NFC", upload.filename)
    files = visit.services.files
    with _temporary(visit.portal.incoming) as path:
        await _copy(upload, path)
        inspection = await files.inspector.inspect(path, name, files.policy)
        wrong = [found.message for found in inspection.findings if found.severity == ERROR]
        if wrong:
            return wrong
        stored = await asyncio.to_thread(files.store.put_file, path)
    original = str(form.get("original", PaperForm.COPY))
    return FiledDocument(
        composition=composition,
        name=name,
        sha256=stored.sha256,
        size=stored.size,
        original=original if original in set(PaperForm) else PaperForm.COPY,
    )


async def _copy(upload: UploadFile, path: Path) -> None:
    with path.open("wb") as target:
        while block := await upload.read(BLOCK):
            await asyncio.to_thread(target.write, block)


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
