"""Admit staff with their Tasklist account to the pages for leaders; who may see what is in config/staff.yaml."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

from workers.engine.errors import EngineStopped
from workers.portal.visit import Visit

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from workers.rulebook import Account

SIGN_IN, SIGN_OUT, FIRST_PAGE = "/can-bo/dang-nhap", "/can-bo/dang-xuat", "/dieu-hanh"
STAFF, SINCE = "staff", "staff_since"
SIGNED_IN_SECONDS = 8 * 3600
LONGEST_NAME = 80

KnowsPassword = Callable[[str, str], Awaitable[bool]]


def overseer(visit: Visit) -> Account | None:
    """Find who is signed in and may see the pages for leaders; the account is looked up anew at each request."""
    account = _account(visit, str(visit.session.get(STAFF, "")))
    fresh = visit.now.timestamp() - float(visit.session.get(SINCE, 0)) < SIGNED_IN_SECONDS
    return account if fresh else None


async def ask(request: Request) -> Response:
    """Ask for account and password."""
    return Visit(request).page("sign_in", user="", wrong=None)


async def sign_in(request: Request) -> Response:
    """Compare account and password; a wrong one, and an account that is not admitted, get the same answer."""
    visit = Visit(request)
    given = await visit.form()
    user = str(given.get("user", "")).strip()[:LONGEST_NAME]
    keys = (f"staff {visit.address}", f"staff {user}")
    visit.portal.attempts.check(*keys)
    knows_password: KnowsPassword = request.app.state.knows_password
    try:
        known = await knows_password(user, str(given.get("password", "")))
    except EngineStopped:
        raise HTTPException(503) from None
    if not known or _account(visit, user) is None:
        visit.portal.attempts.failed(*keys)
        return visit.page("sign_in", status=422, user=user, wrong="wrong.password")
    visit.session.update({STAFF: user, SINCE: visit.now.timestamp()})
    return visit.go(FIRST_PAGE)


async def sign_out(request: Request) -> Response:
    """Forget who is signed in."""
    visit = Visit(request)
    await visit.form()
    for name in (STAFF, SINCE):
        visit.session.pop(name, None)
    return visit.go("/")


def _account(visit: Visit, user: str) -> Account | None:
    accounts = visit.services.rules.accounts
    return next((one for one in accounts if one.user == user and one.oversight), None)


ROUTES = [
    Route(SIGN_IN, ask),
    Route(SIGN_IN, sign_in, methods=["POST"]),
    Route(SIGN_OUT, sign_out, methods=["POST"]),
]
