"""Say in a sentence why the gateway or the token server cannot be spoken to, and what to do.

gRPC tells it in the details of its status, Python's ssl in the text of its error; the tests hold the words of both
against real servers.
"""

from __future__ import annotations

NOT_OBTAINED = "không lấy được token"
"""How a sentence about the token server begins."""

_CHECK_ENGINE = "hãy kiểm tra Camunda đang chạy rồi thử lại"
_CHECK_CA = "hãy ghi chứng thư CA đã cấp nó vào tệp của DIEUPHOI_GATEWAY_CA_FILE"

_TROUBLES = (
    (
        ("certificate has expired",),
        "chứng thư TLS của máy chủ đã hết hạn; hãy gia hạn chứng thư, hoặc chỉnh đồng hồ máy này nếu sai",
    ),
    (
        ("certificate is not yet valid",),
        "chứng thư TLS của máy chủ chưa có hiệu lực; hãy xem đồng hồ của hai máy",
    ),
    (
        ("Hostname Verification Check failed", "Hostname mismatch", "IP address mismatch"),
        "chứng thư TLS của máy chủ cấp cho tên khác; hãy dùng đúng tên máy ghi trong chứng thư",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "certificate signature failure"),
        f"chứng thư TLS của máy chủ không do một CA được tin cậy cấp; {_CHECK_CA}",
    ),
    (
        ("WRONG_VERSION_NUMBER",),
        "máy chủ không nói TLS ở cổng này; hãy bật TLS ở máy chủ hoặc xem lại địa chỉ và DIEUPHOI_GATEWAY_TLS",
    ),
    (
        ("Socket closed", "Connection reset by peer"),
        f"máy chủ đóng kết nối; nếu máy chủ đòi TLS, hãy đặt DIEUPHOI_GATEWAY_TLS=true, nếu không {_CHECK_ENGINE}",
    ),
)


def tls_trouble(details: str) -> str | None:
    """Name what is wrong with the connection and what to do; None when the details do not tell."""
    return next((text for words, text in _TROUBLES if any(word in details for word in words)), None)


def unreachable(status: str, details: str | None) -> str:
    """Say why the gateway does not answer and what to do. `status` is the name of the gRPC status."""
    if details and details.startswith(NOT_OBTAINED):
        return details
    return tls_trouble(details or "") or f"{status}; {_CHECK_ENGINE}"


def denied(status: str, details: str | None) -> str:
    """Say why the gateway refuses us and what to do. `status` is the name of the gRPC status."""
    if details and details.startswith(NOT_OBTAINED):
        return details
    return f"{status}; hãy kiểm tra tài khoản DIEUPHOI_GATEWAY_… và quyền của nó trong Camunda"
