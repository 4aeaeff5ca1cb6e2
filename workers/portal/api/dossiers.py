"""Say how far dossiers are, and give their papers; what names people is given to whom needs it, and written down."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from workers.portal.api import models
from workers.portal.api.access import Caller, WithKey, WithKeyOrSecret
from workers.portal.api.paging import Cursor, Limit, cursor_to, last_seen
from workers.portal.api.problems import Problem, responses
from workers.portal.public_view import PAPERS_FOR_APPLICANTS, public_view
from workers.portal.wording import LANGUAGES
from workers.records import ApiScope, DossierRecord

router = APIRouter(tags=["Theo dõi hồ sơ"])

Code = Annotated[str, Path(max_length=40, description="Mã hồ sơ.", examples=["H29.04-261123-0001"])]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 của tệp.")]
FILE_OUT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Các byte của tệp.", "content": {"application/octet-stream": {}}}
}


@router.get("/dossiers", summary="Hồ sơ của khóa", responses=responses(401, 403, 422))
async def list_dossiers(caller: WithKey, limit: Limit = 50, cursor: Cursor = None) -> models.DossierPage:
    """Liệt kê hồ sơ khóa này đã nộp (quyền `dossiers:all`: mọi hồ sơ), mới nhất trước. Quyền: `dossiers:read`."""
    caller.needs(ApiScope.FOLLOW)
    after = await _after(caller, cursor)
    mine = None if caller.may(ApiScope.ALL) else caller.key_id
    found = await caller.exchange.dossiers_of(mine, limit + 1, after)
    shown = [models.DossierLine(**_line(one)) for one in found[:limit]]
    return models.DossierPage(items=shown, next=cursor_to(found[limit - 1].code) if len(found) > limit else None)


@router.get("/dossiers/{code}", summary="Trạng thái một hồ sơ", responses=responses(401, 403, 404, 422))
async def status(caller: WithKeyOrSecret, code: Code) -> models.DossierOut:
    """Cho biết hồ sơ đang ở đâu, hạn nào, cần bổ sung gì. Cần mã tra cứu, hoặc quyền `dossiers:read`."""
    dossier = await caller.dossier(code, ApiScope.FOLLOW)
    async with caller.services.registry.read() as reader:
        overview = await reader.dossier_overview(dossier.code)
    if overview is None:
        raise Problem(404, "Không có hồ sơ này.")
    view = public_view(overview, caller.services.rules, caller.visit.portal.wording, LANGUAGES[0], caller.now)
    return models.DossierOut(
        **_line(overview.dossier),
        state_text=view.state_text,
        original_due_at=view.original_due_at,
        provisional=view.provisional,
        late=view.late,
        holders=list(view.holders),
        happenings=[models.Happening.model_validate(one, from_attributes=True) for one in view.happenings],
        missing=[models.MissingOut(composition=one.code, name=one.name, reason=one.reason) for one in view.missing],
        result_number=view.result_number,
        may_supplement=view.may_supplement,
        may_withdraw=view.may_withdraw,
    )


@router.get("/dossiers/{code}/applicant", summary="Người nộp", responses=responses(401, 403, 404, 422, 503))
async def applicant(caller: WithKey, code: Code) -> models.ApplicantOut:
    """Cho biết người nộp. Dữ liệu cá nhân: mỗi lần xem được ghi lại. Quyền: `applicants:read`."""
    dossier = await caller.dossier(code, ApiScope.APPLICANTS, with_secret=False)
    found = await caller.services.registry.latest.applicant(dossier.code)
    await caller.looked_at(dossier.code, "applicant")
    return models.ApplicantOut(**found.model_dump())


@router.get("/dossiers/{code}/papers", summary="Giấy gửi người nộp", responses=responses(401, 403, 404, 422))
async def papers(caller: WithKeyOrSecret, code: Code) -> list[models.PaperOut]:
    """Liệt kê giấy đã lập cho người nộp. Cần mã tra cứu, hoặc quyền `documents:read`."""
    dossier = await caller.dossier(code, ApiScope.DOCUMENTS)
    found = await caller.services.registry.latest.papers(dossier.code)
    return [models.PaperOut(**one.model_dump()) for one in found if one.kind in PAPERS_FOR_APPLICANTS]


@router.get("/dossiers/{code}/papers/{sha256}", summary="Tải một giấy", response_class=Response,
            responses={**FILE_OUT, **responses(401, 403, 404, 422, 503)})  # fmt: skip
async def paper(caller: WithKeyOrSecret, code: Code, sha256: Digest) -> Response:
    """Tải một giấy đã lập cho người nộp. Mỗi lần tải được ghi lại."""
    dossier = await caller.dossier(code, ApiScope.DOCUMENTS)
    for one in await caller.services.registry.latest.papers(dossier.code):
        if one.sha256 == sha256 and one.kind in PAPERS_FOR_APPLICANTS:
            await caller.looked_at(dossier.code, f"paper:{one.kind}")
            return await _file(caller, sha256, one.name)
    raise Problem(404, "Hồ sơ không có giấy này.")


@router.get("/dossiers/{code}/documents", summary="Giấy tờ đã nộp", responses=responses(401, 403, 404, 422, 503))
async def documents(caller: WithKey, code: Code) -> list[models.DocumentOut]:
    """Liệt kê giấy tờ người nộp đã nộp. Quyền: `documents:read`; mỗi lần xem được ghi lại."""
    dossier = await caller.dossier(code, ApiScope.DOCUMENTS, with_secret=False)
    found = await caller.services.registry.latest.documents(dossier.code)
    await caller.looked_at(dossier.code, "documents")
    names = set(models.DocumentOut.model_fields)
    return [models.DocumentOut(**one.model_dump(include=names)) for one in found]


@router.get("/dossiers/{code}/documents/{sha256}", summary="Tải một giấy tờ đã nộp", response_class=Response,
            responses={**FILE_OUT, **responses(401, 403, 404, 422, 503)})  # fmt: skip
async def document(caller: WithKey, code: Code, sha256: Digest) -> Response:
    """Tải một giấy tờ đã nộp. Quyền: `documents:read`; mỗi lần tải được ghi lại."""
    dossier = await caller.dossier(code, ApiScope.DOCUMENTS, with_secret=False)
    for one in await caller.services.registry.latest.documents(dossier.code):
        if one.sha256 == sha256:
            await caller.looked_at(dossier.code, f"document:{one.composition}")
            return await _file(caller, sha256, one.name)
    raise Problem(404, "Hồ sơ không có giấy tờ này.")


async def _file(caller: Caller, sha256: str, name: str) -> Response:
    content = await asyncio.to_thread(caller.services.files.store.get, sha256)
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}"}
    return Response(content, media_type="application/octet-stream", headers=headers)


async def _after(caller: Caller, cursor: str | None) -> DossierRecord | None:
    if cursor is None:
        return None
    last = await caller.services.registry.latest.dossier(last_seen(cursor))
    if last is None:
        raise Problem(422, "Không rõ cần trang nào.", errors={"query.cursor": "cần `next` của trang trước."})
    return last


def _line(dossier: DossierRecord) -> dict[str, object]:
    return {
        "code": dossier.code,
        "procedure": dossier.procedure_code,
        "state": dossier.state,
        "lead_unit": dossier.lead_unit,
        "received_at": dossier.received_at,
        "due_at": dossier.due_at,
    }
