"""What tasks that show two to four maps together have in common: letters, one row a map, the feedback of practice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studies.tasks.base import Answers, Feedback, Option, Row, Task, Truth

LETTERS = ("a", "b", "c", "d")
OPTIONS = (
    Option("a", "Highlight A"),
    Option("b", "Highlight B"),
    Option("c", "Highlight C"),
    Option("d", "Highlight D"),
)
FEWEST, MOST = 2, 4


@dataclass(frozen=True)
class Placed:
    """How one answer judges a map: its place (1 is best; None where none can be told) and its score."""

    answer: int | str
    place: int | None
    score: float


class Comparison(Task):
    """Several maps of one case, called by letters; subclasses say what an answer means for each of them."""

    grounding = "human"
    seconds = 30
    maps: int
    fewest = FEWEST

    def __post_init__(self) -> None:
        if not self.fewest <= self.maps <= MOST:
            raise ValueError(f"A {self.name} task shows {self.fewest} to {MOST} maps, not {self.maps}.")

    @property
    def arms_per_trial(self) -> int:
        """As many as are compared."""
        return self.maps

    @property
    def options(self) -> tuple[Option, ...]:
        """The maps by their letters, in the order of the page."""
        return OPTIONS[: self.maps]

    def judged(self, answers: Answers) -> Mapping[str, Placed]:
        """What the answers of the only step say of each letter."""
        raise NotImplementedError

    def rows(self, given: Mapping[str, Sequence[Answers]], truth: Truth | None = None) -> list[Row]:
        """One row a map."""
        step = self.steps[0]
        if not given.get(step.name):
            return []
        first, last = self.judged(given[step.name][0]), self.judged(given[step.name][-1])
        return [
            Row(
                question=step.questions[0].name,
                answer=last[letter].answer,
                first=first[letter].answer,
                score=last[letter].score,
                place=last[letter].place,
                map=index,
            )
            for index, letter in enumerate(LETTERS[: self.maps])
        ]

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """Which map's brightest part covers most of the reference region."""
        shares = [share for share in truth.covered if share is not None]
        if len(truth.covered) != self.maps or len(shares) < self.maps or shares.count(max(shares)) > 1:
            return Feedback("There is no right answer here: it is your judgement that counts.")
        best = shares.index(max(shares))
        return Feedback(
            "The brightest part of highlight %(letter)s covers most of the %(finding)s: %(covered)d %%.",
            {"letter": LETTERS[best].upper(), "covered": round(100 * shares[best])},
        )
