"""Usefulness: does the highlight cover what matters, and no more than that?"""

from __future__ import annotations

from dataclasses import dataclass, field

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Step, Task, Truth
from studies.tasks.reason_codes import reasons_when

COVERAGE = Question(
    name="coverage",
    prompt="How much of what you would look at to judge this image does the highlight cover?",
    kind="scale",
    options=(
        Option(1, "Nothing of it"),
        Option(2, "A small part"),
        Option(3, "About half"),
        Option(4, "Most of it"),
        Option(5, "All of it"),
    ),
)
EXTRANEOUS = Question(
    name="extraneous",
    prompt="How much of the highlight lies where nothing matters for this judgement?",
    kind="scale",
    options=(
        Option(1, "Nothing of it"),
        Option(2, "A small part"),
        Option(3, "About half"),
        Option(4, "Most of it"),
        Option(5, "All of it"),
    ),
    reverse=True,
)


@registry.register
@dataclass(frozen=True)
class Usefulness(Task):
    """Two five-point ratings of one map; a judgement of plausibility, never of trust."""

    name = "usefulness"
    title = "Usefulness rating"
    reference = "Jin et al. 2023, Guidelines and evaluation of clinical explainable AI, arXiv:2202.10553 (G4)"
    summary = "The reader says how much of what matters a highlight covers, and how much of it lies elsewhere."
    grounding = "human"

    reasons: bool = field(
        default=False, metadata={"help": "Ask what is wrong with maps that cover half or less, or show much else"}
    )

    @property
    def steps(self) -> tuple[Step, ...]:
        """One screen; the reasons follow poor ratings where they are asked for."""
        why = reasons_when("coverage <= 3 or extraneous >= 3", required=False) if self.reasons else ()
        return (Step("rate", frozenset({"image", "map"}), (COVERAGE, EXTRANEOUS, *why), locks=False),)

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """What the reference region says of the map beside what the reader said."""
        if truth.label == 0:
            return Feedback("There is no %(finding)s in this image: no highlight can cover it.")
        if not truth.covered or truth.covered[0] is None or truth.extraneous[0] is None:
            return Feedback("There is no right answer here: it is your judgement that counts.")
        return Feedback(
            "The brightest part of the highlight covers %(covered)d %% of the %(finding)s; "
            "%(extraneous)d %% of it lies elsewhere.",
            {"covered": round(100 * truth.covered[0]), "extraneous": round(100 * truth.extraneous[0])},
        )
