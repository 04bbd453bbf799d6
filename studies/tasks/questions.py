"""Questions and steps: what a reader is asked, and which answers are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from studies.tasks.conditions import condition
from studies.tasks.kinds import KINDS, InvalidAnswer
from studies.tasks.regions import SHAPES

__all__ = ["InvalidAnswer", "InvalidAnswers", "Kind", "Option", "Question", "Shown", "Step"]

Kind = Literal[
    "scale",
    "choice",
    "confidence",
    "reasons",
    "probability",
    "number",
    "text",
    "region",
    "ranking",
    "best-worst",
]
Shown = Literal["image", "ai", "map", "altered"]


class InvalidAnswers(ValueError):
    """Some answers do not fit; `problems` maps each question's name to one sentence (a msgid)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(f"{name}: {sentence}" for name, sentence in self.problems.items()))


@dataclass(frozen=True)
class Option:
    """One answer to choose: `value` is stored, `label` (a msgid) is read."""

    value: int | str
    label: str


@dataclass(frozen=True)
class Question:
    """One question. `prompt`, `help` and labels are msgids; `%(finding)s` stands for the block's finding.

    Stored answers: scale and confidence an int, choice a str (or int), probability and number a float, text a str,
    reasons and ranking a list of the options' values, best-worst `{best, worst}`, region a list of marks. `reverse`
    says that a high answer is a bad one. `when` is a condition on earlier answers of the trial: a question that it
    hides is neither asked nor stored. `values` are put into the texts beside the finding. A question never has a
    default: an untouched control is no answer.
    """

    name: str
    prompt: str
    kind: Kind
    options: tuple[Option, ...] = ()
    required: bool = True
    reverse: bool = False
    help: str = ""
    when: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[str, ...] = SHAPES
    """Of a region: the shapes to mark with."""
    most: int | None = None
    """Of a region: at most so many marks."""
    rated: bool = False
    """Of a region: each mark is given a confidence from 0 to 100."""
    minimum: float = 0.0
    maximum: float = 100.0
    whole: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        condition(self.when)  # a condition that cannot be read is found where it is written

    def is_asked(self, answers: Mapping[str, Any]) -> bool:
        """Whether these answers (by question, and by `step.question`) let the question be asked."""
        return condition(self.when).holds(answers)

    def clean(self, value: Any) -> Any:
        """The answer as it is stored, or None where an optional question was left out; InvalidAnswer otherwise."""
        kind = KINDS[self.kind]
        if kind.is_empty(value):
            if self.required:
                raise InvalidAnswer("Please answer this question.")
            return None
        return kind.clean(self, value)

    def score(self, value: Any) -> float | None:
        """The answer as a number for which more is better; None where it has none."""
        return None if value is None else KINDS[self.kind].score(self, value)


@dataclass(frozen=True)
class Step:
    """One screen of a task: what it shows, what it asks, and whether sending it closes it for good."""

    name: str
    shows: frozenset[Shown]
    questions: tuple[Question, ...]
    locks: bool = True
