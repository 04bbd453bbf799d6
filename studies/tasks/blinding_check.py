"""Blinding check: can readers tell which technique made a map?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Row, Step, Task, Truth
from studies.tasks.techniques import TECHNIQUES, UNKNOWN, family_of

TECHNIQUE = Question(
    name="technique",
    prompt="Which technique do you think produced this map?",
    kind="choice",
    options=TECHNIQUES,
)
SURE = Question(
    name="sure",
    prompt="How sure are you?",
    kind="confidence",
    options=(
        Option(1, "I guessed"),
        Option(2, "Rather unsure"),
        Option(3, "Rather sure"),
        Option(4, "Sure"),
    ),
    when=f"technique != '{UNKNOWN}'",
)


@registry.register
@dataclass(frozen=True)
class BlindingCheck(Task):
    """A guess among all families of techniques, with "don't know"; for Bang's blinding index."""

    name = "blinding-check"
    title = "Guessing the technique"
    reference = "Bang, Ni & Davis 2004, Assessment of blinding in clinical trials, Control Clin Trials 25:143"
    summary = "The reader guesses which technique made a map, or says that they do not know, and how sure they are."
    instruction = (
        "You see an image and, over it, a coloured highlight. Say which technique you think produced it. The list is "
        "the same for everybody and holds techniques that are not in this study."
    )
    grounding = "human"
    tells_arm = True
    steps = (Step("technique", frozenset({"image", "map"}), (TECHNIQUE, SURE), locks=False),)

    def row(self, question: Question, answer: Any, first: Any, truth: Truth | None) -> Row:
        """The guess against the family of the method; "don't know" is not wrong, it is no guess."""
        row = super().row(question, answer, first, truth)
        family = family_of(truth.method) if truth else None
        if question.name != "technique" or family is None:
            return row
        guessed = None if answer == UNKNOWN else int(answer == family)
        return replace(row, expected=family, correct=guessed, chance=1 / (len(TECHNIQUES) - 1))

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """Practice keeps readers blind as well."""
        return Feedback("Which technique produced a map is told to nobody while the study runs.")
