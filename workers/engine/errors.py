"""Name what can go wrong around the embedded engine, each as one Vietnamese sentence that says what to do."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from workers.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_GIGABYTE = 1024**3


class EngineError(UserError):
    """Say what stopped the embedded engine and what to do."""


class PortTaken(EngineError):
    """Say which port is taken and, if it can be known, by which program."""

    def __init__(self, port: int, owner: str) -> None:
        super().__init__(
            f"Cổng {port} trên máy này đang do {owner} sử dụng; hãy dừng chương trình đó hoặc chọn cổng khác "
            "(DIEUPHOI_ENGINE_PORT_OFFSET, DIEUPHOI_SMTP_PORT, DIEUPHOI_METRICS_PORT) rồi chạy lại."
        )
        self.port = port


class DiskFull(EngineError):
    """Say where room is missing and how much is needed."""

    def __init__(self, directory: Path, free: int, needed: int) -> None:
        super().__init__(
            f"Ổ đĩa chứa {directory} chỉ còn trống {free / _GIGABYTE:.1f} GiB, cần ít nhất "
            f"{needed / _GIGABYTE:.1f} GiB; hãy giải phóng dung lượng rồi chạy lại."
        )


class NoWritePermission(EngineError):
    """Say which directory cannot be written."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"Không có quyền ghi vào {directory}; hãy cấp quyền ghi hoặc chọn thư mục khác rồi chạy lại.")


class ArchiveCorrupted(EngineError):
    """Say which downloaded file does not match its pinned checksum even after a second download."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Tệp {name} tải về không khớp mã kiểm tra (SHA-256) đã ghim, kể cả sau khi tải lại; "
            "hãy kiểm tra mạng hoặc máy chủ trung gian rồi chạy lại."
        )


class NetworkUnavailable(EngineError):
    """Say that the engine has to be fetched once and the registry cannot be reached."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Không tải được {name}: lần chạy đầu cần mạng để tải Camunda và OpenSearch; "
            "hãy kiểm tra kết nối mạng rồi chạy lại, phần đã tải được giữ nguyên."
        )


class StartTimedOut(EngineError):
    """Say which process did not become ready in time and where its log is."""

    def __init__(self, names: Sequence[str], seconds: float, log: Path) -> None:
        super().__init__(
            f"Sau {seconds:.0f} giây, {', '.join(names)} vẫn chưa sẵn sàng; hãy xem nhật ký {log} rồi chạy lại."
        )
        self.log = log


class StartFailed(EngineError):
    """Say which process keeps ending while it starts and where its log is."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} liên tục dừng khi khởi động; hãy xem nhật ký {log} rồi chạy lại.")
        self.log = log


class CacheBusy(EngineError):
    """Say that another command has been fetching or starting the engine for too long."""

    def __init__(self, lock: Path) -> None:
        super().__init__(f"Một lệnh khác giữ khóa {lock} quá lâu; hãy đợi lệnh đó xong hoặc dừng nó rồi chạy lại.")


class EngineStopped(EngineError):
    """Say that a command needs the engine and it is not running."""

    def __init__(self) -> None:
        super().__init__("Bộ máy Camunda chưa chạy; hãy chạy `dieuphoi up` rồi thử lại.")


class LoginRefused(EngineError):
    """Say whose login Operate and Tasklist refused."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"Tài khoản {user_id} không đăng nhập được: sai tên hoặc mật khẩu; hãy xem lại tệp tài khoản.")


class WaitedTooLong(EngineError):
    """Say what did not happen in time."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"Đã đợi {seconds:.0f} giây mà {what}; hãy xem nhật ký rồi chạy lại.")


class RequestFailed(EngineError):
    """Carry what Tasklist, Operate or Zeebe answered to a request it refused."""

    def __init__(self, action: str, status: int, answer: str) -> None:
        super().__init__(f"Camunda từ chối yêu cầu “{action}” (HTTP {status}): {answer[:300]}")
        self.status = status


def translate_os_error(error: OSError, directory: Path, needed: int) -> EngineError | None:
    """Turn a full disk or a missing permission into its sentence; None for anything else."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(directory, 0, needed)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return NoWritePermission(directory)
    return None
