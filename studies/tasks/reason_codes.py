"""Reason codes: what is wrong with a highlight, in words that can be counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Step, Task, Truth

VERDICT = Question(
    name="verdict",
    prompt="Is anything wrong with this highlight?",
    kind="choice",
    options=(Option("nothing", "Nothing is wrong with it"), Option("something", "Something is wrong with it")),
)
REASONS = Question(
    name="reasons",
    prompt="What is wrong with it?",
    kind="reasons",
    options=(
        Option("misses", "It misses what matters"),
        Option("side", "It is on the wrong side"),
        Option("marker", "It lies on a marker or a device"),
        Option("outside", "It lies outside the body"),
        Option("diffuse", "It is too diffuse"),
        Option("artefact", "It looks like an artefact"),
        Option("other", "Something else"),
    ),
    help="Choose all that apply.",
)
OTHER = Question(name="other", prompt="What else is wrong with it?", kind="text", when="'other' in reasons")


def reasons_when(condition: str, *, required: bool = True) -> tuple[Question, ...]:
    """The reasons, and the text that goes with "something else", asked under this condition."""
    return replace(REASONS, when=condition, required=required), OTHER


@registry.register
@dataclass(frozen=True)
class ReasonCodes(Task):
    """One map, a verdict, and the reasons for a bad one; several may apply."""

    name = "reason-codes"
    title = "What is wrong with a highlight"
    reference = "Jin et al. 2023, Guidelines and evaluation of clinical explainable AI, arXiv:2202.10553 (G4)"
    summary = "The reader says whether anything is wrong with a highlight, and what, from a list."
    instruction = (
        "You see an image and, over it, a coloured highlight. Judge the image for: %(finding)s. Then say whether "
        "anything is wrong with the highlight, and what."
    )
    grounding = "human"
    steps = (
        Step("fault", frozenset({"image", "map"}), (VERDICT, *reasons_when("verdict == 'something'")), locks=False),
    )

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """How much of the reference region the map covers."""
        if not truth.covered or truth.covered[0] is None:
            return Feedback("There is no right answer here: it is your judgement that counts.")
        return Feedback(
            "The brightest part of the highlight covers %(covered)d %% of the %(finding)s.",
            {"covered": round(100 * truth.covered[0])},
        )
