"""Create staff accounts in the embedded user store and take the built-in passwords out of use.

Operate's user store serves Operate and Tasklist alike. Generated passwords stay in a file that only its owner
reads; OpenSearch gets bcrypt hashes.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import bcrypt
import httpx2

from workers.engine.errors import RequestFailed
from workers.engine.layout import ADMIN, Endpoints, Layout, write_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OPERATOR = "OPERATOR"
READER = "USER"

_INDEX = "operate-user-1.2.0_"
_ROUNDS = 10
_BUILTIN = (("act", OPERATOR), ("view", READER))
_NOT_FOUND = 404


@dataclass(frozen=True)
class StaffAccount:
    """Describe an account wanted: OPERATOR claims and completes tasks, USER only reads."""

    user_id: str
    display_name: str
    roles: tuple[str, ...] = (OPERATOR,)


@dataclass(frozen=True)
class Login:
    """Give what a person needs to log in; `builtin` accounts are nobody's."""

    user_id: str
    display_name: str
    password: str
    roles: tuple[str, ...]
    password_hash: str
    builtin: bool = False


def admin_password(layout: Layout) -> str:
    """Return the administrator's password, generated on first use."""
    known = _read(layout)
    if ADMIN not in known:
        known[ADMIN] = _generate(ADMIN, "Quản trị", ("OWNER",))
        _write(layout, known)
    return known[ADMIN].password


def logins(layout: Layout) -> list[Login]:
    """List the accounts people log in with, the administrator among them."""
    return [login for login in _read(layout).values() if not login.builtin]


def login_of(layout: Layout, user_id: str) -> Login | None:
    """Find one account by user id."""
    return _read(layout).get(user_id)


def ensure_users(layout: Layout, endpoints: Endpoints, accounts: Sequence[StaffAccount]) -> list[Login]:
    """Create or correct the accounts; a second call changes nothing and keeps the passwords.

    Raises:
        RequestFailed: OpenSearch refused.

    """
    known = _read(layout)
    wanted = [_renewed(known.get(item.user_id), item) for item in accounts]
    _write(layout, known | {login.user_id: login for login in wanted})
    _store(endpoints, wanted)
    return wanted


def secure_builtin_accounts(layout: Layout, endpoints: Endpoints) -> None:
    """Give the hard-coded accounts `act` and `view` random passwords; they cannot be deleted, Camunda brings them back.

    Raises:
        RequestFailed: OpenSearch refused or Operate did not create them.

    """
    known = _read(layout)
    missing = [(name, role) for name, role in _BUILTIN if name not in known]
    known |= {name: _generate(name, name, (role,), builtin=True) for name, role in missing}
    if missing:
        _write(layout, known)
    _store(endpoints, [known[name] for name, _ in _BUILTIN])


def _renewed(known: Login | None, wanted: StaffAccount) -> Login:
    if known is None:
        return _generate(wanted.user_id, wanted.display_name, wanted.roles)
    return Login(wanted.user_id, wanted.display_name, known.password, wanted.roles, known.password_hash)


def _generate(user_id: str, display_name: str, roles: tuple[str, ...], *, builtin: bool = False) -> Login:
    password = secrets.token_urlsafe(12)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(_ROUNDS)).decode()
    return Login(user_id, display_name, password, roles, "{bcrypt}" + hashed, builtin)


def _store(endpoints: Endpoints, wanted: Sequence[Login]) -> None:
    documents = {login.user_id: _document(login) for login in wanted}
    with httpx2.Client(base_url=endpoints.opensearch, timeout=30, trust_env=False) as client:
        stale = [name for name, document in documents.items() if _stored(client, name) != document]
        for name in stale:
            answer = client.put(f"/{_INDEX}/_doc/{name}", params={"refresh": "true"}, json=documents[name])
            if answer.is_error:
                raise RequestFailed("tạo tài khoản", answer.status_code, answer.text)


def _stored(client: httpx2.Client, user_id: str) -> object:
    answer = client.get(f"/{_INDEX}/_doc/{user_id}")
    if answer.status_code == _NOT_FOUND:
        return None
    if answer.is_error:
        raise RequestFailed("đọc tài khoản", answer.status_code, answer.text)
    return answer.json().get("_source")


def _document(login: Login) -> dict[str, object]:
    """Fit the store's strict mapping: exactly these five fields."""
    return {
        "id": login.user_id,
        "userId": login.user_id,
        "displayName": login.display_name,
        "password": login.password_hash,
        "roles": list(login.roles),
    }


def _read(layout: Layout) -> dict[str, Login]:
    try:
        rows = json.loads(layout.accounts.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {row["user_id"]: Login(**{**row, "roles": tuple(row["roles"])}) for row in rows}


def _write(layout: Layout, accounts: dict[str, Login]) -> None:
    rows: Iterable[Login] = accounts.values()
    write_private(layout.accounts, json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
