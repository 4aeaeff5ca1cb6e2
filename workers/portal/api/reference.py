"""Give what everybody may know: procedures, units, public figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from workers.portal import details
from workers.portal.api import models
from workers.portal.api.access import Anybody, Caller
from workers.portal.api.paging import Cursor, Limit, page
from workers.portal.api.problems import Problem, responses
from workers.portal.figures import counted_figures
from workers.portal.months import Month
from workers.regulation.calendar import VIETNAM
from workers.regulation.procedures import Procedure

router = APIRouter(tags=["Tra cứu chung"])


@router.get("/procedures", summary="Thủ tục nhận hồ sơ", responses=responses(422))
async def list_procedures(caller: Anybody, limit: Limit = 50, cursor: Cursor = None) -> models.ProcedurePage:
    """Liệt kê thủ tục đang nhận hồ sơ của người dân, doanh nghiệp."""
    offered = details.offered(caller.services.rules, caller.now.date())
    items, after = page(sorted(offered, key=_code), _code, limit, cursor)
    return models.ProcedurePage(items=[_procedure(caller, one) for one in items], next=after)


@router.get("/procedures/{code}", summary="Một thủ tục", responses=responses(404, 422))
async def one_procedure(
    caller: Anybody, code: Annotated[str, Path(max_length=50, description="Mã thủ tục.")]
) -> models.ProcedureOut:
    """Cho biết thành phần hồ sơ, trường hợp và nơi tiếp nhận của một thủ tục."""
    for one in details.offered(caller.services.rules, caller.now.date()):
        if one.code == code:
            return _procedure(caller, one)
    raise Problem(404, "Không có thủ tục này trong các thủ tục đang nhận hồ sơ.", action="Xem `GET /procedures`.")


@router.get("/units", summary="Đơn vị", responses=responses(422))
async def list_units(caller: Anybody, limit: Limit = 50, cursor: Cursor = None) -> models.UnitPage:
    """Liệt kê các đơn vị đang hoạt động."""
    today = caller.now.date()
    units = [one for one in caller.services.rules.organization.units if one.exists_on(today)]
    items, after = page(sorted(units, key=lambda one: one.code), lambda one: one.code, limit, cursor)
    shown = [models.UnitOut.model_validate(one, from_attributes=True) for one in items]
    return models.UnitPage(items=shown, next=after)


@router.get("/figures", summary="Số liệu công khai", responses=responses(422))
async def public_figures(
    caller: Anybody,
    month: Annotated[
        str | None,
        Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="Tháng, dạng 2026-11; bỏ trống: tháng này."),
    ] = None,
) -> models.FiguresOut:
    """Cho biết số hồ sơ nhận, có kết quả, đúng hạn của từng đơn vị trong một tháng."""
    now = caller.now
    wanted = Month(int(month[:4]), int(month[5:])) if month else Month(now.year, now.month)
    day = wanted.start.astimezone(VIETNAM).date()
    counted = await counted_figures(caller.visit, wanted)
    lines = [
        models.UnitFiguresOut(name=caller.services.rules.unit_name(one.unit, day), **one.model_dump())
        for one in counted
    ]
    return models.FiguresOut(month=str(wanted), units=lines)


def _code(procedure: Procedure) -> str:
    return procedure.code


def _procedure(caller: Caller, one: Procedure) -> models.ProcedureOut:
    units = details.receivers(one, caller.services.rules, caller.now.date())
    papers = [models.RequirementOut(**{**item.model_dump(), "cases": list(item.cases)}) for item in one.composition]
    return models.ProcedureOut(
        code=one.code,
        version=one.version,
        name=one.name,
        field=models.Named(code=one.field.code, name=one.field.name),
        cases=[models.Named(code=case.code, name=case.name) for case in one.cases],
        receivers=[unit.code for unit in units],
        papers=papers,
        confirmed=one.confirmed,
    )
