"""Verify the signatures of a PDF with pyHanko: intact, trusted, whole file and time are four separate answers."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from workers.documents.findings import Signature

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko.sign.validation.status import DocumentTimestampStatus

    from workers.documents.checks.report import Report
    from workers.documents.policy import DocumentPolicy

_REASONS = {
    "NO_CERTIFICATE_CHAIN_FOUND": "chứng thư không dẫn tới gốc tin cậy nào trong cấu hình",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "chứng thư không dẫn tới gốc tin cậy nào trong cấu hình",
    "EXPIRED": "chứng thư hết hạn",
    "OUT_OF_BOUNDS_NO_POE": "chứng thư hết hạn",
    "NOT_YET_VALID": "chứng thư chưa có hiệu lực",
    "REVOKED": "chứng thư đã bị thu hồi",
    "REVOKED_NO_POE": "chứng thư đã bị thu hồi",
    "REVOKED_CA_NO_POE": "chứng thư của tổ chức cấp đã bị thu hồi",
    "CHAIN_CONSTRAINTS_FAILURE": "chứng thư không được cấp để ký văn bản",
    "CRYPTO_CONSTRAINTS_FAILURE": "thuật toán ký quá yếu",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": "thuật toán ký quá yếu",
}
_UNNAMED = "không tên"
_OTHER_REASON = "không xác minh được chuỗi chứng thư"
_HARMLESS_CHANGES = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)


def load_roots(folders: Iterable[Path]) -> list[Any]:
    """Read every *.pem certificate directly inside `folders`; a folder that is not there holds none."""
    return list(
        load_certs_from_pemder(  # type: ignore[no-untyped-call]
            str(path) for folder in folders for path in sorted(folder.glob("*.pem"))
        )
    )


def check_signatures(report: Report, path: Path, policy: DocumentPolicy) -> None:
    """Verify every signature of the PDF.

    Nothing is fetched from the network: a revocation counts only when the file carries its proof.
    """
    data = path.read_bytes()
    # A signature's byte range cannot be compressed, so a file without these words has none.
    signatures = _find_signatures(report, data) if b"/ByteRange" in data else []
    roots = load_roots(policy.trust.folders) if signatures else []
    examined = [_examine(report, signature, roots) for signature in signatures]
    last_covers_all = any(status and status.coverage is SignatureCoverageLevel.ENTIRE_FILE for status in examined)
    for signature, status in zip(signatures, examined, strict=True):
        if isinstance(status, PdfSignatureStatus):
            _report_signature(report, _describe(signature, status, last_covers_all=last_covers_all), status)
    if policy.expectations.signature_required and not report.signatures:
        report.add("signature_missing")


def _find_signatures(report: Report, data: bytes) -> list[EmbeddedPdfSignature]:
    try:
        return list(PdfFileReader(BytesIO(data), strict=False).embedded_signatures)
    except Exception:  # noqa: BLE001 - pyHanko raises many kinds of error on hostile files
        report.add("signature_unreadable", field=_UNNAMED)
        return []


def _examine(
    report: Report, signature: EmbeddedPdfSignature, roots: list[Any]
) -> PdfSignatureStatus | DocumentTimestampStatus | None:
    try:
        if signature.sig_object_type == "/DocTimeStamp":
            return validate_pdf_timestamp(signature, validation_context=_context(roots))
        status = validate_pdf_signature(signature, _context(roots), ts_validation_context=_context(roots))
        stamp = status.timestamp_validity
        if not status.trusted and stamp is not None and stamp.trusted:
            # A certificate that has expired since was good when a trusted clock saw the signature.
            return validate_pdf_signature(
                signature, _context(roots, stamp.timestamp), ts_validation_context=_context(roots)
            )
    except Exception:  # noqa: BLE001 - pyHanko raises many kinds of error on hostile signatures
        report.add("signature_unreadable", field=_field(signature))
        return None
    return status


def _context(roots: list[Any], moment: datetime | None = None) -> ValidationContext:
    return ValidationContext(trust_roots=roots, moment=moment, allow_fetching=False, revocation_mode="soft-fail")


def _describe(signature: EmbeddedPdfSignature, status: PdfSignatureStatus, *, last_covers_all: bool) -> Signature:
    certificate = status.signing_cert
    stamp = status.timestamp_validity
    path = status.validation_path
    return Signature(
        field=_field(signature),
        signer=_common_name(certificate.subject),
        issuer=_common_name(certificate.issuer),
        trust_anchor=_common_name(path.first.subject) if status.trusted and path is not None else None,
        intact=status.intact and status.valid,
        trusted=status.trusted,
        covers_whole_file=_covers_whole_file(status, last_covers_all=last_covers_all),
        claimed_time=status.signer_reported_dt,
        timestamp=stamp.timestamp if stamp is not None and stamp.intact and stamp.valid else None,
        timestamp_trusted=stamp is not None and stamp.trusted,
    )


def _covers_whole_file(status: PdfSignatureStatus, *, last_covers_all: bool) -> bool:
    if status.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return True
    signed_again = status.coverage is SignatureCoverageLevel.ENTIRE_REVISION and last_covers_all
    return signed_again and status.modification_level in _HARMLESS_CHANGES


def _report_signature(report: Report, signature: Signature, status: PdfSignatureStatus) -> None:
    report.signatures.append(signature)
    if not signature.intact:
        report.add("signature_broken", field=signature.field)
        return
    if not signature.covers_whole_file:
        report.add("signature_not_whole_file", field=signature.field)
    if not signature.trusted:
        reason = _REASONS.get(getattr(status.trust_problem_indic, "name", ""), _OTHER_REASON)
        report.add("signature_untrusted", field=signature.field, signer=signature.signer, reason=reason)
    if signature.timestamp is None:
        report.add("signature_time_claimed", field=signature.field)


def _field(signature: EmbeddedPdfSignature) -> str:
    return str(signature.field_name or _UNNAMED)[:80]


def _common_name(name: Any) -> str:
    return str(name.native.get("common_name") or name.human_friendly)[:200]
