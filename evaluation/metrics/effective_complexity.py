"""Effective complexity: how many pixels the map uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, signed_maps
from evaluation.metrics.inputs import Inputs


@registry.register
@dataclass(frozen=True)
class EffectiveComplexity(Metric):
    """The number of pixels whose magnitude exceeds a small share of the map's largest.

    Nguyen and Martínez (2020) count the features that cannot be ignored; this counts those the map itself gives more
    than `threshold`, relative to its maximum so that the map's unit does not matter.
    """

    name: ClassVar[str] = "effective-complexity"
    title: ClassVar[str] = "Effective complexity"
    reference: ClassVar[str] = (
        "Nguyen & Martínez (2020), On quantitative aspects of model interpretability; arXiv:2007.07584"
    )
    family: ClassVar = "complexity"
    higher_is_better: ClassVar[bool] = False
    co12: ClassVar[tuple[str, ...]] = ("compactness",)
    needs: ClassVar[frozenset[str]] = frozenset()
    summary: ClassVar[str] = "The number of pixels to which the map gives more than a negligible value."
    caveat: ClassVar[str] = (
        "Most unrectified maps use every pixel, so it separates few methods unless the threshold is raised."
    )
    formula: ClassVar[str] = "number of pixels with |map| above the threshold times its largest"
    span: ClassVar[str] = "1 to the number of pixels"
    undefined_when: ClassVar[str] = "For a map of zeros."

    threshold: float = field(
        default=1e-5, metadata={"help": "Negligible share of the map's largest magnitude", "minimum": 0.0}
    )
    sign: Literal["absolute", "positive"] = field(
        default="absolute", metadata={"help": "Magnitudes, or the positive part only"}
    )

    def judge(self, inputs: Inputs) -> Scored:
        """The count for each map."""
        sizes = signed_maps(inputs.maps, self.sign).double()
        largest = sizes.amax(1, keepdim=True)
        used = (sizes > self.threshold * largest).sum(1)
        return Scored.of(used, (largest[:, 0] == 0, "The map is zero everywhere."))
