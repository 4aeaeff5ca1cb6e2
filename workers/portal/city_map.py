"""Draw the city as points of its communes, and read a place off a click. No borders, no streets, no outside server.

One degree of longitude is drawn as long at every latitude of the city: the error is below one per cent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from workers.errors import ConfigError
from workers.yaml_files import read_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

SIDE = 300
"""Pixels of the square map. A click is counted in these, so pages must not stretch it."""
SPANS = (1.4, 0.5, 0.2, 0.08, 0.03)
"""Degrees of longitude from edge to edge, by zoom."""
_GRID = (0.25, 0.1, 0.05, 0.02, 0.01)
_SQUEEZE = math.cos(math.radians(10.8))
_KILOMETRES = 111.32
_EDGES = (8.3, 11.7, 106.1, 107.9)
_NEARER = {"in": 1, "out": -1}
_SIDEWAYS = {"n": (1, 0), "s": (-1, 0), "e": (0, 1), "w": (0, -1)}
_LABEL_HEIGHT, _LETTER = 13, 6.2


class _PointsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    confirmed: bool
    points: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Place:
    """Hold a point of the earth in degrees (WGS 84)."""

    latitude: float
    longitude: float

    def kilometres_to(self, other: Place) -> float:
        """Measure the distance as the crow flies; good within the city."""
        north = self.latitude - other.latitude
        east = (self.longitude - other.longitude) * _SQUEEZE
        return math.hypot(north, east) * _KILOMETRES


CITY_MIDDLE = Place(10.9, 106.96)
CON_DAO = Place(8.698, 106.611)


@dataclass(frozen=True)
class Window:
    """Hold what part of the city is seen: its middle, and how near."""

    middle: Place = CITY_MIDDLE
    zoom: int = 0

    @property
    def span(self) -> float:
        """Give the degrees of longitude from edge to edge."""
        return SPANS[self.zoom]

    def pixel(self, place: Place) -> tuple[float, float]:
        """Say where a place is drawn."""
        scale = SIDE / self.span
        east = (place.longitude - self.middle.longitude) * scale
        north = (place.latitude - self.middle.latitude) * scale / _SQUEEZE
        return SIDE / 2 + east, SIDE / 2 - north

    def place(self, x: float, y: float) -> Place:
        """Say which place is drawn at a pixel, to about a metre."""
        scale = self.span / SIDE
        longitude = self.middle.longitude + (x - SIDE / 2) * scale
        latitude = self.middle.latitude - (y - SIDE / 2) * scale * _SQUEEZE
        return Place(round(latitude, 5), round(longitude, 5))

    def moved(self, how: str) -> Window:
        """Look elsewhere: in, out, n, s, e, w, city, island. Another word changes nothing."""
        if how in _NEARER:
            return replace(self, zoom=min(max(self.zoom + _NEARER[how], 0), len(SPANS) - 1))
        if how in _SIDEWAYS:
            north, east = (part * self.span / 3 for part in _SIDEWAYS[how])
            return replace(self, middle=_inside(self.middle.latitude + north * _SQUEEZE, self.middle.longitude + east))
        return {"city": Window(), "island": Window(CON_DAO, 2)}.get(how, self)

    def shows(self, place: Place) -> bool:
        """Say whether a place is in the picture."""
        return all(0 <= one <= SIDE for one in self.pixel(place))

    def grid(self) -> Iterator[tuple[str, float]]:
        """List the lines of longitude ("x") and latitude ("y") with their pixel."""
        step, half = _GRID[self.zoom], self.span / 2
        for count in _multiples(self.middle.longitude, half, step):
            yield "x", self.pixel(Place(self.middle.latitude, count))[0]
        for count in _multiples(self.middle.latitude, half * _SQUEEZE, step):
            yield "y", self.pixel(Place(count, self.middle.longitude))[1]

    def kilometres(self) -> float:
        """Say how wide the picture is."""
        return self.span * _SQUEEZE * _KILOMETRES


@dataclass(frozen=True)
class Dot:
    """Hold a commune as it is drawn; `label` None where another name stands already."""

    x: float
    y: float
    name: str
    label: str | None
    to_the_left: bool


@dataclass(frozen=True)
class CityMap:
    """Hold the points of the communes by unit code."""

    points: Mapping[str, Place]

    def nearest(self, place: Place, units: Iterable[str]) -> str | None:
        """Find the unit whose point lies nearest: a guess for a person to check, since borders are not known."""
        known = [unit for unit in units if unit in self.points]
        return min(known, key=lambda unit: self.points[unit].kilometres_to(place), default=None)

    def dots(self, window: Window, names: Mapping[str, str]) -> list[Dot]:
        """List the communes of a window, from the middle outwards; names that would cover another one are left out."""
        drawn: list[Dot] = []
        taken: list[tuple[float, float, float]] = []
        seen = [(names[unit], place) for unit, place in self.points.items() if unit in names and window.shows(place)]
        for name, place in sorted(seen, key=lambda one: one[1].kilometres_to(window.middle)):
            x, y = window.pixel(place)
            width = len(name) * _LETTER + 8
            left = x + width > SIDE
            start = x - width if left else x
            free = all(abs(y - at) >= _LABEL_HEIGHT or start + width < a or start > b for a, b, at in taken)
            fits = free and start >= 0
            if fits:
                taken.append((start, start + width, y))
            drawn.append(Dot(round(x, 1), round(y, 1), name, name if fits else None, left))
        return drawn


def load_city_map(path: Path) -> CityMap:
    """Read config/map/points.yaml. Raises ConfigError with all mistakes: file, line and what is expected."""
    said, _ = read_model(path, _PointsFile, ConfigError)
    return CityMap({unit: Place(*point) for unit, point in said.points.items()})


def _multiples(middle: float, half: float, step: float) -> Iterator[float]:
    for count in range(math.ceil((middle - half) / step), math.floor((middle + half) / step) + 1):
        yield count * step


def _inside(latitude: float, longitude: float) -> Place:
    south, north, west, east = _EDGES
    return Place(round(min(max(latitude, south), north), 5), round(min(max(longitude, west), east), 5))
