"""Follow a dossier by code and secret, and do what its applicant may do: supplement, withdraw, rate, take papers."""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from workers import intake
from workers.errors import UserError
from workers.portal import feedback_pages, looking
from workers.portal.public_view import PAPERS_FOR_APPLICANTS, public_view
from workers.portal.uploads import take_upload
from workers.portal.visit import FOLLOWED, Visit
from workers.records import FiledDocument, WhoLooked
from workers.regulation.codes import clean_tracking_secret, parse_dossier_code

if TYPE_CHECKING:
    from starlette.requests import Request

    from workers.records import Submission

FIND = "/tra-cuu"
SUPPLEMENTS = "supplements"
MOST_FOLLOWED = 10
BEST_RATING = 5
LONGEST_REASON = 500


async def ask(request: Request) -> Response:
    """Ask for code and secret."""
    visit = Visit(request)
    return visit.page("find", code=request.query_params.get("ma", ""), wrong=None)


async def open_dossier(request: Request) -> Response:
    """Compare code and secret; a wrong code and a wrong secret get the same answer."""
    visit = Visit(request)
    given = await visit.form()
    typed = str(given.get("code", "")).strip()
    visit.portal.attempts.check(visit.address, typed.upper())
    secret = clean_tracking_secret(str(given.get("secret", ""))) or ""
    for code, known, page in await _followable(visit, typed):
        if hmac.compare_digest(known.encode(), secret.encode()):
            await looking.write_down(visit, WhoLooked.SECRET, "", code, "followed")
            _remember(visit, code)
            return visit.go(page)
    visit.wrong_secret(visit.address, typed.upper())
    return visit.page("find", status=422, code=typed, wrong="wrong.secret")


async def show(request: Request) -> Response:
    """Show a dossier to who knows its secret; others are asked for it."""
    visit = Visit(request)
    code = request.path_params["code"]
    if code not in visit.session.get(FOLLOWED, []):
        return visit.page("find", code=code, wrong=None)
    return await _dossier_page(visit, code)


async def add_supplement(request: Request) -> Response:
    """Keep one file of a supplement."""
    visit, code, given = await _own(request)
    view = await _view(visit, code)
    found = await take_upload(visit, given, [one.code for one in view.missing])
    if not isinstance(found, FiledDocument):
        problems = {str(given.get("composition", "")): found}
        return await _dossier_page(visit, code, problems=problems, status=422)
    begun = await _supplement(visit, code)
    number = begun.id if begun else await intake.open_supplement(visit.services, code)
    async with visit.services.registry.write() as writer:
        await writer.add_to_submission(number, found)
    visit.session[SUPPLEMENTS] = {**visit.session.get(SUPPLEMENTS, {}), code: number}
    return visit.go(f"/ho-so/{code}#bo-sung")


async def drop_supplement(request: Request) -> Response:
    """Take one file of a supplement out again."""
    visit, code, given = await _own(request)
    begun = await _supplement(visit, code)
    if begun:
        async with visit.services.registry.write() as writer:
            await writer.drop_from_submission(begun.id, str(given.get("sha256", "")), str(given.get("composition", "")))
    return visit.go(f"/ho-so/{code}#bo-sung")


async def send_supplement(request: Request) -> Response:
    """Send the supplement."""
    visit, code, _ = await _own(request)
    begun = await _supplement(visit, code)
    if begun is None or not begun.documents:
        return await _dossier_page(visit, code, wrong="wrong.nothing_added", status=422)
    await intake.send_supplement(visit.services, code, begun.id)
    return _done(visit, code, "done.supplemented")


async def withdraw(request: Request) -> Response:
    """Ask for the dossier's withdrawal; a reason and a tick are asked for, since it cannot be undone."""
    visit, code, given = await _own(request)
    reason = " ".join(str(given.get("reason", "")).split())[:LONGEST_REASON]
    if not reason or given.get("sure") != "yes":
        return await _dossier_page(visit, code, wrong="wrong.withdrawal", status=422)
    await intake.withdraw(visit.services, code, reason)
    return _done(visit, code, "done.withdrawn")


async def rate(request: Request) -> Response:
    """Pass the applicant's own rating on."""
    visit, code, given = await _own(request)
    rating = str(given.get("rating", ""))
    if rating not in {str(number) for number in range(1, BEST_RATING + 1)}:
        return await _dossier_page(visit, code, wrong="wrong.rating", status=422)
    await intake.rate(visit.services, code, int(rating))
    return _done(visit, code, "done.rated")


async def paper(request: Request) -> Response:
    """Give a paper that was written to the applicant."""
    visit = Visit(request)
    code, sha256 = request.path_params["code"], request.path_params["sha256"]
    if code not in visit.session.get(FOLLOWED, []):
        raise HTTPException(404)
    for one in await visit.services.registry.latest.papers(code):
        if one.sha256 == sha256 and one.kind in PAPERS_FOR_APPLICANTS:
            await looking.write_down(visit, WhoLooked.SECRET, "", code, f"paper:{one.kind}")
            content = await asyncio.to_thread(visit.services.files.store.get, sha256)
            name = f"attachment; filename*=utf-8''{quote(one.name, safe='')}"
            return Response(content, media_type="application/pdf", headers={"Content-Disposition": name})
    raise HTTPException(404)


async def _own(request: Request) -> tuple[Visit, str, Any]:
    """Read a form about a dossier. Raises HTTPException 403 unless the visitor has shown its secret."""
    visit = Visit(request)
    given = await visit.form()
    code = request.path_params["code"]
    if code not in visit.session.get(FOLLOWED, []):
        raise HTTPException(403)
    return visit, code, given


async def _view(visit: Visit, code: str) -> Any:
    async with visit.services.registry.read() as reader:
        overview = await reader.dossier_overview(code)
    if overview is None:
        raise HTTPException(404)
    return public_view(overview, visit.services.rules, visit.portal.wording, visit.language, visit.now)


async def _dossier_page(
    visit: Visit,
    code: str,
    *,
    problems: dict[str, list[str]] | None = None,
    wrong: str | None = None,
    status: int = 200,
) -> Response:
    policy = visit.services.files.policy
    begun = await _supplement(visit, code)
    return visit.page(
        "dossier",
        status=status,
        view=await _view(visit, code),
        added=begun.documents if begun else [],
        problems=problems or {},
        wrong=wrong,
        done=visit.session.pop("done", None),
        most_mb=round(policy.limits.file_mb),
        types=", ".join(policy.allowed_types).upper(),
    )


async def _supplement(visit: Visit, code: str) -> Submission | None:
    number = visit.session.get(SUPPLEMENTS, {}).get(code)
    if number is None or await visit.services.registry.latest.is_sent(number):
        return None
    return await visit.services.registry.latest.submission(number)


async def _followable(visit: Visit, typed: str) -> list[tuple[str, str, str]]:
    """Find code, secret and page of what bears a code: a dossier or feedback."""
    feedback = await feedback_pages.known_feedback(visit, typed)
    if feedback:
        return [(feedback.code, feedback.secret, f"{feedback_pages.OWN}/{feedback.code}")]
    try:
        code = str(parse_dossier_code(typed))
    except UserError:
        return []
    dossier = await visit.services.registry.latest.dossier(code)
    return [(code, dossier.tracking_secret, f"/ho-so/{code}")] if dossier else []


def _remember(visit: Visit, code: str) -> None:
    others = [one for one in visit.session.get(FOLLOWED, []) if one != code]
    visit.session[FOLLOWED] = [code, *others][:MOST_FOLLOWED]


def _done(visit: Visit, code: str, key: str) -> Response:
    visit.session["done"] = key
    return visit.go(f"/ho-so/{code}")


ROUTES = [
    Route(FIND, ask),
    Route(FIND, open_dossier, methods=["POST"]),
    Route("/ho-so/{code}", show),
    Route("/ho-so/{code}/bo-sung", add_supplement, methods=["POST"]),
    Route("/ho-so/{code}/bo-sung/bo-ra", drop_supplement, methods=["POST"]),
    Route("/ho-so/{code}/bo-sung/gui", send_supplement, methods=["POST"]),
    Route("/ho-so/{code}/rut", withdraw, methods=["POST"]),
    Route("/ho-so/{code}/danh-gia", rate, methods=["POST"]),
    Route("/ho-so/{code}/giay-to/{sha256}", paper),
]
