"""Let people subscribe to directing information, confirm, change and end it.

What a visitor may do hangs on the token in the path, which only the subscribed address was sent. Every address gets the
same answer, so that nobody learns who has subscribed.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.routing import Route

from workers import news
from workers.portal.details import tidy
from workers.portal.news_pages import city_and_communes, topic_names
from workers.portal.visit import Visit
from workers.records import OutboxChannel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from workers.records import Subscription

START, CODE = "/nhan-tin", "/nhan-tin/xac-nhan"
CHANNELS = (OutboxChannel.EMAIL, OutboxChannel.SMS, OutboxChannel.ZALO)
MOST_AREAS = 20
ASKED = "subscription"
"""The id of the subscription a visitor began, in their session; the token stays out of it."""


async def ask(request: Request) -> Response:
    """Ask for channel, address, topics and areas; nothing is ticked beforehand."""
    return _form(Visit(request), {}, (), ())


async def begin(request: Request) -> Response:
    """Keep a wish and send what confirms it."""
    visit = Visit(request)
    given = await visit.form()
    channel = next((one for one in CHANNELS if one == given.get("channel")), None)
    address = news.clean_address(channel, tidy(given.get("contact", ""))) if channel else None
    topics, areas = _chosen(visit, given)
    wrong = {
        **({} if channel else {"channel": "wrong.choose"}),
        **({} if address or not channel else {"contact": "wrong.contact"}),
        **_wrong_choice(topics, areas),
        **({} if given.get("consent") == "yes" else {"consent": "wrong.consent"}),
    }
    if wrong or channel is None or address is None:
        return _form(visit, given, topics, areas, wrong, status=422)
    visit.portal.attempts.check(_who(visit))
    visit.portal.attempts.failed(_who(visit))
    begun = await news.subscribe(visit.services, news.Wish(channel, address, topics, areas))
    visit.session[ASKED] = begun.id if begun else uuid4().hex
    return visit.go(CODE)


async def ask_code(request: Request) -> Response:
    """Say that a confirmation is on its way, and ask for its code."""
    visit = Visit(request)
    return _code_page(visit) if ASKED in visit.session else visit.go(START)


async def take_code(request: Request) -> Response:
    """Confirm by the code that was sent."""
    visit = Visit(request)
    given = await visit.form()
    number = str(visit.session.get(ASKED, ""))
    visit.portal.attempts.check(_who(visit), number)
    begun = await visit.services.registry.latest.subscription(number)
    typed = "".join(str(given.get("confirm_code", "")).split())
    right = begun is not None and hmac.compare_digest(begun.confirm_code.encode(), typed.encode())
    if begun is None or not right or not news.is_confirmable(visit.services, begun):
        visit.wrong_secret(_who(visit), number)
        return _code_page(visit, "wrong.confirm_code", status=422)
    return await _confirmed(visit, begun)


async def show(request: Request) -> Response:
    """Show a subscription to who has its link: to confirm, or to change and end it."""
    visit = Visit(request)
    found = await _own(visit)
    if found is None:
        return _gone(visit)
    return _manage(visit, found, found.topics, found.areas)


async def confirm(request: Request) -> Response:
    """Confirm by the link; its page alone confirms nothing, since mail scanners open links."""
    visit = Visit(request)
    await visit.form()
    found = await _own(visit)
    if found is None:
        return _gone(visit)
    if found.confirmed_at is not None:
        return visit.go(f"{START}/{found.token}")
    return await _confirmed(visit, found)


async def change(request: Request) -> Response:
    """Keep other topics and areas."""
    visit = Visit(request)
    given = await visit.form()
    found = await _own(visit)
    if found is None or found.confirmed_at is None:
        return _gone(visit)
    topics, areas = _chosen(visit, given)
    if wrong := _wrong_choice(topics, areas):
        return _manage(visit, found, topics, areas, wrong, status=422)
    await news.change(visit.services, found, topics, areas)
    visit.session["done"] = "done.subscription_changed"
    return visit.go(f"{START}/{found.token}")


async def see_end(request: Request) -> Response:
    """Bring who opens the address of `List-Unsubscribe` to the page with the button; opening alone ends nothing."""
    return Visit(request).go(f"{START}/{request.path_params['token']}")


async def end(request: Request) -> Response:
    """End a subscription and forget its address, with one POST and without a visit's token (RFC 8058).

    Mail programs repeat it, so what is gone already gets the same answer.
    """
    visit = Visit(request)
    found = await visit.services.registry.latest.subscription_by_token(request.path_params["token"])
    if found:
        await news.end(visit.services, found)
    return visit.page("subscription_ended")


async def _own(visit: Visit) -> Subscription | None:
    """Find the subscription of the token in the path; None for none, and for one that can no longer be confirmed."""
    visit.portal.attempts.check(_who(visit))
    found = await visit.services.registry.latest.subscription_by_token(visit.request.path_params["token"])
    if found and (found.confirmed_at or news.is_confirmable(visit.services, found)):
        return found
    visit.wrong_secret(_who(visit))
    return None


async def _confirmed(visit: Visit, begun: Subscription) -> Response:
    await news.confirm(visit.services, begun)
    visit.session.pop(ASKED, None)
    visit.session["done"] = "done.subscribed"
    return visit.go(f"{START}/{begun.token}")


def _who(visit: Visit) -> str:
    return f"{START} {visit.address}"


def _chosen(visit: Visit, given: FormData) -> tuple[list[str], list[str]]:
    """Read the topics and areas that were ticked; what nobody offered is left out, the whole city stands for all."""
    rules = visit.services.rules
    topics = [code for code, _ in topic_names(visit, visit.language) if code in given.getlist("topics")]
    areas = [unit.code for unit in city_and_communes(visit) if unit.code in given.getlist("areas")]
    return topics, [rules.city_unit] if rules.city_unit in areas else areas


def _wrong_choice(topics: Sequence[str], areas: Sequence[str]) -> dict[str, str]:
    return {
        **({} if topics else {"topics": "wrong.topics"}),
        **({} if 0 < len(areas) <= MOST_AREAS else {"areas": "wrong.areas"}),
    }


def _form(
    visit: Visit,
    given: Mapping[str, Any],
    topics: Sequence[str],
    areas: Sequence[str],
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    typed = {name: str(given.get(name, "")) for name in ("channel", "contact", "consent")}
    choice = _choice(visit, topics, areas, wrong)
    return visit.page("subscribe", status=status, typed=typed, channels=[one.value for one in CHANNELS], **choice)


def _manage(
    visit: Visit,
    found: Subscription,
    topics: Sequence[str],
    areas: Sequence[str],
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    done, choice = visit.session.pop("done", None), _choice(visit, topics, areas, wrong)
    return visit.page("subscription", status=status, subscription=found, done=done, **choice)


def _choice(
    visit: Visit, topics: Sequence[str], areas: Sequence[str], wrong: Mapping[str, str] | None
) -> dict[str, Any]:
    city, *communes = city_and_communes(visit)
    names = topic_names(visit, visit.language)
    return {
        "all_topics": names,
        "city": city,
        "communes": communes,
        "topics": topics,
        "areas": areas,
        "topic_labels": [name for code, name in names if code in topics],
        "area_labels": [unit.name for unit in communes if unit.code in areas],
        "wrong": wrong or {},
        "most_areas": MOST_AREAS,
    }


def _code_page(visit: Visit, wrong: str | None = None, status: int = 200) -> Response:
    hours = visit.services.rules.communication.confirm_hours
    return visit.page("subscription_code", status=status, wrong=wrong, hours=hours)


def _gone(visit: Visit) -> Response:
    return visit.page("subscription_gone", status=404)


ROUTES = [
    Route(START, ask),
    Route(START, begin, methods=["POST"]),
    Route(CODE, ask_code),
    Route(CODE, take_code, methods=["POST"]),
    Route(START + "/{token}", show),
    Route(START + "/{token}", change, methods=["POST"]),
    Route(START + "/{token}/xac-nhan", confirm, methods=["POST"]),
    Route(START + "/{token}/huy", see_end),
    Route(START + "/{token}/huy", end, methods=["POST"]),
]
