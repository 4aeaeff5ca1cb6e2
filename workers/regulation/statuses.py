"""Name the states of a dossier or feedback for people and for the National Public Service Portal.

Lateness is derived from the deadline and is no state.
"""

from __future__ import annotations

from enum import IntEnum

STATE_NAMES = {
    "registered": "Mới đăng ký",
    "accepted": "Đang giải quyết",
    "supplement_requested": "Chờ người nộp bổ sung",
    "resolved": "Đã có kết quả",
    "returned": "Đã trả kết quả",
    "refused": "Không tiếp nhận",
    "stopped": "Dừng giải quyết",
    "withdrawn": "Đã rút theo yêu cầu",
}

FEEDBACK_STATE_NAMES = {
    "received": "Đã tiếp nhận",
    "forwarded": "Đã chuyển đơn vị",
    "in_progress": "Đang xử lý",
    "answered": "Đã trả lời",
    "reopened": "Mở lại",
    "closed": "Kết thúc",
    "routed_out": "Chuyển ra ngoài 1022",
    "rejected": "Không tiếp nhận",
    "merged": "Đã gộp vào phản ánh khác",
}

FINISHED_STATES = frozenset({"returned", "refused", "stopped", "withdrawn"})
"""States that a dossier does not leave."""


class PortalStatus(IntEnum):
    """Number the dossier statuses of the national portal."""

    NEW = 1
    RECEIVED = 2
    NOT_RECEIVED = 3
    PROCESSING = 4
    SUPPLEMENT = 5
    PAYMENT = 6
    WITHDRAWAL = 7
    STOPPED = 8
    PROCESSED = 9
    RETURNED = 10


PORTAL_NAMES = {
    PortalStatus.NEW: "Mới đăng ký",
    PortalStatus.RECEIVED: "Được tiếp nhận",
    PortalStatus.NOT_RECEIVED: "Không được tiếp nhận",
    PortalStatus.PROCESSING: "Đang xử lý",
    PortalStatus.SUPPLEMENT: "Yêu cầu bổ sung giấy tờ",
    PortalStatus.PAYMENT: "Yêu cầu thực hiện nghĩa vụ tài chính",
    PortalStatus.WITHDRAWAL: "Công dân yêu cầu rút hồ sơ",
    PortalStatus.STOPPED: "Dừng xử lý",
    PortalStatus.PROCESSED: "Đã xử lý xong",
    PortalStatus.RETURNED: "Đã trả kết quả",
}

_PORTAL = {
    "registered": PortalStatus.NEW,
    "accepted": PortalStatus.RECEIVED,
    "supplement_requested": PortalStatus.SUPPLEMENT,
    "resolved": PortalStatus.PROCESSED,
    "returned": PortalStatus.RETURNED,
    "refused": PortalStatus.NOT_RECEIVED,
    "stopped": PortalStatus.STOPPED,
    "withdrawn": PortalStatus.WITHDRAWAL,
}


def portal_status(state: str, *, in_processing: bool = False) -> PortalStatus:
    """Translate a state for the portal; `in_processing`: an accepted dossier has reached the unit that resolves it.

    Raises KeyError for an unknown state.
    """
    if state == "accepted" and in_processing:
        return PortalStatus.PROCESSING
    return _PORTAL[state]
