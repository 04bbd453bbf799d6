"""How the regions that readers mark lie to the truth, to each other, and to what maps highlight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evaluation.analyses import registry
from evaluation.analyses.measures import MeasuredAnswers


@registry.register
@dataclass(frozen=True)
class Annotation(MeasuredAnswers):
    """Overlap, hits and boundary distance of readers' outlines, with the other readers as the human benchmark."""

    name: ClassVar[str] = "annotation"
    title: ClassVar[str] = "What readers outline"
    question: ClassVar[str] = "How do readers' own regions lie to the reference, to each other, and to the maps?"
    model: ClassVar[str] = "The mean of each measure over outlines, bounds by resampling readers and cases together."
    fragile: ClassVar[str] = (
        "Readers who see no finding outline nothing and are left out of the overlaps: see how often they are right."
    )
    assumptions: ClassVar[str] = (
        "Readers and cases are samples of those that matter. `iou`, `hit` and `boundary` (pixels) are against the "
        "reference region, those with `map-` against the brightest tenth of the map that readers had not seen; "
        "`others-iou` is against the region that most other readers marked: what a map may be expected to reach."
    )
    reference: ClassVar[str] = "Heimann et al. 2009; Mohseni et al. 2021; Efron & Tibshirani 1993"
    task: ClassVar[str] = "annotation"
    measures: ClassVar[dict[str, str]] = {
        "iou": "",
        "hit": "",
        "boundary": "",
        "others-iou": "",
        "map-iou": "method",
        "map-hit": "method",
        "map-boundary": "method",
    }
