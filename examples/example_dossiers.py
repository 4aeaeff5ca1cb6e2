"""Say what the example dossiers hold; `make` names how a file is made (MAKERS in make_examples.py)."""

from __future__ import annotations

from datetime import date
from typing import Any

WARD = "H29.26740"
HOME_AFFAIRS, FINANCE, TRADE, LAND, BUILDING, HEALTH = "H29.02", "H29.04", "H29.05", "H29.06", "H29.07", "H29.10"


def person(number: int, name: str, *, email: bool = False, sms: bool = False) -> dict[str, Any]:
    """Describe a person who does not exist."""
    return {
        "name": name,
        "id_number": f"0792010000{number:02d}",
        "phone": f"09000000{number:02d}",
        "email": f"nguoinop{number:02d}@example.vn",
        "address": f"Số {number} đường Ví Dụ, phường Sài Gòn, Thành phố Hồ Chí Minh",
        "consent": {"email": email, "sms": sms},
    }


def enterprise(number: int, name: str, tax_code: str, *, email: bool = True) -> dict[str, Any]:
    """Describe an enterprise that does not exist."""
    return {
        "name": name,
        "tax_code": tax_code,
        "phone": f"028390000{number:02d}",
        "email": f"doanhnghiep{number:02d}@example.vn",
        "address": f"Số {number} đường Mẫu, phường Bến Thành, Thành phố Hồ Chí Minh",
        "consent": {"email": email, "sms": False},
    }


def paper(
    composition: str,
    file: str,
    make: str,
    original: str,
    title: str,
    *body: str,
    signer: str = "Nguyễn Văn Ví Dụ",
    issued_on: date | None = None,
    expires_on: date | None = None,
) -> dict[str, Any]:
    """Describe one document and the words it carries."""
    dates = {"issued_on": issued_on, "expires_on": expires_on}
    return {
        "composition": composition,
        "file": file,
        "original": original,
        **{key: value for key, value in dates.items() if value},
        "make": make,
        "title": title,
        "body": body or (f"{title} dùng làm ví dụ cho việc tiếp nhận và giải quyết hồ sơ.",),
        "signer": signer,
    }


def dossier(
    procedure: str,
    title: str,
    channel: str,
    origin_unit: str,
    applicant: dict[str, Any],
    documents: list[dict[str, Any]],
    *,
    kind: str = "administrative_procedure",
    urgency: str = "normal",
    case: str | None = None,
) -> dict[str, Any]:
    """Describe one dossier in the order of dossier.yaml."""
    head = {
        "kind": kind,
        "procedure": procedure,
        "title": title,
        "urgency": urgency,
        "channel": channel,
        "origin_unit": origin_unit,
        "applicant": applicant,
    }
    return head | ({"case": case} if case else {}) | {"documents": documents}


def _identity(composition: str = "requester_identity", file: str = "can-cuoc.jpg") -> dict[str, Any]:
    return paper(
        composition,
        file,
        "jpeg",
        "copy",
        "Bản sao thẻ căn cước",
        "Số định danh cá nhân: 079201000001 (ví dụ).",
        issued_on=date(2023, 5, 15),
        expires_on=date(2041, 5, 15),
    )


def _practice_licence(health_certificate: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        paper("application", "don-de-nghi.pdf", "pdf", "original", "Đơn đề nghị cấp giấy phép hành nghề"),
        paper("qualification", "van-bang.pdf", "scan", "certified", "Bằng bác sĩ y khoa", issued_on=date(2019, 7, 1)),
        paper(
            "practice_confirmation", "xac-nhan-thuc-hanh.pdf", "scan", "original", "Giấy xác nhận hoàn thành thực hành"
        ),
        health_certificate,
        paper("curriculum_vitae", "so-yeu-ly-lich.pdf", "pdf", "original", "Sơ yếu lý lịch tự thuật"),
        paper("photo", "anh-4x6.jpg", "portrait", "original", "Ảnh chân dung"),
    ]


def _construction_permit() -> list[dict[str, Any]]:
    return [
        paper(
            "application",
            "don-de-nghi.pdf",
            "signed",
            "original",
            "Đơn đề nghị cấp giấy phép xây dựng",
            "Kính gửi: Sở Xây dựng Thành phố Hồ Chí Minh.",
            "Đề nghị cấp giấy phép xây dựng công trình kho lưu trữ ví dụ, diện tích sàn 1.200 m².",
        ),
        paper("land_right", "quyen-su-dung-dat.pdf", "scan", "copy", "Giấy chứng nhận quyền sử dụng đất"),
        paper(
            "project_approval",
            "phe-duyet-du-an.pdf",
            "signed",
            "copy",
            "Quyết định phê duyệt dự án",
            signer="Trần Thị Ví Dụ",
        ),
        paper("design_drawings", "ban-ve.pdf", "plan", "copy", "Bản vẽ mặt bằng tầng 1"),
    ]


DOSSIERS: dict[str, dict[str, Any]] = {
    "birth-registration": dossier(
        "1.001193",
        "Đăng ký khai sinh cho Nguyễn Ví Dụ Con",
        "in_person",
        WARD,
        person(1, "Nguyễn Văn Ví Dụ", email=True, sms=True),
        [
            paper("application", "to-khai.pdf", "scan", "original", "Tờ khai đăng ký khai sinh"),
            paper("birth_certificate", "giay-chung-sinh.jpg", "jpeg", "original", "Giấy chứng sinh"),
            paper("marriage_certificate", "ket-hon.png", "png", "copy", "Giấy chứng nhận kết hôn"),
            _identity(),
        ],
    ),
    "marital-status": dossier(
        "1.004873",
        "Cấp giấy xác nhận tình trạng hôn nhân",
        "online",
        WARD,
        person(2, "Lê Thị Ví Dụ", email=True),
        [
            paper(
                "application", "to-khai.pdf", "signed", "original", "Tờ khai cấp giấy xác nhận", signer="Lê Thị Ví Dụ"
            ),
            _identity(),
        ],
    ),
    "marital-status-missing-identity": dossier(
        "1.004873",
        "Cấp giấy xác nhận tình trạng hôn nhân (thiếu giấy tờ tùy thân)",
        "postal",
        WARD,
        person(3, "Phạm Văn Ví Dụ", sms=True),
        [paper("application", "to-khai.docx", "docx", "original", "Tờ khai cấp giấy xác nhận")],
    ),
    "business-registration": dossier(
        "2.001583",
        "Thành lập Công ty TNHH một thành viên Ví Dụ Một",
        "online",
        FINANCE,
        enterprise(1, "Công ty cổ phần Mẹ Ví Dụ", "0310000017"),
        [
            paper("application", "giay-de-nghi.pdf", "signed", "original", "Giấy đề nghị đăng ký doanh nghiệp"),
            paper("charter", "dieu-le.pdf", "signed_claimed", "original", "Điều lệ công ty"),
            paper(
                "owner_registration",
                "dang-ky-chu-so-huu.pdf",
                "scan",
                "certified",
                "Giấy chứng nhận đăng ký doanh nghiệp",
            ),
            paper(
                "beneficial_owner_list",
                "chu-so-huu-huong-loi.docx",
                "docx",
                "original",
                "Danh sách chủ sở hữu hưởng lợi",
            ),
        ],
        case="organization_owner",
    ),
    "construction-permit": dossier(
        "1.009974",
        "Cấp giấy phép xây dựng kho lưu trữ ví dụ",
        "online",
        BUILDING,
        enterprise(2, "Công ty TNHH Kho Ví Dụ", "0309999997"),
        _construction_permit(),
        case="non_linear",
    ),
    "construction-permit-missing-drawings": dossier(
        "1.009974",
        "Cấp giấy phép xây dựng nhà xưởng ví dụ (thiếu bản vẽ và phê duyệt dự án)",
        "in_person",
        BUILDING,
        enterprise(3, "Công ty TNHH Xưởng Ví Dụ", "0319999996"),
        _construction_permit()[:2],
        case="non_linear",
    ),
    "investment-policy": dossier(
        "1.009645",
        "Chấp thuận chủ trương đầu tư Trung tâm dữ liệu Ví Dụ",
        "online",
        FINANCE,
        enterprise(4, "Công ty cổ phần Trung tâm dữ liệu Ví Dụ", "0310000017"),
        [
            paper(
                "application",
                "van-ban-de-nghi.pdf",
                "signed",
                "original",
                "Văn bản đề nghị thực hiện dự án đầu tư",
                "Kính gửi: Ủy ban nhân dân Thành phố Hồ Chí Minh.",
                "Nhà đầu tư đề nghị chấp thuận chủ trương đầu tư dự án Trung tâm dữ liệu Ví Dụ, "
                "vốn đầu tư 1.500 tỷ đồng.",
            ),
            paper(
                "investor_legal_status",
                "tu-cach-phap-ly.pdf",
                "scan",
                "certified",
                "Giấy chứng nhận đăng ký doanh nghiệp",
            ),
            paper("financial_capacity", "nang-luc-tai-chinh.pdf", "pdf", "copy", "Báo cáo tài chính đã kiểm toán"),
            paper("investment_proposal", "de-xuat-du-an.pdf", "signed", "original", "Đề xuất dự án đầu tư"),
            paper("land_documents", "thoa-thuan-dia-diem.pdf", "scan", "copy", "Thỏa thuận thuê địa điểm"),
        ],
    ),
    "land-change-encrypted-contract": dossier(
        "9.000001",
        "Đăng ký biến động đất đai (hợp đồng đặt mật khẩu)",
        "in_person",
        LAND,
        person(4, "Võ Thị Ví Dụ", email=True),
        [
            paper("application", "don-dang-ky.pdf", "scan", "original", "Đơn đăng ký biến động đất đai"),
            paper("certificate", "giay-chung-nhan.jpg", "jpeg", "original", "Giấy chứng nhận quyền sử dụng đất"),
            paper("transfer_contract", "hop-dong.pdf", "encrypted", "original", "Hợp đồng chuyển nhượng"),
        ],
    ),
    "practice-licence": dossier(
        "9.000003",
        "Cấp giấy phép hành nghề bác sĩ",
        "postal",
        HEALTH,
        person(5, "Đỗ Ánh Ví Dụ", email=True, sms=True),
        _practice_licence(
            paper(
                "health_certificate",
                "kham-suc-khoe.pdf",
                "scan",
                "original",
                "Giấy khám sức khỏe",
                issued_on=date(2026, 6, 1),
                expires_on=date(2036, 6, 1),
            )
        ),
    ),
    "practice-licence-expired-certificate": dossier(
        "9.000003",
        "Cấp giấy phép hành nghề điều dưỡng (giấy khám sức khỏe hết hạn)",
        "in_person",
        HEALTH,
        person(6, "Bùi Văn Ví Dụ"),
        _practice_licence(
            paper(
                "health_certificate",
                "kham-suc-khoe.pdf",
                "scan",
                "original",
                "Giấy khám sức khỏe",
                issued_on=date(2023, 1, 10),
                expires_on=date(2024, 1, 10),
            )
        ),
    ),
    "work-permit-urgent": dossier(
        "9.000002",
        "Cấp giấy phép lao động cho chuyên gia nước ngoài (khẩn)",
        "online",
        HOME_AFFAIRS,
        enterprise(5, "Công ty TNHH Công nghệ Ví Dụ", "0309999997"),
        [
            paper("application", "van-ban-de-nghi.pdf", "signed", "original", "Văn bản đề nghị cấp giấy phép lao động"),
            paper("health_certificate", "kham-suc-khoe.pdf", "scan", "original", "Giấy khám sức khỏe"),
            paper("criminal_record", "ly-lich-tu-phap.pdf", "scan", "original", "Phiếu lý lịch tư pháp"),
            paper("qualification", "trinh-do.pdf", "scan", "certified", "Bằng kỹ sư và giấy xác nhận kinh nghiệm"),
            paper("photo", "anh-4x6.jpg", "portrait", "original", "Ảnh màu"),
            paper(
                "passport",
                "ho-chieu.jpg",
                "jpeg",
                "copy",
                "Bản sao hộ chiếu",
                issued_on=date(2025, 2, 1),
                expires_on=date(2035, 2, 1),
            ),
        ],
        urgency="urgent",
    ),
    "trade-fair": dossier(
        "9.000006",
        "Đăng ký tổ chức Hội chợ Ví Dụ 2027",
        "in_person",
        TRADE,
        enterprise(6, "Công ty TNHH Hội chợ Ví Dụ", "0319999996"),
        [
            paper("application", "van-ban-dang-ky.odt", "odt", "original", "Văn bản đăng ký tổ chức hội chợ"),
            paper("venue_documents", "dia-diem.tiff", "tiff", "copy", "Hợp đồng thuê địa điểm tổ chức"),
        ],
    ),
    "city-plan": dossier(
        "HSCV-01",
        "Kế hoạch chuyển đổi số Thành phố năm 2027 (ví dụ)",
        "online",
        HOME_AFFAIRS,
        {"unit": HOME_AFFAIRS},
        [
            paper(
                "submission",
                "to-trinh.pdf",
                "signed",
                "original",
                "Tờ trình về việc ban hành kế hoạch chuyển đổi số",
                "Kính gửi: Chủ tịch Ủy ban nhân dân Thành phố.",
                "Sở Nội vụ kính trình dự thảo Kế hoạch chuyển đổi số năm 2027 để xem xét, ban hành.",
                signer="Trần Thị Ví Dụ",
            ),
            paper("draft", "du-thao-ke-hoach.docx", "docx", "original", "Dự thảo Kế hoạch chuyển đổi số năm 2027"),
            paper(
                "opinion_table", "bang-tiep-thu.pdf", "pdf", "original", "Bảng tổng hợp, tiếp thu, giải trình ý kiến"
            ),
        ],
        kind="work_dossier",
    ),
    "city-decision-urgent": dossier(
        "HSCV-02",
        "Quyết định về quy chế phối hợp giải quyết hồ sơ (ví dụ, khẩn)",
        "online",
        FINANCE,
        {"unit": FINANCE},
        [
            paper(
                "submission",
                "to-trinh.pdf",
                "signed",
                "original",
                "Tờ trình ban hành quyết định",
                signer="Trần Thị Ví Dụ",
            ),
            paper("draft", "du-thao-quyet-dinh.docx", "docx", "original", "Dự thảo Quyết định"),
        ],
        kind="work_dossier",
        urgency="urgent",
    ),
}
