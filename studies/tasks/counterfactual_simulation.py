"""Counterfactual simulation: what would the AI say if this region were not there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Row, Scene, Step, Task, Truth

CHANGE = Question(
    name="change",
    prompt="In the second image one region was replaced. What does the AI's probability do?",
    kind="choice",
    options=(Option("up", "It goes up"), Option("same", "It stays the same"), Option("down", "It goes down")),
    help="Changes of less than %(margin)s percentage points count as the same.",
)


@registry.register
@dataclass(frozen=True)
class CounterfactualSimulation(Task):
    """The truth comes from the network itself, run on the altered image before the study was locked."""

    name = "counterfactual-simulation"
    title = "Counterfactual simulation"
    reference = "Doshi-Velez & Kim 2017, arXiv:1702.08608; Hase & Bansal 2020, arXiv:2005.01831"
    summary = "Beside the image stands the same one with a region replaced; the reader foretells the AI's output."
    grounding = "human"
    diagnostic = True
    aids = frozenset({"ai", "explained"})
    needs = frozenset({"alteration"})
    seconds = 25

    fill: Literal["tissue", "blur"] = field(
        default="tissue", metadata={"help": "What stands in the region: its surroundings continued, or a blur"}
    )
    same_within: float = field(
        default=0.05, metadata={"help": "Changes of probability up to this count as none, 0 to 1"}
    )

    def __post_init__(self) -> None:
        if not 0 <= self.same_within < 1:
            raise ValueError("same_within of a counterfactual-simulation goes from 0 to below 1.")

    @property
    def steps(self) -> tuple[Step, ...]:
        """One step: both images, the AI's output for the first and, depending on the arm, its map."""
        question = replace(CHANGE, values={"margin": f"{100 * self.same_within:g}"})
        return (Step("foretell-change", frozenset({"image", "ai", "map", "altered"}), (question,)),)

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """What the AI really said of the altered image."""
        expected = self.expected(truth.prepared)
        if expected is None:
            return None
        return Feedback(
            "The AI's probability went from %(before)d %% to %(after)d %%.",
            {name: round(100 * float(truth.prepared[name])) for name in ("before", "after")},
            agrees=answers["change"] == expected,
        )

    def row(self, question: Question, answer: Any, first: Any, truth: Truth | None) -> Row:
        """Right where the direction is."""
        expected = self.expected(truth.prepared) if truth else None
        if expected is None or answer is None or truth is None:
            return Row(question.name, answer, None, first=first)
        correct = int(answer == expected)
        change = float(truth.prepared["after"]) - float(truth.prepared["before"])
        return Row(
            question.name,
            answer,
            float(correct),
            first=first,
            expected=expected,
            correct=correct,
            chance=1 / 3,
            measures={"ai_change": change},
        )

    def expected(self, prepared: Mapping[str, Any]) -> str | None:
        """Up, same or down, by the network's two outputs."""
        if "before" not in prepared or "after" not in prepared:
            return None
        # Rounded, so that a change of just the margin is not decided by the last binary digit.
        change = round(float(prepared["after"]) - float(prepared["before"]), 9)
        if abs(change) <= self.same_within:
            return "same"
        return "up" if change > 0 else "down"

    def altered(self, scene: Scene) -> str:
        """Content hash of the altered image."""
        return str(scene.prepared.get("altered", ""))
