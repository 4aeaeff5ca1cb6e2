"""TLS as Zeebe's own gateway speaks it."""

from __future__ import annotations

import pytest

from tests.engine.cluster.brokers import Cluster
from tests.gateway.certificates import Authority
from workers.runtime.channel import open_channel
from workers.runtime.engine_client import EngineClient, EngineUnavailable
from workers.settings import Settings, load_settings


async def test_a_real_gateway_is_spoken_to_over_tls_and_only_when_it_can_be_trusted(tmp_path):
    authority = Authority()
    identity = authority.certify()
    for name, content in (("certificate", identity.certificate), ("key", identity.key), ("ca", authority.certificate)):
        (tmp_path / f"{name}.pem").write_bytes(content)
    security = {
        "enabled": True,
        "certificateChainPath": str(tmp_path / "certificate.pem"),
        "privateKeyPath": str(tmp_path / "key.pem"),
    }
    cluster = Cluster(tmp_path / "cluster", size=1, gateway_options={"security": security})
    cluster.start()
    try:
        await cluster.complete()
        settings = load_settings(gateway_address=cluster.gateway, gateway_tls=True, gateway_ca_file=tmp_path / "ca.pem")
        await gateway_answers(settings)
        with pytest.raises(EngineUnavailable, match="DIEUPHOI_GATEWAY_CA_FILE"):
            await gateway_answers(settings.model_copy(update={"gateway_ca_file": None}))
        with pytest.raises(EngineUnavailable, match="DIEUPHOI_GATEWAY_TLS=true"):
            await gateway_answers(settings.model_copy(update={"gateway_tls": False}))
    finally:
        cluster.stop()


async def gateway_answers(settings: Settings) -> None:
    async with EngineClient(open_channel(settings, "")) as engine:
        assert (await engine.topology()).gateway_version == "8.6.0"
