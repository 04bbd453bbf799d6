"""How a simulated reader answers a step: by the habit written for its task, or else question by question, at random.

A habit is one function in a module of `studies.simulation.habits`, under `@habit("<task>")`. A task without one does
not stop a simulation: its questions are answered by chance, the same for the same reader, case and map.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from studies.simulation.readers import SimulatedReader, Stimulus
from studies.tasks import Question, Scene, Step, Task, Truth
from studies.tasks.base import known_before

Answers = dict[str, Any]
ROOM = 24.0
"""Marks at random lie within so many pixels of the image's corner: every image has those."""


@dataclass(frozen=True)
class Sight:
    """What a simulated reader sees at one step, and what they answered before.

    `stimuli` are the maps side by side (the image alone counts as one). `advice` is the AI's probability where it is
    shown, None otherwise. `truth` is what the habits of skilled readers lean on: no real reader has it.
    """

    task: Task
    step: Step
    scene: Scene
    stimuli: tuple[Stimulus, ...]
    truth: Truth = field(default_factory=Truth)
    advice: float | None = None
    occurrence: int = 1
    earlier: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def first(self) -> Stimulus:
        """The first or only map."""
        return self.stimuli[0]

    @property
    def has_map(self) -> bool:
        """Whether this step shows a map."""
        return "map" in self.step.shows and self.scene.aid == "explained"


Habit = Callable[[SimulatedReader, Sight], Answers]
HABITS: dict[str, Habit] = {}


def habit(task: str) -> Callable[[Habit], Habit]:
    """Make a function the way in which simulated readers answer this task."""

    def register(function: Habit) -> Habit:
        HABITS[task] = function
        return function

    return register


def answer(reader: SimulatedReader, sight: Sight) -> Answers:
    """The answers to one step, as a browser would send them."""
    _load()
    answering = HABITS.get(sight.task.name, _by_chance)
    return answering(reader, sight)


def by_chance(reader: SimulatedReader, question: Question, case: str, *names: str | int) -> Any:
    """An answer that fits the question, drawn evenly."""
    rng = reader.rng("chance", question.name, case, *names)
    values = [option.value for option in question.options]
    match question.kind:
        case "scale" | "choice" | "confidence":
            return values[int(rng.integers(len(values)))]
        case "reasons":
            return [value for value in values if rng.random() < 0.3] or values[:1]
        case "ranking":
            return [values[int(place)] for place in rng.permutation(len(values))]
        case "best-worst":
            best, worst = (values[int(place)] for place in rng.permutation(len(values))[:2])
            return {"best": best, "worst": worst}
        case "probability":
            return round(float(rng.uniform(0, 100)), 1)
        case "number":
            drawn = float(rng.uniform(question.minimum, question.maximum))
            return round(drawn) if question.whole else round(drawn, 2)
        case "text":
            return "Nothing to add."
        case "region":
            return [_mark(question, rng.uniform(0, ROOM, 2).round(1).tolist(), rng)]


def _by_chance(reader: SimulatedReader, sight: Sight) -> Answers:
    given: Answers = {}
    known = known_before(sight.earlier)
    for question in sight.step.questions:
        if question.is_asked(known | given):
            given[question.name] = by_chance(reader, question, sight.first.case, sight.first.map, sight.occurrence)
    return given


def _mark(question: Question, at: list[float], rng: Any) -> dict[str, Any]:
    kind = question.tools[0]
    column, row = at
    corners = {
        "point": [[column, row]],
        "box": [[column, row], [column + 6, row + 6]],
    }.get(kind, [[column, row], [column + 6, row], [column, row + 6]])
    mark: dict[str, Any] = {"kind": kind, "slice": 0, "points": corners}
    return mark | ({"confidence": round(float(rng.uniform(0, 100)))} if question.rated else {})


def _load() -> None:
    habits = import_module("studies.simulation.habits")
    for module in pkgutil.iter_modules(habits.__path__):
        import_module(f"{habits.__name__}.{module.name}")
