"""Hold the norms of steps and the general limits. Step norms never replace the legal deadline."""

from pydantic import Field

from workers.regulation.calendar import Rule
from workers.regulation.deadlines import NearDue
from workers.regulation.limits import Limit


class StepNorm(Rule):
    """Limit one kind of step; `step` is what diagrams name in their `norm`."""

    step: str = Field(pattern=r"^[a-z][a-z_]*$")
    name: str = Field(min_length=1)
    limit: Limit


class Norms(Rule):
    """Hold every norm and general limit."""

    steps: tuple[StepNorm, ...]
    default_step: Limit
    opinion: Limit
    opinion_urgent: Limit
    near_due: NearDue = NearDue()

    def limit(self, step: str) -> Limit:
        """Find the norm of a step, or the one for steps without."""
        return next((norm.limit for norm in self.steps if norm.step == step), self.default_step)
