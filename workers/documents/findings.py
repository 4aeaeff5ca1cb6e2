"""Name everything a document check can find, in words that say what is wrong and what to do.

`CATALOGUE` is the only list of codes: messages, severities and the table in docs/document-checks.md come from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, computed_field, model_validator

if TYPE_CHECKING:
    from pathlib import Path

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class FindingKind:
    """Hold what is fixed about one code: how grave it is, what is checked, and the Vietnamese message."""

    severity: Severity
    checks: str
    message: str


CATALOGUE: dict[str, FindingKind] = {
    "unreadable": FindingKind(
        "error",
        "the path is a regular file that can be opened",
        "Không mở được tệp. Kiểm tra tệp còn tồn tại và có quyền đọc, rồi nộp lại.",
    ),
    "empty_file": FindingKind("error", "the file has content", "Tệp rỗng (0 byte). Nộp lại tệp có nội dung."),
    "too_large": FindingKind(
        "error",
        "size against the limit of the policy",
        "Tệp lớn {size_mb} MB, vượt giới hạn {limit_mb} MB. Giảm dung lượng hoặc tách tệp rồi nộp lại.",
    ),
    "name_unsafe": FindingKind(
        "error",
        "no folder, control or direction-changing character in the file name",
        "Tên tệp chứa đường dẫn hoặc ký tự điều khiển. Đổi tên tệp chỉ gồm chữ, số, dấu cách, gạch nối rồi nộp lại.",
    ),
    "name_not_nfc": FindingKind(
        "warning",
        "the file name is Unicode NFC (TCVN 6909:2001)",
        "Tên tệp dùng Unicode tổ hợp. Đổi sang Unicode dựng sẵn (TCVN 6909:2001) để tìm kiếm được.",
    ),
    "type_not_allowed": FindingKind(
        "error",
        "type by content is on the allow-list of the policy",
        "Loại tệp “{detected}” không được nhận. Nộp lại ở một trong các dạng: {allowed}.",
    ),
    "type_mismatch": FindingKind(
        "error",
        "type by content agrees with the extension of the name",
        "Tên tệp có đuôi “{suffix}” nhưng nội dung là {detected}. Đặt lại đuôi đúng hoặc nộp đúng tệp.",
    ),
    "damaged": FindingKind(
        "error",
        "the file can be parsed",
        "Tệp hỏng, không đọc được nội dung. Mở thử trên máy, xuất lại tệp rồi nộp lại.",
    ),
    "truncated": FindingKind(
        "error",
        "the end of the file is there",
        "Tệp bị cụt, thiếu phần cuối (thường do tải lên dở dang). Tải lại tệp đầy đủ rồi nộp lại.",
    ),
    "pdf_repaired": FindingKind(
        "warning",
        "the PDF's structure is read without repair",
        "Cấu trúc tệp PDF có lỗi, chỉ đọc được sau khi tự sửa. Nên xuất lại PDF để bảo đảm lưu trữ.",
    ),
    "encrypted": FindingKind(
        "error",
        "no password is needed to open the file (PDF, OOXML, ODF)",
        "Tệp đặt mật khẩu nên không đọc được. Bỏ mật khẩu rồi nộp lại.",
    ),
    "restricted": FindingKind(
        "warning",
        "the PDF has no owner password",
        "Tệp PDF bị hạn chế quyền in hoặc sao chép. Nên nộp bản không hạn chế để lưu trữ được.",
    ),
    "macro": FindingKind(
        "error",
        "no macro (vbaProject, OLE VBA storage, ODF Basic)",
        "Tệp chứa macro (mã lệnh tự chạy). Lưu lại ở dạng không có macro hoặc xuất PDF rồi nộp lại.",
    ),
    "remote_template": FindingKind(
        "error",
        "no template or object is loaded from the network when the file is opened",
        "Tệp tự tải nội dung từ mạng khi mở. Xuất PDF rồi nộp lại.",
    ),
    "embedded_object": FindingKind(
        "warning",
        "no object is embedded in an office file",
        "Tệp nhúng đối tượng khác bên trong ({names}). Tách ra và nộp thành tệp riêng nếu là thành phần hồ sơ.",
    ),
    "embedded_file": FindingKind(
        "warning",
        "no file is attached to a PDF",
        "Tệp PDF đính kèm tệp khác ({names}). Tách ra và nộp thành tệp riêng nếu là thành phần hồ sơ.",
    ),
    "javascript": FindingKind(
        "error",
        "no JavaScript in a PDF",
        "Tệp PDF chứa mã JavaScript. Xuất lại PDF không có mã lệnh rồi nộp lại.",
    ),
    "launch_action": FindingKind(
        "error",
        "no action in a PDF that starts a program or sends data",
        "Tệp PDF chứa lệnh mở chương trình hoặc gửi dữ liệu ra ngoài. Xuất lại PDF rồi nộp lại.",
    ),
    "archive_bomb": FindingKind(
        "error",
        "unpacked size, ratio and number of entries of zip-based files",
        "Tệp nén bung ra quá lớn so với giới hạn, có dấu hiệu phá hoại. Xuất lại từ tệp gốc hoặc nộp bản PDF.",
    ),
    "image_too_large": FindingKind(
        "error",
        "number of pixels against the limit of the policy",
        "Ảnh có quá nhiều điểm ảnh ({megapixels} triệu, giới hạn {limit}). Quét lại ở 200 đến 300 dpi rồi nộp lại.",
    ),
    "no_pages": FindingKind("error", "the PDF has a page", "Tệp PDF không có trang nào. Xuất lại PDF rồi nộp lại."),
    "too_many_pages": FindingKind(
        "error",
        "pages against the limit of the policy",
        "Tệp có {pages} trang, vượt giới hạn {limit} trang. Tách thành nhiều tệp rồi nộp lại.",
    ),
    "pages_not_examined": FindingKind(
        "info",
        "how many pages were looked at one by one",
        "Chỉ xem kỹ {examined} trang đầu trong {pages} trang. Cán bộ kiểm tra các trang còn lại bằng mắt.",
    ),
    "pdf_version_old": FindingKind(
        "warning",
        "PDF version at least that of the policy (1.4)",
        "Tệp PDF phiên bản {version}, yêu cầu từ {minimum}. Xuất lại PDF bằng phần mềm mới hơn.",
    ),
    "pdfa_missing": FindingKind(
        "info",
        "the PDF claims PDF/A in its XMP metadata",
        "Tệp không khai báo PDF/A. Nên xuất PDF/A để lưu trữ lâu dài.",
    ),
    "low_resolution": FindingKind(
        "warning",
        "effective resolution of scans at least that of the policy (200 dpi)",
        "Bản quét chỉ đạt khoảng {dpi} dpi, yêu cầu từ {minimum} dpi. Quét lại với độ phân giải cao hơn.",
    ),
    "blank_page": FindingKind(
        "warning",
        "no single page without content",
        "Trang trắng, không có nội dung. Bỏ trang này hoặc quét lại nếu bị sót.",
    ),
    "blank_document": FindingKind(
        "error",
        "at least one page has content",
        "Cả tệp không có nội dung (trang trắng). Kiểm tra lại bản quét rồi nộp lại.",
    ),
    "no_text_layer": FindingKind(
        "info",
        "a scanned PDF has a text layer",
        "Bản quét chưa có lớp văn bản nên không tìm kiếm được. Nên nhận dạng chữ (OCR) khi số hóa.",
    ),
    "text_not_nfc": FindingKind(
        "warning",
        "the text and metadata are Unicode NFC",
        "Văn bản trong tệp dùng Unicode tổ hợp. Chuyển sang Unicode dựng sẵn (TCVN 6909:2001) rồi xuất lại.",
    ),
    "legacy_encoding": FindingKind(
        "warning",
        "no remnant of TCVN3 (ABC) or VNI in fonts, text and metadata",
        "Văn bản dùng bảng mã cũ {encoding} thay vì Unicode. Chuyển mã sang Unicode (TCVN 6909:2001) rồi xuất lại.",
    ),
    "signature_missing": FindingKind(
        "error",
        "a signature is there when the policy asks for one",
        "Giấy tờ này phải có chữ ký số nhưng tệp chưa được ký. Ký số rồi nộp lại.",
    ),
    "signature_unreadable": FindingKind(
        "error",
        "each signature can be parsed",
        "Chữ ký số “{field}” không đọc được. Ký lại bằng phần mềm ký số hợp chuẩn rồi nộp lại.",
    ),
    "signature_broken": FindingKind(
        "error",
        "the signed bytes are unchanged and the signature is mathematically valid",
        "Chữ ký số “{field}” không còn nguyên vẹn: nội dung đã bị sửa sau khi ký. Nộp lại bản gốc đã ký.",
    ),
    "signature_not_whole_file": FindingKind(
        "error",
        "the last signature covers the whole file, earlier ones saw only permitted changes",
        "Chữ ký số “{field}” không bao trùm toàn bộ tệp: có nội dung thêm sau khi ký. Ký lại bản cuối cùng.",
    ),
    "signature_untrusted": FindingKind(
        "warning",
        "the signer's certificate leads to a root of the policy and was valid",
        "Chưa xác minh được người ký “{signer}” của chữ ký “{field}”: {reason}. Cán bộ đối chiếu chứng thư số.",
    ),
    "signature_time_claimed": FindingKind(
        "info",
        "the time of signing is proven by a time stamp",
        "Thời điểm ký của “{field}” do máy người ký khai, không có dấu thời gian. Không dùng làm chứng cứ về ngày ký.",
    ),
    "document_expired": FindingKind(
        "error",
        "expiry date against today",
        "Giấy tờ hết hạn ngày {date}. Nộp giấy tờ còn hiệu lực.",
    ),
    "document_expires_soon": FindingKind(
        "warning",
        "expiry date against today plus the margin of the policy",
        "Giấy tờ sắp hết hạn (ngày {date}). Cán bộ xem còn đủ thời gian giải quyết hay không.",
    ),
    "issued_in_future": FindingKind(
        "error",
        "date of issue not after today",
        "Ngày cấp {date} ở tương lai. Kiểm tra lại ngày cấp trên giấy tờ.",
    ),
    "expiry_before_issue": FindingKind(
        "error",
        "expiry not before issue",
        "Ngày hết hạn {expires} trước ngày cấp {issued}. Kiểm tra lại hai ngày trên giấy tờ.",
    ),
    "already_filed": FindingKind(
        "warning",
        "the same bytes are not filed elsewhere (decided by the registry)",
        "Tệp giống hệt tệp đã nộp trong hồ sơ {dossier_code}. Cán bộ xem có nộp trùng hoặc dùng lại giấy tờ không.",
    ),
    "inspection_stopped": FindingKind(
        "error",
        "the inspection ends within its limits of time and memory",
        "Tệp làm trình kiểm tra dừng ({reason}). Không tự động kiểm tra được; xuất lại tệp từ bản gốc rồi nộp lại.",
    ),
}


class Finding(BaseModel):
    """Say one thing about one file. `page` counts from 1 and is None when the whole file is meant."""

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    message: str
    page: int | None = None

    @model_validator(mode="after")
    def _code_is_in_the_catalogue(self) -> Self:
        if self.code not in CATALOGUE:
            message = f"unknown finding code {self.code!r}"
            raise ValueError(message)
        return self


def finding(code: str, page: int | None = None, **values: object) -> Finding:
    """Build a finding of the catalogue; `values` fill its message. Raises KeyError on an unknown code or value."""
    kind = CATALOGUE[code]
    return Finding(code=code, severity=kind.severity, message=kind.message.format(**values), page=page)


def already_filed(dossier_code: str) -> Finding:
    """Say that the same file is part of another dossier; the registry decides whether it is."""
    return finding("already_filed", dossier_code=dossier_code)


class Signature(BaseModel):
    """Describe one signature with its four answers kept apart: intact, trusted, whole file, time."""

    model_config = ConfigDict(frozen=True)

    field: str
    signer: str
    issuer: str
    trust_anchor: str | None = None
    intact: bool
    trusted: bool
    covers_whole_file: bool
    claimed_time: datetime | None = None
    timestamp: datetime | None = None
    timestamp_trusted: bool = False


class Inspection(BaseModel):
    """Hold the result for one file; `size` in bytes, `seconds` the time the inspection took."""

    model_config = ConfigDict(frozen=True)

    name: str
    sha256: str
    size: int
    detected_type: str
    pages: int | None = None
    pdf_version: str | None = None
    pdfa: str | None = None
    has_text: bool | None = None
    signatures: tuple[Signature, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Tell whether no finding is an error."""
        return all(found.severity != "error" for found in self.findings)


_SEVERITY_LABELS: dict[Severity, str] = {"error": "LỖI", "warning": "CẢNH BÁO", "info": "Ghi chú"}
_SEVERITY_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
_KILOBYTE = 1024
_TIME_FORMAT = "%H:%M %d/%m/%Y"
_CITY_TIME = ZoneInfo("Asia/Ho_Chi_Minh")


def describe(inspection: Inspection) -> list[str]:
    """Put an inspection into Vietnamese lines: the file first, then signatures, then findings, gravest first."""
    lines = [_describe_file(inspection)]
    lines += [_describe_signature(signature) for signature in inspection.signatures]
    ordered = sorted(inspection.findings, key=lambda found: (_SEVERITY_ORDER[found.severity], found.page or 0))
    lines += [_describe_finding(found) for found in ordered]
    if not inspection.findings:
        lines.append("  Không phát hiện vấn đề.")
    return lines


def _describe_file(inspection: Inspection) -> str:
    verdict = "đạt" if inspection.ok else "KHÔNG đạt"
    parts = [inspection.detected_type.upper() or "không rõ loại", _readable_size(inspection.size)]
    if inspection.pages is not None:
        parts.append(f"{inspection.pages} trang")
    if inspection.pdfa:
        parts.append(f"khai báo PDF/A-{inspection.pdfa}")
    return f"{inspection.name}: {verdict} ({', '.join(parts)}; SHA-256 {inspection.sha256[:16]}…)"


def _describe_signature(signature: Signature) -> str:
    answers = [
        "nguyên vẹn" if signature.intact else "KHÔNG nguyên vẹn",
        "tin cậy" if signature.trusted else "chưa tin cậy",
        "bao trùm cả tệp" if signature.covers_whole_file else "KHÔNG bao trùm cả tệp",
        _describe_signing_time(signature),
    ]
    return f"  Chữ ký số “{signature.field}” của {signature.signer}: {', '.join(answers)}."


def _describe_signing_time(signature: Signature) -> str:
    if signature.timestamp:
        return f"dấu thời gian {signature.timestamp.astimezone(_CITY_TIME).strftime(_TIME_FORMAT)}"
    if signature.claimed_time:
        return f"giờ ký tự khai {signature.claimed_time.astimezone(_CITY_TIME).strftime(_TIME_FORMAT)}"
    return "không rõ giờ ký"


def _describe_finding(found: Finding) -> str:
    where = f"trang {found.page}: " if found.page else ""
    return f"  {_SEVERITY_LABELS[found.severity]} [{found.code}] {where}{found.message}"


def _readable_size(size: int) -> str:
    if size < _KILOBYTE:
        return f"{size} byte"
    if size < _KILOBYTE**2:
        return f"{size / _KILOBYTE:.0f} KB"
    return f"{size / _KILOBYTE**2:.1f} MB".replace(".", ",")


CATALOGUE_START = "<!-- catalogue: generated from workers/documents/findings.py -->"
CATALOGUE_END = "<!-- end of catalogue -->"


def catalogue_table() -> str:
    """Render the catalogue as the Markdown table that docs/document-checks.md carries."""
    rows = [f"| `{code}` | {kind.severity} | {kind.checks} | {kind.message} |" for code, kind in CATALOGUE.items()]
    return "\n".join(["| code | severity | what is checked | message |", "|---|---|---|---|", *rows])


def refresh_catalogue(page: Path) -> bool:
    """Rewrite the table inside `page`, and tell whether it had drifted. Raises ValueError without the markers."""
    before = page.read_text(encoding="utf-8")
    head, _, rest = before.partition(CATALOGUE_START)
    _, marker, tail = rest.partition(CATALOGUE_END)
    if not marker:
        message = f"{page}: catalogue markers are missing"
        raise ValueError(message)
    after = f"{head}{CATALOGUE_START}\n{catalogue_table()}\n{CATALOGUE_END}{tail}"
    page.write_text(after, encoding="utf-8")
    return after != before
