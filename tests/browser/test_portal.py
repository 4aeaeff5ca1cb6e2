"""See the portal as people do: without scripts, on a phone, in the dark; axe-core finds nothing on any page.

It needs no engine: the pages stand over a registry of its own.
"""

from __future__ import annotations

import asyncio
import io
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import uvicorn
from PIL import Image
from playwright.async_api import expect

from tests.browser.conftest import PICTURES
from tests.databases import open_databases
from tests.unit.communication.newsroom import Newsroom
from tests.unit.office import HOME, MONDAY, Parts, open_office, shipped_rules
from workers.channels.texts import TextCatalog
from workers.documents.inspection import Inspector
from workers.documents.policy import load_policy
from workers.feedback_intake import FeedbackDraft, report
from workers.papers.press import PaperPress
from workers.portal.site import portal_app
from workers.records import FeedbackAnswer, FeedbackState, OutboxChannel, PublicState
from workers.workplace import StoredFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from tests.unit.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = HOME / "node_modules" / "axe-core" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGE = "standards => axe.run(document, {runOnly: standards}).then(found => found.violations.map(one => one.id))"
PHONE, SCREEN = {"width": 375, "height": 740}, {"width": 1366, "height": 768}
TEXT = "Nắp cống bị vỡ trước cổng trường, rất nguy hiểm cho học sinh."
APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")
OPEN_PAGES = ("/", "/nop-ho-so", "/nop-ho-so/thu-tuc/1.009974", "/tra-cuu", "/so-lieu?thang=2026-11", "/phan-anh",
              "/phan-anh/cong-khai", "/phan-anh/so-lieu?ky=2026-11", "/can-bo/dang-nhap", "/thong-tin",
              "/thong-tin/TT-261102-0001", "/thong-tin/TT-261102-0002", "/nhan-tin", "/nhan-tin/khong-co",
              "/khong-co")  # fmt: skip


class Town:
    """Hold a portal that is served, what is known of what it shows, and the pages of a test."""

    def __init__(self, base: str, office: Office, feedback: tuple[str, str], dossier: tuple[str, str]) -> None:
        self.base = base
        self.office = office
        self.feedback = feedback
        self.dossier = dossier


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    config = HOME / "config"
    with open_databases(tmp_path_factory.mktemp("databases")) as databases:
        yield Parts(shipped_rules(), TextCatalog(config / "texts"), PaperPress(config / "forms"), databases)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Serve a portal over a dossier, and feedback that is answered and made public."""
    folder = tmp_path_factory.mktemp("town")
    office = await open_office(parts, folder, real_press=True)
    code = await _dossier(office)
    feedback = await _feedback(office)
    await _news(office)
    office.clock.now = MONDAY + timedelta(days=1)
    async with Inspector(1) as inspector:
        policy = load_policy(HOME / "config" / "documents.yaml")
        files = StoredFiles(office.looker.store, inspector, policy, office.looker.intake)
        app = portal_app(replace(office.services, files=files), folder / "portal", "a key", HOME / "config", _knows)
        async with _served(app) as base:
            yield Town(base, office, feedback, (code, (await office.dossier(code)).tracking_secret))
    await office.registry.close()


@asynccontextmanager
async def _served(app) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells by a field
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def _knows(user: str, password: str) -> bool:
    return password == f"password of {user}"


async def _dossier(office: Office) -> str:
    code = await office.accepted()
    step = await office.open(code, APPRAISE, officer="officer.h29-07")
    office.clock.now = MONDAY + timedelta(hours=2)
    await office.run("timeline.close", element=APPRAISE, instance=step, dossier_code=code)
    return code


async def _feedback(office: Office) -> tuple[str, str]:
    draft = FeedbackDraft(channel="portal", text=TEXT, anonymous=True, latitude=10.78, longitude=106.7)
    code, secret = await report(office.services, draft, [("cống.jpg", _photo())])
    answer = {"kind": "final", "text": "Đã thay nắp cống.", "public_text": "Đã thay nắp cống."}
    shown = {"state": FeedbackState.ANSWERED, "unit": "H29.07", "field": "flooding", "resolved_at": MONDAY}
    async with office.registry.write() as writer:
        await writer.update_feedback(code, **shown, public_state=PublicState.SHOWN, public_text="Nắp cống bị vỡ.")
        await writer.add_feedback_answer(code, FeedbackAnswer(at=MONDAY, unit="H29.07", **answer))
    return code, secret


async def _news(office: Office) -> None:
    """Publish two, of which the second is recalled."""
    newsroom = Newsroom(office)
    await newsroom.published()
    recalled = await newsroom.published(publication_title="Cấm xe một đoạn đường (ví dụ)", publication_areas=["H29"])
    await office.run("publication.recall", publication_code=recalled, change_reason="Văn bản đã thay thế")


def _photo() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (320, 240), "green").save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path:
    """Make a folder of the test's name for what is seen."""
    folder = PICTURES / request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@asynccontextmanager
async def visitor(chromium: Browser, **options) -> AsyncIterator[Page]:
    context = await chromium.new_context(locale="vi-VN", **options)
    context.set_default_timeout(60_000)
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def judge(page: Page, pictures: Path, name: str) -> None:
    """Find nothing that stands in anybody's way: axe's rules, and nothing wider than the screen."""
    await page.screenshot(path=pictures / f"{name}.png", full_page=True)
    await page.evaluate(AXE.read_text("utf-8"))
    assert await page.evaluate(JUDGE, STANDARDS) == [], f"{name}: axe"
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{name}: too wide"


async def press(page: Page, name: str) -> None:
    await page.locator("main").get_by_role("button", name=name, exact=True).first.click()


async def report_in_four_pages(page: Page, town: Town, seen) -> str:
    await page.goto(f"{town.base}/phan-anh")
    await page.get_by_label("Nội dung").fill(TEXT)
    await press(page, "Tiếp tục")
    await expect(page.get_by_role("heading", name="Nơi xảy ra")).to_be_visible()
    await page.locator("input[type=image]").click(position={"x": 120, "y": 180})
    await expect(page.get_by_text("Đã đánh dấu:")).to_be_visible()
    await seen("where")
    await page.get_by_label("Địa điểm").fill("trước số 1 đường Ví Dụ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Chọn ảnh")).to_be_visible()
    await page.get_by_label("Chọn ảnh").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": _photo()})
    await press(page, "Thêm ảnh")
    await expect(page.locator(".photos img")).to_be_visible()
    await seen("photos")
    await page.get_by_role("link", name="Tiếp tục").click()
    await press(page, "Gửi phản ánh")
    await expect(page.get_by_role("alert")).to_contain_text("hãy chọn gửi ẩn danh")
    await seen("who")
    await page.get_by_label("Gửi ẩn danh").check()
    await press(page, "Gửi phản ánh")
    await expect(page.get_by_role("heading", name="Đã gửi phản ánh")).to_be_visible()
    await seen("sent")
    return await page.locator("dl.big dd").first.inner_text()


async def subscribe_and_end(page: Page, town: Town, address: str, seen) -> None:
    await page.goto(f"{town.base}/thong-tin")
    await page.get_by_role("link", name="Đăng ký nhận tin").click()
    await press(page, "Gửi tin xác nhận cho tôi")
    await expect(page.get_by_role("alert")).to_contain_text("Cần sửa các mục sau")
    await seen("subscribe")
    await page.get_by_label("Thư điện tử").check()
    await page.get_by_label("Địa chỉ thư hoặc số di động").fill(address)
    await page.get_by_label("Giao thông").check()
    await page.get_by_text("Chọn phường, xã").click()
    await page.locator("#areas-H29\\.26740").check()
    await page.get_by_label("Tôi đồng ý").check()
    await press(page, "Gửi tin xác nhận cho tôi")
    await expect(page.get_by_label("Mã xác nhận")).to_be_visible()
    await seen("subscribe-code")
    (begun,) = await town.office.read.subscriptions_of(OutboxChannel.EMAIL, address)
    await page.goto(f"{town.base}/nhan-tin/{begun.token}")
    await seen("subscribe-confirm")
    await press(page, "Xác nhận")
    await expect(page.get_by_role("status")).to_contain_text("Đã xác nhận")
    await seen("subscription")
    await press(page, "Ngừng nhận tin")
    await expect(page.get_by_role("heading", name="Đã ngừng nhận tin")).to_be_visible()
    await seen("subscription-ended")


async def test_news_is_subscribed_to_and_ended_without_any_script(
    chromium: Browser, town: Town, pictures: Path
) -> None:
    async with visitor(chromium, viewport=PHONE, java_script_enabled=False) as page:

        async def seen(name: str) -> None:
            await page.screenshot(path=pictures / f"{name}.png", full_page=True)

        await subscribe_and_end(page, town, "khong-script@example.vn", seen)


async def test_feedback_is_sent_and_followed_without_any_script(chromium: Browser, town: Town, pictures: Path) -> None:
    async with visitor(chromium, viewport=PHONE, java_script_enabled=False) as page:

        async def seen(name: str) -> None:
            await page.screenshot(path=pictures / f"{name}.png", full_page=True)

        code = await report_in_four_pages(page, town, seen)
        await press(page, "Xem phản ánh")
        await expect(page.get_by_role("heading", name=f"Phản ánh {code}")).to_be_visible()
        await expect(page.get_by_text("Đã nhận, chờ chuyển đơn vị")).to_be_visible()


@pytest.mark.parametrize(("scheme", "screen"), [("light", SCREEN), ("dark", PHONE)], ids=["light", "dark-phone"])
async def test_nothing_on_any_page_stands_in_the_way(
    chromium: Browser, town: Town, pictures: Path, scheme: str, screen: dict[str, int]
) -> None:
    async with visitor(chromium, viewport=screen, color_scheme=scheme, bypass_csp=True) as page:

        async def seen(name: str) -> None:
            await judge(page, pictures, name)

        for number, path in enumerate(OPEN_PAGES):
            await page.goto(town.base + path)
            await seen(f"open-{number}")
        await report_in_four_pages(page, town, seen)
        await subscribe_and_end(page, town, f"{scheme}@example.vn", seen)
        for name, (code, secret) in (("feedback", town.feedback), ("dossier", town.dossier)):
            await page.goto(f"{town.base}/tra-cuu")
            await page.locator("#code").fill(code)
            await page.locator("#secret").fill(secret)
            await press(page, "Xem")
            await expect(page.get_by_role("heading", level=1)).not_to_have_text("Tra cứu hồ sơ, phản ánh")
            await seen(name)
        await page.goto(f"{town.base}/dieu-hanh")
        await page.get_by_label("Tên đăng nhập").fill("leader.h29")
        await page.get_by_label("Mật khẩu").fill("password of leader.h29")
        await press(page, "Đăng nhập")
        await expect(page.get_by_role("heading", name="Thời gian đi đâu")).to_be_visible()
        await seen("time")
        for name in ("buoc", "tre-han"):
            await page.goto(f"{town.base}/dieu-hanh/{name}?thang=2026-11&don-vi=H29.07")
            await seen(name)


async def test_the_device_is_asked_where_it_is_only_when_told_to(chromium: Browser, town: Town, pictures: Path) -> None:
    here = {"latitude": 10.7805, "longitude": 106.704}
    async with visitor(chromium, viewport=SCREEN, geolocation=here, permissions=["geolocation"]) as page:
        await page.goto(f"{town.base}/phan-anh")
        await page.get_by_label("Nội dung").fill(TEXT)
        await press(page, "Tiếp tục")
        await press(page, "Dùng vị trí của thiết bị")
        await expect(page.get_by_text("Đã đánh dấu: vĩ độ 10.7805, kinh độ 106.704.")).to_be_visible()
        await expect(page.get_by_label("Phường, xã, đặc khu")).to_have_value("H29.26740")
        await page.screenshot(path=pictures / "where.png", full_page=True)
