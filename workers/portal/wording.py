"""Read what the portal says, in Vietnamese and English, from config/portal/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from workers.errors import ConfigError
from workers.yaml_files import read_model

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGES = ("vi", "en")

Words = Annotated[str, Field(min_length=1)]


class Phrase(BaseModel):
    """Hold one phrase in every language of the portal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vi: Words
    en: Words

    def in_(self, language: str) -> str:
        """Give the phrase in a language; Vietnamese when it has none."""
        return self.en if language == "en" else self.vi


class Wording(BaseModel):
    """Hold every text of the pages.

    `pages` by key, `states` by a dossier's state, `feedback_states` by that of feedback, `steps` by the id of a
    diagram's element: what an outsider may read of it; an element without a phrase stays inside the house.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pages: dict[str, Phrase]
    states: dict[str, Phrase]
    feedback_states: dict[str, Phrase]
    steps: dict[str, Phrase]

    def say(self, language: str, key: str, **values: object) -> str:
        """Fill in a text. Raises KeyError for an unknown key or a value that is missing."""
        return self.pages[key].in_(language).format(**values)


def load_wording(path: Path) -> Wording:
    """Read config/portal.yaml. Raises ConfigError with all mistakes: file, line and what is expected."""
    wording, _ = read_model(path, Wording, ConfigError)
    return wording
