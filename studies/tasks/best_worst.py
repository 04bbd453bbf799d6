"""Best and worst: the two ends of several highlights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from studies.tasks import registry
from studies.tasks.base import Answers, Question, Step
from studies.tasks.several import LETTERS, Comparison, Placed


@registry.register
@dataclass(frozen=True)
class BestWorst(Comparison):
    """Three or four maps of one case, of which the best and the worst are named."""

    name = "best-worst"
    title = "Best and worst highlight"
    reference = "Louviere, Flynn & Marley 2015, Best-Worst Scaling: theory, methods and applications"
    summary = "The reader names the best and the worst of three or four highlights of the same image."
    fewest = 3
    instruction = (
        "You see the same image several times, each with another highlight. Judge the image for: %(finding)s. Then "
        "choose the highlight that shows best what matters, and the one that shows it worst."
    )

    maps: int = field(default=3, metadata={"help": "How many maps are shown together, 3 or 4; as the design's size"})

    @property
    def steps(self) -> tuple[Step, ...]:
        """One screen."""
        ends = Question(
            name="ends",
            prompt="Which highlight shows best what matters in this image, and which worst?",
            kind="best-worst",
            options=self.options,
        )
        return (Step("choose", frozenset({"image", "map"}), (ends,), locks=False),)

    def judged(self, answers: Answers) -> Mapping[str, Placed]:
        """Scores count best less worst; of three, the third is between them; of four, the two others have no place."""
        ends = answers["ends"]
        between = Placed("between", 2 if self.maps == 3 else None, 0.0)
        known = {ends["best"]: Placed("best", 1, 1.0), ends["worst"]: Placed("worst", self.maps, -1.0)}
        return {letter: known.get(letter, between) for letter in LETTERS[: self.maps]}
