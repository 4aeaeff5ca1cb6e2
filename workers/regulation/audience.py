"""Decide whom a publication concerns. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def concerns(
    topics: Collection[str],
    areas: Collection[str],
    wanted_topics: Collection[str],
    wanted_areas: Collection[str],
    everywhere: str,
) -> bool:
    """Say whether a publication is about a topic and an area that a subscriber wants.

    `everywhere`: the area of the whole city; a publication about it concerns each area, and a subscriber who wants it
    wants each area.
    """
    about_place = everywhere in {*areas, *wanted_areas} or bool(set(areas) & set(wanted_areas))
    return about_place and bool(set(topics) & set(wanted_topics))
