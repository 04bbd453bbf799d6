"""Diagnosis in two steps: a first read alone, then the AI's call and its map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Question, Row, Step, Task, Truth

THRESHOLD = 50.0
PROMPT = "How likely is it that this image shows a %(finding)s?"
FIRST = Question(name="probability", prompt=PROMPT, kind="probability", help="0: surely not. 100: surely.")
SECOND = Question(
    name="probability",
    prompt="With the AI's result in view: how likely is it that this image shows a %(finding)s?",
    kind="probability",
    help="0: surely not. 100: surely. You may keep your first answer or change it.",
)


@registry.register
@dataclass(frozen=True)
class Diagnosis(Task):
    """A sequential reading: the first answer is locked and kept before anything of the AI is shown."""

    name = "diagnosis"
    title = "Diagnosis in two steps"
    reference = "Schemmer et al. 2023, Appropriate reliance on AI advice, arXiv:2302.02187; Schalekamp et al. 2014"
    summary = "The reader judges the case alone, then again with the AI's call and, depending on the arm, its map."
    grounding = "application"
    diagnostic = True
    hides_finding = True
    aids = frozenset({"unaided", "ai", "explained"})
    seconds = 40
    steps = (
        Step("initial", frozenset({"image"}), (FIRST,)),
        Step("final", frozenset({"image", "ai", "map"}), (SECOND,)),
    )

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """The truth, once both steps are answered."""
        if step != "final" or truth.label is None:
            return None
        agrees = self.decision(answers["probability"]) == truth.label
        if truth.label:
            return Feedback("This image does show a %(finding)s.", agrees=agrees)
        return Feedback("This image shows no %(finding)s.", agrees=agrees)

    def decision(self, probability: float) -> int:
        """1 for present: from a probability of 50 on."""
        return int(probability >= THRESHOLD)

    def rows(self, given: Mapping[str, Sequence[Answers]], truth: Truth | None = None) -> list[Row]:
        """One row, once both steps are answered: the probability before and after, and the decisions they make."""
        if not given.get("initial") or not given.get("final"):
            return []
        # The first read is what was thought before the AI spoke: its first revision counts.
        initial, final = given["initial"][0]["probability"], given["final"][-1]["probability"]
        return [
            Row(
                question="probability",
                answer=final,
                score=final,
                first=given["final"][0]["probability"],
                initial=initial,
                final=final,
                initial_decision=self.decision(initial),
                final_decision=self.decision(final),
            )
        ]
