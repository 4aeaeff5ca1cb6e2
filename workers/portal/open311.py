"""Speak Open311 GeoReport v2 over 1022 feedback, so that existing clients work; JSON and XML.

Others see released words only, through the same view as the public page. Who sends needs a key with `feedback:write`;
whoever sent it learns how far it is from its code.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workers.errors import UserError
from workers.plain import plain
from workers.portal.api.access import caller_of
from workers.portal.api.feedback import draft_of, is_own, take
from workers.portal.api.problems import Problem
from workers.portal.feedback_view import public_entry
from workers.portal.wording import LANGUAGES
from workers.records import FEEDBACK_OPEN, ApiScope, PublicState
from workers.registry.feedback_figures import shown_feedback
from workers.regulation.calendar import VIETNAM
from workers.regulation.codes import parse_feedback_code
from workers.regulation.identity import normalise_phone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from workers.portal.api.access import Caller
    from workers.records import FeedbackRecord

    Rows = list[dict[str, Any]]
    Found = tuple[int, Rows]

JURISDICTION = "hochiminhcity.gov.vn"
MOST, USUAL = 200, 50
_MOMENT = TypeAdapter(datetime)


class Refused(Exception):
    """Refuse a request in the form of GeoReport."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(status)
        self.status = status
        self.description = description


async def services(caller: Caller, given: Mapping[str, str]) -> Found:
    """List the fields of feedback."""
    del given
    policy = caller.services.rules.feedback
    return 200, [
        {
            "service_code": one.code,
            "service_name": one.name,
            "description": one.name,
            "metadata": False,
            "type": "realtime",
            "keywords": ",".join(one.words),
            "group": policy.group_name(one.group),
        }
        for one in policy.fields
    ]


async def definition(caller: Caller, given: Mapping[str, str]) -> Found:
    """Describe one field: it asks for nothing beyond the common fields."""
    field = caller.services.rules.feedback.field(given["id"])
    if field is None:
        raise Refused(404, "Không có lĩnh vực này; xem danh sách ở services.")
    return 200, [{"service_code": field.code, "attributes": []}]


async def requests(caller: Caller, given: Mapping[str, str]) -> Found:
    """List what was released to the public, newest first."""
    if wanted := given.get("service_request_id"):
        found = [await _known(caller, code) for code in wanted.split(",")[:MOST]]
        return 200, [await _row(caller, one) for one in found if one is not None and _is_shown(one)]
    start, end = _moment(given, "start_date"), _moment(given, "end_date")
    statuses = set(filter(None, given.get("status", "").split(",")))
    if statuses - {"open", "closed"}:
        raise Refused(400, "status chỉ nhận open, closed.")
    rows: Rows = []
    limit = _number(given, "page_size", USUAL)
    async with caller.services.registry.read() as reader:
        field, after = given.get("service_code") or None, (end, "") if end else None
        found_now = await shown_feedback(reader, field=field, after=after, limit=limit * _number(given, "page", 1, 50))
    for one in found_now:
        if start is not None and one.received_at < start:
            break
        if not statuses or _status(one) in statuses:
            rows.append(await _row(caller, one))
    skipped = limit * (_number(given, "page", 1, 50) - 1)
    return 200, rows[skipped:]


async def request(caller: Caller, given: Mapping[str, str]) -> Found:
    """Show one: released to the public, or given with this key, then without its words."""
    feedback = await _known(caller, given["id"])
    if feedback is None or not (_is_shown(feedback) or await is_own(caller, feedback.code)):
        raise Refused(404, "Không có phản ánh này trong các phản ánh đã công khai.")
    return 200, [await _row(caller, feedback)]


async def token(caller: Caller, given: Mapping[str, str]) -> Found:
    """Give the code for a token: they are the same, for a code is given at once."""
    feedback = await _known(caller, given["id"])
    if feedback is None:
        raise Refused(404, "Không có mã chờ này.")
    return 200, [{"service_request_id": feedback.code, "token": feedback.code}]


async def report(caller: Caller, given: Mapping[str, str]) -> Found:
    """Take feedback in."""
    if caller.key is None:
        raise Refused(403, "Cần api_key có quyền feedback:write.")
    caller.needs(ApiScope.REPORT)
    if not given.get("service_code"):
        raise Refused(400, "Thiếu service_code.")
    name = " ".join(filter(None, (given.get("last_name"), given.get("first_name"))))
    phone, email = given.get("phone"), given.get("email")
    draft = draft_of(
        {
            "channel": "open311",
            "text": plain(given.get("description", "")),
            "field": given["service_code"],
            "place": plain(given.get("address_string", "")),
            "latitude": given.get("lat") or None,
            "longitude": given.get("long") or None,
            "anonymous": not (name and (phone or email)),
            "name": plain(name) or None,
            "phone": normalise_phone(phone) if phone else None,
            "email": email or None,
        }
    )
    async with caller.services.registry.transaction() as transaction:
        code, _ = await take(caller, transaction, draft)
    notice = "Phản ánh được chuyển tới đơn vị xử lý; chỉ công khai sau khi kiểm duyệt."
    return 201, [{"service_request_id": code, "service_notice": notice, "account_id": None}]


async def _row(caller: Caller, feedback: FeedbackRecord) -> dict[str, Any]:
    visit = caller.visit
    field = caller.services.rules.feedback.field(feedback.field)
    row: dict[str, Any] = {
        "service_request_id": feedback.code,
        "status": _status(feedback),
        "service_name": field.name if field else None,
        "service_code": feedback.field,
        "requested_datetime": feedback.received_at.isoformat(timespec="seconds"),
        "updated_datetime": _written(feedback.closed_at or feedback.resolved_at or feedback.forwarded_at),
        "expected_datetime": _written(feedback.due_at),
    }
    if not _is_shown(feedback):
        return row
    reader, wording = caller.services.registry.latest, visit.portal.wording
    entry = await public_entry(reader, feedback, caller.services.rules, wording, LANGUAGES[0])
    return row | {
        "description": entry.text,
        "status_notes": entry.answers[-1].text if entry.answers else entry.state_text,
        "agency_responsible": entry.unit,
        "address": entry.commune,
        "lat": entry.place.latitude if entry.place else None,
        "long": entry.place.longitude if entry.place else None,
    }


def _is_shown(feedback: FeedbackRecord) -> bool:
    return feedback.public_state is PublicState.SHOWN and not feedback.restricted


def _status(feedback: FeedbackRecord) -> str:
    return "open" if feedback.state in FEEDBACK_OPEN else "closed"


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _moment(given: Mapping[str, str], name: str) -> datetime | None:
    if not given.get(name):
        return None
    try:
        read = _MOMENT.validate_python(given[name])
    except ValidationError:
        raise Refused(400, f"{name} cần dạng 2026-11-23T00:00:00+07:00.") from None
    return read if read.tzinfo else read.replace(tzinfo=VIETNAM)


def _number(given: Mapping[str, str], name: str, usual: int, most: int = MOST) -> int:
    text = given.get(name) or str(usual)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= most):
        raise Refused(400, f"{name} cần số từ 1 đến {most}.")
    return int(text)


async def _known(caller: Caller, typed: str) -> FeedbackRecord | None:
    try:
        return await caller.services.registry.latest.feedback(parse_feedback_code(typed))
    except UserError:
        return None


def _operation(act: Callable[[Caller, Mapping[str, str]], Awaitable[Found]], root: str, item: str) -> Any:
    async def answer(asked: Request) -> Response:
        form = asked.path_params["format"]
        if form not in {"json", "xml"}:
            return _response("json", 404, [_error(404, "Chỉ có dạng .json và .xml.")], "errors", "error")
        try:
            return _response(form, *await _done(act, asked), root, item)
        except Refused as refused:
            return _response(form, refused.status, [_error(refused.status, refused.description)], "errors", "error")
        except Problem as problem:
            told = "; ".join((problem.detail, *(f"{where}: {what}" for where, what in problem.errors.items())))
            status = 400 if problem.status == 422 else 403 if problem.status == 401 else problem.status  # noqa: PLR2004
            return _response(form, status, [_error(status, told)], "errors", "error", problem.headers)

    return answer


async def _done(act: Callable[[Caller, Mapping[str, str]], Awaitable[Found]], asked: Request) -> Found:
    given = {**asked.query_params}
    if asked.method == "POST":
        async with asked.form(max_files=0, max_fields=60) as form:
            given |= {name: value for name, value in form.items() if isinstance(value, str)}
    if given.get("jurisdiction_id", JURISDICTION) != JURISDICTION:
        raise Refused(404, f"jurisdiction_id không đúng; ở đây là {JURISDICTION}.")
    caller = await caller_of(asked, given.pop("api_key", None))
    return await act(caller, {**given, "id": asked.path_params.get("id", "")})


def _error(code: int, description: str) -> dict[str, Any]:
    return {"code": code, "description": description}


def _response(
    form: str, status: int, rows: Rows, root: str, item: str, headers: Mapping[str, str] | None = None
) -> Response:
    if form == "json":
        return JSONResponse(rows, status, dict(headers or {}))
    text = "".join(f"<{item}>{_fields(row)}</{item}>" for row in rows)
    xml = f'<?xml version="1.0" encoding="utf-8"?><{root}>{text}</{root}>'
    return Response(xml, status, dict(headers or {}), "text/xml")


def _fields(row: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in row.items())


def _value(value: object) -> str:
    if value is None or isinstance(value, list):
        return ""
    return str(value).lower() if isinstance(value, bool) else escape(plain(str(value)), quote=False)


def _routes(base: str) -> list[Route]:
    listed = _operation(requests, "service_requests", "request")
    sent = _operation(report, "service_requests", "request")
    return [
        Route(base + "/services.{format}", _operation(services, "services", "service")),
        Route(base + "/services/{id}.{format}", _operation(definition, "service_definitions", "service_definition")),
        Route(base + "/requests.{format}", listed, methods=["GET"]),
        Route(base + "/requests.{format}", sent, methods=["POST"]),
        Route(base + "/requests/{id}.{format}", _operation(request, "service_requests", "request")),
        Route(base + "/tokens/{id}.{format}", _operation(token, "service_requests", "request")),
    ]


ROUTES = _routes("/open311/v2")
