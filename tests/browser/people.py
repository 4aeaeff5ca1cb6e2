"""Let people use Tasklist, Operate and the mail page as they do: with a mouse, a keyboard and eyes."""

from __future__ import annotations

import itertools
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright, expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext, Locator, Page

    from tests.engine.city import City, Dossier
    from workers.records import OpenStep

SCREEN = {"width": 1366, "height": 768}
TALL = {"width": 1366, "height": 1800}
PATIENCE_MS = 120_000
"""Milliseconds until a test gives up; a busy machine needs many for what an idle one does in few."""
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
UNREADABLE = """form => [...form.querySelectorAll('*')].filter(one => {
    const style = getComputedStyle(one);
    return one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1 && style.overflowX !== 'visible'
        && !['INPUT', 'TEXTAREA'].includes(one.tagName);
}).map(one => one.textContent.slice(0, 80))"""
"""Find what is cut off at the right."""


@asynccontextmanager
async def open_chromium(program: Path) -> AsyncIterator[Browser]:
    """Start Debian's Chromium."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=QUIET)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class People:
    """Hold who came, and the pictures of a story in the order they were taken."""

    browser: Browser
    city: City
    pictures: Path
    contexts: list[BrowserContext] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def page(self) -> Page:
        """Open a browser that nobody used before."""
        context = await self.browser.new_context(viewport=SCREEN, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        return await context.new_page()

    async def staff(self, user: str) -> Staff:
        """Have a staff member log in to Tasklist."""
        page = await self._log_in(user, "tasklist")
        await expect(page.get_by_role("link", name="Processes")).to_be_visible()
        return Staff(self, page)

    async def operator(self) -> Page:
        """Have the operator log in to Operate."""
        page = await self._log_in("admin", "operate")
        await expect(page.get_by_role("link", name="Processes")).to_be_visible()
        return page

    async def leave(self) -> None:
        """Close every page."""
        for context in self.contexts:
            await context.close()

    def picture(self, name: str, ending: str = "png") -> Path:
        """Name the next picture."""
        return self.pictures / f"{next(self.numbers):02}-{name}.{ending}"

    async def look(self, page: Page, name: str) -> None:
        """Keep what is seen."""
        await page.screenshot(path=self.picture(name), animations="disabled")

    async def look_at_all(self, page: Page, name: str) -> None:
        """Keep what scrolling shows, too."""
        await page.set_viewport_size(TALL)
        await page.screenshot(path=self.picture(name), animations="disabled")
        await page.set_viewport_size(SCREEN)

    async def _log_in(self, user: str, app: str) -> Page:
        (password,) = (login.password for login in self.city.stack.logins() if login.user_id == user)
        page = await self.page()
        await page.goto(f"{self.city.stack.endpoints.webapps}/{app}/login")
        await page.get_by_label("Username").fill(user)
        await page.get_by_role("textbox", name="Password").fill(password)
        await page.get_by_role("button", name="Login").click()
        return page


@dataclass
class Staff:
    """Follow one staff member in Tasklist."""

    people: People
    page: Page
    knows_processes: bool = False

    @property
    def form(self) -> Locator:
        """Point at the open form."""
        return self.page.locator(".fjs-form")

    def card(self, *words: str) -> Locator:
        """Point at a task in the list, by what its card says."""
        cards = self.page.locator("article")
        for word in words:
            cards = cards.filter(has_text=word)
        return cards

    async def opens(self, dossier: Dossier, element: str, unit: str | None = None, saying: str = "") -> OpenStep:
        """Find a step's task in the list, take it unless it is theirs already, and read its form."""
        step = await dossier.held(element, unit)
        await self.card(dossier.code, step.name, saying).click()
        await expect(self.form.get_by_text(dossier.code, exact=True)).to_be_visible()
        await self._dismiss_offer()
        assign = self.page.get_by_role("button", name="Assign to me")
        if step.person is None:
            await assign.click()
        # Only when it can be given back is the form there to stay: Tasklist draws it anew after taking the task.
        await expect(self.page.get_by_role("button", name="Unassign")).to_be_visible()
        await self._reads(element)
        return step

    async def completes(self, dossier: Dossier, step: OpenStep) -> None:
        """Complete the open task, with the form filled in."""
        await self.page.get_by_role("button", name="Complete Task").click()

        async def closed() -> bool:
            return all(one.step_id != step.step_id for one in await dossier._open_steps())

        await self.people.city.until(closed, f"{dossier.code}: {step.name} xong")
        await expect(self.page.get_by_role("button", name="Complete Task")).to_be_hidden()

    async def chooses(self, *options: str) -> None:
        """Choose among radio buttons or tick boxes."""
        for option in options:
            words = re.compile(rf"^{re.escape(option)}\*?$")  # the star: it must be answered
            await self.form.get_by_text(words).click()
            await expect(self.form.get_by_label(words)).to_be_checked()

    async def picks(self, label: str, *options: str) -> None:
        """Open a drop-down list, search it if it can be searched, and pick from it."""
        lists = self.form.locator(".fjs-form-field-select, .fjs-form-field-taglist").filter(has_text=label)
        for option in options:
            await lists.last.locator(".fjs-input-group, .fjs-taglist").click()
            search = lists.last.locator("input:not(.fjs-select-hidden-input)")
            if await search.count():
                await search.fill(option)
            await lists.last.locator(".fjs-dropdownlist-item").filter(has_text=option).first.click()
        if len(options) > 1:  # a list of several stays open; leaving one of a single choice would open the next
            await self.page.keyboard.press("Tab")

    async def writes(self, label: str, text: str) -> None:
        """Fill in a field."""
        await self.form.get_by_role("textbox", name=label).last.fill(text)

    async def starts(self, process: str) -> None:
        """Open the start form of a process on the Processes page."""
        await self.page.get_by_role("link", name="Processes").click()
        if not self.knows_processes:  # Tasklist explains the page to a new browser
            await self.page.get_by_role("button", name="Continue").click()
            self.knows_processes = True
        await self.people.look(self.page, "quy-trinh")
        card = self.page.get_by_test_id("process-tile").filter(has_text=process)
        await card.get_by_role("button", name="Start process").click()
        await expect(self.form).to_be_visible()
        await self.people.look(self.page, "bieu-mau-nop")

    async def submits(self) -> None:
        """Press the button of a start form."""
        await self.page.get_by_role("dialog").get_by_role("button", name="Start process").click()

    async def files(self) -> None:
        """Submit a start form that is filled in well, and go back to the tasks."""
        await self.submits()
        await expect(self.form).to_be_hidden()
        await self.page.get_by_role("link", name="Tasks").click()

    def message(self, label: str) -> Locator:
        """Point at what is said of a field that is not filled in well."""
        return self.form.locator(".fjs-form-field").filter(has_text=label).last.get_by_role("listitem")

    async def looks(self, name: str) -> None:
        """Keep what is seen."""
        await self.people.look(self.page, name)

    async def _dismiss_offer(self) -> None:
        """Close Tasklist's offer of notifications, which a new browser shows with the first task."""
        close = self.page.get_by_role("button", name="close notification")
        if await close.is_visible():
            await close.click()

    async def _reads(self, name: str) -> None:
        """Look at the whole form: nothing is cut off or empty, and scrolling brings the button."""
        await self.people.look(self.page, name)
        await self.people.look_at_all(self.page, f"{name}-all")
        assert await self.form.evaluate(UNREADABLE) == []
        button = self.page.get_by_role("button", name="Complete Task")
        await button.scroll_into_view_if_needed()
        await expect(button).to_be_in_viewport(ratio=1)
        assert re.search(r"\b(null|undefined|NaN)\b|\{\{", await self.form.inner_text()) is None
