"""What readers make of a model's outlines: errors that they miss, and what their edits are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evaluation.analyses import registry
from evaluation.analyses.measures import MeasuredAnswers


@registry.register
@dataclass(frozen=True)
class SegmentationReview(MeasuredAnswers):
    """Missed errors, needless changes, and the Dice before and after the review, by method."""

    name: ClassVar[str] = "segmentation-review"
    title: ClassVar[str] = "Reviewed outlines"
    question: ClassVar[str] = "Do readers find a model's wrong outlines, and do their edits make them better?"
    model: ClassVar[str] = "The mean of each measure by method, bounds by resampling readers and cases together."
    fragile: ClassVar[str] = "The Dice below which an outline counts as an error; few errors give wide intervals."
    assumptions: ClassVar[str] = (
        "`missed-error` is the share of wrong outlines that were accepted, `needless-change` that of right ones which "
        "were not; `model-dice` and `final-dice` are against the reference region, `edit-dice` of the outline before "
        "and after the edit (1 where nothing changed), `gain` is final less model. Rejected outlines have no final one."
    )
    reference: ClassVar[str] = "Dice 1945; Efron & Tibshirani 1993"
    task: ClassVar[str] = "segmentation-review"
    measures: ClassVar[dict[str, str]] = {
        "missed-error": "method",
        "needless-change": "method",
        "model-dice": "",
        "final-dice": "method",
        "edit-dice": "method",
        "gain": "method",
    }
