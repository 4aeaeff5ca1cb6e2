"""See how an operator finds a stuck dossier and gets it going, and what the applicant's mail looks like."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

    from tests.browser.people import People
    from tests.engine.city import City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_operator_repairs_what_a_message_explains(city: City, people: People) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.does("Task_ReceiveDossier", reception_decision="supplement")

    operate = await people.operator()
    await _finds(operate, dossier)
    await people.look(operate, "tim-thay")
    await operate.get_by_role("row").filter(has_text="Tiếp nhận và giải quyết").get_by_role("link").first.click()
    await expect(operate.get_by_test_id("incidents-banner")).to_be_visible()
    await people.look(operate, "quy-trinh-cha")
    await operate.get_by_role("link", name="View All").click()
    await operate.get_by_role("row").filter(has_text="Yêu cầu và tiếp nhận").get_by_role("link").first.click()

    await operate.get_by_test_id("incidents-banner").click()
    await operate.get_by_role("button", name="More", exact=True).click()
    message = operate.get_by_role("dialog").filter(has_text="HS-004")
    await expect(message).to_contain_text(dossier.code)
    await expect(message).to_contain_text("Ghi nội dung cần bổ sung vào biến extra_requirements")
    await expect(message).to_contain_text("Retry")
    await people.look(operate, "su-co")
    await message.get_by_role("button", name="Close").click()

    await operate.get_by_role("button", name="Edit variable extra_requirements").click()
    await operate.get_by_test_id("edit-variable-value").fill('"Bản vẽ mặt bằng tầng một (ví dụ)"')
    await people.look(operate, "sua-bien")
    await operate.get_by_role("button", name="Save variable").click()
    await expect(operate.get_by_test_id("edit-variable-value")).to_be_hidden()
    await operate.get_by_test_id("instance-header").get_by_test_id("retry-operation").click()
    await expect(operate.get_by_test_id("incidents-banner")).to_be_hidden()
    await people.look(operate, "da-chay-tiep")
    await dossier.becomes("supplement_requested")
    assert "Bản vẽ mặt bằng tầng một" in (await city.mail_of(dossier, "cần bổ sung")).body


async def test_an_applicant_reads_the_receipt_and_the_result(city: City, people: People) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.signed()
    await city.mail_of(dossier, "đã có kết quả")
    page = await people.page()
    await page.goto(f"http://127.0.0.1:{city.mail.http_port}/")
    await people.look(page, "hop-thu")
    for subject, name in (("Đã tiếp nhận", "giay-tiep-nhan"), ("đã có kết quả", "ket-qua")):
        await page.get_by_role("link", name=dossier.code).filter(has_text=subject).click()
        await people.look_at_all(page, f"thu-{name}")
        async with page.expect_download() as started:
            await page.get_by_role("link", name=".pdf").first.click()
        paper = people.picture(name, "pdf")
        await (await started.value).save_as(paper)
        assert dossier.code in await asyncio.to_thread(_text, paper)
        await page.get_by_role("link", name="Tất cả thư").click()


async def _finds(operate: Page, dossier: Dossier) -> None:
    await operate.get_by_role("link", name="Processes").click()
    await operate.get_by_role("button", name="More Filters").click()
    await operate.get_by_text("Variable", exact=True).last.click()
    await operate.get_by_test_id("optional-filter-variable-name").fill("dossier_code")
    await operate.get_by_test_id("optional-filter-variable-value").fill(f'"{dossier.code}"')
    await expect(operate.get_by_text("2 results")).to_be_visible()


def _text(paper: Path) -> str:
    """Read a paper, and keep a picture of it."""
    subprocess.run(["pdftoppm", "-png", "-r", "80", paper, paper.with_suffix("")], check=True)
    return subprocess.run(["pdftotext", paper, "-"], check=True, capture_output=True, text=True).stdout
