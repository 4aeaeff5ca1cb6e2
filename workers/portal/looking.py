"""Write down every look at personal data: who, at what, when, from which network."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from workers.records import Look, WhoLooked
from workers.registry.exchange import Exchange

if TYPE_CHECKING:
    from workers.portal.visit import Visit

_KEPT_BITS = {4: 24, 6: 48}


async def write_down(visit: Visit, by: WhoLooked, name: str, subject: str, data: str) -> None:
    """Keep one look. `data` names the kind of what is shown, never the data; call it before showing anything."""
    look = Look(at=visit.now, by=by, name=name, subject=subject, data=data, address=network_of(visit.address))
    await Exchange(visit.services.registry).add_look(look)


def network_of(address: str) -> str:
    """Cut an address to its network: enough to tell an office from elsewhere, too little to follow a person."""
    try:
        bits = _KEPT_BITS[ip_address(address).version]
    except ValueError:
        return ""
    return str(ip_network(f"{address}/{bits}", strict=False))
