"""Give one made-up example of each paper, for previews of a template and for tests. No person in it exists."""

from __future__ import annotations

from datetime import datetime

from workers.papers.models import (
    Agency,
    Apology,
    Article,
    Basis,
    Component,
    ControlSlip,
    Decision,
    Endorsement,
    FeedbackReport,
    FormSet,
    Handover,
    HandoverSlip,
    Limit,
    MissingPaper,
    OpinionRequest,
    OpinionRow,
    OpinionTable,
    Paper,
    Person,
    Receipt,
    Refusal,
    Register,
    RegisterRow,
    Reminder,
    ReportLine,
    ResultFeedback,
    ResultRow,
    Signatory,
    StopNotice,
    SubmissionSlip,
    SupplementRequest,
)
from workers.papers.text import LOCAL

_CODE = "H29.14-261102-0007"
_URL = "http://127.0.0.1:8300/tra-cuu/VDKX7M4Q"
_PROCEDURE = "Chấp thuận chủ trương đầu tư của Ủy ban nhân dân Thành phố (ví dụ)"
_DEPARTMENT = Agency(
    parent_name="Ủy ban nhân dân Thành phố Hồ Chí Minh",
    name="Sở Tài chính",
    address="Số 1 Đường Ví Dụ, Thành phố Hồ Chí Minh",
    phone="028 0000 0001",
    email="mot-cua@example.vn",
)
_OFFICE = Agency(parent_name="Ủy ban nhân dân Thành phố Hồ Chí Minh", name="Văn phòng")
_COMMITTEE = Agency(name="Ủy ban nhân dân Thành phố Hồ Chí Minh")
_APPLICANT = Person(
    name="Nguyễn Văn Ví Dụ",
    address="Số 12 Đường Ví Dụ, Phường Ví Dụ, Thành phố Hồ Chí Minh",
    phone="0900000001",
    email="nguoi.nop@example.vn",
    id_number="079000000001",
)
_OWNER = Person(name="Công ty trách nhiệm hữu hạn Đầu tư Ví Dụ", address="Số 34 Đường Ví Dụ, Thành phố Hồ Chí Minh")
_DIRECTOR = Signatory(lines=["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"], name="Trần Thị Ví Dụ")
_CHIEF = Signatory(lines=["KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG"], name="Lê Văn Ví Dụ")
_CHAIR = Signatory(lines=["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], name="Phạm Thị Ví Dụ")
_DESK = "Bộ phận Tiếp nhận và Trả kết quả, 028 0000 0001, mot-cua@example.vn"
_LIMIT = Limit(text="35 ngày làm việc", clause="điều khoản ví dụ", confirmed=False)


def _at(day: int, hour: int = 8, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=LOCAL)


_BASE = {"agency": _DEPARTMENT, "issued_at": _at(2, 9, 15), "dossier_code": _CODE, "tracking_url": _URL}
_FORM = {
    **_BASE,
    "applicant": _APPLICANT,
    "procedure_name": _PROCEDURE,
    "request": "Chấp thuận chủ trương đầu tư dự án Khu dịch vụ Ví Dụ tại Phường Ví Dụ",
    "officer_name": "Võ Thị Ví Dụ",
    "contact": _DESK,
}


def sample_papers(form_set: FormSet) -> list[Paper]:
    """List one example of each paper of a form set, statutory forms first."""
    return [*_forms(form_set), *_letters()]


def _forms(form_set: FormSet) -> list[Paper]:
    form = {**_FORM, "form_set": form_set}
    forms: list[Paper] = [
        Receipt.model_validate(
            {
                **form,
                "owner": _OWNER,
                "components": [
                    Component(name="Văn bản đề nghị thực hiện dự án đầu tư", original="original"),
                    Component(name="Tài liệu về tư cách pháp lý của nhà đầu tư", original="certified"),
                    Component(name="Đề xuất dự án đầu tư gồm các nội dung chủ yếu", original="original", quantity=2),
                    Component(name="Bản đồ vị trí khu đất", original="electronic"),
                ],
                "limit": _LIMIT,
                "received_at": _at(2, 9, 15),
                "due_at": _at(22, 17, month=12),
                "fee": "Không thu",
                "result_method": "Nhận trực tiếp và bản điện tử qua cổng dịch vụ công",
            }
        ),
        SupplementRequest.model_validate(
            {
                **form,
                "number": "15/HDHS-STC",
                "missing": [
                    MissingPaper(
                        name="Tài liệu chứng minh năng lực tài chính của nhà đầu tư",
                        reason="Báo cáo tài chính nộp kèm thiếu trang ký của kế toán trưởng",
                        basis=Basis(text="điều khoản ví dụ về thành phần hồ sơ", confirmed=False),
                    ),
                    MissingPaper(name="Bản đồ vị trí khu đất", reason="Tệp điện tử không mở được"),
                ],
                "supplement_due_at": _at(16, 17),
            }
        ),
        Refusal.model_validate(
            {
                **form,
                "number": "16/TCHS-STC",
                "reasons": [
                    "Thủ tục không thuộc thẩm quyền giải quyết của cơ quan",
                    "Khu đất đã được giao cho nhà đầu tư khác theo văn bản đang có hiệu lực",
                ],
                "basis": [Basis(text="Điều khoản ví dụ về thẩm quyền", confirmed=False)],
            }
        ),
        Apology.model_validate(
            {
                **form,
                "number": "17/STC-XL",
                "issued_at": _at(21, 10, month=12),
                "received_at": _at(2, 9, 15),
                "due_at": _at(22, 17, month=12),
                "new_due_at": _at(30, 17, month=12),
                "delaying_unit_name": "Sở Nông nghiệp và Môi trường",
                "reason": "Chưa có ý kiến thẩm định về nhu cầu sử dụng đất của đơn vị phối hợp",
                "reply_by": _at(22, 11, month=12),
                "recipients": ["Văn phòng Ủy ban nhân dân Thành phố (để báo cáo)"],
                "signatory": _DIRECTOR,
            }
        ),
        ControlSlip.model_validate(
            {
                **form,
                "lead_unit_name": "Sở Tài chính",
                "received_at": _at(2, 9, 15),
                "due_at": _at(22, 17, month=12),
                "rows": _handovers(6),
            }
        ),
        Register.model_validate(
            {**form, "dossier_code": None, "tracking_url": None, "period": "Tháng 11 năm 2026", "rows": _register(8)}
        ),
    ]
    if form_set is FormSet.Y2025:
        forms.insert(
            4,
            StopNotice.model_validate(
                {
                    **form,
                    "number": "18/TB-STC",
                    "received_at": _at(2, 9, 15),
                    "stopped_at": _at(17, 8),
                    "reason": "Quá thời hạn bổ sung, người nộp chưa hoàn thiện hồ sơ",
                    "basis": [Basis(text="Điều khoản ví dụ về dừng giải quyết", confirmed=False)],
                    "returned_papers": ["Văn bản đề nghị thực hiện dự án đầu tư (bản chính)"],
                    "signatory": _DIRECTOR,
                }
            ),
        )
    return forms


def _letters() -> list[Paper]:
    return [
        OpinionRequest.model_validate(
            {
                **_BASE,
                "number": "101/STC-ĐT",
                "subject": "Về chủ trương đầu tư dự án Khu dịch vụ Ví Dụ",
                "to_unit_name": "Sở Nông nghiệp và Môi trường",
                "procedure_name": _PROCEDURE,
                "summary": "Nhà đầu tư đề nghị thực hiện dự án trên diện tích 1,2 ha, tổng vốn 120 tỷ đồng.",
                "questions": [
                    "Sự phù hợp của nhu cầu sử dụng đất với quy hoạch, kế hoạch sử dụng đất",
                    "Đánh giá sơ bộ tác động môi trường của dự án",
                ],
                "attachments": ["Đề xuất dự án đầu tư", "Bản đồ vị trí khu đất"],
                "due_at": _at(11, 17),
                "limit": Limit(text="5 ngày làm việc", clause="điều khoản ví dụ", confirmed=False),
                "recipients": ["Văn phòng Ủy ban nhân dân Thành phố"],
                "signatory": _DIRECTOR,
            }
        ),
        OpinionTable.model_validate(
            {**_BASE, "subject": "Dự án Khu dịch vụ Ví Dụ", "rows": _opinions(1), "signatory": _DIRECTOR}
        ),
        SubmissionSlip.model_validate(
            {
                **_BASE,
                "agency": _OFFICE,
                "number": "55/PT-VP",
                "subject": "Chấp thuận chủ trương đầu tư dự án Khu dịch vụ Ví Dụ",
                "to_leader": "Phó Chủ tịch Ủy ban nhân dân Thành phố",
                "submitting_unit_name": "Sở Tài chính",
                "received_at": _at(23),
                "due_at": _at(30, 17),
                "summary": "Sở Tài chính trình Ủy ban nhân dân Thành phố chấp thuận chủ trương đầu tư dự án.",
                "opinions": ["Ba đơn vị đồng ý", "Một đơn vị không trả lời trong thời hạn"],
                "appraisal": "Hồ sơ đủ thành phần, đúng thể thức; các ý kiến đã được tiếp thu, giải trình đầy đủ.",
                "basis": [Basis(text="Điều khoản ví dụ về thẩm quyền chấp thuận", confirmed=False)],
                "proposal": "Kính trình đồng chí xem xét, ký ban hành văn bản chấp thuận.",
                "documents": ["Tờ trình của Sở Tài chính", "Bảng tổng hợp, tiếp thu, giải trình ý kiến", "Dự thảo"],
                "endorsements": [
                    Endorsement(role="Chuyên viên", opinion="Đề xuất ký", name="Đỗ Văn Ví Dụ", at=_at(24, 9)),
                    Endorsement(role="Lãnh đạo Văn phòng", opinion="Thống nhất trình", name="Lê Văn Ví Dụ"),
                ],
                "signatory": _CHIEF,
            }
        ),
        ResultFeedback.model_validate(
            {
                **_BASE,
                "agency": _OFFICE,
                "number": "77/VP-TH",
                "subject": "Hồ sơ chấp thuận chủ trương đầu tư dự án Khu dịch vụ Ví Dụ",
                "to_unit_name": "Sở Tài chính",
                "procedure_name": _PROCEDURE,
                "received_at": _at(23),
                "due_at": _at(30, 17),
                "resolved_at": _at(27, 15, 30),
                "result": "Đã ký ban hành",
                "result_number": "1234/QĐ-UBND",
                "remarks": ["Công khai kết quả trên cổng dịch vụ công"],
                "attachments": ["Quyết định số 1234/QĐ-UBND"],
                "confirm_by": _at(30, 17),
                "signatory": _CHIEF,
            }
        ),
        Decision.model_validate(
            {
                **_BASE,
                "agency": _COMMITTEE,
                "number": "1234/QĐ-UBND",
                "subject": "Về việc chấp thuận chủ trương đầu tư dự án Khu dịch vụ Ví Dụ",
                "authority": "Ủy ban nhân dân Thành phố Hồ Chí Minh",
                "bases": [
                    Basis(text="Điều khoản ví dụ của luật về đầu tư", confirmed=False),
                    Basis(text="đề nghị của Giám đốc Sở Tài chính tại Tờ trình số 99/TTr-STC (ví dụ)"),
                ],
                "articles": [
                    Article(
                        heading="Điều 1",
                        text="Chấp thuận chủ trương đầu tư dự án Khu dịch vụ Ví Dụ.\nDiện tích đất: 1,2 ha.",
                    ),
                    Article(heading="Điều 2", text="Quyết định này có hiệu lực kể từ ngày ký."),
                    Article(
                        heading="Điều 3",
                        text="Chánh Văn phòng, Giám đốc Sở Tài chính và nhà đầu tư chịu trách nhiệm thi hành.",
                    ),
                ],
                "recipients": ["Như Điều 3", "Thường trực Ủy ban nhân dân Thành phố"],
                "signatory": _CHAIR,
            }
        ),
        Reminder.model_validate(
            {
                **_BASE,
                "agency": _OFFICE,
                "number": "88/PĐĐ-VP",
                "subject": "Về việc trả lời ý kiến phối hợp",
                "to_unit_name": "Sở Nông nghiệp và Môi trường",
                "procedure_name": _PROCEDURE,
                "step_name": "Trả lời ý kiến phối hợp",
                "limit": Limit(text="5 ngày làm việc", clause="điều khoản ví dụ", confirmed=False),
                "opened_at": _at(4, 8),
                "due_at": _at(11, 17),
                "overdue_working_time": "1 ngày 2 giờ",
                "request": "Đề nghị quý đơn vị khẩn trương trả lời ý kiến để bảo đảm thời hạn giải quyết hồ sơ.",
                "reply_by": _at(16, 17),
                "recipients": ["Lãnh đạo Văn phòng (để báo cáo)"],
                "signatory": _CHIEF,
            }
        ),
        FeedbackReport.model_validate(
            {
                "agency": _OFFICE,
                "issued_at": _at(25, 12),
                "period": "Kỳ tháng 11 năm 2026 (Ví Dụ)",
                "explanation": ["Kỳ trước + mới nhận = đã xử lý + đang xử lý."],
                "columns": ["Kỳ trước", "Mới nhận", "Đã xử lý", "Đang xử lý", "Tỷ lệ đúng hạn"],
                "whole": ReportLine(name="Toàn Thành phố", cells=["12", "40", "45", "7", "93,8 %"]),
                "units": [ReportLine(name="Sở Xây dựng", cells=["12", "40", "45", "7", "93,8 %"])],
                "fields": [ReportLine(name="Chưa phân loại", cells=["0", "2", "0", "2", "—"])],
                "remarks": ["Mở lại: 3."],
            }
        ),
        HandoverSlip.model_validate(
            {
                **_BASE,
                "dossier_code": None,
                "number": "19/PBG-STC",
                "from_unit_name": "Phòng Đầu tư",
                "to_unit_name": "Bộ phận Tiếp nhận và Trả kết quả",
                "rows": [
                    ResultRow(
                        dossier_code=_CODE,
                        content="Chấp thuận chủ trương đầu tư",
                        result="Quyết định 1234/QĐ-UBND",
                        owner_name=_OWNER.name,
                        address=_OWNER.address,
                        by_post=number == 1,
                    )
                    for number in range(2)
                ],
                "handed_by": "Đỗ Văn Ví Dụ",
                "received_by": "Võ Thị Ví Dụ",
            }
        ),
    ]


def _handovers(count: int) -> list[Handover]:
    units = ["Bộ phận Tiếp nhận và Trả kết quả", "Phòng Đầu tư", "Lãnh đạo Sở", "Văn phòng Ủy ban nhân dân Thành phố"]
    results = ["early", "on_time", "late"]
    return [
        Handover.model_validate(
            {
                "from_unit": units[row % 4],
                "to_unit": units[(row + 1) % 4],
                "at": _at(2 + row % 25, 9, 15),
                "result": results[row % 3],
                "working_time": f"{row + 1} giờ 30 phút",
                "handed_by": "Võ Thị Ví Dụ",
                "received_by": "Đỗ Văn Ví Dụ",
            }
        )
        for row in range(count)
    ]


def _register(count: int) -> list[RegisterRow]:
    return [
        RegisterRow(
            dossier_code=f"H29.14-261102-{row + 1:04d}",
            procedure_name=_PROCEDURE,
            applicant_name=_APPLICANT.name,
            contact="Phường Ví Dụ, 0900000001",
            lead_unit_name="Sở Tài chính",
            received_at=_at(2, 9, row % 60),
            due_at=_at(22, 17, month=12),
            returned_at=_at(21, 15, month=12) if row % 2 else None,
            return_method="Trực tiếp",
        )
        for row in range(count)
    ]


def _opinions(times: int) -> list[OpinionRow]:
    rows = [
        OpinionRow(
            unit_name="Sở Nông nghiệp và Môi trường",
            verdict="agree_with_changes",
            content="Đề nghị bổ sung phương án thu gom nước thải và cập nhật ranh giới theo bản đồ địa chính.",
            answered_at=_at(12, 9),
            document_number="220/SNNMT-ĐĐ",
            late=True,
            disposition="accepted",
            explanation="Đã bổ sung tại mục 4 của đề xuất dự án.",
        ),
        OpinionRow(
            unit_name="Sở Quy hoạch - Kiến trúc",
            verdict="disagree",
            content="Chiều cao công trình vượt chỉ tiêu quy hoạch của khu vực.",
            answered_at=_at(10, 9),
            disposition="explained",
            explanation="Chỉ tiêu đã được điều chỉnh cục bộ; nhà đầu tư gửi kèm văn bản điều chỉnh.",
        ),
        OpinionRow(
            unit_name="Sở Xây dựng",
            verdict="silent",
            silence_rule=Basis(text="không được suy đoán, chuyển cấp có thẩm quyền quyết định", confirmed=False),
        ),
        OpinionRow(unit_name="Phường Ví Dụ", verdict="agree", answered_at=_at(6, 9), disposition="accepted"),
    ]
    return rows * times
