"""Work out what the whole city needs, from what one dossier was measured to cost. The sums of docs/scaling.md."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

KILO, MEGA, GIGA, TERA = 1e3, 1e6, 1e9, 1e12
_DAYS_A_YEAR = 365
_SECONDS_AN_HOUR = 3600


def _about(text: str, default: Any = MISSING) -> Any:
    return field(default=default, metadata={"about": text})


@dataclass(frozen=True)
class Cost:
    """Hold what one dossier costs; CPU in seconds of one core."""

    jobs: float = _about("việc tự động")
    user_tasks: float = _about("việc của người")
    broker_cpu: float = _about("CPU của Zeebe, giây")
    search_cpu: float = _about("CPU của kho phụ (OpenSearch) và của Operate, Tasklist, giây")
    worker_cpu: float = _about("CPU của bộ xử lý, giây")
    log_bytes: float = _about("byte ghi vào nhật ký Zeebe")
    state_bytes: float = _about("byte trạng thái Zeebe khi hồ sơ đang chờ (ảnh chụp)")
    record_bytes: float = _about("byte bản ghi xuất (`zeebe-record_*`) trong kho phụ")
    history_bytes: float = _about("byte lịch sử của Operate, Tasklist trong kho phụ")
    variable_bytes: float = _about("byte biến của quy trình, mọi lần ghi")
    registry_bytes: float = _about("byte trong sổ đăng ký (SQLite)")
    paper_bytes: float = _about("byte giấy tờ do hệ thống lập")
    outbox_rows: float = _about("dòng hộp gửi (thư và thông điệp)")
    letters: float = _about("thư")


@dataclass(frozen=True)
class City:
    """Hold what nobody has measured: every figure is an assumption to be replaced."""

    dossiers: int = _about("hồ sơ mỗi năm", 20_000_000)
    communes: int = _about("xã, phường, đặc khu", 168)
    working_days: int = _about("ngày làm việc mỗi năm", 248)
    working_hours: float = _about("giờ làm việc mỗi ngày", 8)
    peak: float = _about("giờ cao điểm gấp mấy lần giờ làm việc trung bình", 6)
    days_in_progress: float = _about("ngày (theo lịch) từ lúc nộp đến lúc xong", 15)
    utilization: float = _about("phần CPU được dùng lúc cao điểm", 0.5)
    replicas: int = _about("bản sao của mỗi phân vùng", 3)
    replication_overhead: float = _about("việc của Zeebe khi có bản sao so với khi không có", 1.5)
    cores_a_broker: int = _about("lõi CPU của một broker", 8)
    export_outage_hours: float = _about("giờ kho phụ có thể dừng mà nhật ký Zeebe còn giữ được", 24)
    record_days: float = _about("ngày giữ bản ghi xuất", 7)
    history_days: float = _about("ngày giữ hồ sơ đã xong trong Operate", 90)
    search_copies: int = _about("bản của mỗi chỉ mục trong kho phụ", 2)
    years_kept: float = _about("năm lưu sổ đăng ký và giấy tờ", 10)
    file_bytes: float = _about("byte tệp người nộp gửi mỗi hồ sơ", 3e6)
    flushes_a_commit: float = _about("lần ghi đĩa của cơ sở dữ liệu cho một giao dịch, nhiều nhất", 2)


@dataclass(frozen=True)
class Need:
    """Hold one line: what is needed and how it came about."""

    what: str
    amount: str
    how: str


def needs(cost: Cost, city: City) -> list[Need]:
    """Work out every line."""
    return [*_load(cost, city), *_engine(cost, city), *_workers_and_database(cost, city), *_storage(cost, city)]


def mean_rate(city: City) -> float:
    """Count dossiers a second in a mean working hour."""
    return city.dossiers / (city.working_days * city.working_hours * _SECONDS_AN_HOUR)


def peak_rate(city: City) -> float:
    """Count dossiers a second in the busiest hour."""
    return mean_rate(city) * city.peak


def in_progress(city: City) -> float:
    """Count the dossiers that wait at some step at any moment."""
    return city.dossiers * city.days_in_progress / _DAYS_A_YEAR


def engine_cores(cost: Cost, city: City) -> float:
    """Count the cores that all brokers need together in the busiest hour."""
    return peak_rate(city) * cost.broker_cpu * city.replication_overhead / city.utilization


def brokers(cost: Cost, city: City) -> int:
    """Count brokers: enough for the replicas, and for the work while one is away."""
    return max(city.replicas, math.ceil(engine_cores(cost, city) / city.cores_a_broker) + 1)


def partitions(cost: Cost, city: City) -> int:
    """Count partitions: each works on one core, and each broker leads as many as any other."""
    needed = math.ceil(peak_rate(city) * cost.broker_cpu / city.utilization)
    members = brokers(cost, city)
    return math.ceil(needed / members) * members


def _load(cost: Cost, city: City) -> list[Need]:
    a_day = city.dossiers / city.working_days
    return [
        Need("Hồ sơ mỗi ngày làm việc", _count(a_day), f"{_count(city.dossiers)} hồ sơ / {city.working_days} ngày"),
        Need("… trên một xã, phường", _count(a_day / city.communes), f"/ {city.communes} xã, phường, đặc khu"),
        Need("Hồ sơ mỗi giây, trung bình", _decimal(mean_rate(city)), f"/ {_decimal(city.working_hours)} giờ"),
        Need("Hồ sơ mỗi giây, giờ cao điểm", _decimal(peak_rate(city)), f"× {_decimal(city.peak)}"),
        Need("Việc tự động mỗi giây, cao điểm", _count(peak_rate(city) * cost.jobs), f"× {_decimal(cost.jobs)} việc"),
        Need(
            "Việc của người mỗi giây, cao điểm",
            _count(peak_rate(city) * cost.user_tasks),
            f"× {_decimal(cost.user_tasks)} bước",
        ),
        Need(
            "Hồ sơ đang giải quyết",
            _count(in_progress(city)),
            f"{_decimal(city.days_in_progress)} ngày / {_DAYS_A_YEAR}",
        ),
    ]


def _engine(cost: Cost, city: City) -> list[Need]:
    members, parts = brokers(cost, city), partitions(cost, city)
    state = in_progress(city) * cost.state_bytes
    log_rate = peak_rate(city) * cost.log_bytes
    backlog = city.dossiers / city.working_days * city.export_outage_hours / 24 * cost.log_bytes
    disk = (backlog + 3 * state) * city.replicas / members
    return [
        Need(
            "Lõi CPU của Zeebe",
            _count(math.ceil(engine_cores(cost, city))),
            f"cao điểm × {_decimal(cost.broker_cpu)} s × {_decimal(city.replication_overhead)} bản sao"
            f" / {_decimal(city.utilization)}",
        ),
        Need(
            "Broker", _count(members), f"{city.cores_a_broker} lõi một broker, dư một broker, ít nhất {city.replicas}"
        ),
        Need("Phân vùng (partition)", _count(parts), "một lõi một phân vùng, chia đều cho các broker"),
        Need(
            "Trạng thái mỗi phân vùng (RocksDB)", _bytes(state / parts), f"đang giải quyết × {_bytes(cost.state_bytes)}"
        ),
        Need("Ghi nhật ký Zeebe, cao điểm", f"{_bytes(log_rate)}/s", f"× {_bytes(cost.log_bytes)}, mỗi bản sao"),
        Need(
            "Mạng giữa các broker, cao điểm",
            f"{_bytes(log_rate * (city.replicas - 1))}/s",
            f"× {city.replicas - 1} bản sao khác",
        ),
        Need(
            "Đĩa mỗi broker",
            _bytes(disk),
            f"nhật ký khi kho phụ dừng {_decimal(city.export_outage_hours)} giờ, và ba lần trạng thái",
        ),
    ]


def _workers_and_database(cost: Cost, city: City) -> list[Need]:
    rate = peak_rate(city)
    commits = rate * (cost.jobs + cost.outbox_rows)
    registry = city.dossiers * cost.registry_bytes
    processes = max(3, math.ceil(rate * cost.worker_cpu / city.utilization) + 1)
    return [
        Need(
            "Tiến trình `dieuphoi run`",
            _count(processes),
            f"cao điểm × {_decimal(cost.worker_cpu)} s / {_decimal(city.utilization)}, một lõi một tiến trình, dư một",
        ),
        Need("Giao dịch sổ đăng ký mỗi giây, cao điểm", _count(commits), "một giao dịch một việc, một một thư"),
        Need(
            "Ghi đĩa sổ đăng ký (IOPS), cao điểm",
            _count(commits * city.flushes_a_commit),
            f"× {_decimal(city.flushes_a_commit)}, chưa tính gộp",
        ),
        Need("Sổ đăng ký lớn thêm mỗi năm", _bytes(registry), f"× {_bytes(cost.registry_bytes)}"),
        Need("Sổ đăng ký khi đủ thời hạn lưu", _bytes(registry * city.years_kept), f"{_decimal(city.years_kept)} năm"),
        Need("Thư mỗi giây, cao điểm", _count(rate * cost.letters), f"× {_decimal(cost.letters)} thư"),
    ]


def _storage(cost: Cost, city: City) -> list[Need]:
    a_day = city.dossiers / _DAYS_A_YEAR
    records = a_day * city.record_days * cost.record_bytes
    history = a_day * (city.history_days + city.days_in_progress) * cost.history_bytes
    files = city.dossiers * (city.file_bytes + cost.paper_bytes)
    search = math.ceil(peak_rate(city) * cost.search_cpu / city.utilization)
    return [
        Need(
            "Lõi CPU của kho phụ",
            _count(search),
            f"cao điểm × {_decimal(cost.search_cpu)} s / {_decimal(city.utilization)}",
        ),
        Need(
            "Kho phụ: bản ghi xuất",
            _bytes(records * city.search_copies),
            f"{_decimal(city.record_days)} ngày × {_bytes(cost.record_bytes)} × {city.search_copies} bản",
        ),
        Need(
            "Kho phụ: lịch sử cho Operate, Tasklist",
            _bytes(history * city.search_copies),
            f"{_decimal(city.days_in_progress)} + {_decimal(city.history_days)} ngày × {_bytes(cost.history_bytes)}"
            f" × {city.search_copies} bản",
        ),
        Need("Biến của quy trình mỗi hồ sơ", _bytes(cost.variable_bytes), "tệp không nằm trong biến"),
        Need(
            "Kho giấy tờ lớn thêm mỗi năm",
            _bytes(files),
            f"× ({_bytes(city.file_bytes)} người nộp + {_bytes(cost.paper_bytes)} giấy tờ lập)",
        ),
        Need("Kho giấy tờ khi đủ thời hạn lưu", _bytes(files * city.years_kept), f"{_decimal(city.years_kept)} năm"),
    ]


def needs_table(lines: list[Need]) -> str:
    """Write what is needed."""
    rows = [f"| {line.what} | {line.amount} | {line.how} |" for line in lines]
    return "\n".join(["| cần | bao nhiêu | tính từ |", "|---|---|---|", *rows])


def cost_table(cost: Cost) -> str:
    """Write what was measured."""
    return _figures("đo được, một hồ sơ", cost)


def assumptions_table(city: City) -> str:
    """Write what was assumed."""
    return _figures("giả định", city)


def _figures(title: str, figures: Cost | City) -> str:
    rows = [f"| {one.metadata['about']} | {_figure(one.name, getattr(figures, one.name))} |" for one in fields(figures)]
    return "\n".join([f"| {title} | |", "|---|---|", *rows])


def _figure(name: str, value: float) -> str:
    if name.endswith("_bytes"):
        return _bytes(value)
    return _count(value) if isinstance(value, int) else _decimal(value)


def _count(value: float) -> str:
    return f"{round(value):,}".replace(",", ".")


def _decimal(value: float) -> str:
    return f"{value:.3g}".replace(".", ",")


def _bytes(value: float) -> str:
    unit, size = next(
        (pair for pair in (("TB", TERA), ("GB", GIGA), ("MB", MEGA), ("kB", KILO)) if value >= pair[1]), ("B", 1.0)
    )
    amount = value / size
    return f"{_count(amount) if amount >= 100 else _decimal(amount)} {unit}"  # noqa: PLR2004 - three digits either way


CITY = City()
"""Twenty million dossiers a year in 168 communes."""

MEASURED = Cost(
    jobs=27.5,
    user_tasks=8.33,
    broker_cpu=0.61,
    search_cpu=1.48,
    worker_cpu=0.628,
    log_bytes=962_000,
    state_bytes=14_200,
    record_bytes=117_000,
    history_bytes=288_000,
    variable_bytes=25_000,
    registry_bytes=44_100,
    paper_bytes=404_000,
    outbox_rows=5.33,
    letters=4.33,
)
"""By `python -m tests.engine.footprint`; see docs/scaling.md for when and where."""
