"""Read the environment: the only module that does. Names are the fields below with the prefix DIEUPHOI_."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.errors import UserError

PREFIX = "DIEUPHOI_"

_HOME = Path(__file__).resolve().parent.parent
_LARGEST_PORT = 65535
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _beside_engine(port: int, description: str, *, lowest: int = 1) -> Any:
    """Describe a port that moves with those of the embedded engine unless it is given."""
    return Field(
        default_factory=lambda known: port + known.get("engine_port_offset", 0),
        ge=lowest,
        le=_LARGEST_PORT,
        description=f"{description}; mặc định cộng thêm độ dời `{PREFIX}ENGINE_PORT_OFFSET`",
    )


def _sink_url(known: dict[str, Any]) -> str:
    return f"http://127.0.0.1:{known.get('gateway_sink_port', 8026)}/messages"


class Settings(BaseSettings):
    """Hold where things are and how much of the machine is used."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    home: Path = Field(_HOME, description="Thư mục chứa bpmn/ và config/")
    data_dir: Path | None = Field(None, description="Thư mục dữ liệu; trống: `.dieuphoi` trong `home`")
    cache_dir: Path | None = Field(None, description="Thư mục giữ bộ máy Camunda đã tải; trống: `~/.cache/dieuphoi`")
    database_url: SecretStr | None = Field(
        None, description="Địa chỉ cơ sở dữ liệu (SQLAlchemy); trống: SQLite `registry.db` trong `data_dir`"
    )

    gateway_address: str | None = Field(
        None,
        description="Cổng gRPC của Zeebe, dạng `máy:cổng`, nhiều cổng thì `dns:///máy:cổng` hoặc "
        "`ipv4:địa-chỉ:cổng,địa-chỉ:cổng`; trống: Camunda nhúng trên máy này",
    )
    gateway_tls: bool = Field(False, description="Mã hóa kết nối tới Zeebe bằng TLS")
    gateway_ca_file: Path | None = Field(
        None,
        description="Chứng thư CA (PEM) của Zeebe, và nếu cần của máy chủ cấp token; trống: của hệ điều hành",
    )
    gateway_auth: Literal["none", "basic", "oauth"] = Field("none", description="Cách đăng nhập Zeebe (cần TLS)")
    gateway_user: str | None = Field(None, description="Tên đăng nhập (`basic`)")
    gateway_password: SecretStr | None = Field(None, description="Mật khẩu (`basic`)")
    gateway_client_id: str | None = Field(None, description="Client id (`oauth`)")
    gateway_client_secret: SecretStr | None = Field(None, description="Client secret (`oauth`)")
    gateway_token_url: str | None = Field(None, description="Địa chỉ cấp token, `https://…` (`oauth`)")
    gateway_audience: str | None = Field(None, description="Audience của token (`oauth`)")
    gateway_scope: str | None = Field(None, description="Scope của token (`oauth`)")

    engine_port_offset: int = Field(
        0, ge=0, le=30000, description="Cộng vào mọi cổng mặc định của máy này, để chạy nhiều bộ trên một máy"
    )

    concurrency: int = Field(16, ge=1, le=1024, description="Số việc chạy cùng lúc trong một tiến trình")
    prefetch: int = Field(128, ge=1, le=4096, description="Số việc mỗi loại được nhận trước nhiều nhất")
    streaming: bool = Field(False, description="Nhận qua luồng (stream) các việc có người đang chờ trước màn hình")
    drain_seconds: float = Field(30, ge=0, le=600, description="Khi dừng: chờ việc đang chạy bao nhiêu giây")
    metrics_host: str = Field(
        "127.0.0.1", description="Địa chỉ mà /metrics, /healthz, /readyz nghe; không mở ra Internet"
    )
    metrics_port: int = _beside_engine(9464, "Cổng /metrics, /healthz, /readyz", lowest=0)

    smtp_host: str = Field("127.0.0.1", description="Máy chủ gửi thư (SMTP)")
    smtp_port: int = _beside_engine(1025, "Cổng SMTP")
    mail_web_port: int = _beside_engine(8025, "Cổng trang web của hộp thư thử (127.0.0.1)")
    gateway_sink_port: int = _beside_engine(8026, "Cổng của cổng gửi tin thử và trang xem tin (127.0.0.1)")
    smtp_tls: Literal["none", "starttls", "tls"] = Field("none", description="Mã hóa kết nối SMTP")
    smtp_user: str | None = Field(None, description="Tên đăng nhập SMTP")
    smtp_password: SecretStr | None = Field(None, description="Mật khẩu SMTP")
    mail_from: str = Field("dieuphoi@example.vn", description="Địa chỉ người gửi thư")

    sms_gateway_url: str = Field(default_factory=_sink_url, description="Địa chỉ cổng gửi tin nhắn; mặc định cổng thử")
    sms_gateway_key: SecretStr | None = Field(None, description="Khóa của cổng gửi tin nhắn")
    sms_sender: str = Field("DIEUPHOI", description="Tên hiển thị của người gửi tin nhắn (brandname)")
    sms_idempotent: bool = Field(
        False, description="Cổng gửi tin nhắn bỏ bản thứ hai cùng mã tin: tin không rõ kết quả được gửi lại"
    )
    zalo_gateway_url: str = Field(default_factory=_sink_url, description="Địa chỉ cổng gửi tin Zalo; mặc định cổng thử")
    zalo_gateway_key: SecretStr | None = Field(None, description="Khóa của cổng gửi tin Zalo")
    zalo_sender: str = Field("dieuphoi-oa", description="Mã tài khoản chính thức (OA) gửi tin Zalo")
    zalo_idempotent: bool = Field(False, description="Như `SMS_IDEMPOTENT`, cho Zalo")

    portal_host: str = Field("127.0.0.1", description="Địa chỉ nghe của trang người dân; phía trước là reverse proxy")
    portal_port: int = _beside_engine(8090, "Cổng trang của người dân")
    portal_metrics_port: int = _beside_engine(9471, "Cổng /metrics của trang người dân, nghe ở `METRICS_HOST`")
    look_months: int = Field(
        24, ge=6, le=600, description="Giữ nhật ký xem dữ liệu cá nhân bao nhiêu tháng; chờ xác nhận theo quy định"
    )
    webhook_networks: str = Field(
        "",
        description="Mạng nội bộ mà webhook được gọi tới, kể cả bằng `http://`, ví dụ `10.1.0.0/16, 127.0.0.0/8`; "
        "trống: chỉ địa chỉ công khai qua `https://`",
    )
    tracking_base_url: str = Field(
        default_factory=lambda known: f"http://127.0.0.1:{known.get('portal_port', 8090)}",
        description="Địa chỉ trang của người dân, in trên giấy và thư; mặc định theo cổng ở trên",
    )
    webapps_url: str | None = Field(
        None,
        description="Địa chỉ máy chủ Operate, Tasklist mà trang người dân dùng để cán bộ đăng nhập; "
        "trống: Camunda nhúng trên máy này",
    )
    log_format: Literal["console", "json"] = Field("console", description="Dạng nhật ký")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Mức nhật ký")

    @field_validator("home", "data_dir", "cache_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().resolve()

    @field_validator("log_level", "log_format", "gateway_auth", "smtp_tls", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("webhook_networks", mode="after")
    @classmethod
    def _networks(cls, value: str) -> str:
        for one in filter(None, (part.strip() for part in value.split(","))):
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(f"“{one}” không phải mạng, cần dạng 10.1.0.0/16") from None
        return value

    @field_validator("sms_gateway_url", "zalo_gateway_url", "gateway_token_url", mode="after")
    @classmethod
    def _secret_stays_secret(cls, value: str | None) -> str | None:
        """Let the client's secret leave this machine encrypted only, and no login stand in an address that is shown."""
        if value is None:
            return None
        address = urlsplit(value)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise ValueError("phải bắt đầu bằng https://")
        if "@" in address.netloc:
            raise ValueError("không được chứa tên đăng nhập")
        return value

    @model_validator(mode="after")
    def _complete_login(self) -> Self:
        needed = {
            "none": (),
            "basic": ("gateway_user", "gateway_password"),
            "oauth": ("gateway_client_id", "gateway_client_secret", "gateway_token_url"),
        }[self.gateway_auth]
        missing = [PREFIX + name.upper() for name in needed if getattr(self, name) is None]
        if self.gateway_auth != "none" and not self.gateway_tls:
            missing.append(f"{PREFIX}GATEWAY_TLS=true")
        if missing:
            raise ValueError(f"đăng nhập {self.gateway_auth} cần thêm {', '.join(missing)}")
        return self

    @property
    def data(self) -> Path:
        """Name the directory of data."""
        return self.data_dir or self.home / ".dieuphoi"

    @property
    def cache(self) -> Path:
        """Name the directory of what was fetched once."""
        return self.cache_dir or Path("~/.cache/dieuphoi").expanduser()

    @property
    def database(self) -> str:
        """Give SQLAlchemy's address of the registry; it may hold a password."""
        if self.database_url is None:
            return f"sqlite:///{self.data / 'registry.db'}"
        return self.database_url.get_secret_value()


def load_settings(**given: Any) -> Settings:
    """Read the environment; `given` wins over it. Raises UserError, naming variables but not their values."""
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = "; ".join(_problem(detail) for detail in error.errors(include_input=False, include_url=False))
    raise UserError(f"Thiết lập chưa đúng: {problems}. Hãy sửa biến môi trường rồi chạy lại.")


def settings_table() -> str:
    """Write the table of docs/runtime.md."""
    defaults = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in Settings.model_fields.items()
    }
    rows = [f"| `{PREFIX}{name.upper()}` | {_default(defaults[name])} | {field.description} |" for name, field in
            Settings.model_fields.items()]  # fmt: skip
    return "\n".join(["| biến môi trường | mặc định | ý nghĩa |", "|---|---|---|", *rows])


def _problem(detail: Any) -> str:
    if not detail["loc"]:
        return str(detail["ctx"]["error"])
    return f"{PREFIX}{str(detail['loc'][0]).upper()} ({detail['msg']})"


def _default(value: object) -> str:
    if value is None:
        return ""
    if value == _HOME:
        return "thư mục của bản mã nguồn"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"
