"""Offer the analysts' tools on the command line: `dieuphoi studio …`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workers.studio.clauses import places_by_clause, places_without_clause
from workers.studio.contracts import CONTRACTS
from workers.studio.intake import write_options
from workers.studio.lint import lint
from workers.studio.models import DICTIONARY, read_dictionary, read_models
from workers.studio.pictures import draw_diagrams
from workers.studio.reference import commands_page, job_types_page, write_reference
from workers.studio.scaling import CITY, MEASURED, MEGA, needs
from workers.studio.templates import write_templates

studio = typer.Typer(help="Công cụ cho người vẽ quy trình.", no_args_is_help=True)

Bpmn = Annotated[Path, typer.Option(help="Thư mục sơ đồ, biểu mẫu, bảng quyết định.")]
Config = Annotated[Path, typer.Option(help="Thư mục cấu hình.")]


@studio.command("lint", epilog="Ví dụ: dieuphoi studio lint")
def lint_command(bpmn: Bpmn = Path("bpmn")) -> None:
    """Kiểm tra mọi sơ đồ, biểu mẫu, bảng quyết định; mã thoát 1 khi có điểm phải sửa."""
    findings = lint(bpmn, CONTRACTS)
    for finding in findings:
        typer.echo(str(finding))
    typer.echo(f"{len(findings)} điểm phải sửa." if findings else "Không có điểm nào phải sửa.")
    raise typer.Exit(1 if findings else 0)


@studio.command("templates", epilog="Ví dụ: dieuphoi studio templates")
def templates_command(bpmn: Bpmn = Path("bpmn")) -> None:
    """Sinh mẫu phần tử cho Camunda Modeler từ hợp đồng của các worker."""
    dictionary = read_dictionary(bpmn / DICTIONARY)
    _tell(write_templates(bpmn / ".camunda" / "element-templates", CONTRACTS, dictionary))


@studio.command("forms", epilog="Ví dụ: dieuphoi studio forms")
def forms_command(bpmn: Bpmn = Path("bpmn"), config: Config = Path("config")) -> None:
    """Cập nhật lựa chọn của biểu mẫu bắt đầu theo config/."""
    _tell(write_options(config, bpmn))


@studio.command("pictures", epilog="Ví dụ: dieuphoi studio pictures --png hinh/")
def pictures_command(
    bpmn: Bpmn = Path("bpmn"),
    to: Annotated[Path, typer.Option(help="Nơi đặt hình SVG.")] = Path("docs/pictures"),
    png: Annotated[Path | None, typer.Option(help="Đặt thêm hình PNG vào thư mục này.")] = None,
) -> None:
    """Vẽ mọi sơ đồ thành hình."""
    for warning in draw_diagrams(bpmn, to, png):
        typer.echo(warning, err=True)
    typer.echo(f"Đã vẽ vào {to}.")


@studio.command("clauses", epilog="Ví dụ: dieuphoi studio clauses")
def clauses_command(bpmn: Bpmn = Path("bpmn")) -> None:
    """Liệt kê căn cứ và nơi thực hiện; cuối cùng là các bước chưa có căn cứ."""
    models = read_models(bpmn)
    for clause, places in places_by_clause(models).items():
        typer.echo(clause)
        for place in places:
            typer.echo(f"  {place.path.name}:{place.line} {place.element} – {place.name}")
    for place in places_without_clause(models):
        typer.echo(f"Chưa có căn cứ: {place.path.name}:{place.line} {place.element} – {place.name}")


@studio.command("reference", epilog="Ví dụ: dieuphoi studio reference")
def reference_command(
    context: typer.Context,
    bpmn: Bpmn = Path("bpmn"),
    to: Annotated[Path, typer.Option(help="Nơi đặt các trang tra cứu.")] = Path("docs"),
) -> None:
    """Sinh trang tra cứu loại công việc và trang tra cứu lệnh."""
    pages = {
        "job-types.md": job_types_page(CONTRACTS, read_models(bpmn)),
        "commands.md": commands_page(context.find_root().command),
    }
    _tell(write_reference(to, pages))


@studio.command("scaling", epilog="Ví dụ: dieuphoi studio scaling --dossiers 20000000 --peak 6")
def scaling_command(
    dossiers: Annotated[int, typer.Option(help="Hồ sơ mỗi năm.", min=1)] = CITY.dossiers,
    peak: Annotated[float, typer.Option(help="Giờ cao điểm gấp mấy lần giờ làm việc trung bình.", min=1)] = CITY.peak,
    communes: Annotated[int, typer.Option(help="Số xã, phường, đặc khu.", min=1)] = CITY.communes,
    days_in_progress: Annotated[
        float, typer.Option(help="Số ngày từ lúc nộp đến lúc xong.", min=0)
    ] = CITY.days_in_progress,
    history_days: Annotated[float, typer.Option(help="Số ngày giữ hồ sơ đã xong trong Operate.", min=0)] = (
        CITY.history_days
    ),
    file_megabytes: Annotated[float, typer.Option(help="Tệp người nộp gửi mỗi hồ sơ, MB.", min=0)] = (
        CITY.file_bytes / MEGA
    ),
) -> None:
    """Tính máy chủ, phân vùng, ổ đĩa cần cho cả Thành phố, từ số đo một hồ sơ (docs/scaling.md)."""
    city = replace(
        CITY,
        dossiers=dossiers,
        peak=peak,
        communes=communes,
        days_in_progress=days_in_progress,
        history_days=history_days,
        file_bytes=file_megabytes * MEGA,
    )
    for line in needs(MEASURED, city):
        typer.echo(f"{line.what}: {line.amount}  ({line.how})")


def _tell(paths: list[Path]) -> None:
    for path in paths:
        typer.echo(f"Đã ghi {path}")
    if not paths:
        typer.echo("Mọi tệp đã mới nhất.")
