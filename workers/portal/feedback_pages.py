"""Follow one's own feedback by code and secret, rate its answer; see what was released for everybody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from workers import feedback_intake
from workers.errors import UserError
from workers.portal.city_map import CITY_MIDDLE, SIDE, SPANS, Place, Window
from workers.portal.details import tidy
from workers.portal.feedback_view import public_entry, reporter_view
from workers.portal.reporting import DRAFT
from workers.portal.visit import FOLLOWED, Visit
from workers.records import FeedbackState
from workers.registry.feedback_figures import public_photo, shown_feedback
from workers.regulation.codes import parse_feedback_code
from workers.regulation.organization import UnitLevel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from workers.records import FeedbackRecord

OWN, PUBLIC, PHOTO = "/phan-anh/theo-doi", "/phan-anh/cong-khai", "/phan-anh/anh"
PAGE, BEST = 20, 5
LONGEST_COMMENT = 500
SHOWN_STATES = (
    FeedbackState.FORWARDED,
    FeedbackState.IN_PROGRESS,
    FeedbackState.ANSWERED,
    FeedbackState.REOPENED,
    FeedbackState.CLOSED,
)


async def show(request: Request) -> Response:
    """Show feedback to who knows its secret; others are asked for it."""
    visit = Visit(request)
    code = request.path_params["code"]
    if code not in visit.session.get(FOLLOWED, []):
        return visit.page("find", code=code, wrong=None)
    return await _own_page(visit, code)


async def rate(request: Request) -> Response:
    """Keep the citizen's own rating."""
    visit = Visit(request)
    given = await visit.form()
    code = request.path_params["code"]
    if code not in visit.session.get(FOLLOWED, []):
        raise HTTPException(403)
    stars, comment = str(given.get("rating", "")), tidy(given.get("comment", ""))
    if stars not in {str(number) for number in range(1, BEST + 1)}:
        return await _own_page(visit, code, wrong="wrong.rating", status=422)
    await feedback_intake.rate(visit.services, code, int(stars), comment[:LONGEST_COMMENT])
    visit.session["done"] = "done.rated"
    return visit.go(f"{OWN}/{code}")


async def public_list(request: Request) -> Response:
    """List what was released, newest first, and draw it on the map."""
    visit = Visit(request)
    query, rules, today = request.query_params, visit.services.rules, visit.now.date()
    units = [unit for level in (UnitLevel.OFFICE, UnitLevel.DEPARTMENT, UnitLevel.COMMUNE)
             for unit in rules.organization.units_at(today, level)]  # fmt: skip
    chosen = {name: query.get(name, "") for name in ("linh-vuc", "don-vi", "phuong", "trang-thai")}
    state = chosen["trang-thai"]
    async with visit.services.registry.read() as reader:
        last = await reader.feedback(query["sau"]) if "sau" in query else None
        found = await shown_feedback(
            reader,
            field=chosen["linh-vuc"],
            units=_with_predecessors(visit, chosen["don-vi"]),
            commune=chosen["phuong"],
            state=FeedbackState(state) if state in SHOWN_STATES else None,
            after=(last.received_at, last.code) if last else None,
            limit=PAGE + 1,
        )
        entries = [await public_entry(reader, one, rules, visit.portal.wording, visit.language) for one in found[:PAGE]]
    window = _around([entry.place for entry in entries if entry.place])
    return visit.page(
        "feedback_public",
        entries=entries,
        more=entries[-1].code if len(found) > PAGE else None,
        chosen=chosen,
        fields=[one for one in rules.feedback.fields if not one.restricted],
        units=units,
        communes=visit.communes,
        states=SHOWN_STATES,
        state_words=visit.portal.wording.feedback_states,
        side=SIDE,
        window=window,
        dots=visit.portal.city_map.dots(window, {unit.code: unit.short_name or unit.name for unit in units}),
        pins=[(entry, *window.pixel(entry.place)) for entry in entries if entry.place],
        rest=urlencode({name: value for name, value in chosen.items() if value}),
    )


async def photo(request: Request) -> Response:
    """Give a photo to who sent it, who follows its feedback, or, once released, to everybody."""
    visit = Visit(request)
    sha256 = request.path_params["sha256"]
    if not await _may_see(visit, sha256):
        raise HTTPException(404)
    content = await asyncio.to_thread(visit.services.files.store.get, sha256)
    return Response(content, media_type="image/jpeg")


async def known_feedback(visit: Visit, typed: str) -> FeedbackRecord | None:
    """Find feedback by a code as people type it."""
    try:
        code = parse_feedback_code(typed)
    except UserError:
        return None
    return await visit.services.registry.latest.feedback(code)


async def _own_page(visit: Visit, code: str, wrong: str | None = None, status: int = 200) -> Response:
    async with visit.services.registry.read() as reader:
        feedback = await reader.feedback(code)
        if feedback is None:
            raise HTTPException(404)
        view = await reporter_view(
            reader, feedback, visit.services.rules, visit.portal.wording, visit.language, visit.now
        )
    return visit.page("feedback", status=status, view=view, wrong=wrong, done=visit.session.pop("done", None))


async def _may_see(visit: Visit, sha256: str) -> bool:
    reader = visit.services.registry.latest
    number = visit.session.get(DRAFT)
    begun = await reader.draft(number) if number else None
    if begun and sha256 in {one["sha256"] for one in begun["photos"]}:
        return True
    for code in visit.session.get(FOLLOWED, []):
        if sha256 in {one.sha256 for one in await reader.feedback_photos(code)}:
            return True
    return await public_photo(reader, sha256)


def _with_predecessors(visit: Visit, unit: str) -> Sequence[str]:
    """Name a unit and those it follows, whose feedback is now its own."""
    return (unit, *visit.services.rules.organization.predecessors(unit)) if unit else ()


def _around(places: Sequence[Place]) -> Window:
    """Find the nearest window that shows all places."""
    if not places:
        return Window()
    south, north = min(one.latitude for one in places), max(one.latitude for one in places)
    west, east = min(one.longitude for one in places), max(one.longitude for one in places)
    middle = Place((south + north) / 2, (west + east) / 2)
    for zoom in range(len(SPANS) - 2, -1, -1):
        window = Window(middle, zoom)
        if all(window.shows(one) for one in places):
            return window
    return Window(CITY_MIDDLE)


ROUTES = [
    Route(OWN + "/{code}", show),
    Route(OWN + "/{code}/danh-gia", rate, methods=["POST"]),
    Route(PUBLIC, public_list),
    Route(PHOTO + "/{sha256}", photo),
]
