"""Segmentation review: accept the model's outline, edit it, or reject it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from studies.tasks import registry
from studies.tasks.base import Answers, Feedback, Option, Question, Row, Scene, Step, Task, Truth
from studies.tasks.overlaps import dice
from studies.tasks.regions import Mask, rasterise, read_regions

MODEL_MASK = "model_mask"
"""The name under which the content hash of the model's mask, as bytes of 0 and 255, is prepared."""
TOOLS = ("polygon", "freehand")
VERDICT = Question(
    name="verdict",
    prompt="Would you use this outline of the %(finding)s as it is?",
    kind="choice",
    options=(
        Option("accept", "Accept it"),
        Option("edit", "Edit it"),
        Option("reject", "Reject it"),
    ),
)
ADD = Question(
    name="add",
    prompt="Draw around what the outline leaves out.",
    kind="region",
    tools=TOOLS,
    required=False,
    when="verdict == 'edit'",
)
REMOVE = Question(
    name="remove",
    prompt="Draw around what the outline takes in by mistake.",
    kind="region",
    tools=TOOLS,
    required=False,
    when="verdict == 'edit'",
    help="Where you both add and remove, the place is removed.",
)


@registry.register
@dataclass(frozen=True)
class SegmentationReview(Task):
    """The model's mask as lines over the image, beside it a map in arms that have one; the edit is kept as outlines."""

    name = "segmentation-review"
    title = "Reviewing an outline"
    reference = "Jungo & Reyes 2019; Sudre et al. 2022; Dice 1945, Measures of the amount of ecologic association"
    summary = "The reader accepts, edits or rejects the outline that a model drew, with or without a map beside it."
    instruction = (
        "You see an image with the outline that an AI drew of the %(finding)s, sometimes beside it the same image with "
        "a highlight. Accept the outline, edit it by drawing around what is to be added or removed, or reject it."
    )
    grounding = "application"
    aids = frozenset({"ai", "explained"})
    needs = frozenset({"model-mask"})
    judged_by = frozenset({"mask", "maps"})
    seconds = 60
    steps = (Step("review", frozenset({"image", "map"}), (VERDICT, ADD, REMOVE), locks=False),)

    acceptable: float = field(default=0.7, metadata={"help": "The Dice from which a model's mask counts as right"})

    def __post_init__(self) -> None:
        if not 0 < self.acceptable <= 1:
            raise ValueError(f"acceptable is a Dice above 0 and at most 1, not {self.acceptable}.")

    def own_maps(self, scene: Scene) -> tuple[str, ...]:
        """The model's mask comes first; an arm's own map follows it."""
        mask = scene.prepared.get(MODEL_MASK)
        return (mask,) if mask else ()

    def overlays(self, step: int, scene: Scene) -> int:
        """The mask, and in arms with a map that map beside it."""
        return len(self.own_maps(scene)) + (scene.aid == "explained")

    def conflicts(self, step: str, answers: dict[str, Any]) -> dict[str, str]:
        """An edit changes something."""
        if answers.get("verdict") == "edit" and not answers.get("add") and not answers.get("remove"):
            return {"add": "Please draw what to add or remove, or choose another answer."}
        return {}

    def rows(self, given: Mapping[str, Sequence[Answers]], truth: Truth | None = None) -> list[Row]:
        """The verdict with its measures, and each kind of edit as it was drawn."""
        rows = super().rows(given, truth)
        if not rows or truth is None or truth.mask is None or not truth.maps or truth.maps[0] is None:
            return rows
        model = np.asarray(truth.maps[0].reshape(truth.mask.shape) > 0, dtype=bool)
        judged = self._judged(rows[0], given["review"][-1], model, truth.mask)
        return [judged, *rows[1:]]

    def _judged(self, row: Row, answers: Answers, model: Mask, mask: Mask) -> Row:
        """What the model's mask and the final one share with the reference region, and whether an error was missed."""
        before, final = dice(model, mask), edited(model, answers)
        wrong = before < self.acceptable
        measures: dict[str, float | None] = {"model-dice": before}
        if answers["verdict"] != "reject":
            measures |= {"final-dice": dice(final, mask), "edit-dice": dice(model, final)}
            measures["gain"] = dice(final, mask) - before
        accepted = float(answers["verdict"] == "accept")
        measures |= {"missed-error": accepted} if wrong else {"needless-change": 1.0 - accepted}
        expected = "edit or reject" if wrong else "accept"
        return replace(row, expected=expected, correct=int(bool(accepted) != wrong), measures=measures)

    def feedback(self, step: str, answers: Answers, truth: Truth) -> Feedback | None:
        """How well the model's mask and the reader's agree with the reference region."""
        if truth.mask is None or not truth.maps or truth.maps[0] is None:
            return Feedback("There is no right answer here: it is your judgement that counts.")
        model = np.asarray(truth.maps[0].reshape(truth.mask.shape) > 0, dtype=bool)
        values = {"model": round(100 * dice(model, truth.mask))}
        if answers["verdict"] != "edit":
            return Feedback("The model's outline and the reference share %(model)d %% (Dice).", values)
        values["final"] = round(100 * dice(edited(model, answers), truth.mask))
        return Feedback(
            "The model's outline and the reference share %(model)d %% (Dice); after your edit it is %(final)d %%.",
            values,
        )


def edited(model: Mask, answers: Answers) -> Mask:
    """The mask as it is after the edit: what was added, then without what was removed."""
    added = rasterise(read_regions(answers.get("add") or ()), *model.shape)
    removed = rasterise(read_regions(answers.get("remove") or ()), *model.shape)
    return np.asarray((model | added) & ~removed, dtype=bool)
