"""Shortcut detection: do readers notice that an AI relies on what it should not, and on what?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Row, Step, Task, Truth
from studies.tasks.overlaps import marked_against
from studies.tasks.regions import read_regions

SUSPECTED = Question(
    name="suspected",
    prompt="Having seen this AI at work: does it rely on a feature of the images that it should not rely on?",
    kind="choice",
    options=(Option("yes", "Yes"), Option("no", "No")),
    help="Think of all images that you have seen so far.",
)
WHERE = Question(
    name="where",
    prompt="Point to that feature in this image.",
    kind="region",
    when="suspected == 'yes'",
    required=False,
    help="Leave this empty if the feature is not in this image.",
)
WHAT = Question(name="what", prompt="What is it?", kind="text", when="suspected == 'yes'")


@registry.register
@dataclass(frozen=True)
class Shortcut(Task):
    """Asked after each case: a suspicion, its place and its name, held against a planted confounder."""

    name = "shortcut"
    title = "Finding a shortcut"
    reference = (
        "Adebayo et al. 2022, Post hoc explanations may be ineffective for detecting unknown spurious correlation"
    )
    summary = "After each case the reader says whether the AI relies on something that it should not, where, and what."
    instruction = (
        "You see image after image, what an AI says of each about: %(finding)s, and sometimes a highlight. After each "
        "one say whether you think that the AI relies on something in the images that it should not rely on. If you "
        "do, point to it and say what it is."
    )
    grounding = "application"
    aids = frozenset({"ai", "explained"})
    judged_by = frozenset({"mask"})
    tells_arm = True
    seconds = 30
    steps = (Step("suspect", frozenset({"image", "ai", "map"}), (SUSPECTED, WHERE, WHAT)),)

    planted: str = field(
        default="confounder", metadata={"help": "The reference standard that holds the planted feature's region"}
    )
    relying: tuple[str, ...] = field(
        default=(), metadata={"help": "The networks that are known to rely on the planted feature"}
    )

    @property
    def looks_for(self) -> str:
        """The planted feature."""
        return self.planted

    def row(self, question: Question, answer: Any, first: Any, truth: Truth | None) -> Row:
        """The suspicion against what is known of the network; the marks against the planted feature."""
        row = super().row(question, answer, first, truth)
        if truth is None:
            return row
        if question.name == "suspected" and self.relying and truth.network:
            expected = "yes" if truth.network in self.relying else "no"
            measure = "detected" if expected == "yes" else "false-alarm"
            said = {measure: float(answer == "yes")}
            return replace(row, expected=expected, correct=int(answer == expected), chance=0.5, measures=said)
        if question.name == "where" and truth.planted is not None:
            return replace(row, measures=marked_against(read_regions(answer), truth.planted, "planted-"))
        return row

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """Nothing that would tell what to look for."""
        return Feedback("There is no right answer here: it is your judgement that counts.")
