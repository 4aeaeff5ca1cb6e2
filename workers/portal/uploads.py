"""Take in one file: check it before it is kept, and say at once what is wrong with it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from workers.documents.store import StoredDocument
from workers.portal.metrics import REFUSED_UPLOAD, note
from workers.records import FiledDocument
from workers.regulation.composition import PaperForm

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence

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
    stored = await keep_file(visit, name, _blocks(upload))
    if not isinstance(stored, StoredDocument):
        return stored
    original = str(form.get("original", PaperForm.COPY))
    return FiledDocument(
        composition=composition,
        name=name,
        sha256=stored.sha256,
        size=stored.size,
        original=original if original in set(PaperForm) else PaperForm.COPY,
    )


async def keep_file(
    visit: Visit, name: str, blocks: AsyncIterable[bytes], sha256: str | None = None
) -> StoredDocument | list[str]:
    """Check a file as it arrived and store it, or say why not.

    `sha256`: what the sender says it is; ValueError when it is not.
    """
    files = visit.services.files
    with _temporary(visit.portal.incoming) as path:
        await _copy(blocks, path)
        if sha256 is not None and await asyncio.to_thread(_digest, path) != sha256:
            message = "the file is not the one that was announced"
            raise ValueError(message)
        inspection = await files.inspector.inspect(path, name, files.policy)
        wrong = [found.message for found in inspection.findings if found.severity == ERROR]
        if wrong:
            note(visit.request.scope, REFUSED_UPLOAD)
            return wrong
        return await asyncio.to_thread(files.store.put_file, path)


async def _blocks(upload: UploadFile) -> AsyncIterator[bytes]:
    while block := await upload.read(BLOCK):
        yield block


async def _copy(blocks: AsyncIterable[bytes], path: Path) -> None:
    with path.open("wb") as target:
        async for block in blocks:
            await asyncio.to_thread(target.write, block)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
