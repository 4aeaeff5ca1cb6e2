"""Say who calls, what they may see, and write down when they looked at personal data."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from workers.errors import UserError
from workers.portal import looking
from workers.portal.api import keys
from workers.portal.api.problems import Problem
from workers.portal.visit import Visit
from workers.records import ApiKey, ApiScope, DossierRecord, WhoLooked
from workers.registry.exchange import Exchange
from workers.regulation.codes import clean_tracking_secret, parse_dossier_code
from workers.workplace import Services

WITHOUT_A_KEY = 120
"""Requests a minute from one address without a key."""
_ASKED_FOR = {"WWW-Authenticate": "Bearer"}
_USED_EVERY = timedelta(minutes=1)

_key = HTTPBearer(
    scheme_name="key", auto_error=False, description="Khóa cấp cho một hệ thống: `Authorization: Bearer dp_…`."
)
_secret = APIKeyHeader(
    name="X-Tracking-Secret",
    scheme_name="secret",
    auto_error=False,
    description="Mã tra cứu trên giấy tiếp nhận của một hồ sơ.",
)


@dataclass(frozen=True)
class Caller:
    """Hold who calls. `key` is None for who has none."""

    visit: Visit
    key: ApiKey | None
    secret: str | None

    @property
    def services(self) -> Services:
        """Give the services of the portal."""
        return self.visit.services

    @property
    def exchange(self) -> Exchange:
        """Give the rows of other systems."""
        return Exchange(self.services.registry)

    @property
    def now(self) -> datetime:
        """Give the present moment in Vietnam's time."""
        return self.visit.now

    @property
    def key_id(self) -> str:
        """Give the key's number. Raises Problem 401 without a key."""
        return self._known_key().id

    def may(self, scope: ApiScope) -> bool:
        """Say whether the key has a scope."""
        return self.key is not None and scope in self.key.scopes

    def needs(self, scope: ApiScope) -> None:
        """Raise Problem 401 without a key, 403 without the scope."""
        if scope not in self._known_key().scopes:
            raise Problem(403, f"Việc này cần quyền `{scope.value}`.")

    async def dossier(self, code: str, scope: ApiScope, *, with_secret: bool = True) -> DossierRecord:
        """Find a dossier that the caller may see: by its secret, or by a key with `scope` that filed it or sees all.

        Raises Problem 401 for a wrong secret, 404 alike for a dossier that is not there and for one of others.
        """
        if with_secret and self.secret is not None:
            return await self._by_secret(code, self.secret)
        self.needs(scope)
        dossier = await self._find(code)
        if dossier is None or not (self.may(ApiScope.ALL) or await self._filed(dossier.submission_id)):
            raise _unknown(code)
        return dossier

    async def own_submission(self, submission_id: str) -> str | None:
        """Give the dossier that a submission of this key supplements, None for a new one. Raises Problem 404."""
        found = await self.exchange.handed_in_by(submission_id)
        if found is None or found[0] != self.key_id:
            raise Problem(404, "Không có phiếu nộp này trong các phiếu của khóa.")
        return found[1]

    async def looked_at(self, subject: str, data: str) -> None:
        """Write down a look at personal data, before it is shown."""
        by, name = (WhoLooked.API_KEY, self.key.id) if self.key else (WhoLooked.SECRET, "")
        await looking.write_down(self.visit, by, name, subject, data)

    def _known_key(self) -> ApiKey:
        if self.key is None:
            raise Problem(401, "Việc này cần khóa truy cập.", headers=_ASKED_FOR)
        return self.key

    async def _by_secret(self, code: str, typed: str) -> DossierRecord:
        attempts, address = self.visit.portal.attempts, self.visit.address
        attempts.check(address, code.upper())
        dossier = await self._find(code)
        secret = clean_tracking_secret(typed) or ""
        if dossier is None or not hmac.compare_digest(dossier.tracking_secret.encode(), secret.encode()):
            self.visit.wrong_secret(address, code.upper())
            advice = "So lại từng ký tự trên giấy tiếp nhận."
            raise Problem(401, "Mã hồ sơ hoặc mã tra cứu chưa đúng.", action=advice, headers=_ASKED_FOR)
        return dossier

    async def _find(self, code: str) -> DossierRecord | None:
        try:
            return await self.services.registry.latest.dossier(str(parse_dossier_code(code)))
        except UserError:
            return None

    async def _filed(self, submission_id: str) -> bool:
        found = await self.exchange.handed_in_by(submission_id)
        return found is not None and found[0] == self.key_id


Given = Annotated[HTTPAuthorizationCredentials | None, Security(_key)]


async def _anybody(request: Request) -> Caller:
    visit = Visit(request)
    _not_too_often(request, visit.address, WITHOUT_A_KEY)
    return Caller(visit, None, None)


async def _with_key(request: Request, given: Given) -> Caller:
    return await _with_key_or_secret(request, given, None)


async def _with_key_or_secret(
    request: Request, given: Given, secret: Annotated[str | None, Security(_secret)]
) -> Caller:
    visit = Visit(request)
    key = await _known(visit, given.credentials) if given else None
    _not_too_often(request, key.id if key else visit.address, key.per_minute if key else WITHOUT_A_KEY)
    if key and (key.last_used_at is None or visit.now - key.last_used_at >= _USED_EVERY):
        await Exchange(visit.services.registry).used(key.id, visit.now)
    return Caller(visit, key, secret)


async def caller_of(request: Request, key: str | None) -> Caller:
    """Find who calls in another protocol, by the text of a key. Raises Problem 401 for a key that opens nothing."""
    given = HTTPAuthorizationCredentials(scheme="Bearer", credentials=key) if key else None
    return await _with_key_or_secret(request, given, None)


Anybody = Annotated[Caller, Depends(_anybody)]
WithKey = Annotated[Caller, Depends(_with_key)]
WithKeyOrSecret = Annotated[Caller, Depends(_with_key_or_secret)]


async def _known(visit: Visit, text: str) -> ApiKey:
    number = keys.number_of(text)
    row = await Exchange(visit.services.registry).key(number) if number else None
    if row is None or not keys.opens(text, row, visit.now):
        raise Problem(401, "Khóa truy cập không đúng, đã hết hạn hoặc đã thu hồi.", headers=_ASKED_FOR)
    return row


def _not_too_often(request: Request, who: str, per_minute: int) -> None:
    rate: Any = request.app.state.rate
    wait = rate.wait(who, per_minute)
    if wait:
        detail = f"Đã quá {per_minute} yêu cầu trong một phút."
        raise Problem(429, detail, headers={"Retry-After": str(wait)})


def _unknown(code: str) -> Problem:
    del code  # It may be anything that was typed.
    return Problem(404, "Không có hồ sơ này trong các hồ sơ mà khóa được xem.")
