"""Answer the one question for a dossier: where it is, who has held it for how long, and what happens next."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from workers.casework import HAND_OVER, moment_label
from workers.errors import UserError
from workers.records import FINISHED, TimelineKind
from workers.registry.outbox import Outbox, OutboxState
from workers.regulation.codes import parse_dossier_code
from workers.regulation.statuses import STATE_NAMES
from workers.rulebook import local

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console

    from workers.records import OpenStep, TimelineEntry
    from workers.registry.outbox import WaitingMessage
    from workers.registry.overview import DossierOverview
    from workers.rulebook import Rulebook
    from workers.workplace import Services


WIDE = 150
LATE_MARKS = {None: "", True: "[red]trễ[/]", False: "[green]trong hạn[/]"}
OUTCOME_LABELS = {
    "accept": "tiếp nhận",
    "agree": "đồng ý",
    "agree_with_comments": "đồng ý, có góp ý",
    "approve": "đồng ý",
    "correct": "đính chính",
    "disagree": "không đồng ý",
    "discard": "bỏ bản thảo",
    "extend": "gia hạn",
    "final": "đã xử lý",
    "forward": "chuyển",
    "in_person": "trả trực tiếp",
    "interim": "trả lời bước đầu",
    "meeting": "họp trước",
    "merge": "gộp",
    "not_competent": "không thuộc thẩm quyền",
    "on_time": "không gia hạn",
    "opinions": "lấy ý kiến",
    "postal": "gửi bưu chính",
    "present": "trình",
    "proceed": "tiếp tục",
    "refuse": "từ chối",
    "recall": "thu hồi",
    "reject": "không đồng ý",
    "return": "trả lại",
    "revise": "chỉnh sửa",
    "route_out": "hướng dẫn nơi gửi",
    "sign": "ký",
    "submit": "trình duyệt",
    "supplement": "bổ sung",
    "wrong_address": "sai địa chỉ",
}


@dataclass(frozen=True)
class Row:
    """Hold one line of the timeline: a hand-over (with `since` and `until`) or an event (with `since` only).

    `used` and `limit` are working minutes; `late` is None where no limit applies.
    """

    since: datetime
    until: datetime | None
    unit: str | None
    step: str
    used: int | None
    limit: int | None
    late: bool | None
    outcome: str | None
    clause: str | None
    open: bool = False


@dataclass(frozen=True)
class Waiting:
    """Hold a letter that did not go out yet and why; `number` is that of `dieuphoi letters`."""

    number: int
    name: str
    state: str
    due_at: datetime
    why: str

    def as_json(self) -> dict[str, Any]:
        """Give the letter as plain values."""
        return plain(self)


@dataclass(frozen=True)
class View:
    """Hold everything `dieuphoi show` says of one dossier."""

    overview: DossierOverview
    rows: Sequence[Row]
    holders: Sequence[str]
    hand_overs: Sequence[str]
    next_steps: Sequence[str]
    minutes_left: int | None
    mails: int
    waiting: Sequence[Waiting]

    def as_json(self, rules: Rulebook) -> dict[str, Any]:
        """Give the view as plain values; no personal data."""
        dossier = self.overview.dossier
        fields = dossier.model_dump(mode="json", exclude={"tracking_secret"})
        return {
            **fields,
            "state_name": STATE_NAMES[dossier.state],
            "origin_unit_name": rules.unit_name(dossier.origin_unit, dossier.received_at.date()),
            "lead_unit_name": rules.unit_name(dossier.lead_unit, dossier.received_at.date()),
            "holders": list(self.holders),
            "hand_overs": list(self.hand_overs),
            "next_steps": list(self.next_steps),
            "working_minutes_left": self.minutes_left,
            "late": None if self.minutes_left is None else self.minutes_left < 0,
            "timeline": [plain(row) for row in self.rows],
            "deadline_changes": [one.model_dump(mode="json") for one in self.overview.deadline_changes],
            "opinions": [one.model_dump(mode="json") for one in self.overview.opinions],
            "papers": [one.model_dump(mode="json") for one in self.overview.papers],
            "documents": [one.model_dump(mode="json") for one in self.overview.documents],
            "messages_sent": self.mails,
            "messages_waiting": [one.as_json() for one in self.waiting],
        }


async def view(services: Services, code: str) -> View:
    """Collect what is known of a dossier. Raises UserError for a code that is none or unknown."""
    wanted = str(parse_dossier_code(code))
    async with services.registry.read() as reader:
        overview = await reader.dossier_overview(wanted)
    if overview is None:
        raise UserError(f"Không có hồ sơ nào mang mã {wanted}.")
    now = local(services.now())
    outbox = Outbox(services.registry, "show")
    sent = [one for one in await outbox.dispatches(wanted) if one.outcome == "sent"]
    dossier = overview.dossier
    end = dossier.resolved_at or dossier.finished_at or dossier.paused_at or now
    return View(
        overview=overview,
        rows=timeline_rows(overview.timeline, services.rules, now),
        holders=[holder_label(step, services.rules, now) for step in overview.open_steps],
        hand_overs=[_taken_over(entry, services.rules) for entry in overview.timeline if entry.name == HAND_OVER],
        next_steps=[text for step in overview.open_steps for text in next_steps_of(step, services.rules)],
        minutes_left=services.rules.working_minutes(dossier.lead_unit, end, dossier.due_at),
        mails=len(sent),
        waiting=[_waiting(one, services, now) for one in await outbox.waiting(wanted)],
    )


def render(console: Console, shown: View, rules: Rulebook) -> None:
    """Print a view for a person."""
    dossier = shown.overview.dossier
    procedure = rules.procedure_of(dossier)
    left = shown.minutes_left or 0
    console.print(Text(f"Hồ sơ {dossier.code}", style="bold"), Text(f"— {dossier.title}"))
    console.print(f"{escape(procedure.name)} (mã {procedure.code}, phiên bản {procedure.version})")
    console.print(f"Trạng thái: [bold]{STATE_NAMES[dossier.state]}[/]")
    console.print(
        "Đang giữ: "
        + (escape("; ".join(shown.holders)) or "không đơn vị nào (bước tự động, chờ người nộp hoặc đã xong)")
    )
    for text in shown.hand_overs:
        console.print(f"Bàn giao: {escape(text)}", highlight=False)
    hint = " (tạm tính: lịch làm việc chưa được xác nhận)" if dossier.deadline_provisional else ""
    console.print(
        f"Nhận {moment_label(dossier.received_at)} · hạn {moment_label(dossier.due_at)}{hint}", highlight=False
    )
    if dossier.due_at != dossier.original_due_at:
        console.print(f"Hạn gốc (dùng tính đúng hạn): {moment_label(dossier.original_due_at)}", highlight=False)
    if dossier.state in FINISHED:
        verdict = "[red]quá hạn" if left < 0 else "[green]trong hạn"
        console.print(f"Kết thúc {verdict}[/] ({rules.amount_label(abs(left))} so với hạn)", highlight=False)
    else:
        amount = rules.amount_label(abs(left))
        console.print(f"[red]Quá hạn {amount}[/]" if left < 0 else f"Còn [bold]{amount}[/]", highlight=False)
    if shown.next_steps:
        console.print("Tiếp theo: " + escape(" | ".join(shown.next_steps)), highlight=False)
    console.print(timeline_table(shown.rows, console.width))
    papers = ", ".join(paper.title + (f" số {paper.number}" if paper.number else "") for paper in shown.overview.papers)
    console.print(f"Giấy tờ đã lập: {escape(papers) or 'chưa có'}", highlight=False)
    console.print(f"Thư đã gửi: {shown.mails}", highlight=False)
    for letter in shown.waiting:
        console.print(f"Thư đang chờ: {escape(letter.name)}: {escape(letter.why)}", highlight=False, soft_wrap=True)


def told_of_waiting(views: Sequence[View]) -> str:
    """Say of several dossiers that letters are missing from the mailbox because they wait; empty when none does."""
    count = sum(len(one.waiting) for one in views)
    told = (
        f"Còn {count} thư chưa gửi, lý do ghi ở từng hồ sơ trên. Ngoài giờ gửi (config/notifications.yaml), thư cho "
        "người nộp chờ đến giờ nên hộp thư thử chưa có."
    )
    return told if count else ""


def timeline_table(rows: Sequence[Row], width: int) -> Table:
    """Lay the timeline out; a narrow terminal gets short dates, and "when" and "time" in one column each."""
    wide = width >= WIDE
    headings = ("Từ", "Đến") if wide else ("Từ – đến",)
    table = Table(*headings, "Đơn vị", "Bước (• sự kiện)", "Giờ / định mức", "Kết quả", expand=False)
    for row in rows:
        event = row.used is None
        table.add_row(
            *_moments(row, wide=wide),
            escape(row.unit or ""),
            ("• " if event else "") + escape(row.step),
            "" if event else _hours(row.used) + ("" if row.limit is None else f" / {_hours(row.limit)}"),
            " · ".join(part for part in (LATE_MARKS[row.late], escape(_outcome(row))) if part),
            style="dim" if event else None,
        )
    return table


def _moments(row: Row, *, wide: bool) -> tuple[str, ...]:
    if wide:
        return moment_label(row.since), "đang giữ" if row.open else (moment_label(row.until) if row.until else "")
    since = f"{local(row.since):%d/%m %H:%M}"
    if row.until is None:
        return (f"{since} – nay" if row.open else since,)
    same_day = local(row.until).date() == local(row.since).date()
    return (f"{since} – {local(row.until):{'%H:%M' if same_day else '%d/%m %H:%M'}}",)


def _hours(minutes: int | None) -> str:
    hours, rest = divmod(minutes or 0, 60)
    return f"{hours}g{rest:02}"


def _outcome(row: Row) -> str:
    """Say a decision in words; an event's note is words already."""
    return OUTCOME_LABELS.get(row.outcome or "", row.outcome or "")


def timeline_rows(timeline: Sequence[TimelineEntry], rules: Rulebook, now: datetime) -> list[Row]:
    """Lay a timeline out: a hand-over is one row, from when to when."""
    closed = {entry.step_id: entry for entry in timeline if entry.kind is TimelineKind.CLOSED}
    return [
        _hand_over(entry, closed.get(entry.step_id), rules, now)
        if entry.kind is TimelineKind.OPENED
        else _event(entry, rules)
        for entry in timeline
        if entry.kind is not TimelineKind.CLOSED
    ]


def _hand_over(opened: TimelineEntry, closed: TimelineEntry | None, rules: Rulebook, now: datetime) -> Row:
    until = closed.at if closed else now
    unit = opened.unit or ""
    used = closed.working_minutes if closed else rules.working_minutes(unit, opened.at, now)
    return Row(
        since=opened.at,
        until=closed.at if closed else None,
        unit=rules.unit_name(unit, opened.at.date()),
        step=opened.name,
        used=used,
        limit=opened.limit_minutes,
        late=None if opened.due_at is None else until > opened.due_at,
        outcome=closed.outcome if closed else None,
        clause=opened.clause,
        open=closed is None,
    )


def _event(entry: TimelineEntry, rules: Rulebook) -> Row:
    unit = rules.unit_name(entry.unit, entry.at.date()) if entry.unit else None
    return Row(entry.at, None, unit, entry.name, None, None, None, entry.note or entry.outcome, entry.clause)


def holder_label(step: OpenStep, rules: Rulebook, now: datetime) -> str:
    """Say who has a step and for how long."""
    used = rules.amount_label(rules.working_minutes(step.unit, step.opened_at, now))
    person = f", {step.person}" if step.person else ""
    return f"{_unit_now(step, rules, now)}{person}: {step.name} (đã giữ {used})"


def _unit_now(step: OpenStep, rules: Rulebook, now: datetime) -> str:
    """Name who has a step now; a task that was open when its unit was dissolved is its successor's."""
    before, today = rules.unit_name(step.unit, step.opened_at.date()), now.date()
    if rules.unit_at(step.unit, today):
        return rules.unit_name(step.unit, today)
    heir = rules.heir(step.unit, today)
    if heir:
        return f"{heir.name} (nhận bàn giao từ {before})"
    return f"{before} (đã kết thúc hoạt động, chưa xác định đơn vị nhận bàn giao)"


def _taken_over(entry: TimelineEntry, rules: Rulebook) -> str:
    return f"{rules.unit_name(entry.unit or '', entry.at.date())} {entry.note}"


def next_steps_of(step: OpenStep, rules: Rulebook) -> Sequence[str]:
    """Name what may follow a step."""
    known = rules.steps.get((step.process_id, step.element_id))
    return known.next_steps if known else ()


def _waiting(message: WaitingMessage, services: Services, now: datetime) -> Waiting:
    why = _why_waiting(message, services, now)
    return Waiting(message.id, services.texts.name(message.event), message.state, message.due_at, why)


def _why_waiting(message: WaitingMessage, services: Services, now: datetime) -> str:
    match message.state:
        case OutboxState.FAILED | OutboxState.UNKNOWN:
            doubt = "không gửi được" if message.state is OutboxState.FAILED else "không rõ đã gửi hay chưa"
            return f"chờ người quyết định (`dieuphoi letters`, số {message.id}): {doubt}: {message.reason}"
        case OutboxState.SENDING:
            return "đang gửi"
    if channel := services.rules.notices.switched_off(message.channel):
        return f"kênh {channel.name} đang tắt trong config/notifications.yaml"
    if message.due_at <= now:
        return "đến lượt gửi, bộ xử lý chưa lấy"
    moment = f"{local(message.due_at):%H:%M ngày %d/%m/%Y}"
    return f"gửi lại lúc {moment}: {message.reason}" if message.attempts else f"chờ giờ gửi, từ {moment}"


def plain(row: Row | Waiting) -> dict[str, Any]:
    """Give a row as plain values."""
    fields = asdict(row)
    return {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in fields.items()}
