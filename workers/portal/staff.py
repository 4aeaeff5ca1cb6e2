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
STAFF, SINCE, WANTED = "staff", "staff_since", "staff_wanted"
SIGNED_IN_SECONDS = 8 * 3600
LONGEST_NAME = 80

KnowsPassword = Callable[[str, str], Awaitable[bool]]


def signed_in(visit: Visit) -> Account | None:
    """Find who is signed in; the account is looked up anew at each request."""
    account = _account(visit, str(visit.session.get(STAFF, "")))
    fresh = visit.now.timestamp() - float(visit.session.get(SINCE, 0)) < SIGNED_IN_SECONDS
    return account if fresh else None


def overseer(visit: Visit) -> Account | None:
    """Find who is signed in and may see the pages for leaders."""
    account = signed_in(visit)
    return account if account and account.oversight else None


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
    account = _account(visit, user) if known else None
    # The pages for leaders are for some only; the files of a dossier for whom it concerns, as the page itself says.
    if account is None or not (account.oversight or WANTED in visit.session):
        visit.wrong_secret(*keys)
        return visit.page("sign_in", status=422, user=user, wrong="wrong.password")
    visit.session.update({STAFF: user, SINCE: visit.now.timestamp()})
    return visit.go(visit.session.pop(WANTED, FIRST_PAGE))


async def sign_out(request: Request) -> Response:
    """Forget who is signed in."""
    visit = Visit(request)
    await visit.form()
    for name in (STAFF, SINCE, WANTED):
        visit.session.pop(name, None)
    return visit.go("/")


def _account(visit: Visit, user: str) -> Account | None:
    accounts = visit.services.rules.accounts
    return next((one for one in accounts if one.user == user), None)


ROUTES = [
    Route(SIGN_IN, ask),
    Route(SIGN_IN, sign_in, methods=["POST"]),
    Route(SIGN_OUT, sign_out, methods=["POST"]),
]
