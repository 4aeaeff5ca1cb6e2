"""Put the API together, with its description as OpenAPI and as a page that needs no script."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from workers.portal.api import dossiers, feedback, intake, problems, reference, webhooks
from workers.portal.api.problems import ProblemDetails
from workers.portal.guard import Rate
from workers.portal.visit import Visit

TITLE = "Giao diện lập trình dieuphoi"
INTRODUCTION = """Nộp và theo dõi hồ sơ từ hệ thống khác.

Khóa cấp cho từng hệ thống, kèm quyền và số yêu cầu một phút.
Mỗi `POST` cần đầu đề `Idempotency-Key`: gửi lại không làm hai lần.
Lỗi theo RFC 9457 (`application/problem+json`), bằng tiếng Việt: sai gì, ở đâu, cần làm gì."""


def api_app() -> FastAPI:
    """Build the API; the portal that mounts it gives it its services."""
    app = FastAPI(
        title=TITLE,
        version="1.0.0",
        description=INTRODUCTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        servers=[{"url": "/api/v1"}],
        root_path_in_servers=False,
    )
    app.state.rate = Rate()
    for part in (reference, intake, dossiers, feedback, webhooks):
        app.include_router(part.router)
    app.add_api_route("/docs", _page, include_in_schema=False)
    problems.install(app)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    made = app.openapi()
    schemas = made["components"]["schemas"]
    described = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= described.pop("$defs")
    schemas["ProblemDetails"] = described
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)


async def _page(request: Request) -> Response:
    described: dict[str, Any] = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in described["paths"].items():
        for method, one in operations.items():
            groups.setdefault(one["tags"][0], []).append({**one, "method": method.upper(), "path": f"/api/v1{path}"})
    return Visit(request).page("api", described=described, groups=groups)
