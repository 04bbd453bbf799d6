"""Ranking: put several highlights of one image in an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from studies.tasks import registry
from studies.tasks.base import Answers, Question, Step
from studies.tasks.several import Comparison, Placed


@registry.register
@dataclass(frozen=True)
class Ranking(Comparison):
    """Two to four maps of one case, each given a place of its own; for a Plackett-Luce analysis."""

    name = "ranking"
    title = "Ranking of highlights"
    reference = "Luce 1959, Individual choice behavior; Plackett 1975, The analysis of permutations, Appl Stat 24:193"
    summary = "The reader puts two to four highlights of the same image in an order, the best first."

    instruction = (
        "You see the same image several times, each with another highlight. Judge the image for: %(finding)s. Then put "
        "the highlights in an order: the one that shows best what matters comes first."
    )

    maps: int = field(default=3, metadata={"help": "How many maps are shown together, 2 to 4; as the design's size"})

    @property
    def steps(self) -> tuple[Step, ...]:
        """One screen."""
        order = Question(
            name="order",
            prompt="Which highlight shows best what matters in this image?",
            kind="ranking",
            options=self.options,
        )
        return (Step("rank", frozenset({"image", "map"}), (order,), locks=False),)

    def judged(self, answers: Answers) -> Mapping[str, Placed]:
        """The place is the answer; the score counts the maps it beats, and itself."""
        order = answers["order"]
        return {
            letter: Placed(place, place, float(len(order) + 1 - place)) for place, letter in enumerate(order, start=1)
        }
