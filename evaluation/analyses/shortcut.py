"""How often readers notice a planted confounder, and how often they see one where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evaluation.analyses import registry
from evaluation.analyses.measures import MeasuredAnswers


@registry.register
@dataclass(frozen=True)
class Shortcut(MeasuredAnswers):
    """Detection rate, false alarms, and whether marks find the planted feature, by method."""

    name: ClassVar[str] = "shortcut"
    title: ClassVar[str] = "Shortcuts that readers found"
    question: ClassVar[str] = "Do readers notice that a network relies on a planted feature, and with which maps?"
    model: ClassVar[str] = "The mean of each measure by method, bounds by resampling readers and cases together."
    fragile: ClassVar[str] = (
        "Being asked makes readers look: in practice fewer would notice. A high detection rate with as many false "
        "alarms is suspicion, not detection."
    )
    assumptions: ClassVar[str] = (
        "`detected` is over networks that rely on the planted feature, `false-alarm` over the others; `planted-hit` "
        "and `planted-iou` are of the marks, against the planted feature where the case has one."
    )
    reference: ClassVar[str] = "Adebayo et al. 2022; Efron & Tibshirani 1993"
    task: ClassVar[str] = "shortcut"
    measures: ClassVar[dict[str, str]] = {
        "detected": "method",
        "false-alarm": "method",
        "planted-hit": "method",
        "planted-iou": "method",
    }
