"""Check a person's password where their account is: the user store that Operate and Tasklist share."""

from __future__ import annotations

from workers.engine.errors import LoginRefused
from workers.engine.webapps import WebappsSession


async def knows_password(webapps: str, user_id: str, password: str) -> bool:
    """Try to log in and leave at once. Raises EngineStopped when nothing answers at the address."""
    session = WebappsSession(webapps, user_id, password, timeout=15.0)
    try:
        await session.login()
    except LoginRefused:
        return False
    finally:
        await session.close()
    return True
