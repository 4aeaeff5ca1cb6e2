"""Show directing information: what was published, by topic and area, and its feeds (RSS 2.0, Atom)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.routing import Route

from workers.portal.feeds import ATOM, RSS, Channel, Entry, answer, atom, rss
from workers.portal.visit import Visit
from workers.portal.wording import LANGUAGES
from workers.records import PublicationState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from workers.records import PublicationRecord, PublicationVersion
    from workers.regulation.organization import Unit

NEWS, RSS_FEED, ATOM_FEED = "/thong-tin", "/thong-tin/rss.xml", "/thong-tin/atom.xml"
TOPIC, AREA, AFTER = "chu-de", "dia-ban", "sau"
PAGE, IN_FEED = 20, 50


@dataclass(frozen=True)
class News:
    """Hold what the public may read of a publication; of a recalled one no more than its title and the reason."""

    publication: PublicationRecord
    wording: PublicationVersion
    topics: Sequence[str]
    areas: Sequence[str]

    @property
    def recalled_at(self) -> datetime | None:
        """Give the moment it was recalled."""
        return self.publication.changed_at if self.publication.state is PublicationState.RECALLED else None

    @property
    def corrected_at(self) -> datetime | None:
        """Give the moment of its last correction; None for a first wording and for what was recalled."""
        return self.wording.published_at if self.wording.number > 1 and self.recalled_at is None else None


async def index(request: Request) -> Response:
    """List what was published, newest first."""
    visit = Visit(request)
    asked, after = _asked(visit), request.query_params.get(AFTER)
    last = await _one(visit, after) if after else None
    found = await _found(visit, asked, PAGE + 1, last.publication if last else None)
    rest = urlencode(asked)
    return visit.page(
        "news",
        entries=found[:PAGE],
        more=urlencode({AFTER: found[PAGE - 1].publication.code, **asked}) if len(found) > PAGE else None,
        chosen={TOPIC: "", AREA: "", **asked},
        topics=topic_names(visit, visit.language),
        areas=city_and_communes(visit),
        city=visit.services.rules.city_unit,
        rest=f"?{rest}" if rest else "",
    )


async def show(request: Request) -> Response:
    """Show one publication."""
    visit = Visit(request)
    return visit.page("news_item", news=await _one(visit, request.path_params["code"]), rest="")


async def feed(request: Request) -> Response:
    """Give the newest as RSS 2.0 or Atom, in Vietnamese as it was published."""
    visit = Visit(request)
    asked = _asked(visit)
    found = await _found(visit, asked, IN_FEED, language=LANGUAGES[0])
    base, query = visit.services.tracking_base_url, f"?{urlencode(asked)}" if asked else ""
    channel = Channel(
        title=visit.portal.wording.say(LANGUAGES[0], "news.title"),
        about=visit.portal.wording.say(LANGUAGES[0], "news.lead"),
        publisher=visit.services.rules.unit_name(visit.services.rules.city_unit, visit.now.date()),
        page=f"{base}{NEWS}{query}",
        address=f"{base}{request.url.path}{query}",
    )
    entries = [_entry(visit, one) for one in found]
    write, form = (rss, RSS) if request.url.path == RSS_FEED else (atom, ATOM)
    changed_at = max((one.changed_at for one in entries), default=None)
    return answer(request.headers, write(channel, entries), form, changed_at)


def topic_names(visit: Visit, language: str) -> list[tuple[str, str]]:
    """List the topics, code and name."""
    topics = visit.services.rules.communication.topics
    return [(one.code, one.name_en if language == "en" else one.name) for one in topics]


def city_and_communes(visit: Visit) -> list[Unit]:
    """List the areas of today by name, the whole city first."""
    rules = visit.services.rules
    return [rules.unit_named(rules.city_unit, visit.now.date()), *visit.communes]


def _asked(visit: Visit) -> dict[str, str]:
    """Read the filters of an address. Raises HTTPException 404 for an unknown topic or area."""
    known = {
        TOPIC: {code for code, _ in topic_names(visit, visit.language)},
        AREA: {unit.code for unit in city_and_communes(visit)},
    }
    asked = {name: value for name in (TOPIC, AREA) if (value := visit.request.query_params.get(name))}
    if any(value not in known[name] for name, value in asked.items()):
        raise HTTPException(404)
    return asked


async def _found(
    visit: Visit,
    asked: dict[str, str],
    limit: int,
    after: PublicationRecord | None = None,
    language: str | None = None,
) -> list[News]:
    area = asked.get(AREA)
    areas = [area, visit.services.rules.city_unit] if area else []
    found = await visit.services.registry.latest.public_news(
        topic=asked.get(TOPIC), areas=areas, after=after, limit=limit
    )
    return [_news(visit, *one, language or visit.language) for one in found]


async def _one(visit: Visit, code: str) -> News:
    """Find a publication. Raises HTTPException 404 for one that was never published."""
    found = await visit.services.registry.latest.public_news(code=code)
    if not found:
        raise HTTPException(404)
    return _news(visit, *found[0], visit.language)


def _news(visit: Visit, publication: PublicationRecord, wording: PublicationVersion, language: str) -> News:
    rules = visit.services.rules
    names = dict(topic_names(visit, language))
    whole = visit.portal.wording.say(language, "news.whole_city")
    day = (publication.published_at or publication.drafted_at).date()
    return News(
        publication,
        wording,
        [names[code] for code in wording.topics if code in names],
        [whole if code == rules.city_unit else rules.unit_name(code, day) for code in wording.areas],
    )


def _entry(visit: Visit, news: News) -> Entry:
    publication, wording = news.publication, news.wording
    say = visit.portal.wording.say
    mark = "news.recalled" if news.recalled_at else "news.corrected" if news.corrected_at else None
    published_at = publication.published_at or publication.drafted_at
    return Entry(
        code=publication.code,
        link=f"{visit.services.tracking_base_url}{NEWS}/{publication.code}",
        title=f"{say(LANGUAGES[0], mark)}: {wording.title}" if mark else wording.title,
        summary=publication.recall_reason or "" if news.recalled_at else wording.summary,
        topics=news.topics,
        published_at=published_at,
        changed_at=publication.changed_at or published_at,
    )


ROUTES = [
    Route(NEWS, index),
    Route(RSS_FEED, feed),
    Route(ATOM_FEED, feed),
    Route(NEWS + "/{code}", show),
]
