"""Give other systems with keys, as the API meets them."""

from __future__ import annotations

import hashlib

from tests.unit.office import HOME

PERMIT = HOME / "examples" / "dossiers" / "construction-permit"
SAID = {
    "procedure": "1.009974",
    "case": "non_linear",
    "title": "Xây dựng nhà kho ví dụ",
    "applicant": {
        "name": "Nguyễn Văn Ví Dụ",
        "id_number": "079000000001",
        "address": "1 đường Ví Dụ",
        "phone": "0900000001",
    },
}
PAPERS = {
    "application": "don-de-nghi.pdf",
    "land_right": "quyen-su-dung-dat.pdf",
    "project_approval": "phe-duyet-du-an.pdf",
    "design_drawings": "ban-ve.pdf",
}


class System:
    """Another system with its key."""

    def __init__(self, client, key):
        self.client = client
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._sent = 0

    async def ask(self, method, path, *, once=None, secret=None, **given):
        self._sent += 1
        headers = {**self.headers, **({"X-Tracking-Secret": secret} if secret else {})}
        if method == "POST":
            headers["Idempotency-Key"] = once or f"request-{id(self)}-{self._sent}"
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **given)

    async def add(self, number, composition, path, sha256=None):
        data = path.read_bytes()
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        address = f"/submissions/{number}/documents/{sha256}"
        query = {"composition": composition, "name": path.name, "original": "original"}
        return await self.ask("PUT", address, params=query, content=data)


async def messages(office, event):
    return [mail for mail in await office.mails() if mail["event"] == event]


async def filed(office, system):
    """File a dossier and have it registered; gives submission and code."""
    number = (await system.ask("POST", "/submissions", json=SAID)).json()["id"]
    for composition, name in PAPERS.items():
        assert (await system.add(number, composition, PERMIT / name)).status_code == 200
    sent = await system.ask("POST", f"/submissions/{number}/send", json={"declared": True})
    assert sent.status_code == 202
    code = (await office.run("dossier.register", submission_id=number))["dossier_code"]
    return number, code
