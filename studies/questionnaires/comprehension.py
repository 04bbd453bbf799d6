"""The comprehension check: questions with one right answer each, which a reader must pass before the first image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from studies.questionnaires.asked import Asked, CheckQuestion
from studies.questionnaires.base import Answers, Questionnaire
from studies.questionnaires.items import Choice, Item


@dataclass(frozen=True)
class Comprehension(Questionnaire):
    """Passed with `needed` right answers; the outcome names the wrong ones."""

    kind: ClassVar[str] = "comprehension"

    needed: int = 0
    on_failure: str = "flag"

    def outcome(self, answers: Answers, seed: int) -> dict[str, Any]:
        """How many were right, which were wrong, and whether that suffices."""
        wrong = [item.name for item in self.items if answers.get(item.name) != item.right]
        right = len(self.items) - len(wrong)
        return {"right": right, "of": len(self.items), "wrong": wrong, "passed": right >= self.needed}


def as_asked(check: Comprehension, asked: Asked) -> Comprehension:
    """Our own check with what the protocol says otherwise of it."""
    items = _items(asked.questions) or check.items
    needed = len(items) if asked.needed is None else asked.needed
    return replace(check, items=items, needed=needed, attempts=asked.attempts, on_failure=asked.on_failure)


def _items(questions: Sequence[CheckQuestion]) -> tuple[Item, ...]:
    return tuple(
        Item(
            name=f"question-{number}",
            prompt=question.prompt,
            kind="choice",
            choices=tuple(Choice(place, label) for place, label in enumerate(question.options, start=1)),
            right=question.right,
            why=question.why,
        )
        for number, question in enumerate(questions, start=1)
    )
