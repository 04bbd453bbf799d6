"""Annotation: what in the image supports the reader's own judgement, marked before anything of an AI is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Row, Step, Task, Truth
from studies.tasks.overlaps import marked_against, top_area
from studies.tasks.regions import read_regions

PRESENT = Question(
    name="present",
    prompt="Does this image show a %(finding)s?",
    kind="choice",
    options=(Option("yes", "Yes"), Option("no", "No")),
)
REGION = Question(
    name="region",
    prompt="Outline what supports your answer.",
    kind="region",
    when="present == 'yes'",
)


@registry.register
@dataclass(frozen=True)
class Annotation(Task):
    """The reader's own region, held against the reference region and against the map that the trial does not show."""

    name = "annotation"
    title = "Outlining what matters"
    reference = "Mohseni et al. 2021, Quantitative evaluation of ML explanations: a human-grounded benchmark, IUI"
    summary = "The reader judges the image alone and outlines what supports the judgement; no AI is ever shown."
    instruction = (
        "You see each image alone. Say whether it shows a %(finding)s, and outline what supports your answer: with a "
        "box, with corners, or drawn freely."
    )
    grounding = "application"
    diagnostic = True
    hides_finding = True
    aids = frozenset({"unaided", "explained"})
    judged_by = frozenset({"mask", "maps"})
    seconds = 40
    steps = (Step("mark", frozenset({"image"}), (PRESENT, REGION)),)

    def row(self, question: Question, answer: Any, first: Any, truth: Truth | None) -> Row:
        """The judgement against the reference standard; the marks against the reference region and the map's top."""
        row = super().row(question, answer, first, truth)
        if truth is None:
            return row
        if question.name == "present":
            return row if truth.label is None else _judged(row, "yes" if truth.label else "no")
        regions = read_regions(answer)
        measures: dict[str, float | None] = {}
        if truth.mask is not None:
            measures |= marked_against(regions, truth.mask)
        if truth.maps and truth.maps[0] is not None:
            measures |= marked_against(regions, top_area(truth.maps[0]), "map-")
        return replace(row, measures=measures)

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """Whether there is a finding, and whether the marks find it."""
        if truth.label is None:
            return Feedback("There is no right answer here: it is your judgement that counts.")
        agrees = (answers["present"] == "yes") == bool(truth.label)
        if not truth.label:
            return Feedback("This image shows no %(finding)s.", agrees=agrees)
        if truth.mask is None or not answers.get("region"):
            return Feedback("This image does show a %(finding)s.", agrees=agrees)
        found = marked_against(read_regions(answers["region"]), truth.mask)
        if found["hit"]:
            return Feedback("This image does show a %(finding)s, and your marks find it.", agrees=True)
        return Feedback("This image does show a %(finding)s, but elsewhere.", agrees=False)


def _judged(row: Row, expected: str) -> Row:
    return replace(row, expected=expected, correct=int(row.answer == expected), chance=0.5)
