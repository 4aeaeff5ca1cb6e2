from datetime import date

import pytest

from workers.regulation.organization import Organization, Role, Unit, UnitLevel

BEFORE, AFTER = date(2025, 2, 28), date(2025, 7, 1)


def unit(code: str, name: str, level: str = "department", **more: object) -> Unit:
    return Unit(code=code, name=name, level=level, type=level, **more)


@pytest.fixture
def organization() -> Organization:
    units = (
        unit("H29", "Ủy ban nhân dân Thành phố", "city"),
        unit("H29.01", "Văn phòng", "office"),
        unit("H29.06", "Sở Tài nguyên và Môi trường", valid_to=date(2025, 6, 30), old_code="000.00.06.H29"),
        unit("H29.06", "Sở Nông nghiệp và Môi trường", valid_from=date(2025, 7, 1)),
        unit("H29.33", "Sở Nông nghiệp", valid_to=BEFORE, successors=("H29.06",)),
        unit("H29.35", "Sở Giao thông vận tải", valid_to=BEFORE, successors=("H29.36",)),
        unit("H29.36", "Sở GTCC", valid_from=date(2025, 3, 1), valid_to=date(2025, 6, 30), successors=("H29.07",)),
        unit("H29.07", "Sở Xây dựng"),
        unit("H29.760", "Quận 1", "district", valid_to=date(2025, 6, 30), successors=("H29.26740", "H29.26743")),
        unit("H29.26740", "Phường Sài Gòn", "commune", valid_from=AFTER),
        unit("H29.26743", "Phường Bến Thành", "commune", valid_from=AFTER),
    )
    roles = (Role(code="head", name="Lãnh đạo", levels=("department",)),)
    return Organization(units, roles, city="H29", office="H29.01", new_codes_from=date(2021, 1, 1))


def names(units: tuple[Unit, ...]) -> list[str]:
    return [one.name for one in units]


def test_a_code_names_the_unit_of_its_day(organization):
    assert organization.unit_at("H29.06", date(2025, 6, 30)).name == "Sở Tài nguyên và Môi trường"
    assert organization.unit_at("H29.06", AFTER).name == "Sở Nông nghiệp và Môi trường"
    assert organization.unit_at("H29.760", AFTER) is None
    assert organization.last_version("H29.06").name == "Sở Nông nghiệp và Môi trường"
    assert organization.last_version("H29.99") is None


def test_a_divided_unit_has_several_successors(organization):
    assert names(organization.successors_at("H29.760", AFTER)) == ["Phường Sài Gòn", "Phường Bến Thành"]


def test_successions_are_followed_to_the_end(organization):
    assert names(organization.successors_at("H29.35", date(2025, 4, 1))) == ["Sở GTCC"]
    assert names(organization.successors_at("H29.35", AFTER)) == ["Sở Xây dựng"]


def test_a_unit_in_force_is_its_own_successor(organization):
    assert names(organization.successors_at("H29.760", BEFORE)) == ["Quận 1"]


def test_a_unit_that_has_not_begun_has_no_successor(organization):
    assert organization.successors_at("H29.26740", BEFORE) == ()
    assert organization.successors_at("H29.99", AFTER) == ()


def test_successions_in_a_circle_end(organization):
    first = unit("H29.1", "A", valid_to=BEFORE, successors=("H29.2",))
    second = unit("H29.2", "B", valid_to=BEFORE, successors=("H29.1",))
    circle = Organization((first, second), (), city="H29", office="H29", new_codes_from=BEFORE)
    assert circle.successors_at("H29.1", AFTER) == ()


def test_predecessors_are_the_other_direction(organization):
    assert organization.predecessors("H29.26740") == ("H29.760",)
    assert organization.predecessors("H29") == ()


def test_units_are_listed_by_day_and_level(organization):
    assert names(tuple(organization.units_at(AFTER, UnitLevel.COMMUNE))) == ["Phường Sài Gòn", "Phường Bến Thành"]
    assert names(tuple(organization.units_at(BEFORE, UnitLevel.DISTRICT))) == ["Quận 1"]


def test_groups_are_codes_with_or_without_a_role(organization):
    assert organization.group("H29.06") == "H29.06"
    assert organization.group("H29.06", "head") == "H29.06:head"
    for arguments in (("H29.99", None), ("H29.06", "king")):
        with pytest.raises(KeyError):
            organization.group(*arguments)


def test_dossier_codes_carry_the_agency_code_of_their_day(organization):
    assert organization.agency_code("H29.06", date(2020, 5, 1)) == "000.00.06.H29"
    assert organization.agency_code("H29.06", date(2021, 1, 1)) == "H29.06"
    assert organization.agency_code("H29.07", date(2020, 5, 1)) == "H29.07"


def heirs(organization: Organization, code: str, day: date) -> list[str]:
    return names(organization.heirs_at(code, day))


def test_the_open_work_of_a_dissolved_unit_goes_to_its_only_successor(organization):
    assert heirs(organization, "H29.35", AFTER) == ["Sở Xây dựng"]
    assert heirs(organization, "H29.35", BEFORE) == ["Sở Giao thông vận tải"]
    assert heirs(organization, "H29.99", AFTER) == []


def test_of_several_successors_the_one_named_for_it_takes_over(organization):
    assert heirs(organization, "H29.760", AFTER) == ["Phường Sài Gòn", "Phường Bến Thành"]
    decided = tuple(
        one.model_copy(update={"handover_to": "H29.26743"}) if one.code == "H29.760" else one
        for one in organization.units
    )
    named = Organization(decided, (), city="H29", office="H29.01", new_codes_from=date(2021, 1, 1))
    assert heirs(named, "H29.760", AFTER) == ["Phường Bến Thành"]
    assert names(named.successors_at("H29.760", AFTER)) == ["Phường Sài Gòn", "Phường Bến Thành"]
