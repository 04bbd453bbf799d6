"""Error detection: is the AI right on this case?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Row, Step, Task, Truth

RIGHT_FROM = 3
SURE = Question(
    name="ai_right",
    prompt="Is the AI right on this image?",
    kind="confidence",
    options=(
        Option(1, "Surely wrong"),
        Option(2, "Rather wrong"),
        Option(3, "Rather right"),
        Option(4, "Surely right"),
    ),
)


@registry.register
@dataclass(frozen=True)
class ErrorDetection(Task):
    """Four steps of confidence, held against whether the AI's call agrees with the reference standard."""

    name = "error-detection"
    title = "Error detection"
    reference = "Kim et al. 2022, HIVE, arXiv:2112.03184 (agreement task); Macmillan & Creelman 2005 (signal detection)"
    summary = "The reader sees the AI's output and, depending on the arm, its map, and says whether the AI is right."
    grounding = "application"
    diagnostic = True
    aids = frozenset({"ai", "explained"})
    seconds = 20
    steps = (Step("judge", frozenset({"image", "ai", "map"}), (SURE,)),)

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """Whether it was."""
        if truth.ai_correct is None:
            return None
        agrees = (answers["ai_right"] >= RIGHT_FROM) == truth.ai_correct
        if truth.ai_correct:
            return Feedback("The AI was right on this image.", agrees=agrees)
        return Feedback("The AI was wrong on this image.", agrees=agrees)

    def row(self, question: Question, answer: Any, first: Any, truth: Truth | None) -> Row:
        """The confidence that the AI is right, and whether it was right to say so."""
        right = truth.ai_correct if truth else None
        correct = None if right is None or answer is None else int((answer >= RIGHT_FROM) == right)
        return Row(
            question.name,
            answer,
            question.score(answer),
            first=first,
            expected=None if right is None else int(right),
            correct=correct,
            chance=0.5,
        )
