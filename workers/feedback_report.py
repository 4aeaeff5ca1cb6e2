"""Make the monthly report of 1022: read its cases, add them up by unit and field, write it as XLSX and PDF."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import xlsxwriter

from workers.papers.models import Agency, FeedbackReport, ReportLine
from workers.registry.feedback_figures import feedback_cases, stars, wrong_addresses
from workers.regulation.feedback_report import OLD_DAYS, Satisfaction, satisfaction, totals
from workers.rulebook import local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from workers.regulation.feedback_report import Case, Period, Totals
    from workers.regulation.organization import UnitLevel
    from workers.rulebook import Rulebook
    from workers.workplace import Services

CITY, UNCLASSIFIED, NOT_FORWARDED = "Toàn Thành phố", "Chưa phân loại", "Chưa chuyển đơn vị nào"
COLUMNS = ("Kỳ trước", "Mới nhận", "Đã xử lý", "Đúng hạn", "Chuyển nơi khác", "Từ chối", "Gộp", "Đang xử lý",
           "Đang trễ", "Đúng hạn ÷ (xong + trễ)", "Đúng hạn ÷ xong")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """Hold one line: a unit or a field; `key` is its code, None for what has none yet."""

    key: str | None
    name: str
    level: UnitLevel | None
    totals: Totals


@dataclass(frozen=True)
class Report:
    """Hold the report of one period, counted at an instant; `until` is that instant while the period runs."""

    period: Period
    until: datetime
    counted_at: datetime
    whole: Totals
    units: Sequence[Row]
    fields: Sequence[Row]
    returned: int
    satisfaction: Satisfaction

    def of_level(self, level: UnitLevel | None) -> Sequence[Row]:
        """List the units of a level."""
        return [row for row in self.units if row.level is level]


async def make_report(services: Services, period: Period, *, historic: bool = False) -> Report:
    """Count a period.

    Units are those of its last day: what was a dissolved unit's counts for its successor. `historic`: units as they
    were when they had the feedback.
    """
    now = local(services.now())
    until = min(period.until, now)
    rules = services.rules
    async with services.registry.read() as reader:
        cases = await feedback_cases(reader, period.since, until)
        returned = await wrong_addresses(reader, period.since, until, rules.feedback.coordinator)
        given = await stars(reader, period.since, until)
    day = until.date()

    def unit_of(one: Case) -> str | None:
        if one.unit is None:
            return None
        return one.unit if historic else rules.unit_named(one.unit, day).code

    def unit_row(code: str | None, counted: Totals) -> Row:
        if code is None:
            return Row(None, NOT_FORWARDED, None, counted)
        unit = rules.organization.last_version(code) if historic else rules.unit_named(code, day)
        return Row(code, unit.name if unit else code, unit.level if unit else None, counted)

    def field_row(code: str | None, counted: Totals) -> Row:
        field = rules.feedback.field(code)
        return Row(code, field.name if field else code or UNCLASSIFIED, None, counted)

    return Report(
        period=period,
        until=until,
        counted_at=now,
        whole=totals(cases, period.since, until),
        units=_rows(cases, unit_of, unit_row, period.since, until),
        fields=_rows(cases, lambda one: one.field, field_row, period.since, until),
        returned=sum(returned.values()),
        satisfaction=satisfaction([number for _, number in given]),
    )


def _rows(
    cases: Iterable[Case],
    key: Callable[[Case], str | None],
    row: Callable[[str | None, Totals], Row],
    since: datetime,
    until: datetime,
) -> list[Row]:
    groups: dict[str | None, list[Case]] = {}
    for one in cases:
        groups.setdefault(key(one), []).append(one)
    rows = [row(code, totals(some, since, until)) for code, some in groups.items()]
    return sorted(rows, key=lambda one: (one.key is None, one.name))


def cells(counted: Totals) -> tuple[float | None, ...]:
    """List the figures of a line in the order of COLUMNS."""
    return (
        counted.carried_over, counted.received, counted.done, counted.done_on_time, counted.routed_out,
        counted.rejected, counted.merged, counted.in_progress, counted.open_late,
        counted.on_time_of_due, counted.on_time_of_done,
    )  # fmt: skip


def as_xlsx(report: Report) -> bytes:
    """Write the report as a workbook: the whole, by unit, by field. Texts are texts, never formulas."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    made_at = report.counted_at.replace(tzinfo=None)
    book.set_properties({"title": f"Báo cáo 1022 kỳ {report.period.label}", "created": made_at})
    bold, share = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"num_format": "0.0%"})
    sheets = (("Theo đơn vị", "Đơn vị", report.units), ("Theo lĩnh vực", "Lĩnh vực", report.fields))
    for title, first, rows in sheets:
        sheet = book.add_worksheet(title)
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, len(COLUMNS), 12)
        sheet.freeze_panes(1, 1)
        sheet.write_row(0, 0, (first, *COLUMNS), bold)
        lines = [(CITY, report.whole), *((row.name, row.totals) for row in rows)]
        for number, (name, counted) in enumerate(lines, start=1):
            sheet.write_string(number, 0, name)
            for column, value in enumerate(cells(counted), start=1):
                if value is None:
                    sheet.write_string(number, column, "—")
                else:
                    sheet.write_number(number, column, value, share if isinstance(value, float) else None)
    about = book.add_worksheet("Cách tính")
    about.set_column(0, 0, 110)
    for number, line in enumerate(explanation(report)):
        about.write_string(number, 0, line)
    book.close()
    return written.getvalue()


def explanation(report: Report) -> list[str]:
    """Say how the figures were counted, in Vietnamese."""
    return [
        (
            f"Kỳ báo cáo: từ {report.period.since:%H:%M %d/%m/%Y} đến {report.until:%H:%M %d/%m/%Y}; "
            f"tính lúc {report.counted_at:%H:%M %d/%m/%Y}."
        ),
        "Kỳ trước + mới nhận = đã xử lý + chuyển nơi khác + từ chối + gộp + đang xử lý.",
        "Đúng hạn tính theo hạn ban đầu. Phản ánh mở lại tính theo lần xử lý sau cùng.",
        "Phản ánh chưa phân loại, chưa chuyển đơn vị có dòng riêng, không tính vào đơn vị hay lĩnh vực nào.",
        "Tỷ lệ không có mẫu số ghi “—”.",
    ]


async def as_pdf(report: Report, services: Services) -> bytes:
    """Print the report."""
    rendered = await services.press.press.render_async(as_paper(report, services.rules))
    return rendered.pdf


def as_paper(report: Report, rules: Rulebook) -> FeedbackReport:
    """Give the report as the paper that is printed."""
    coordinator = rules.unit_name(rules.feedback.coordinator, report.until.date())
    return FeedbackReport(
        agency=Agency(parent_name=rules.unit_name(rules.city_unit, report.until.date()), name=coordinator),
        issued_at=report.counted_at,
        period=f"Kỳ {report.period.label}",
        explanation=explanation(report),
        columns=list(COLUMNS),
        whole=_line(CITY, report.whole),
        units=[_line(row.name, row.totals) for row in report.units],
        fields=[_line(row.name, row.totals) for row in report.fields],
        remarks=remarks(report),
    )


def remarks(report: Report) -> list[str]:
    """Say the figures that stand outside the tables, in Vietnamese."""
    whole, pleased = report.whole, report.satisfaction
    late = "; ".join(f"{label}: {count}" for label, count in zip(_late_labels(), whole.late_for, strict=True))
    return [
        f"Chuyển đơn vị trong hạn: {whole.forwarded_in_time}/{whole.received} ({percent(whole.forwarded_share)}).",
        f"Mở lại: {whole.reopened}. Trả lại vì sai địa chỉ: {report.returned}.",
        f"Đang trễ: {whole.open_late} ({late}).",
        f"Đánh giá của người dân: {pleased.ratings}, hài lòng (4, 5 sao) {percent(pleased.share)}.",
    ]


def _late_labels() -> list[str]:
    labels = [f"đến {OLD_DAYS[0]} ngày"]
    labels += [f"trên {low} đến {high} ngày" for low, high in pairwise(OLD_DAYS)]
    return [*labels, f"trên {OLD_DAYS[-1]} ngày"]


def percent(share: float | None) -> str:
    """Write a share as people here do; a dash when there is none."""
    return "—" if share is None else f"{100 * share:.1f} %".replace(".", ",")


def _line(name: str, counted: Totals) -> ReportLine:
    return ReportLine(name=name, cells=[str(one) if isinstance(one, int) else percent(one) for one in cells(counted)])
