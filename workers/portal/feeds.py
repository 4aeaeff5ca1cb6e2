"""Write feeds of news, RSS 2.0 and Atom (RFC 4287), and answer who has them already with 304."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RSS, ATOM = "application/rss+xml", "application/atom+xml"
AUTHORITY = "tag:hochiminhcity.gov.vn,2026:thong-tin"
"""What ids begin with (RFC 4151), so that another address of the portal leaves them as they are."""

_ATOM = "http://www.w3.org/2005/Atom"
_NEVER = datetime.fromtimestamp(0, UTC)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Channel:
    """Hold what is said of a feed: `page` shows the same to people, `address` is its own."""

    title: str
    about: str
    publisher: str
    page: str
    address: str


@dataclass(frozen=True)
class Entry:
    """Hold one piece of news."""

    code: str
    link: str
    title: str
    summary: str
    topics: Sequence[str]
    published_at: datetime
    changed_at: datetime


def rss(channel: Channel, entries: Sequence[Entry]) -> bytes:
    """Write RSS 2.0."""
    root = ET.Element("rss", {"version": "2.0", "xmlns:atom": _ATOM})
    body = ET.SubElement(root, "channel")
    _add(body, "title", channel.title)
    _add(body, "link", channel.page)
    _add(body, "description", channel.about)
    _add(body, "language", "vi")
    _add(body, "lastBuildDate", format_datetime(_newest(entries)))
    _add(body, "atom:link", href=channel.address, rel="self", type=RSS)
    for entry in entries:
        item = ET.SubElement(body, "item")
        _add(item, "title", entry.title)
        _add(item, "link", entry.link)
        _add(item, "guid", _id(entry), isPermaLink="false")
        _add(item, "pubDate", format_datetime(entry.published_at))
        _add(item, "description", entry.summary)
        for topic in entry.topics:
            _add(item, "category", topic)
    return _written(root)


def atom(channel: Channel, entries: Sequence[Entry]) -> bytes:
    """Write Atom."""
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "vi"})
    _add(root, "id", channel.address)
    _add(root, "title", channel.title)
    _add(root, "subtitle", channel.about)
    _add(root, "updated", _newest(entries).isoformat(timespec="seconds"))
    _add(ET.SubElement(root, "author"), "name", channel.publisher)
    _add(root, "link", href=channel.address, rel="self", type=ATOM)
    _add(root, "link", href=channel.page, rel="alternate", type="text/html")
    for entry in entries:
        item = ET.SubElement(root, "entry")
        _add(item, "id", _id(entry))
        _add(item, "title", entry.title)
        _add(item, "link", href=entry.link, rel="alternate", type="text/html")
        _add(item, "published", entry.published_at.isoformat(timespec="seconds"))
        _add(item, "updated", entry.changed_at.isoformat(timespec="seconds"))
        _add(item, "summary", entry.summary)
        for topic in entry.topics:
            _add(item, "category", term=topic)
    return _written(root)


def answer(asked: Mapping[str, str], text: bytes, form: str, changed_at: datetime | None) -> Response:
    """Send a feed, or 304 to who has it: the same ETag, or without one the same Last-Modified (RFC 9110, 13.2.2)."""
    etag = f'"{sha256(text).hexdigest()[:32]}"'
    moment = format_datetime((changed_at or _NEVER).astimezone(UTC), usegmt=True)
    # `no-cache`: kept, but asked for again each time, since what was recalled must not be read on.
    headers = {"ETag": etag, "Last-Modified": moment, "Cache-Control": "no-cache"}
    known = asked.get("if-none-match")
    same = _is_among(etag, known) if known is not None else asked.get("if-modified-since") == moment
    return Response(None, 304, headers) if same else Response(text, headers=headers, media_type=form)


def _is_among(etag: str, known: str) -> bool:
    return known.strip() == "*" or etag in {one.strip().removeprefix("W/") for one in known.split(",")}


def _newest(entries: Sequence[Entry]) -> datetime:
    return max((entry.changed_at for entry in entries), default=_NEVER)


def _id(entry: Entry) -> str:
    return f"{AUTHORITY}/{entry.code}"


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> None:
    element = ET.SubElement(parent, name, {key: _NO_XML.sub("", value) for key, value in attributes.items()})
    element.text = None if text is None else _NO_XML.sub("", text)


def _written(root: ET.Element) -> bytes:
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
