"""Check, return and present what a unit submits to the Office."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers import paperwork
from workers.casework import note, tell_unit
from workers.claims import check_decisions, dossier_of, is_same_work
from workers.contract import Nothing
from workers.coordination.contracts import (
    CheckPackageIn,
    CheckPackageOut,
    PresentIn,
    ReturnPackageIn,
    ReturnPackageOut,
)
from workers.coordination.opinions import answer_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.ports import Work
    from workers.records import FiledDocument

SHORTEST_SUMMARY = 20
PROPOSALS = {
    False: "Kính trình lãnh đạo xem xét, ký ban hành văn bản kết quả.",
    True: "Kính trình lãnh đạo xem xét, ký văn bản từ chối kèm lý do và căn cứ.",
}


async def check_package(inp: CheckPackageIn, work: Work) -> CheckPackageOut:
    """Hold the package against everything the Office asks for and list all faults at once."""
    dossier = await dossier_of(inp, work)
    await check_decisions(dossier, inp, work)
    documents = await work.read.documents(dossier.code)
    opinions = await work.read.opinions(dossier.code)
    missing = work.rules.missing_documents(dossier, documents, work.now.date())
    findings = [
        *(f"Thành phần hồ sơ: {item.name}: {item.reason}" for item in missing),
        *_draft_faults(inp),
        *(
            f"Chưa lấy ý kiến {work.rules.unit_name(unit, work.now.date())}"
            for unit in work.rules.must_ask(dossier)
            if not any(is_same_work(work, unit, other) for other in (dossier.lead_unit, *(o.unit for o in opinions)))
        ),
        *(
            f"Chưa tiếp thu, giải trình ý kiến của {work.rules.unit_name(o.unit, work.now.date())}"
            for o in opinions
            if not o.disposition
        ),
        *_unreadable(documents),
    ]
    writer = await work.write()
    remark = "đạt" if not findings else f"{len(findings)} điểm cần hoàn thiện"
    await note(work, writer, dossier.code, "Kiểm tra hồ sơ trình", unit=work.rules.office_unit, remark=remark)
    return CheckPackageOut(package_complete=not findings, package_findings=findings)


async def return_package(inp: ReturnPackageIn, work: Work) -> ReturnPackageOut:
    """Return the package with one complete list to the unit that submitted it."""
    dossier = await dossier_of(inp, work)
    items = [*inp.package_findings, *(line.strip() for line in (inp.returned_items or "").splitlines() if line.strip())]
    writer = await work.write()
    await tell_unit(work, writer, dossier, inp.lead_unit, "package_returned", {"items": items})
    await note(
        work,
        writer,
        dossier.code,
        "Trả lại hồ sơ trình",
        unit=inp.office_unit,
        remark=f"{len(items)} điểm cần hoàn thiện",
    )
    return ReturnPackageOut(returned_list=items)


async def present(inp: PresentIn, work: Work) -> Nothing:
    """Make the submission slip for the leader."""
    dossier = await dossier_of(inp, work)
    await check_decisions(dossier, inp, work)
    opinions = await work.read.opinions(dossier.code)
    form = paperwork.submission_slip(
        work,
        dossier,
        summary=inp.appraisal_summary or dossier.title,
        appraisal=inp.package_opinion or "Hồ sơ trình đủ thành phần, đúng thể thức.",
        proposal=PROPOSALS[inp.appraisal_decision == "refuse"],
        opinions=[f"{work.rules.unit_name(o.unit, work.now.date())}: {answer_label(o)}" for o in opinions],
    )
    paper = await paperwork.make(work, dossier, form)
    writer = await work.write()
    await writer.add_paper(paper)
    await note(work, writer, dossier.code, "Lập phiếu trình", unit=inp.office_unit)
    return Nothing()


def _draft_faults(inp: CheckPackageIn) -> list[str]:
    faults = []
    if len((inp.appraisal_summary or "").strip()) < SHORTEST_SUMMARY:
        faults.append("Tóm tắt kết quả thẩm định còn thiếu hoặc quá ngắn")
    if inp.appraisal_decision == "refuse" and not inp.refusal_reason:
        faults.append("Đề xuất từ chối chưa nêu lý do")
    if inp.appraisal_decision == "refuse" and not inp.refusal_clause:
        faults.append("Đề xuất từ chối chưa nêu căn cứ (điều, khoản)")
    return faults


def _unreadable(documents: Sequence[FiledDocument]) -> list[str]:
    return [
        f"Tệp {document.name}: {finding['message']}"
        for document in documents
        for finding in document.findings or []
        if finding["severity"] == "error" and not _is_replaced(document, documents)
    ]


def _is_replaced(document: FiledDocument, documents: Sequence[FiledDocument]) -> bool:
    return any(other.composition == document.composition and other.round > document.round for other in documents)
