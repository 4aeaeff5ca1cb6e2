"""Show staff the files of a dossier that is their business: a list, then each file behind a link of ten minutes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from workers.errors import UserError
from workers.portal import looking
from workers.portal.staff import SIGN_IN, WANTED, signed_in
from workers.portal.visit import Visit
from workers.records import WhoLooked
from workers.regulation.codes import parse_dossier_code
from workers.rulebook import Oversight

if TYPE_CHECKING:
    from starlette.requests import Request

    from workers.records import FiledDocument, PaperRecord
    from workers.registry.overview import DossierOverview
    from workers.rulebook import Account

FILES, FILE = "/can-bo/ho-so/{code}", "/can-bo/tep/{token}"
LINK_SECONDS = 600
_STARTS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_IMAGE_POLICY = "sandbox; default-src 'none'"
# A browser shows no PDF in a sandbox; its own viewer runs apart from this site and gets nothing to load.
_PDF_POLICY = "default-src 'none'; object-src 'self'; frame-ancestors 'none'"


def signer(key: str) -> URLSafeSerializer:
    """Make what signs the links to files."""
    return URLSafeSerializer(key, salt="staff-papers")


async def files(request: Request) -> Response:
    """List the filed documents and the papers of a dossier."""
    visit = Visit(request)
    code = _code(request.path_params["code"])
    account = signed_in(visit)
    if account is None:
        visit.session[WANTED] = f"/can-bo/ho-so/{code}"
        return visit.go(SIGN_IN)
    overview = await _overview(visit, code)
    if not is_their_business(account, overview):
        raise HTTPException(403)
    await looking.write_down(visit, WhoLooked.STAFF, account.user, code, "documents")
    until = visit.now.timestamp() + LINK_SECONDS
    links = {
        one.sha256: f"/can-bo/tep/{signer(visit.portal.key).dumps([code, one.sha256, account.user, until])}"
        for one in _files(overview)
    }
    procedure = visit.services.rules.procedure_of(overview.dossier)
    return visit.page(
        "staff_papers",
        dossier=overview.dossier,
        documents=[(visit.services.rules.paper_name(procedure, one.composition), one) for one in overview.documents],
        papers=overview.papers,
        links=links,
        minutes=LINK_SECONDS // 60,
        account=account,
    )


async def file(request: Request) -> Response:
    """Give one file to the account the link was made for: pictures and PDF to look at, everything else to keep."""
    visit = Visit(request)
    account = signed_in(visit)
    try:
        code, sha256, user, until = signer(visit.portal.key).loads(request.path_params["token"])
    except BadSignature:
        raise HTTPException(404) from None
    if account is None:
        visit.session[WANTED] = f"/can-bo/ho-so/{code}"
        return visit.go(SIGN_IN)
    if account.user != user:
        raise HTTPException(403)
    if visit.now.timestamp() > until:
        return visit.go(f"/can-bo/ho-so/{code}")
    overview = await _overview(visit, code)
    named = next((one for one in _files(overview) if one.sha256 == sha256), None)
    if named is None or not is_their_business(account, overview):
        raise HTTPException(404)
    await looking.write_down(visit, WhoLooked.STAFF, account.user, code, f"file:{sha256[:12]}")
    return _shown(await asyncio.to_thread(visit.services.files.store.get, sha256), named.name)


def is_their_business(account: Account, overview: DossierOverview) -> bool:
    """Say whether a dossier lies, or lay, with an account's unit; who oversees everything may look at every one."""
    dossier = overview.dossier
    units = {dossier.origin_unit, dossier.lead_unit}
    units |= {one.unit for one in overview.open_steps}
    units |= {one.unit for one in overview.timeline if one.unit}
    units |= {one.unit for one in overview.opinions}
    return account.oversight is Oversight.EVERYTHING or account.unit in units


def _files(overview: DossierOverview) -> list[FiledDocument | PaperRecord]:
    return [*overview.documents, *overview.papers]


def _shown(content: bytes, name: str) -> Response:
    # What a file is, is read from its bytes: what its sender called it opens nothing.
    kind = next((kind for start, kind in _STARTS.items() if content.startswith(start)), None)
    way = "inline" if kind else "attachment"
    headers = {
        "Content-Disposition": f"{way}; filename*=utf-8''{quote(name, safe='')}",
        "Content-Security-Policy": _PDF_POLICY if kind == "application/pdf" else _IMAGE_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=kind or "application/octet-stream", headers=headers)


async def _overview(visit: Visit, code: str) -> DossierOverview:
    async with visit.services.registry.read() as reader:
        overview = await reader.dossier_overview(code)
    if overview is None:
        raise HTTPException(404)
    return overview


def _code(text: str) -> str:
    try:
        return str(parse_dossier_code(text))
    except UserError:
        raise HTTPException(404) from None


ROUTES = [Route(FILES, files), Route(FILE, file)]
