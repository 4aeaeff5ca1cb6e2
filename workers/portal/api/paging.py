"""Give long lists page by page; the cursor names the last item seen, so a list that grows loses and repeats nothing."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated, TypeVar

from fastapi import Query

from workers.portal.api.problems import Problem

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=200, description="Số mục nhiều nhất trong một trang.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` của trang trước; bỏ trống: trang đầu.")]


def cursor_to(last: str) -> str:
    """Write the cursor that goes on after an item."""
    return urlsafe_b64encode(last.encode()).decode().rstrip("=")


def last_seen(cursor: str) -> str:
    """Read a cursor. Raises Problem 422 for what is none."""
    try:
        return urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        wrong = {"query.cursor": "cần đúng giá trị `next` của trang trước."}
        raise Problem(422, "Không rõ cần trang nào.", errors=wrong) from None


def page(items: Iterable[T], code: Callable[[T], str], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    """Cut a page out of a list sorted by code."""
    after = last_seen(cursor) if cursor else ""
    found = list(islice((one for one in items if code(one) > after), limit + 1))
    return found[:limit], cursor_to(code(found[limit - 1])) if len(found) > limit else None
