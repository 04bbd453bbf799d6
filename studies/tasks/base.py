"""The base of all tasks: its steps, what answers it takes, what practice says of them, and the rows they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from studies.tasks.questions import InvalidAnswer, InvalidAnswers, Option, Question, Step

__all__ = ["Answers", "Feedback", "InvalidAnswers", "Option", "Question", "Row", "Step", "Task", "Truth"]

Grounding = Literal["application", "human", "functional"]
Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Truth:
    """What is known of a trial beyond its answers; None where it is not known.

    `label`: the reference standard, 1 for present. `advice`: the AI's call, 1 for present. `covered` (one number for
    each map shown): the share of the reference region that lies under the map's brightest tenth; `extraneous`: the
    share of that brightest tenth outside the reference region.
    """

    label: int | None = None
    advice: int | None = None
    covered: tuple[float | None, ...] = ()
    extraneous: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Feedback:
    """What practice tells a reader: a msgid with its values, and whether the answer agreed (None: no right answer)."""

    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)
    agrees: bool | None = None


@dataclass(frozen=True)
class Row:
    """One row of the long table: the answer as given, and its score (more is better).

    `first` is the answer of the first revision, kept when a reader changed it. Reading tasks fill `initial` and
    `final` (probabilities, 0 to 100) and the decisions (1 for present) that follow from them.
    """

    question: str
    answer: Any
    score: float | None
    first: Any = None
    initial: float | None = None
    final: float | None = None
    initial_decision: int | None = None
    final_decision: int | None = None


class Task:
    """What a reader is asked to do with one case. Subclasses are frozen dataclasses; fields are parameters.

    A template `studies/tasks/<name>.html` draws it. `arms_per_trial` is 2 where two maps are compared. `diagnostic`
    tasks judge the case itself: the same case is never shown in two conditions, and nothing derived from the truth is.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    grounding: ClassVar[Grounding]
    diagnostic: ClassVar[bool] = False
    arms_per_trial: ClassVar[Literal[1, 2]] = 1
    needs_map: ClassVar[bool] = True
    """Whether an arm without a map makes no sense."""
    seconds: ClassVar[int] = 20
    """What a trial usually takes; for the estimate of time left."""
    steps: ClassVar[tuple[Step, ...]]

    def step(self, name: str) -> Step:
        """The step of this name."""
        for step in self.steps:
            if step.name == name:
                return step
        raise InvalidAnswers({"step": f"This task has no step called {name}."})

    def validate(self, step: str, answers: Answers) -> dict[str, Any]:
        """The answers as they are stored: `{question: value}` of every question answered; InvalidAnswers otherwise."""
        questions = {question.name: question for question in self.step(step).questions}
        problems = {name: "This question is not asked here." for name in answers if name not in questions}
        clean: dict[str, Any] = {}
        for name, question in questions.items():
            try:
                value = question.clean(answers.get(name))
            except InvalidAnswer as error:
                problems[name] = str(error)
                continue
            if value is not None:
                clean[name] = value
        problems |= {} if problems else self.conflicts(step, clean)
        if problems:
            raise InvalidAnswers(problems)
        return clean

    def conflicts(self, step: str, answers: dict[str, Any]) -> dict[str, str]:
        """Answers that fit each question but not each other: `{question: sentence}`."""
        return {}

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """What practice tells after this step; None where there is nothing to tell yet."""
        raise NotImplementedError

    def rows(self, given: Mapping[str, Sequence[Answers]]) -> list[Row]:
        """The long table's rows of one trial; `given` maps each step to its revisions' answers, the first one first."""
        return [
            Row(
                question=question.name,
                answer=given[step.name][-1].get(question.name),
                score=question.score(given[step.name][-1].get(question.name)),
                first=given[step.name][0].get(question.name),
            )
            for step in self.steps
            if given.get(step.name)
            for question in step.questions
        ]
