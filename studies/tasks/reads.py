"""Reading a case in one step: how likely the finding is and, where asked for, where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from studies.tasks.base import Answers, Feedback, Question, Row, Scene, Step, Task, Truth
from studies.tasks.questions import Shown
from studies.tasks.regions import hits, read_regions

THRESHOLD = 50.0
PROMPT = "How likely is it that this image shows a %(finding)s?"
AIDED = "With the AI's result in view: how likely is it that this image shows a %(finding)s?"
HELP = "0: surely not. 100: surely."
PROBABILITY = Question(name="probability", prompt=PROMPT, kind="probability", help=HELP)
MARKS = Question(
    name="marks",
    prompt="Where is the %(finding)s? Mark each one.",
    kind="region",
    required=False,
    when="probability >= 50",
    most=10,
)

Marks = Literal["none", "optional", "required", "rated"]


@dataclass(frozen=True)
class Read(Task):
    """One read of a case. Subclasses say what of the AI is in view, and in which arms.

    `marks`: whether the reader is asked where the finding is, once they hold it likely; `rated` asks for a confidence
    of each mark, as a JAFROC analysis needs.
    """

    grounding = "application"
    diagnostic = True
    hides_finding = True
    judged_by = frozenset({"mask"})
    shows: ClassVar[frozenset[Shown]]

    marks: Marks = field(default="none", metadata={"help": "Whether findings are marked, and each mark rated"})

    @property
    def steps(self) -> tuple[Step, ...]:
        """One step that locks: what is read cannot be read afresh."""
        return (Step("read", self.shows, (PROBABILITY, *marks_asked(self.marks))),)

    def steps_in(self, scene: Scene) -> tuple[Step, ...]:
        """The prompt names the AI's result where there is one."""
        if scene.aid == "unaided" or "ai" not in self.shows:
            return self.steps
        aided = replace(PROBABILITY, prompt=AIDED)
        return tuple(replace(step, questions=(aided, *step.questions[1:])) for step in self.steps)

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """The truth."""
        return told(answers["probability"], truth)

    def rows(self, given: Mapping[str, Sequence[Answers]], truth: Truth | None = None) -> list[Row]:
        """The probability with the decision that follows from it, and the marks where they were asked for."""
        if not given.get("read"):
            return []
        first, last = given["read"][0], given["read"][-1]
        final = last["probability"]
        row = Row("probability", final, final, first=first["probability"], final=final, final_decision=decision(final))
        return [row, *marks_row(last, first, truth, self.marks)]


def decision(probability: float) -> int:
    """1 for present: from a probability of 50 on."""
    return int(probability >= THRESHOLD)


def marks_asked(marks: Marks) -> tuple[Question, ...]:
    """The question for marks, as the task's parameter wants it."""
    if marks == "none":
        return ()
    return (replace(MARKS, required=marks != "optional", rated=marks == "rated"),)


def told(probability: float, truth: Truth) -> Feedback | None:
    """What is known of the image beside the reader's decision."""
    if truth.label is None:
        return None
    agrees = decision(probability) == truth.label
    if truth.label:
        return Feedback("This image does show a %(finding)s.", agrees=agrees)
    return Feedback("This image shows no %(finding)s.", agrees=agrees)


def marks_row(last: Answers, first: Answers, truth: Truth | None, marks: Marks) -> list[Row]:
    """How many marks there are, and how many of them hit the reference region."""
    if marks == "none":
        return []
    given = read_regions(last.get("marks", []), rated=marks == "rated")
    mask = truth.mask if truth else None
    if mask is None and truth and truth.label == 0:
        found: int | None = 0
    else:
        found = None if mask is None else sum(hits(region, mask) for region in given)
    measures: dict[str, float | None] = {
        "marks": float(len(given)),
        "marks_hit": None if found is None else float(found),
    }
    correct = None if found is None or not truth or truth.label != 1 else int(found > 0)
    return [Row("marks", last.get("marks"), None, first=first.get("marks"), correct=correct, measures=measures)]
