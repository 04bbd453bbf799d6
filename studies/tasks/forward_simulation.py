"""Forward simulation: what will the AI say of this image?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Row, Step, Task, Truth
from studies.tasks.reads import decision

CALL = Question(
    name="ai_call",
    prompt="The AI's output is hidden. What does the AI say of this image?",
    kind="choice",
    options=(Option(1, "It says: %(finding)s"), Option(0, "It says: no %(finding)s")),
)
PROBABILITY = Question(
    name="ai_probability",
    prompt="The AI's output is hidden. Which probability does the AI give for: %(finding)s?",
    kind="probability",
    help="0: the AI is sure that there is none. 100: the AI is sure that there is one.",
)


@registry.register
@dataclass(frozen=True)
class ForwardSimulation(Task):
    """Whether readers can foresee the network's output; the arm `none` shows the image alone and is the baseline."""

    name = "forward-simulation"
    title = "Forward simulation"
    reference = "Doshi-Velez & Kim 2017, arXiv:1702.08608; Hase & Bansal 2020, arXiv:2005.01831"
    summary = "The AI's output is hidden; from the image and, depending on the arm, its map the reader foretells it."
    grounding = "human"
    diagnostic = True
    about_output = True
    aids = frozenset({"ai", "explained"})
    seconds = 20

    answer: Literal["class", "probability"] = field(
        default="class", metadata={"help": "Whether the AI's call or its probability is foretold"}
    )

    @property
    def steps(self) -> tuple[Step, ...]:
        """One step; the output is in none of them."""
        return (Step("foretell", frozenset({"image", "map"}), (CALL if self.answer == "class" else PROBABILITY,)),)

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """What the AI said."""
        if truth.probability is None or truth.advice is None:
            return None
        said = self._said(answers.get("ai_call"), answers.get("ai_probability"))
        return Feedback(
            "The AI gives a probability of %(percent)d %% for: %(finding)s.",
            {"percent": round(100 * truth.probability)},
            agrees=said == truth.advice,
        )

    def row(self, question: Question, answer: Any, first: Any, truth: Truth | None) -> Row:
        """Right where the AI's call is met; a probability also has its squared distance to the AI's."""
        if truth is None or truth.advice is None or answer is None:
            return Row(question.name, answer, None, first=first)
        is_class = question.name == "ai_call"
        said = self._said(answer if is_class else None, None if is_class else answer)
        measures: dict[str, float | None] = {}
        expected: Any = truth.advice
        if not is_class and truth.probability is not None:
            expected = 100 * truth.probability
            measures = {"brier": (answer / 100 - truth.probability) ** 2}
        correct = int(said == truth.advice)
        score = 1.0 - float(measures["brier"] or 0.0) if measures else float(correct)
        return Row(
            question.name,
            answer,
            score,
            first=first,
            expected=expected,
            correct=correct,
            chance=0.5,
            measures=measures,
        )

    def _said(self, call: int | None, probability: float | None) -> int | None:
        if call is not None:
            return int(call)
        return None if probability is None else decision(probability)
