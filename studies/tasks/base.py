"""The base of all tasks: its steps, what answers it takes, what practice says of them, and the rows they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from studies.tasks.questions import InvalidAnswer, InvalidAnswers, Option, Question, Step

__all__ = [
    "Aid",
    "Answers",
    "Feedback",
    "InvalidAnswers",
    "Option",
    "Question",
    "Row",
    "Scene",
    "Step",
    "Task",
    "Truth",
]

Grounding = Literal["application", "human", "functional"]
Aid = Literal["unaided", "ai", "explained"]
"""What an arm gives a reader beside the image: nothing, the AI's output, or its output and a map."""
Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Scene:
    """What one trial's steps depend on beside the task: what its arm gives, and what was prepared at the lock.

    `prepared` is plain data that the server keeps with the stimulus; a task decides what of it a step may show.
    """

    aid: Aid = "explained"
    prepared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Truth:
    """What is known of a trial beyond its answers; None where it is not known. Readers never see it before they answer.

    `label`: the reference standard, 1 for present. `advice`: the AI's call, 1 for present; `probability` what it gave
    the finding (0 to 1); `predicted` the class it called. `covered` (one number for each map shown): the share of the
    reference region that lies under the map's brightest tenth; `extraneous`: the share of that brightest tenth outside
    the reference region. `mask`: the reference region `(rows, columns)`, and `maps` the maps as shown, for tasks that
    are `judged_by` them; `planted` the region of the confounder that the task `looks_for`. `network` and `method` made
    what was shown. `prepared`: see Scene.
    """

    label: int | None = None
    advice: int | None = None
    probability: float | None = None
    predicted: int | None = None
    covered: tuple[float | None, ...] = ()
    extraneous: tuple[float | None, ...] = ()
    mask: NDArray[np.bool_] | None = field(default=None, compare=False)
    maps: tuple[NDArray[np.uint8] | None, ...] = field(default=(), compare=False)
    planted: NDArray[np.bool_] | None = field(default=None, compare=False)
    network: str | None = None
    method: str | None = None
    prepared: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ai_correct(self) -> bool | None:
        """Whether the AI's call agrees with the reference standard."""
        return None if self.label is None or self.advice is None else self.label == self.advice


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
    `final` (probabilities, 0 to 100) and the decisions (1 for present) that follow from them. Tasks with a right answer
    fill `expected`, `correct` (1 or 0) and `chance` (how often a guess is right). `measures` are further numbers, for
    example an overlap with the reference region, each a column of its own. Where several maps are judged at once, each
    has its own row: `map` says which (from 0, in the order of the letters), `place` which place it got (1 is best).
    """

    question: str
    answer: Any
    score: float | None
    first: Any = None
    initial: float | None = None
    final: float | None = None
    initial_decision: int | None = None
    final_decision: int | None = None
    expected: Any = None
    correct: int | None = None
    chance: float | None = None
    map: int | None = None
    place: int | None = None
    measures: Mapping[str, float | None] = field(default_factory=dict)


class Task:
    """What a reader is asked to do with one case. Subclasses are frozen dataclasses; fields are parameters.

    A template `studies/tasks/<name>.html` draws it. `steps` is a class attribute, or a property where it depends on
    parameters. `diagnostic` tasks judge the case itself: the same case is never shown in two conditions, and nothing
    derived from the truth is.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    grounding: ClassVar[Grounding]
    diagnostic: ClassVar[bool] = False
    hides_finding: ClassVar[bool] = False
    """Whether the page leaves out the line that says what is looked for, because the prompt says it."""
    aids: ClassVar[frozenset[Aid]] = frozenset({"explained"})
    """The arms that make sense: without `explained` among them no map is shown."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """What is prepared when a study is locked, by the names of `studies.services.preparation`."""
    judged_by: ClassVar[frozenset[Literal["mask", "maps"]]] = frozenset()
    """What scoring reads of the truth beyond labels."""
    instruction: ClassVar[str] = ""
    """What the page before a block tells (a msgid); `%(finding)s` stands for the block's finding."""
    about_output: ClassVar[bool] = False
    """Whether the AI's output is the right answer, so that it has to be known, though it is never shown."""
    tells_arm: ClassVar[bool] = False
    """Whether right answers name the method or the network: blinded analysts see none."""
    seconds: ClassVar[int] = 20
    """What a trial usually takes; for the estimate of time left."""

    @property
    def arms_per_trial(self) -> int:
        """How many arms' maps one trial shows together, 1 to 4; a class attribute, or a parameter's business."""
        return 1

    @property
    def looks_for(self) -> str:
        """The reference standard of a planted feature, beside the block's finding; empty where there is none."""
        return ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The screens, in order."""
        raise NotImplementedError

    def steps_in(self, scene: Scene) -> tuple[Step, ...]:
        """The screens as one trial has them: wording and options may follow the scene, names and number may not."""
        return self.steps

    def overlays(self, step: int, scene: Scene) -> int:
        """How many maps this step shows in this scene."""
        if "map" not in self.steps[step].shows or scene.aid != "explained":
            return 0
        return self.arms_per_trial

    def altered(self, scene: Scene) -> str:
        """Content hash of the altered image that a step may show beside the image; empty where there is none."""
        return ""

    def own_maps(self, scene: Scene) -> tuple[str, ...]:
        """Content hashes of the maps under the letters, where a trial shows others than its arms' own."""
        return ()

    def step(self, name: str, scene: Scene | None = None) -> Step:
        """The step of this name."""
        for step in self.steps if scene is None else self.steps_in(scene):
            if step.name == name:
                return step
        raise InvalidAnswers({"step": f"This task has no step called {name}."})

    def validate(
        self,
        step: str,
        answers: Answers,
        *,
        scene: Scene | None = None,
        earlier: Mapping[str, Answers] | None = None,
    ) -> dict[str, Any]:
        """The answers as they are stored: `{question: value}` of every question answered; InvalidAnswers otherwise.

        `earlier` are the answers of the steps before, which conditions may speak of. What is answered to a question
        that a condition hides is left out.
        """
        questions = {question.name: question for question in self.step(step, scene).questions}
        problems = {name: "This question is not asked here." for name in answers if name not in questions}
        known = known_before(earlier or {})
        clean: dict[str, Any] = {}
        for name, question in questions.items():
            if not question.is_asked(known | clean):
                continue
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

    def rows(self, given: Mapping[str, Sequence[Answers]], truth: Truth | None = None) -> list[Row]:
        """The long table's rows of one trial; `given` maps each step to its revisions' answers, the first one first."""
        return [
            self.row(question, given[step.name][-1].get(question.name), given[step.name][0].get(question.name), truth)
            for step in self.steps
            if given.get(step.name)
            for question in step.questions
            if not question.when or question.name in given[step.name][-1]
        ]

    def row(self, question: Question, answer: Any, first: Any, truth: Truth | None) -> Row:
        """One question's row: a task that knows right answers adds them here."""
        return Row(question=question.name, answer=answer, score=question.score(answer), first=first)


def known_before(earlier: Mapping[str, Answers]) -> dict[str, Any]:
    """What a condition may speak of before this step: `{question: answer, "step.question": answer}`."""
    known: dict[str, Any] = {}
    for step, answers in earlier.items():
        known |= answers
        known |= {f"{step}.{name}": value for name, value in answers.items()}
    return known
