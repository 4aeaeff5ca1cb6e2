"""Choose the set of statutory forms in force on the receiving date; workers.papers knows what its forms look like."""

from collections.abc import Sequence
from datetime import date

from workers.regulation.calendar import Rule


class FormSet(Rule):
    """Hold when the forms of one circular are used. `valid_to`: the last receiving date they serve."""

    code: str
    basis: str
    valid_from: date
    valid_to: date | None = None
    confirmed: bool = False

    def serves(self, received_on: date) -> bool:
        """Say whether dossiers received on a day use this set."""
        return self.valid_from <= received_on and (self.valid_to is None or received_on <= self.valid_to)


def form_set_at(sets: Sequence[FormSet], received_on: date) -> FormSet | None:
    """Find the set in force on the receiving date."""
    return next((one for one in sets if one.serves(received_on)), None)
