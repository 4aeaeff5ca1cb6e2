"""Answer a refused request as RFC 9457 asks: what is wrong, where, and what to do, in Vietnamese."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from workers.errors import RetryLater, UserError
from workers.yaml_files.wording import expectation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

log = structlog.stdlib.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
BUSY_SECONDS = 5

_TITLES = {
    400: "Yêu cầu không đọc được",
    401: "Cần khóa truy cập",
    403: "Khóa truy cập không có quyền này",
    404: "Không tìm thấy",
    405: "Địa chỉ này không nhận phương thức đó",
    409: "Trạng thái hiện tại không cho phép",
    413: "Nội dung quá lớn",
    422: "Nội dung chưa đúng",
    429: "Quá nhiều yêu cầu",
    500: "Hệ thống gặp lỗi",
    503: "Hệ thống tạm thời bận",
}
_ACTIONS = {
    400: "Kiểm tra lại yêu cầu theo mô tả ở /api/v1/docs rồi gửi lại.",
    401: "Gửi khóa ở đầu đề `Authorization: Bearer …`; khóa hết hạn hoặc đã thu hồi thì xin Văn phòng cấp lại.",
    403: "Xin Văn phòng cấp thêm quyền cho khóa.",
    404: "Kiểm tra lại mã trong địa chỉ; hồ sơ không do khóa này nộp thì cần thêm mã tra cứu.",
    405: "Xem các phương thức của địa chỉ ở /api/v1/docs.",
    409: "Xem trạng thái hiện tại rồi quyết định có gửi lại không.",
    413: "Giảm dung lượng hoặc tách tệp rồi gửi lại.",
    422: "Sửa các mục nêu ở `errors` rồi gửi lại.",
    429: "Đợi số giây nêu ở đầu đề `Retry-After` rồi gửi lại.",
    500: "Gửi lại sau ít phút với cùng khóa `Idempotency-Key`; nếu vẫn lỗi, báo đơn vị vận hành.",
    503: "Đợi số giây nêu ở đầu đề `Retry-After` rồi gửi lại với cùng khóa `Idempotency-Key`.",
}  # fmt: skip


class Mistake(BaseModel):
    """Name one place of a request and what is expected there."""

    where: str = Field(description="Nơi sai, ví dụ `body.applicant.phone`.")
    what: str = Field(description="Đang sai thế nào, cần gì.")


class ProblemDetails(BaseModel):
    """Describe a refusal (RFC 9457)."""

    type: str = Field(description="Loại lỗi; `about:blank` khi mã trạng thái HTTP đã nói đủ.")
    title: str = Field(description="Lỗi gì.")
    status: int = Field(description="Mã trạng thái HTTP.", ge=400, le=599)
    detail: str = Field(description="Việc gì không thực hiện được, vì sao.")
    action: str = Field(description="Cần làm gì.")
    instance: str = Field(description="Địa chỉ của yêu cầu.")
    errors: list[Mistake] = Field(default_factory=list, description="Từng chỗ sai, khi có.")


class Problem(Exception):
    """Refuse a request."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        action: str | None = None,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.action = action
        self.errors = errors or {}
        self.headers = dict(headers or {})


def install(app: FastAPI) -> None:
    """Have every refusal of an application told in this form."""
    handlers: dict[Any, Any] = {
        Problem: _told,
        RequestValidationError: _invalid,
        HTTPException: refused,
        UserError: _moved_on,
        RetryLater: _busy,
        Exception: _broken,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the refusals of an operation for OpenAPI."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    return {
        status: {"description": _TITLES[status], "content": {MEDIA_TYPE: schema}} for status in (*statuses, 400, 429)
    }


def _answer(request: Request, problem: Problem) -> Response:
    body = ProblemDetails(
        type="about:blank",
        title=_TITLES.get(problem.status, HTTPStatus(problem.status).phrase),
        status=problem.status,
        detail=problem.detail,
        action=problem.action or _ACTIONS.get(problem.status, _ACTIONS[400]),
        instance=request.url.path,
        errors=[Mistake(where=where, what=what) for where, what in problem.errors.items()],
    )
    return JSONResponse(body.model_dump(), problem.status, problem.headers, MEDIA_TYPE)


async def _told(request: Request, error: Problem) -> Response:
    return _answer(request, error)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return _answer(request, Problem(400, "Nội dung gửi lên không phải JSON."))
    # What was typed may be personal data: it is not repeated.
    mistakes = {".".join(str(part) for part in one["loc"]): expectation(one, None) for one in error.errors()}
    return _answer(request, Problem(422, "Có mục chưa đúng, chưa lưu gì.", errors=mistakes))


async def refused(request: Request, error: HTTPException) -> Response:
    """Tell what the framework itself refused."""
    details = {
        404: "Địa chỉ này không có.",
        405: "Phương thức không dùng được ở địa chỉ này.",
        413: "Nội dung vượt dung lượng cho phép.",
        429: "Đã thử sai mã tra cứu quá nhiều lần.",
    }
    status = error.status_code
    headers = {"Allow": _allowed(request)} if status == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
    return _answer(request, Problem(status, details.get(status, "Yêu cầu không đọc được."), headers=headers))


def _allowed(request: Request) -> str:
    """List the methods of an address: the framework names those of one operation only."""
    fitting = [one for one in request.app.routes if one.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for one in fitting for method in getattr(one, "methods", ())}))


async def _moved_on(request: Request, error: UserError) -> Response:
    # Its words are meant for operators at the command line.
    log.info("api.refused", error_class=type(error).__name__)
    return _answer(request, Problem(409, "Hồ sơ không còn ở trạng thái nhận việc này."))


async def _busy(request: Request, error: RetryLater) -> Response:
    log.warning("api.busy", error_class=type(error).__name__)
    wait = {"Retry-After": str(BUSY_SECONDS)}
    return _answer(request, Problem(503, "Cơ sở dữ liệu hoặc kho tài liệu đang bận.", headers=wait))


async def _broken(request: Request, error: Exception) -> Response:
    log.error("api.broken", error_class=type(error).__name__)
    return _answer(request, Problem(500, "Lỗi ngoài dự kiến, đã ghi nhật ký."))
