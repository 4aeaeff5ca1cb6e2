"""Put the portal together and serve it."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from workers import news
from workers.app import open_services
from workers.engine.layout import Endpoints, Ports
from workers.engine.sign_in import knows_password
from workers.errors import RetryLater, UserError
from workers.portal import (
    applying,
    feedback_figures,
    feedback_pages,
    figures,
    following,
    news_pages,
    open311,
    reporting,
    staff,
    staff_papers,
    subscribing,
    time_use,
)
from workers.portal.api import problems
from workers.portal.api.site import api_app
from workers.portal.city_map import load_city_map
from workers.portal.guard import Attempts, LimitedBody, SafeHeaders
from workers.portal.kept import Kept
from workers.portal.metrics import Measured, PortalMetrics
from workers.portal.visit import HERE, Portal, Visit, load_pages
from workers.portal.wording import load_wording
from workers.registry.exchange import Exchange

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from workers.portal.staff import KnowsPassword
    from workers.settings import Settings
    from workers.workplace import Services

log = structlog.stdlib.get_logger(__name__)

MEGABYTE = 1 << 20
API = "/api/v1"
ROOM_FOR_FIELDS = 64 * 1024
VISIT_SECONDS = 4 * 3600
UNSENT_KEPT, ANSWERS_KEPT, FORGET_SECONDS = timedelta(days=7), timedelta(hours=48), 3600
DAYS_A_MONTH = 31
WRONG_SECRETS, WRONG_SECRETS_WINDOW = 10, 900.0


def portal_app(
    services: Services, folder: Path, key: str, config: Path, knows_password: KnowsPassword, *, https: bool = False
) -> Starlette:
    """Build the portal over open services.

    `folder` takes unchecked uploads, `key` signs the visitors' sessions, `config` has the texts and the map,
    `knows_password` checks staff's passwords.
    """
    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    most = int(services.files.policy.limits.file_mb * MEGABYTE) + ROOM_FOR_FIELDS
    api, metrics = api_app(), PortalMetrics()
    app = Starlette(
        routes=[
            Route("/", _home),
            Route("/healthz", _healthy),
            Mount("/static", StaticFiles(directory=HERE / "static")),
            *applying.ROUTES,
            *following.ROUTES,
            *reporting.ROUTES,
            *feedback_pages.ROUTES,
            *feedback_figures.ROUTES,
            *figures.ROUTES,
            *news_pages.ROUTES,
            *subscribing.ROUTES,
            *open311.ROUTES,
            *staff.ROUTES,
            *staff_papers.ROUTES,
            *time_use.ROUTES,
            Mount(API, api),
        ],
        middleware=[
            Middleware(Measured, metrics=metrics),
            Middleware(SafeHeaders),
            Middleware(LimitedBody, most=most),
            Middleware(
                SessionMiddleware,
                secret_key=key,
                session_cookie="dieuphoi",
                max_age=VISIT_SECONDS,
                same_site="lax",
                https_only=https,
            ),
        ],
        exception_handlers={HTTPException: _refused, UserError: _user_error, RetryLater: _busy, Exception: _broken},
    )
    app.state.portal = Portal(
        services,
        load_wording(config / "portal.yaml"),
        load_pages(),
        incoming,
        Attempts(WRONG_SECRETS, WRONG_SECRETS_WINDOW),
        load_city_map(config / "map" / "points.yaml"),
        key,
    )
    app.state.kept = Kept()
    app.state.metrics = metrics
    app.state.knows_password = knows_password
    app.state.rate = api.state.rate
    api.state.portal, api.state.kept = app.state.portal, app.state.kept
    return app


async def serve(settings: Settings) -> None:
    """Serve the portal until told to stop."""
    async with open_services(settings) as services:
        folder = settings.data / "portal"
        key = session_key(folder)
        https = settings.tracking_base_url.startswith("https://")
        config = settings.home / "config"
        app = portal_app(services, folder, key, config, partial(knows_password, _webapps(settings)), https=https)
        options = uvicorn.Config(
            app, host=settings.portal_host, port=settings.portal_port, log_config=None, access_log=False, ws="none"
        )
        forgetting = asyncio.create_task(_forget(services, settings.look_months))
        metrics: PortalMetrics = app.state.metrics
        try:
            with metrics.serve(settings.metrics_host, settings.portal_metrics_port):
                await uvicorn.Server(options).serve()
        finally:
            forgetting.cancel()


def _webapps(settings: Settings) -> str:
    return settings.webapps_url or Endpoints(Ports.at_offset(settings.engine_port_offset)).webapps


def session_key(folder: Path) -> str:
    """Read the key that signs sessions; made at the first call, readable by its owner only."""
    path = folder / "session.key"
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(secrets.token_urlsafe(32), encoding="ascii")
    return path.read_text(encoding="ascii")


async def _forget(services: Services, look_months: int) -> None:
    while True:
        with suppress(RetryLater):
            await forget_old(services, look_months)
        await asyncio.sleep(FORGET_SECONDS)


async def forget_old(services: Services, look_months: int) -> None:
    """Forget what nobody needs any more: what visitors began and never sent or confirmed, old answers, old looks."""
    async with services.registry.write() as writer:
        count = await writer.drop_unsent_submissions(services.now() - UNSENT_KEPT)
        await writer.drop_drafts(services.now() - UNSENT_KEPT)
    unconfirmed = await news.forget_unconfirmed(services)
    await Exchange(services.registry).forget_requests(services.now() - ANSWERS_KEPT)
    await Exchange(services.registry).forget_looks(services.now() - timedelta(days=DAYS_A_MONTH * look_months))
    log.info("portal.forgotten", count=count, subscriptions=unconfirmed)


async def _home(request: Request) -> Response:
    visit = Visit(request)
    return visit.page("home")


async def _healthy(request: Request) -> Response:
    del request
    return PlainTextResponse("ok")


async def _refused(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(API) and isinstance(error, HTTPException):
        return await problems.refused(request, error)
    status = error.status_code if isinstance(error, HTTPException) else 500
    known = status if status in {403, 404, 405, 409, 413, 429, 503} else 400
    response = Visit(request).page("problem", status=status, number=known)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


async def _user_error(request: Request, error: Exception) -> Response:
    # Its words are meant for operators; what happened is that the dossier moved on meanwhile.
    log.info("portal.refused", error_class=type(error).__name__)
    return Visit(request).page("problem", status=HTTPStatus.CONFLICT, number=409)


async def _busy(request: Request, error: Exception) -> Response:
    log.warning("portal.busy", error_class=type(error).__name__)
    return Visit(request).page("problem", status=HTTPStatus.SERVICE_UNAVAILABLE, number=503)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("portal.broken", error_class=type(error).__name__)
    return Visit(request).page("problem", status=HTTPStatus.INTERNAL_SERVER_ERROR, number=500)
