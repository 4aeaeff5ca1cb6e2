"""Send feedback (phản ánh, kiến nghị) in four pages: what, where, photos, who; at the end a code and a secret.

What was written stays: each page is kept in the registry, each photo as soon as it arrived, stripped of what the camera
wrote into it. It becomes feedback with the last page only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from workers import feedback_intake
from workers.errors import UserError
from workers.feedback_intake import FeedbackDraft
from workers.portal.city_map import CITY_MIDDLE, SIDE, SPANS, Place, Window
from workers.portal.details import is_email, tidy
from workers.portal.guard import WITH_LOCATION
from workers.portal.visit import Visit
from workers.records import FeedbackPhoto
from workers.regulation.identity import normalise_phone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import FormData
    from starlette.requests import Request


START, WHERE, PHOTOS, WHO, SENT = (
    "/phan-anh", "/phan-anh/noi-xay-ra", "/phan-anh/anh", "/phan-anh/nguoi-gui", "/phan-anh/da-gui",
)  # fmt: skip
MAP_PICTURE = "/ban-do.svg"
DRAFT, GIVEN_CODE = "feedback_draft", "feedback_sent"
SHORTEST_TEXT, LONGEST_TEXT, LONGEST_LINE = 10, 4000, 300
CONSENTS = ("consent_email", "consent_sms", "consent_zalo")
DAY_SECONDS = 24 * 3600
FARTHEST_KILOMETRES = 400
NEAR = 3
"""The zoom to which a click brings the map, step by step."""


class Begun(BaseModel):
    """Hold what a visitor has written so far."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str = ""
    field: str = ""
    place: str = ""
    commune: str = ""
    latitude: float | None = None
    longitude: float | None = None
    view: tuple[float, float, int] | None = None
    photos: list[FeedbackPhoto] = []
    who: Literal["", "named", "anonymous"] = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    consents: list[str] = []

    @property
    def marker(self) -> Place | None:
        """Give the place marked on the map."""
        known = self.latitude is not None and self.longitude is not None
        return Place(self.latitude or 0.0, self.longitude or 0.0) if known else None

    @property
    def window(self) -> Window:
        """Give the part of the map that is seen."""
        return Window(Place(*self.view[:2]), self.view[2]) if self.view else Window()

    def draft(self) -> FeedbackDraft:
        """Make the feedback of it. Raises ValueError when something is missing."""
        return FeedbackDraft(
            channel="portal",
            text=self.text,
            field=self.field or None,
            place=self.place,
            latitude=self.latitude,
            longitude=self.longitude,
            commune=self.commune or None,
            anonymous=self.who == "anonymous",
            name=self.name or None,
            phone=normalise_phone(self.phone) if self.phone else None,
            email=self.email or None,
            **{one: one in self.consents for one in CONSENTS},
        )


async def describe(request: Request) -> Response:
    """Show whom to call in an emergency, and ask what happened."""
    visit = Visit(request)
    return _what(visit, await _begun(visit) or Begun())


async def save_description(request: Request) -> Response:
    """Keep what happened."""
    visit = Visit(request)
    given = await visit.form()
    text, field = tidy(given.get("text", ""), lines=True), str(given.get("field", ""))
    begun = (await _begun(visit) or Begun()).model_copy(update={"text": text, "field": field})
    wrong = {}
    if not SHORTEST_TEXT <= len(text) <= LONGEST_TEXT:
        wrong["text"] = "wrong.feedback_text"
    if field and visit.services.rules.feedback.field(field) is None:
        wrong["field"] = "wrong.choose"
    if wrong:
        return _what(visit, begun, wrong, status=422)
    await _keep(visit, begun)
    return visit.go(WHERE)


async def locate(request: Request) -> Response:
    """Ask where, by address, commune and map."""
    visit = Visit(request)
    return _where(visit, await _needed(visit))


async def save_place(request: Request) -> Response:
    """Keep where, and move the map or the marker when that was asked for."""
    visit = Visit(request)
    given = await visit.form()
    begun = await _needed(visit)
    changes: dict[str, Any] = {"place": tidy(given.get("place", "")), "commune": str(given.get("commune", ""))}
    begun = begun.model_copy(update=changes | _marked(begun, given))
    wrong = {}
    if len(begun.place) > LONGEST_LINE:
        wrong["place"] = "wrong.too_long"
    if begun.commune and begun.commune not in {unit.code for unit in visit.communes}:
        wrong["commune"] = "wrong.choose"
    going_on = "go" in given
    if going_on and not wrong and not (begun.place or begun.commune or begun.marker):
        wrong["place"] = "wrong.place"
    if wrong:
        return _where(visit, begun, wrong, status=422)
    await _keep(visit, begun)
    return visit.go(PHOTOS if going_on else f"{WHERE}#ban-do")


async def photos(request: Request) -> Response:
    """Show the photos that are there, and ask for more."""
    visit = Visit(request)
    return _photos(visit, await _needed(visit))


async def add_photo(request: Request) -> Response:
    """Keep one photo."""
    visit = Visit(request)
    given = await visit.form()
    begun = await _needed(visit)
    upload = given.get("file")
    try:
        if not isinstance(upload, UploadFile) or not upload.filename:
            return _photos(visit, begun, visit.say("documents.no_file"), status=422)
        if len(begun.photos) >= visit.services.rules.feedback.photos.count:
            return _photos(visit, begun, visit.say("feedback.enough_photos"), status=422)
        photo = await feedback_intake.keep_photo(visit.services, upload.filename, await upload.read())
    except UserError as error:
        return _photos(visit, begun, error.message, status=422)
    finally:
        await given.close()
    others = [one for one in begun.photos if one.sha256 != photo.sha256]
    await _keep(visit, begun.model_copy(update={"photos": [*others, photo]}))
    return visit.go(PHOTOS)


async def drop_photo(request: Request) -> Response:
    """Take one photo out again."""
    visit = Visit(request)
    given = await visit.form()
    begun = await _needed(visit)
    left = [one for one in begun.photos if one.sha256 != given.get("sha256")]
    await _keep(visit, begun.model_copy(update={"photos": left}))
    return visit.go(PHOTOS)


async def introduce(request: Request) -> Response:
    """Ask who sends it, or whether nobody shall know, and show everything once more."""
    visit = Visit(request)
    return _who(visit, await _needed(visit))


async def send(request: Request) -> Response:
    """Send the feedback. A second press sends nothing more."""
    visit = Visit(request)
    given = await visit.form()
    if DRAFT not in visit.session and GIVEN_CODE in visit.session:
        return visit.go(SENT)
    begun = await _needed(visit)
    said = {name: tidy(given.get(name, ""))[:LONGEST_LINE] for name in ("name", "phone", "email")}
    who = str(given.get("who", ""))
    consents = [one for one in CONSENTS if given.get(one) == "yes"]
    known = who if who in {"named", "anonymous"} else ""
    begun = begun.model_copy(update={**said, "who": known, "consents": consents})
    wrong = _wrong_about_who(begun)
    if wrong:
        return _who(visit, begun, wrong, status=422)
    visit.session[GIVEN_CODE] = await _report_once(visit, begun)
    del visit.session[DRAFT]
    return visit.go(SENT)


async def sent(request: Request) -> Response:
    """Show code and secret."""
    visit = Visit(request)
    code = visit.session.get(GIVEN_CODE)
    feedback = await visit.services.registry.latest.feedback(code) if code else None
    return visit.page("feedback_sent", feedback=feedback) if feedback else visit.go(START)


async def map_picture(request: Request) -> Response:
    """Draw the map of a window, with or without a marker."""
    visit = Visit(request)
    window, marker = _asked_window(request.query_params)
    names = {unit.code: unit.short_name or unit.name for unit in visit.communes}
    text = visit.portal.pages.get_template("map.svg").render(
        side=SIDE, window=window, dots=visit.portal.city_map.dots(window, names), marker=marker
    )
    return Response(text, media_type="image/svg+xml", headers={"cache-control": f"max-age={DAY_SECONDS}"})


def _marked(begun: Begun, given: FormData) -> dict[str, Any]:
    """Say what a click on the map, or one of its buttons, changes."""
    window = begun.window
    click = (str(given.get("map.x", "")), str(given.get("map.y", "")))
    place = None
    if all(one.isdigit() and int(one) <= SIDE for one in click):
        place = window.place(int(click[0]), int(click[1]))
        window = Window(place, max(window.zoom, min(window.zoom + 1, NEAR)))
    elif given.get("mark") == "middle":
        place = window.middle
    elif given.get("mark") == "clear":
        return {"latitude": None, "longitude": None}
    elif "locate" in given:
        place = _read_place(str(given.get("lat", "")), str(given.get("lon", "")))
        window = Window(place, NEAR) if place else window
    window = window.moved(str(given.get("move", "")))
    view = (window.middle.latitude, window.middle.longitude, window.zoom)
    return {"view": view} | ({"latitude": place.latitude, "longitude": place.longitude} if place else {})


def _read_place(latitude: str, longitude: str) -> Place | None:
    try:
        place = Place(round(float(latitude), 5), round(float(longitude), 5))
    except ValueError:
        return None
    return place if Window().shows(place) or Window().moved("island").shows(place) else None


def _asked_window(query: Mapping[str, str]) -> tuple[Window, Place | None]:
    """Read the window and the marker of a picture's address. Raises HTTPException 404 for what is none."""
    try:
        window = Window(_asked_place(query["vd"], query["kd"]), range(len(SPANS)).index(int(query["z"])))
        marker = _asked_place(query["mvd"], query["mkd"]) if "mvd" in query else None
    except (KeyError, ValueError):
        raise HTTPException(404) from None
    return window, marker


def _asked_place(latitude: str, longitude: str) -> Place:
    """Read a place of an address. Raises ValueError for what is none near the city."""
    place = Place(float(latitude), float(longitude))
    if not place.kilometres_to(CITY_MIDDLE) <= FARTHEST_KILOMETRES:
        raise ValueError(place)
    return place


def _wrong_about_who(begun: Begun) -> dict[str, str]:
    if not begun.who:
        return {"who": "wrong.who"}
    if begun.who == "anonymous":
        return {}
    wrong = {} if begun.name else {"name": "wrong.required"}
    if begun.phone and normalise_phone(begun.phone) is None:
        wrong["phone"] = "wrong.phone"
    if begun.email and not is_email(begun.email):
        wrong["email"] = "wrong.email"
    if not begun.phone and not begun.email:
        wrong["phone"] = "wrong.reachable_feedback"
    if "consent_email" in begun.consents and not begun.email:
        wrong["email"] = "wrong.email_for_consent"
    if {"consent_sms", "consent_zalo"} & set(begun.consents) and not begun.phone:
        wrong["phone"] = "wrong.phone_for_consent"
    return wrong


def _what(visit: Visit, begun: Begun, wrong: Mapping[str, str] | None = None, status: int = 200) -> Response:
    policy = visit.services.rules.feedback
    groups = [(policy.group_name(group.code), [one for one in policy.fields if one.group == group.code])
              for group in policy.groups]  # fmt: skip
    return visit.page(
        "feedback_what",
        status=status,
        begun=begun,
        wrong=wrong or {},
        groups=groups,
        emergencies=policy.emergencies,
        most=LONGEST_TEXT,
    )


def _where(visit: Visit, begun: Begun, wrong: Mapping[str, str] | None = None, status: int = 200) -> Response:
    policy = visit.services.rules.feedback
    communes = visit.communes
    marker = begun.marker
    near = visit.portal.city_map.nearest(marker, [unit.code for unit in communes]) if marker else None
    response = visit.page(
        "feedback_where",
        status=status,
        begun=begun,
        wrong=wrong or {},
        communes=communes,
        near=next((unit for unit in communes if unit.code == near), None),
        emergencies=policy.emergencies_in(begun.text),
        routed_out=policy.matters_in(begun.text),
        picture=f"{MAP_PICTURE}?{_window_query(begun)}",
        side=SIDE,
        kilometres=begun.window.kilometres(),
    )
    # The only page with a script: a button that asks the browser where it is. Everything works without it.
    response.headers.update(WITH_LOCATION)
    return response


def _photos(visit: Visit, begun: Begun, problem: str | None = None, status: int = 200) -> Response:
    return visit.page(
        "feedback_photos",
        status=status,
        begun=begun,
        problem=problem,
        limits=visit.services.rules.feedback.photos,
    )


def _who(visit: Visit, begun: Begun, wrong: Mapping[str, str] | None = None, status: int = 200) -> Response:
    rules, today = visit.services.rules, visit.now.date()
    field = rules.feedback.field(begun.field)
    return visit.page(
        "feedback_who",
        status=status,
        begun=begun,
        wrong=wrong or {},
        field=field.name if field else None,
        commune=rules.unit_name(begun.commune, today) if begun.commune else None,
        consents=CONSENTS,
    )


def _window_query(begun: Begun) -> str:
    window, marker = begun.window, begun.marker
    query = f"vd={window.middle.latitude}&kd={window.middle.longitude}&z={window.zoom}"
    return query + (f"&mvd={marker.latitude}&mkd={marker.longitude}" if marker else "")


async def _begun(visit: Visit) -> Begun | None:
    number = visit.session.get(DRAFT)
    said = await visit.services.registry.latest.draft(number) if number else None
    return Begun.model_validate(said) if said else None


async def _needed(visit: Visit) -> Begun:
    """Find what the visitor has begun. Raises HTTPException 409 when there is nothing, or it was sent already."""
    begun = await _begun(visit)
    if begun is None:
        raise HTTPException(409)
    return begun


async def _report_once(visit: Visit, begun: Begun) -> str:
    """Make feedback of a draft and give its code. Raises HTTPException 409 when another press did it meanwhile."""
    number = visit.session[DRAFT]
    async with visit.services.registry.write() as writer:
        if not await writer.drop_draft(number):
            raise HTTPException(409)
    try:
        code, _ = await feedback_intake.report(visit.services, begun.draft(), kept_before=begun.photos)
    except Exception:
        await _keep(visit, begun)
        raise
    return code


async def _keep(visit: Visit, begun: Begun) -> None:
    number = visit.session.setdefault(DRAFT, uuid4().hex)
    async with visit.services.registry.write() as writer:
        await writer.keep_draft(number, begun.model_dump(mode="json"))


ROUTES = [
    Route(START, describe),
    Route(START, save_description, methods=["POST"]),
    Route(WHERE, locate),
    Route(WHERE, save_place, methods=["POST"]),
    Route(PHOTOS, photos),
    Route(PHOTOS, add_photo, methods=["POST"]),
    Route(PHOTOS + "/bo-ra", drop_photo, methods=["POST"]),
    Route(WHO, introduce),
    Route(WHO, send, methods=["POST"]),
    Route(SENT, sent),
    Route(MAP_PICTURE, map_picture),
]
