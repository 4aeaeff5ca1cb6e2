import pytest

from workers.records import DossierState
from workers.regulation.statuses import FINISHED_STATES, PORTAL_NAMES, STATE_NAMES, PortalStatus, portal_status


def test_every_state_has_a_name_and_a_portal_status():
    assert set(STATE_NAMES) == {state.value for state in DossierState}
    assert all(portal_status(state) in PORTAL_NAMES for state in DossierState)


def test_the_portal_statuses_are_one_to_ten():
    assert [status.value for status in PortalStatus] == list(range(1, 11))
    assert set(PORTAL_NAMES) == set(PortalStatus)


def test_an_accepted_dossier_is_received_then_in_processing():
    assert portal_status("accepted") is PortalStatus.RECEIVED
    assert portal_status("accepted", in_processing=True) is PortalStatus.PROCESSING


def test_an_unknown_state_is_an_error():
    with pytest.raises(KeyError):
        portal_status("lost")


def test_finished_states_are_states():
    assert FINISHED_STATES.issubset(STATE_NAMES)
