"""Log in to the server of Operate and Tasklist as one person and stay logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import httpx2

from workers.engine.errors import EngineStopped, LoginRefused, RequestFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNAUTHORIZED = 401
_CSRF = "X-CSRF-TOKEN"


class WebappsSession:
    """Hold one person's cookie and CSRF token; log in again when the server was restarted."""

    def __init__(self, base_url: str, user_id: str, password: str, *, timeout: float = 60.0) -> None:
        self.user_id = user_id
        self._password = password
        self._client = httpx2.AsyncClient(base_url=base_url, timeout=timeout, trust_env=False)
        self._token = ""

    async def __aenter__(self) -> Self:
        """Log in."""
        await self.login()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def login(self) -> None:
        """Open a session.

        Raises:
            LoginRefused: unknown user or wrong password.
            EngineStopped: nothing answers.

        """
        self._client.cookies.clear()
        form = {"username": self.user_id, "password": self._password}
        answer = await self._send("POST", "/api/login", data=form)
        if answer.is_error:
            raise LoginRefused(self.user_id)
        self._token = answer.headers[_CSRF]

    async def call(
        self,
        action: str,
        method: str,
        path: str,
        json: object | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request and return the JSON of the answer; None when it is empty.

        `action` names in Vietnamese what was wanted.

        Raises:
            RequestFailed: the server refused.
            EngineStopped: nothing answers.

        """
        answer = await self._send_as_user(method, path, json, params)
        if answer.status_code == _UNAUTHORIZED:
            await self.login()
            answer = await self._send_as_user(method, path, json, params)
        if answer.is_error:
            raise RequestFailed(action, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def _send_as_user(
        self, method: str, path: str, json: object | None, params: Mapping[str, str] | None
    ) -> httpx2.Response:
        return await self._send(method, path, json=json, params=params, headers={_CSRF: self._token})

    async def _send(self, method: str, path: str, **content: Any) -> httpx2.Response:
        try:
            return await self._client.request(method, path, **content)
        except httpx2.TransportError as error:
            raise EngineStopped from error
