"""What the portal counts of its visitors: how long which route took and how it ended, and nothing they typed."""

from __future__ import annotations

import socket

import httpx2 as httpx
import pytest

from workers.errors import UserError
from workers.portal.metrics import PortalMetrics


def counted(site, method, route, status):
    labels = {"method": method, "route": route, "status": str(status)}
    return site.state.metrics.registry.get_sample_value("dieuphoi_portal_request_seconds_count", labels) or 0


def total(site, name):
    return site.state.metrics.registry.get_sample_value(f"dieuphoi_portal_{name}_total")


def routes(site):
    families = site.state.metrics.registry.collect()
    return {sample.labels.get("route") for family in families for sample in family.samples} - {None}


async def test_a_page_is_counted_by_the_template_of_its_route(site, visit):
    browser = visit()
    await browser.open("/")
    await browser.open("/")
    await browser.open("/static/portal.css")
    await browser.open("/tra-cuu")
    assert counted(site, "GET", "/", 200) == 2
    assert counted(site, "GET", "/static", 200) == 1
    assert counted(site, "GET", "/tra-cuu", 200) == 1


async def test_what_a_visitor_made_up_is_no_label(site, visit, client):
    browser = visit()
    await browser.open("/ho-so/H29.07-261102-0001")
    for path in ("/wp-admin", "/../../etc", "/nguyễn", "/api/v1/dossiers/H29.07-261102-0001", "/api/v1/xyz"):
        await client.get(path)
    await client.request("BREW", "/")
    assert not [route for route in routes(site) if "H29" in route or "wp" in route or "xyz" in route]
    assert counted(site, "GET", "other", 404) >= 2
    assert counted(site, "other", "/", 405) == 1


async def test_a_wrong_secret_is_counted_on_the_page_and_at_the_api(site, visit, stranger, client):
    browser = visit()
    await browser.open("/tra-cuu")
    await browser.send(code="H29.07-261102-0001", secret="SAI-SAI")
    await client.get("/api/v1/dossiers/H29.07-261102-0001", headers={"X-Tracking-Secret": "SAI-SAI"})
    assert total(site, "wrong_secrets") == 2


async def test_a_file_that_is_not_kept_and_one_that_is_too_large_are_counted(site, visit):
    browser = visit()
    await browser.open("/nop-ho-so/thu-tuc/1.009974")
    await browser.send(
        title="Xây dựng nhà kho ví dụ",
        case="non_linear",
        name="Nguyễn Văn Ví Dụ",
        id_number="079000000001",
        address="1 đường Ví Dụ",
        phone="0900000001",
        email="vidu@example.vn",
    )
    file = {"file": ("don.pdf", b"no document at all", "application/pdf")}
    await browser.send(action="/nop-ho-so/giay-to", composition="application", original="original", files=file)
    assert total(site, "uploads_refused") == 1
    large = {"file": ("don.pdf", bytes(int(site.state.portal.services.files.policy.limits.file_mb + 1) << 20))}
    await browser.open("/nop-ho-so/giay-to")
    await browser.send(action="/nop-ho-so/giay-to", composition="application", original="original", files=large)
    assert browser.status == 413
    assert total(site, "uploads_refused") == 2


async def test_a_request_that_breaks_is_counted_as_broken(site, visit, monkeypatch):
    monkeypatch.setattr("workers.portal.visit.Visit.page", lambda *_, **__: 1 / 0)
    transport = httpx.ASGITransport(app=site, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090") as client:
        await client.get("/")
    assert counted(site, "GET", "/", 500) == 1


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_metrics_are_answered_at_an_address_of_their_own(free_port):
    with PortalMetrics().serve("127.0.0.1", free_port):
        page = httpx.get(f"http://127.0.0.1:{free_port}/metrics", trust_env=False).text
        another = PortalMetrics().serve("127.0.0.1", free_port)
        with pytest.raises(UserError, match="DIEUPHOI_PORTAL_METRICS_PORT"), another:
            pass
    assert "dieuphoi_portal_wrong_secrets_total 0.0" in page
