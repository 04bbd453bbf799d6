"""Preference: which of two highlights would you rather have, and how clearly?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Row, Step, Task, Truth

PREFERRED = Question(
    name="preferred",
    prompt="Which highlight shows better what matters in this image?",
    kind="choice",
    options=(Option("first", "The first"), Option("tie", "Neither is better"), Option("second", "The second")),
)
STRENGTH = Question(
    name="strength",
    prompt="How clear is the difference?",
    kind="scale",
    options=(Option(1, "Slight"), Option(2, "Clear"), Option(3, "Very clear")),
    when="preferred in ['first', 'second']",
)
SIDES = {"first": 1.0, "tie": 0.0, "second": -1.0}
"""Which way an answer leans; the mean over many trials is 0 without a bias, for sides are balanced."""


@registry.register
@dataclass(frozen=True)
class Preference(Task):
    """Two maps of one case side by side, ties allowed; for a Bradley-Terry-Davidson analysis."""

    name = "preference"
    title = "Pairwise preference"
    reference = "Davidson 1970, On extending the Bradley-Terry model to accommodate ties, JASA 65:317"
    summary = "The reader compares two highlights of the same image, may call it a tie, and says how clear it is."
    grounding = "human"
    arms_per_trial = 2
    steps = (Step("compare", frozenset({"image", "map"}), (PREFERRED, STRENGTH), locks=False),)

    def row(self, question: Question, answer: Any, first: Any, truth: Truth | None) -> Row:
        """The choice says which side it leans to."""
        row = super().row(question, answer, first, truth)
        return replace(row, measures={"side": SIDES[answer]}) if question.name == "preferred" else row

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """How much of the reference region each of the two covers."""
        if len(truth.covered) != 2 or truth.covered[0] is None or truth.covered[1] is None:
            return Feedback("There is no right answer here: it is your judgement that counts.")
        return Feedback(
            "The brightest part of the first highlight covers %(first)d %% of the %(finding)s, "
            "that of the second %(second)d %%.",
            {"first": round(100 * truth.covered[0]), "second": round(100 * truth.covered[1])},
        )
