"""Serve one request: the visitor's language and session, the texts, the pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from workers.portal.guard import CSRF, new_token, require_token
from workers.portal.metrics import WRONG_SECRET, note
from workers.portal.wording import LANGUAGES
from workers.regulation.organization import UnitLevel
from workers.rulebook import local

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from workers.portal.city_map import CityMap
    from workers.portal.guard import Attempts
    from workers.portal.wording import Wording
    from workers.regulation.organization import Unit
    from workers.workplace import Services

HERE = Path(__file__).parent
SEE_OTHER = 303
FOLLOWED = "followed"
"""The codes whose secret the visitor has shown, in their session."""


@dataclass(frozen=True)
class Portal:
    """Hold what every page uses. `incoming`: where uploads lie until they are checked; `key` signs sessions, links."""

    services: Services
    wording: Wording
    pages: Environment
    incoming: Path
    attempts: Attempts
    city_map: CityMap
    key: str = field(repr=False)


def load_pages() -> Environment:
    """Read the templates; a value that a page lacks is an error, not an empty place."""
    pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    pages.filters["zip"] = zip
    return pages


class Visit:
    """Hold one request together with what the visitor may see."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.portal: Portal = request.app.state.portal
        # A page about an error of the middleware itself has no session.
        self.session: dict[str, Any] = request.scope.get("session", {})
        chosen = request.query_params.get("lang") or self.session.get("lang")
        self.language = chosen if chosen in LANGUAGES else LANGUAGES[0]
        if request.query_params.get("lang") == self.language:
            self.session["lang"] = self.language

    @property
    def services(self) -> Services:
        """Give the services of the portal."""
        return self.portal.services

    @property
    def now(self) -> datetime:
        """Give the present moment in Vietnam's time."""
        return local(self.services.now())

    def wrong_secret(self, *keys: str) -> None:
        """Count a wrong code or password against those who tried it, and in the metrics."""
        self.portal.attempts.failed(*keys)
        note(self.request.scope, WRONG_SECRET)

    @property
    def communes(self) -> list[Unit]:
        """List the communes of today by name."""
        units = self.services.rules.organization.units_at(self.now.date(), UnitLevel.COMMUNE)
        return sorted(units, key=lambda unit: unit.name)

    @property
    def address(self) -> str:
        """Give the address the request came from."""
        return self.request.client.host if self.request.client else ""

    def say(self, key: str, **values: object) -> str:
        """Give a text in the visitor's language."""
        return self.portal.wording.say(self.language, key, **values)

    async def form(self) -> FormData:
        """Read the form that was sent. Raises HTTPException 403 when it was not made for this visit."""
        form = await self.request.form(max_files=1, max_fields=60)
        try:
            require_token(self.session.get(CSRF), form.get(CSRF))
        except HTTPException:
            await form.close()
            raise
        return form

    def page(self, name: str, *, status: int = 200, **values: Any) -> Response:
        """Show a page."""
        token = self.session.setdefault(CSRF, new_token())
        common = {
            "t": self.say,
            "lang": self.language,
            "csrf": token,
            "other_language": self._in_other_language(),
            "here": self.request.url.path,
            "moment": _moment,
            "day": _day,
            "size": _size,
        }
        text = self.portal.pages.get_template(f"{name}.html").render(**common, **values)
        return HTMLResponse(text, status_code=status)

    def go(self, path: str) -> Response:
        """Send the browser on to another page of the portal."""
        return RedirectResponse(path, status_code=SEE_OTHER)

    def _in_other_language(self) -> str:
        query: Mapping[str, str] = {**self.request.query_params, "lang": "en" if self.language == "vi" else "vi"}
        path = self.request.url.path if self.request.method == "GET" else "/"
        return f"{path}?{urlencode(query)}"


def _moment(moment: datetime) -> str:
    return f"{local(moment):%d/%m/%Y %H:%M}"


def _day(moment: datetime) -> str:
    return f"{local(moment):%d/%m/%Y}"


def _size(count: int) -> str:
    kilobytes = max(1, round(count / 1024))
    return f"{kilobytes} KB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB".replace(".", ",")  # noqa: PLR2004
