import pytest

from tests.unit.communication.newsroom import Newsroom


@pytest.fixture
def newsroom(office):
    return Newsroom(office)
