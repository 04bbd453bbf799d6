"""The allow-list: all that a page of the reading room knows of its trial.

Pages are drawn from a `ShownTrial` and never from a record: what is not a field here cannot leak from there. Nothing
names a case, a network, a method or an arm; overlays are called by letters, the same ones on every page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from portal.explanations.models import Prediction
from studies.models import ArmKind, RunKind, Trial
from studies.selectors import Place, block_of, scene_of
from studies.tasks import Question, Step, Task
from studies.tasks.base import known_before
from studies.tasks.conditions import condition

OVERLAYS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class ShownOption:
    """One answer to choose; `key` is the digit that chooses it."""

    value: int | str
    label: str
    key: int
    chosen: bool = False


@dataclass(frozen=True)
class ShownQuestion:
    """One question in the reader's language; `value` is the answer given before, where there is one."""

    name: str
    kind: str
    prompt: str
    help: str
    required: bool
    template: str
    options: tuple[ShownOption, ...] = ()
    value: Any = None
    when: str = ""
    tools: tuple[str, ...] = ()
    most: int | None = None
    rated: bool = False
    minimum: float = 0.0
    maximum: float = 100.0
    whole: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Advice:
    """The AI's output, in the one form it is ever shown in."""

    finding: str
    percent: int


@dataclass(frozen=True)
class ShownTrial:
    """All that a page knows of a trial. `overlays` are letters; `earlier` are the reader's own answers that a
    question depends on; `previous` is the token one may go back to, `ahead` the one whose image may be fetched already.
    """

    token: str
    task: str
    title: str
    step: str
    step_number: int
    steps: int
    finding: str
    questions: tuple[ShownQuestion, ...]
    earlier: Mapping[str, Any]
    overlays: tuple[str, ...]
    sign: str
    advice: Advice | None
    is_practice: bool
    is_phantom: bool
    is_change: bool
    is_preview: bool
    first_percent: int | None
    names_finding: bool
    altered: bool
    number: int
    total: int
    percent: int
    minutes_left: int | None
    previous: str | None
    ahead: str | None
    saved_at: datetime | None

    @property
    def earlier_json(self) -> str:
        """`earlier` for the page's scripts."""
        return json.dumps(self.earlier)


def overlays_of(trial: Trial, task: Task, step: int) -> tuple[str, ...]:
    """The letters of the maps that this step shows; none before their time, and none in an arm without maps."""
    return OVERLAYS[: task.overlays(step, scene_of(trial))]


def display_of(trial: Trial, task: Task, place: int) -> str:
    """The content hash of the map under the letter of this place; empty where there is none."""
    own = task.own_maps(scene_of(trial))
    if place < len(own):
        return own[place]
    place -= len(own)
    if place == 0:
        return trial.stimulus.display
    further = trial.further.filter(place=place).select_related("stimulus").first()
    return further.stimulus.display if further else ""


def shown_trial(
    trial: Trial,
    *,
    place: Place,
    step: int,
    given: Mapping[str, Any] | None = None,
    earlier: Mapping[str, Mapping[str, Any]] | None = None,
    is_change: bool = False,
    previous: str | None = None,
) -> ShownTrial:
    """The page of one step.

    `given` are the answers to start from when a reader changes them, `earlier` those of the steps before.
    """
    block = block_of(trial.enrolment.version, trial.block)
    finding = gettext(block.finding)
    task = block.task
    screen = task.steps_in(scene_of(trial))[step]
    before = known_before(earlier or {})
    first = next(iter((earlier or {}).values()), {})
    return ShownTrial(
        token=trial.token,
        task=task.name,
        title=gettext(task.title),
        step=screen.name,
        step_number=step + 1,
        steps=len(task.steps),
        finding=finding,
        questions=tuple(_question(question, finding, given or {}) for question in screen.questions),
        earlier={name: before[name] for name in sorted(_spoken_of(screen) & set(before))},
        overlays=overlays_of(trial, task, step),
        sign="signed" if _sign(trial) == "signed" else "positive",
        advice=_advice(trial, finding) if "ai" in screen.shows else None,
        is_practice=trial.is_practice,
        is_phantom=trial.case.is_phantom,
        is_change=is_change,
        is_preview=trial.enrolment.run_kind == RunKind.PREVIEW,
        first_percent=round(first["probability"]) if "probability" in first else None,
        names_finding=not task.hides_finding,
        altered="altered" in screen.shows,
        number=trial.position + 1,
        total=place.total,
        percent=place.percent,
        minutes_left=place.minutes_left,
        previous=previous,
        ahead=place.ahead.token if place.ahead and not is_change else None,
        saved_at=max((row.completed_at for row in place.rows if row.completed_at), default=None),
    )


def translated(sentence: str, finding: str, values: Mapping[str, Any] | None = None) -> str:
    """A task's sentence in the reader's language with its values put in."""
    if not sentence:
        return ""
    text = gettext(sentence)
    return text % {"finding": finding, **(values or {})} if "%" in text else text


def _question(question: Question, finding: str, given: Mapping[str, Any]) -> ShownQuestion:
    value = given.get(question.name)
    return ShownQuestion(
        name=question.name,
        kind=question.kind,
        prompt=translated(question.prompt, finding, question.values),
        help=translated(question.help, finding, question.values),
        required=question.required,
        template=f"studies/questions/{question.kind}.html",
        options=tuple(
            ShownOption(
                option.value, translated(option.label, finding, question.values), key, _is_chosen(option.value, value)
            )
            for key, option in enumerate(question.options, start=1)
        ),
        value=json.dumps(value) if isinstance(value, (list, dict)) else value,
        when=question.when,
        tools=question.tools if question.kind == "region" else (),
        most=question.most,
        rated=question.rated,
        minimum=question.minimum,
        maximum=question.maximum,
        whole=question.whole,
        unit=translated(question.unit, finding),
    )


def _is_chosen(option: int | str, value: Any) -> bool:
    return option in value if isinstance(value, list) else option == value


def _spoken_of(screen: Step) -> set[str]:
    """The names that conditions of this screen's questions use."""
    return {name for question in screen.questions for name in condition(question.when).names}


def _sign(trial: Trial) -> str:
    presentation = trial.enrolment.version.document.get("presentation") or {}
    return str(presentation.get("sign", "positive"))


def _advice(trial: Trial, finding: str) -> Advice | None:
    if trial.arm.kind == ArmKind.UNAIDED or trial.arm.network_id is None:
        return None
    predictions = Prediction.objects.filter(network_id=trial.arm.network_id, image__case_id=trial.case_id)
    probability = predictions.order_by("image__index", "-id").values_list("probability", flat=True).first()
    return None if probability is None else Advice(finding, round(100 * probability))
