"""Diagnosis in two steps: a first read alone, then the AI's call and its map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Row, Scene, Step, Task, Truth
from studies.tasks.reads import AIDED, PROBABILITY, PROMPT, Marks, decision, marks_asked, marks_row, told

AGAIN = "0: surely not. 100: surely. You may keep your first answer or change it."
SECOND = replace(PROBABILITY, prompt=AIDED, help=AGAIN)


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
    judged_by = frozenset({"mask"})
    seconds = 40

    marks: Marks = field(default="none", metadata={"help": "Whether findings are marked in the second step"})

    @property
    def steps(self) -> tuple[Step, ...]:
        """The first read, and the second with the AI in view."""
        return (
            Step("initial", frozenset({"image"}), (PROBABILITY,)),
            Step("final", frozenset({"image", "ai", "map"}), (SECOND, *marks_asked(self.marks))),
        )

    def steps_in(self, scene: Scene) -> tuple[Step, ...]:
        """Without the AI the second step is a second look."""
        first, second = self.steps
        if scene.aid != "unaided":
            return first, second
        alone = replace(SECOND, prompt=PROMPT)
        return first, replace(second, questions=(alone, *second.questions[1:]))

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """The truth, once both steps are answered."""
        return told(answers["probability"], truth) if step == "final" else None

    def rows(self, given: Mapping[str, Sequence[Answers]], truth: Truth | None = None) -> list[Row]:
        """Once both steps are answered: the probability before and after, the decisions they make, and the marks."""
        if not given.get("initial") or not given.get("final"):
            return []
        # The first read is what was thought before the AI spoke: its first revision counts.
        initial, final = given["initial"][0]["probability"], given["final"][-1]["probability"]
        row = Row(
            question="probability",
            answer=final,
            score=final,
            first=given["final"][0]["probability"],
            initial=initial,
            final=final,
            initial_decision=decision(initial),
            final_decision=decision(final),
        )
        return [row, *marks_row(given["final"][-1], given["final"][0], truth, self.marks)]
