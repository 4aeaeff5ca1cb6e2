"""The command line: what operators, testers and analysts type."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from workers import backup as saving
from workers import demo as playing
from workers import doctor as doctoring
from workers import intake, news, show, show_feedback
from workers.app import open_services, run, utc_now
from workers.casework import moment_label
from workers.configuration.calendar_report import calendar_due, calendar_year
from workers.configuration.loading import load_configuration
from workers.documents.findings import describe
from workers.documents.inspection import Inspector
from workers.documents.policy import load_policy
from workers.engine.stack import STATE_TEXTS, train_start_up
from workers.errors import DieuphoiError, NeedsOperator, UserError
from workers.feedback_report import as_pdf, as_xlsx, make_report
from workers.portal.api.keys import new_key
from workers.portal.site import serve as serve_portal
from workers.provisioning import ensure_certificate, write_environment
from workers.records import ApiScope, WhoLooked
from workers.registry.exchange import Exchange
from workers.registry.outbox import Outbox
from workers.regulation.feedback_report import Period, read_period
from workers.regulation.statuses import STATE_NAMES
from workers.runtime.logging import configure_logging
from workers.settings import Settings, load_settings
from workers.station import Station, deploy
from workers.studio.commands import studio
from workers.terminal import PlainConsole

if TYPE_CHECKING:
    from types import ModuleType

    from workers.workplace import Services

WIDTH = None if sys.stdout.isatty() else 160

out = PlainConsole(highlight=False, width=WIDTH)
problems = PlainConsole(stderr=True, highlight=False)

app = typer.Typer(
    help="dieuphoi — chạy quy chế phối hợp giải quyết hồ sơ của Thành phố Hồ Chí Minh trên Camunda 8.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)
calendar_app = typer.Typer(help="Tính hạn và đối chiếu lịch làm việc.", no_args_is_help=True)
app.add_typer(calendar_app, name="calendar")
report_app = typer.Typer(help="Lập báo cáo định kỳ.", no_args_is_help=True)
app.add_typer(report_app, name="report")
app.add_typer(studio, name="studio")
key_app = typer.Typer(help="Khóa của hệ thống khác dùng giao diện lập trình (API).", no_args_is_help=True)
app.add_typer(key_app, name="api-key")

Json = Annotated[bool, typer.Option("--json", help="In JSON cho chương trình khác đọc.")]
Code = Annotated[str, typer.Argument(help="Mã hồ sơ, ví dụ H29.04-261123-0001.")]

LOOKERS = {
    WhoLooked.API_KEY: "khóa",
    WhoLooked.STAFF: "cán bộ",
    WhoLooked.SECRET: "người có mã tra cứu",
}
EXIT_USER_ERROR = 2
EXIT_FOUND_PROBLEMS = 1


class Shown:
    """Show progress as lines and bars on the terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        self._bars = Bars(*columns, console=problems, transient=True)
        self._bar: Any = None

    def phase(self, text: str) -> None:
        """Print what begins."""
        self._close()
        problems.print(f"[dim]{datetime.now().astimezone():%H:%M:%S}[/] {escape(text)}")

    def begin(self, text: str, total: int) -> None:
        """Open a bar of so many bytes."""
        self._close()
        self._bars.start()
        self._bar = self._bars.add_task(text, total=total)

    def advance(self, count: int) -> None:
        """Move the bar on."""
        if self._bar is not None:
            self._bars.advance(self._bar, count)

    def _close(self) -> None:
        if self._bar is not None:
            self._bars.stop()
            self._bars.remove_task(self._bar)
            self._bar = None


def main() -> None:
    """Run the command line; a user's mistake is one sentence and exit code 2, never a stack trace."""
    try:
        app()
    except DieuphoiError as error:
        problems.print(f"[red]Lỗi:[/] {escape(_told(error))}", soft_wrap=True)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        problems.print("Đã dừng theo yêu cầu.")
        sys.exit(130)


@app.command(epilog="Ví dụ: dieuphoi up")
def up() -> None:
    """Bật Camunda, hộp thư thử và bộ xử lý; triển khai sơ đồ; tạo tài khoản mẫu."""
    station = Station(_settings())
    station.up(Shown())
    _addresses(station)


@app.command(epilog="Ví dụ: dieuphoi train")
def train() -> None:
    """Ghi lại một lần khởi động của Camunda (1–2 phút, 400 MB) để các lần sau bật nhanh hơn. Làm một lần."""
    settings = _settings()
    train_start_up(settings.cache / "engine", Shown())
    out.print("Đã xong; các lần bật sau dùng ngay.")


@app.command(epilog="Ví dụ: dieuphoi down")
def down() -> None:
    """Dừng mọi thứ, giữ nguyên dữ liệu."""
    Station(_settings()).stack.down(Shown())
    out.print("Đã dừng. Dữ liệu còn nguyên; bật lại bằng `dieuphoi up`.")


@app.command(epilog="Ví dụ: dieuphoi wipe")
def wipe(yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại.")] = False) -> None:
    """Xóa mọi dữ liệu chạy thử: hồ sơ, thư, tài khoản. Có hỏi lại."""
    settings = _settings()
    if not yes and not typer.confirm(f"Xóa toàn bộ dữ liệu trong {settings.data}? Không khôi phục được"):
        out.print("Không xóa gì; dữ liệu còn nguyên.")
        raise typer.Exit(EXIT_FOUND_PROBLEMS)
    playing.wipe(Station(settings))
    out.print("Đã xóa dữ liệu.")


@app.command(epilog="Ví dụ: dieuphoi backup /sao-luu/2026-11-23")
def backup(folder: Annotated[Path, typer.Argument(help="Thư mục mới hoặc trống để chứa bản sao.")]) -> None:
    """Sao lưu sổ đăng ký, giấy tờ và Camunda nhúng, cùng một thời điểm; chạy sau `dieuphoi down`."""
    for name in saving.save(_settings(), folder):
        out.print(f"{folder / name}", soft_wrap=True)
    out.print("Đã sao lưu. Bản sao chứa dữ liệu cá nhân: giữ ở nơi chỉ người phụ trách vào được.")


@app.command(epilog="Ví dụ: dieuphoi restore /sao-luu/2026-11-23")
def restore(folder: Annotated[Path, typer.Argument(help="Thư mục của bản sao lưu.", exists=True)]) -> None:
    """Phục hồi một bản sao lưu vào nơi chưa có dữ liệu; sau đó chạy `dieuphoi up` và `dieuphoi doctor`."""
    saving.put_back(_settings(), folder)
    out.print("Đã phục hồi. Bật bằng `dieuphoi up`, rồi kiểm tra bằng `dieuphoi doctor`.")


@app.command(epilog="Ví dụ: dieuphoi status --json")
def status(as_json: Json = False) -> None:
    """Cho biết từng tiến trình có đang chạy không. Mã thoát 1 khi có tiến trình chưa sẵn sàng."""
    station = Station(_settings())
    found = station.stack.status()
    if as_json:
        rows = [{"name": one.name, "state": one.state, "pid": one.pid, "memory": one.memory} for one in found.processes]
        out.print_json(data={"running": found.running, "ready": found.ready, "processes": rows})
    else:
        table = Table("Tiến trình", "Trạng thái", "PID", "Bộ nhớ", "Khởi động lại")
        for one in found.processes:
            state = STATE_TEXTS.get(one.state, one.state)
            table.add_row(one.label, state, str(one.pid or ""), f"{one.memory >> 20} MiB", str(one.restarts))
        out.print(table if found.processes else "Chưa chạy. Bật bằng `dieuphoi up`.")
    if not found.ready:
        raise typer.Exit(EXIT_FOUND_PROBLEMS)


@app.command(epilog="Ví dụ: dieuphoi doctor")
def doctor() -> None:
    """Kiểm tra cấu hình, sơ đồ, cơ sở dữ liệu, dòng thời gian và bộ máy; nói rõ điều gì chưa ổn."""
    checks = asyncio.run(doctoring.examine(_settings()))
    for check in checks:
        mark = {True: "[green]ổn[/]", False: "[red]CHƯA ỔN[/]", None: "[yellow]lưu ý[/]"}[check.ok]
        out.print(f"{mark}  {escape(check.name)}: {escape(check.text)}", soft_wrap=True)
    if any(check.ok is False for check in checks):
        raise typer.Exit(EXIT_FOUND_PROBLEMS)


@app.command(epilog="Ví dụ: dieuphoi logs workers --lines 100")
def logs(
    name: Annotated[
        str, typer.Argument(help="opensearch, broker, webapps, mail, workers hoặc supervisor.")
    ] = "workers",
    lines: Annotated[int, typer.Option(help="Số dòng cuối.", min=1)] = 50,
) -> None:
    """In các dòng cuối của nhật ký một tiến trình."""
    for line in Station(_settings()).stack.log_tail(name, lines):
        out.print(line, markup=False, soft_wrap=True)


@app.command("deploy", epilog="Ví dụ: dieuphoi deploy dossier coordination")
def deploy_command(
    chapters: Annotated[list[str] | None, typer.Argument(help="Chương trong bpmn/; trống: tất cả.")] = None,
) -> None:
    """Triển khai sơ đồ, bảng quyết định, biểu mẫu: mỗi chương một lần triển khai."""
    table = Table("Chương", "Loại", "Id", "Phiên bản")
    for deployment in asyncio.run(deploy(_settings(), chapters or ())):
        for one in deployment.deployed:
            table.add_row(deployment.chapter, one.kind, one.id, str(one.version))
    out.print(table)


@app.command(epilog="Ví dụ: dieuphoi secrets")
def secrets(file: Annotated[Path, typer.Option(help="Tệp cần tạo.")] = Path(".env")) -> None:
    """Tạo tệp .env với mật khẩu ngẫu nhiên cho docker-compose.yml. Không ghi đè tệp đã có."""
    write_environment(file)
    out.print(f"Đã tạo {file}. Xem lại máy chủ thư trong đó rồi chạy `docker compose up -d`.")


@app.command(epilog="Ví dụ: dieuphoi certificate /gateway-tls --host camunda")
def certificate(
    folder: Annotated[Path, typer.Argument(help="Thư mục giữ gateway.crt và gateway.key.")],
    host: Annotated[str, typer.Option(help="Tên máy mà bộ xử lý dùng để gọi Camunda.")] = "camunda",
) -> None:
    """Tạo khóa và chứng thư TLS cho cổng gRPC của Camunda; giữ nguyên khi còn dùng được (trước hạn 60 ngày thì đổi)."""
    made = ensure_certificate(folder, host, utc_now())
    out.print("Đã tạo chứng thư mới; khởi động lại Camunda để dùng." if made else "Chứng thư còn dùng được.")


@app.command("run", epilog="Ví dụ: DIEUPHOI_GATEWAY_ADDRESS=zeebe:26500 dieuphoi run")
def run_command() -> None:
    """Chạy riêng bộ xử lý (dùng khi vận hành chính thức). Dừng bằng SIGTERM."""
    settings = _settings()
    configure_logging(settings.log_format, settings.log_level)
    sys.exit(asyncio.run(run(settings)))


@app.command("portal", epilog="Ví dụ: DIEUPHOI_PORTAL_PORT=8090 dieuphoi portal")
def portal_command() -> None:
    """Chạy riêng trang của người dân: nộp, tra cứu, bổ sung, rút, đánh giá. Dừng bằng SIGTERM."""
    settings = _settings()
    configure_logging(settings.log_format, settings.log_level)
    asyncio.run(serve_portal(settings))


@app.command(epilog="Ví dụ: dieuphoi submit examples/dossiers/construction-permit")
def submit(
    folder: Annotated[Path, typer.Argument(help="Thư mục có dossier.yaml và các tệp.")], as_json: Json = False
) -> None:
    """Nộp một hồ sơ và in mã hồ sơ."""
    code = asyncio.run(_submit(_settings(), folder))
    if as_json:
        out.print_json(data={"code": code})
    else:
        out.print(code)


@app.command(epilog="Ví dụ: dieuphoi supplement H29.04-261123-0001 thu-muc-bo-sung")
def supplement(
    code: Code, folder: Annotated[Path, typer.Argument(help="Thư mục có dossier.yaml và tệp bổ sung.")]
) -> None:
    """Nộp giấy tờ bổ sung cho hồ sơ đang chờ bổ sung."""
    asyncio.run(_with_services(lambda services: intake.supplement(services, code, folder)))
    out.print("Đã nhận bổ sung; bộ xử lý sẽ chuyển tiếp.")


@app.command(epilog='Ví dụ: dieuphoi withdraw H29.04-261123-0001 --reason "Nộp nhầm"')
def withdraw(
    code: Code, reason: Annotated[str, typer.Option(help="Lý do rút.")] = "Theo yêu cầu của người nộp"
) -> None:
    """Ghi nhận người nộp rút hồ sơ."""
    asyncio.run(_with_services(lambda services: intake.withdraw(services, code, reason)))
    out.print("Đã ghi nhận yêu cầu rút hồ sơ.")


@app.command("list", epilog="Ví dụ: dieuphoi list --unit H29.04")
def list_command(
    unit: Annotated[str | None, typer.Option(help="Mã đơn vị chủ trì.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Số hồ sơ mới nhất.")] = 20,
    as_json: Json = False,
) -> None:
    """Liệt kê hồ sơ mới nhất."""
    found, rules = asyncio.run(_find(_settings(), unit, limit))
    if as_json:
        out.print_json(data=[one.model_dump(mode="json", exclude={"tracking_secret"}) for one in found])
        return
    table = Table("Mã", "Trạng thái", "Chủ trì", "Hạn", "Trích yếu")
    for one in found:
        name = rules.unit_name(one.lead_unit, one.received_at.date())
        table.add_row(one.code, STATE_NAMES[one.state], name, moment_label(one.due_at), escape(one.title))
    out.print(table if found else "Chưa có hồ sơ nào. Nộp thử bằng `dieuphoi submit examples/dossiers/city-plan`.")


@app.command(epilog="Ví dụ: dieuphoi letters --resend 12")
def letters(
    resend: Annotated[int | None, typer.Option(help="Số của thư cần gửi lại, sau khi hỏi người nhận.")] = None,
    arrived: Annotated[int | None, typer.Option(help="Số của thư mà người nhận cho biết đã nhận.")] = None,
) -> None:
    """Liệt kê thư bị từ chối hoặc không rõ đã gửi để người quyết định; mã thoát 1 khi còn thư như vậy."""
    if resend is not None:
        asyncio.run(_with_services(lambda services: _resend(services, resend)))
        out.print(f"Thư số {resend} sẽ được gửi lại.")
        return
    if arrived is not None:
        asyncio.run(_with_services(lambda services: _settle(services, arrived)))
        out.print(f"Đã ghi nhận thư số {arrived} tới nơi.")
        return
    undecided = asyncio.run(_with_services(lambda services: _outbox(services).undecided()))
    table = Table("Số", "Hồ sơ", "Kênh", "Thư", "Lần thử")
    for one in undecided:
        table.add_row(str(one.id), one.dossier_code or "", one.channel, one.event, str(one.attempts))
    out.print(table if undecided else "Không có thư nào chờ quyết định.")
    if undecided:
        raise typer.Exit(EXIT_FOUND_PROBLEMS)


@app.command(epilog="Ví dụ: dieuphoi webhooks --replay 12")
def webhooks(
    replay: Annotated[int | None, typer.Option(help="Số của tin cần gửi lại tới hệ thống nhận.")] = None,
) -> None:
    """Liệt kê webhook và tin không tới được hệ thống nhận; mã thoát 1 khi còn tin như vậy."""
    if replay is not None:
        asyncio.run(_with_services(lambda services: _resend(services, replay, webhooks=True)))
        out.print(f"Tin số {replay} sẽ được gửi lại.")
        return
    registered = asyncio.run(_with_services(lambda services: Exchange(services.registry).webhooks()))
    table = Table("Webhook", "Khóa", "Địa chỉ", "Báo việc")
    for one in registered:
        table.add_row(one.id, one.key_id, escape(one.url), ", ".join(one.events))
    out.print(table if registered else "Chưa hệ thống nào đăng ký webhook.")
    undecided = asyncio.run(_with_services(lambda services: _outbox(services).undecided(webhooks=True)))
    if not undecided:
        return
    waiting = Table("Số", "Webhook", "Hồ sơ", "Việc", "Lần thử", title="Không tới được")
    for message in undecided:
        waiting.add_row(
            str(message.id), message.recipient, message.dossier_code or "", message.event, str(message.attempts)
        )
    out.print(waiting)
    raise typer.Exit(EXIT_FOUND_PROBLEMS)


@key_app.command("create", epilog='Ví dụ: dieuphoi api-key create "Cổng dịch vụ công" --scope dossiers:write')
def create_key(
    system: Annotated[str, typer.Argument(help="Tên hệ thống dùng khóa.")],
    scope: Annotated[list[ApiScope], typer.Option(help="Quyền; ghi nhiều lần cho nhiều quyền.")],
    days: Annotated[int, typer.Option(min=1, max=3660, help="Khóa dùng được bao nhiêu ngày.")] = 365,
    per_minute: Annotated[int, typer.Option(min=1, max=100_000, help="Số yêu cầu nhiều nhất một phút.")] = 120,
) -> None:
    """Cấp khóa cho một hệ thống; khóa chỉ hiện một lần này, sổ đăng ký chỉ giữ dấu vân tay."""
    key, row = new_key(system, scope, per_minute, utc_now(), utc_now() + timedelta(days=days))
    asyncio.run(_with_services(lambda services: Exchange(services.registry).add_key(row)))
    out.print(key, markup=False, soft_wrap=True)
    problems.print(f"Khóa số {row.id}, dùng đến {moment_label(row.expires_at)}. Giao cho hệ thống qua đường kín.")


@key_app.command("list", epilog="Ví dụ: dieuphoi api-key list")
def list_keys() -> None:
    """Liệt kê các khóa."""
    found = asyncio.run(_with_services(lambda services: Exchange(services.registry).keys()))
    table = Table("Số", "Hệ thống", "Quyền", "Một phút", "Hết hạn", "Dùng lần cuối", "Thu hồi")
    for one in found:
        moments = (one.expires_at, one.last_used_at, one.revoked_at)
        told = (moment_label(at) if at else "" for at in moments)
        table.add_row(one.id, escape(one.system), ", ".join(one.scopes), str(one.per_minute), *told)
    out.print(table if found else "Chưa cấp khóa nào.")


@key_app.command("revoke", epilog="Ví dụ: dieuphoi api-key revoke 0123456789ab")
def revoke_key(number: Annotated[str, typer.Argument(help="Số của khóa, xem `dieuphoi api-key list`.")]) -> None:
    """Thu hồi một khóa ngay; webhook của khóa cũng không được báo nữa."""
    if not asyncio.run(_with_services(lambda services: Exchange(services.registry).revoke(number, utc_now()))):
        raise UserError(f"Không có khóa {number} nào còn dùng được. Xem `dieuphoi api-key list`.")
    out.print(f"Đã thu hồi khóa {number}.")


@app.command(epilog="Ví dụ: dieuphoi audit H29.04-261123-0001")
def audit(code: Annotated[str, typer.Argument(help="Mã hồ sơ hoặc mã phản ánh.")], as_json: Json = False) -> None:
    """Ai đã xem dữ liệu cá nhân của một hồ sơ hay phản ánh: lúc nào, xem gì, từ mạng nào; mới nhất trước."""
    looks = asyncio.run(_with_services(lambda services: Exchange(services.registry).looks(code.strip().upper())))
    if as_json:
        out.print_json(data=[one.model_dump(mode="json") for one in looks])
        return
    table = Table("Lúc", "Ai", "", "Xem gì", "Từ mạng")
    for one in looks:
        table.add_row(moment_label(one.at), LOOKERS[one.by], escape(one.name), one.data, one.address)
    out.print(table if looks else "Chưa ai xem dữ liệu cá nhân của mã này.")


@report_app.command("feedback", epilog="Ví dụ: dieuphoi report feedback 2026-10 --to bao-cao")
def report_feedback(
    period: Annotated[str, typer.Argument(help="Tháng kết thúc kỳ: 2026-10 là kỳ từ 12 giờ 25/9 đến 12 giờ 25/10.")],
    to: Annotated[Path, typer.Option("--to", help="Thư mục ghi báo cáo.")] = Path(),
    historic: Annotated[bool, typer.Option("--historic", help="Theo đơn vị tại thời điểm xử lý.")] = False,
) -> None:
    """Lập báo cáo tháng về phản ánh 1022: một tệp XLSX và một tệp PDF."""
    named = read_period(period)
    files = asyncio.run(_report_feedback(_settings(), named, historic=historic))
    to.mkdir(parents=True, exist_ok=True)
    for ending, content in files.items():
        path = to / f"1022-{named}.{ending}"
        path.write_bytes(content)
        out.print(str(path), soft_wrap=True)


async def _report_feedback(settings: Settings, period: Period, *, historic: bool) -> dict[str, bytes]:
    async with open_services(settings) as services:
        made = await make_report(services, period, historic=historic)
        return {"xlsx": as_xlsx(made), "pdf": await as_pdf(made, services)}


@app.command("news", epilog="Ví dụ: dieuphoi news TT-261123-0001")
def news_command(
    code: Annotated[str | None, typer.Argument(help="Mã tin; để trống: liệt kê tin mới nhất.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Số tin mới nhất.")] = 20,
    as_json: Json = False,
) -> None:
    """Thông tin chỉ đạo: đến đâu, từ khi ký đến khi phát hành bao lâu, báo được bao nhiêu người."""
    shown = asyncio.run(_with_services(lambda services: _news(services, code, limit)))
    if as_json:
        out.print_json(data=[one.as_json() for one in shown])
        return
    table = Table("Mã", "Trạng thái", "Tiêu đề", "Ký lúc", "Phát hành lúc", "Từ ký đến phát hành", "Đã báo")
    for one in shown:
        latest = one.versions[-1] if one.versions else None
        table.add_row(
            one.publication.code,
            news.STATE_LABELS[one.publication.state],
            escape(latest.title) if latest else "",
            news.moment_or_dash(latest.signed_at if latest else None),
            news.moment_or_dash(one.publication.published_at),
            news.delay_label(one.delay),
            str(one.reached),
        )
    out.print(
        table if shown else "Chưa có tin nào. Soạn tin bằng quy trình “Biên tập, duyệt, phát hành thông tin chỉ đạo”."
    )


async def _news(services: Services, code: str | None, limit: int) -> list[news.NewsView]:
    if code is None:
        return await news.newest(services, limit)
    found = await news.view(services, code)
    if found is None:
        raise UserError(f"Không có tin nào mang mã {code}. Xem các mã bằng `dieuphoi news`.")
    return [found]


@app.command("show", epilog="Ví dụ: dieuphoi show H29.04-261123-0001 --json")
def show_command(code: Code, as_json: Json = False) -> None:
    """Hồ sơ hoặc phản ánh đang ở đâu, ai giữ, còn bao lâu, đã qua những bước nào, tiếp theo là gì."""
    page = show_feedback if code.strip().upper().startswith("PA") else show
    shown, rules = asyncio.run(_view(_settings(), page, code))
    if as_json:
        out.print_json(data=shown.as_json(rules))
    else:
        page.render(out, shown, rules)


@app.command(epilog="Ví dụ: dieuphoi check don.pdf ban-ve.pdf --json")
def check(
    files: Annotated[list[Path], typer.Argument(help="Các tệp cần kiểm tra.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Chỉ kiểm tra tệp: loại, đọc được, mã độc, chữ ký số… Mã thoát 1 khi có tệp không đạt."""
    results = asyncio.run(_inspect(_settings(), files))
    if as_json:
        out.print_json(data=[one.model_dump(mode="json") for one in results])
    else:
        for one in results:
            for line in describe(one):
                out.print(line, markup=False, soft_wrap=True)
    if not all(one.ok for one in results):
        raise typer.Exit(EXIT_FOUND_PROBLEMS)


@app.command("demo", epilog="Ví dụ: dieuphoi demo")
def demo_command() -> None:
    """Bật tất cả, nộp hồ sơ mẫu, đóng vai cán bộ qua Tasklist và in dòng thời gian từng hồ sơ."""
    settings = _settings()
    station = Station(settings)
    progress = Shown()
    station.up(progress)
    shown, rules = asyncio.run(playing.play(settings, station, progress))
    for one in shown:
        out.rule()
        show.render(out, one, rules)
    out.rule()
    if told := show.told_of_waiting(shown):
        out.print(told, soft_wrap=True)
    _addresses(station)


@calendar_app.command(
    "due", epilog="Ví dụ: dieuphoi calendar due --from 2026-11-20T09:00 --working-days 3 --unit H29.04"
)
def calendar_due_command(
    start: Annotated[str, typer.Option("--from", help="Thời điểm nhận, ISO 8601.")],
    working_days: Annotated[int, typer.Option(help="Số ngày làm việc.")],
    unit: Annotated[str | None, typer.Option(help="Mã đơn vị, nếu có giờ làm việc riêng.")] = None,
) -> None:
    """Tính hạn theo ngày làm việc."""
    due = calendar_due(load_configuration(_settings().home / "config"), start, working_days, unit)
    out.print(moment_label(due.due_at) + (" (tạm tính: lịch chưa được xác nhận)" if due.provisional else ""))
    for row in due.on_the_way:
        out.print(f"  {row.day:%d/%m/%Y} {row.weekday}: {row.name} ({row.source})")


@calendar_app.command("year", epilog="Ví dụ: dieuphoi calendar year 2026")
def calendar_year_command(year: Annotated[int, typer.Argument(help="Năm.")]) -> None:
    """In một năm để đối chiếu với thông báo nghỉ lễ chính thức."""
    report = calendar_year(load_configuration(_settings().home / "config").calendar, year)
    confirmed = "đã xác nhận" if report.confirmed else "CHƯA xác nhận"
    out.print(f"Năm {year}: {confirmed}" + (f", theo {report.basis}" if report.basis else ""))
    table = Table("Ngày", "Thứ", "Tên", "Nguồn", "Căn cứ", "")
    for row in report.rows:
        mark = "[red]cần xem[/]" if row.difference else ""
        table.add_row(f"{row.day:%d/%m/%Y}", row.weekday, escape(row.name), row.source, escape(row.basis or ""), mark)
    out.print(table)


@calendar_app.command("apply", epilog="Ví dụ: dieuphoi calendar apply --reason 'Thông báo nghỉ lễ 2027' --dry-run")
def calendar_apply_command(
    reason: Annotated[str, typer.Option(help="Căn cứ thay đổi lịch, ghi vào hồ sơ và thư báo.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ in hạn trước và sau, không đổi gì.")] = False,
) -> None:
    """Tính lại hạn của mọi hồ sơ đang giải quyết theo lịch mới; in hạn trước và sau."""
    changes = asyncio.run(_with_services(lambda services: intake.apply_calendar(services, reason, dry_run=dry_run)))
    table = Table("Mã", "Hạn hiện tại", "Hạn theo lịch mới")
    for code, before, after in changes:
        table.add_row(code, moment_label(before), moment_label(after))
    out.print(table if changes else "Không hồ sơ đang giải quyết nào đổi hạn.")


def _told(error: DieuphoiError) -> str:
    return f"{error.message} {error.action}" if isinstance(error, NeedsOperator) else error.message


def _settings() -> Settings:
    return load_settings()


async def _with_services(action: Any) -> Any:
    async with open_services(_settings()) as services:
        return await action(services)


def _outbox(services: Services) -> Outbox:
    return Outbox(services.registry, "cli")


async def _resend(services: Services, number: int, *, webhooks: bool = False) -> None:
    if not await _outbox(services).requeue(number, services.now()):
        what, where = ("tin", "webhooks") if webhooks else ("thư", "letters")
        raise UserError(f"Không có {what} số {number} nào chờ quyết định. Xem `dieuphoi {where}`.")


async def _settle(services: Services, number: int) -> None:
    if number not in {one.id for one in await _outbox(services).undecided()}:
        raise UserError(f"Không có thư số {number} nào chờ quyết định. Xem `dieuphoi letters`.")
    await _outbox(services).mark_sent(number, services.now())


async def _submit(settings: Settings, folder: Path) -> str:
    async with open_services(settings) as services:
        return await intake.wait_for_code(services, await intake.submit(services, folder))


async def _view(settings: Settings, page: ModuleType, code: str) -> Any:
    async with open_services(settings) as services:
        return await page.view(services, code), services.rules


async def _find(settings: Settings, unit: str | None, limit: int) -> Any:
    async with open_services(settings) as services, services.registry.read() as reader:
        return await reader.find_dossiers(unit=unit, limit=limit), services.rules


async def _inspect(settings: Settings, files: list[Path]) -> Any:
    policy = load_policy(settings.home / "config" / "documents.yaml")
    async with Inspector() as inspector:
        return await asyncio.gather(*(inspector.inspect(path, path.name, policy) for path in files))


def _addresses(station: Station) -> None:
    table = Table("Ở đâu", "Địa chỉ", "Đăng nhập", title="Đang chạy trên máy này", title_justify="left")
    logins = {login.user_id: login.password for login in station.stack.logins()}
    table.add_row("Tasklist", f"{station.stack.endpoints.webapps}/tasklist", "tài khoản cán bộ dưới đây")
    table.add_row("Operate", f"{station.stack.endpoints.webapps}/operate", f"admin / {logins.get('admin', '')}")
    table.add_row("Trang người dân", station.portal_url, "mã hồ sơ và mã tra cứu")
    table.add_row("Hộp thư thử", station.mail_url, "không cần")
    table.add_row("Tin nhắn thử", station.texts_url, "không cần")
    out.print(table)
    people = Table("Tài khoản", "Mật khẩu", "Là ai", title="Cán bộ mẫu (ví dụ)", title_justify="left")
    for account in station.rules.accounts:
        people.add_row(account.user, logins.get(account.user, ""), account.name)
    out.print(people)
    out.print("Dừng bằng `dieuphoi down` (giữ dữ liệu).")


if __name__ == "__main__":
    main()
