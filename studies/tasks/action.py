"""Action: would the AI's result change what the reader does, and would they act on it alone?"""

from __future__ import annotations

from dataclasses import dataclass

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Step, Task, Truth

LIKELY = (
    Option(1, "Surely not"),
    Option(2, "Rather not"),
    Option(3, "Undecided"),
    Option(4, "Rather yes"),
    Option(5, "Surely"),
)
CHANGE = Question(
    name="change",
    prompt="Would this result change what you do next for this patient?",
    kind="scale",
    options=LIKELY,
)
ACT = Question(
    name="act",
    prompt="Would you act on this result without further review?",
    kind="scale",
    options=LIKELY,
)


@registry.register
@dataclass(frozen=True)
class Action(Task):
    """Two five-point ratings of an AI's result with or without its map: what a clinician would do with it."""

    name = "action"
    title = "Use in practice"
    reference = "Venkatesh & Davis 2000; Tonekaboni et al. 2019, What clinicians want, arXiv:1905.05134"
    summary = "The reader says whether the result would change management, and whether it needs no further review."
    instruction = (
        "You see an image and what an AI says of it about: %(finding)s, sometimes with a highlight. Say whether the "
        "result would change what you do, and whether you would act on it without further review. The AI is not always "
        "right."
    )
    grounding = "application"
    aids = frozenset({"ai", "explained"})
    seconds = 25
    steps = (Step("decide", frozenset({"image", "ai", "map"}), (CHANGE, ACT), locks=False),)

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """Whether the AI is right here."""
        if truth.ai_correct is None:
            return Feedback("There is no right answer here: it is your judgement that counts.")
        if truth.ai_correct:
            return Feedback("The AI is right about this image.")
        return Feedback("The AI is wrong about this image.")
