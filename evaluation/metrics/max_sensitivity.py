"""Max-sensitivity: how far the map moves at most when the image hardly does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Scored
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.sensitivity import SensitivityMetric


@registry.register
@dataclass(frozen=True)
class MaxSensitivity(SensitivityMetric):
    """The largest distance, over the map's norm, between the map and the maps of slightly disturbed images.

    The maximum over all images within `radius` (in the largest change of a value) is taken over random ones, as the
    paper does; it grows with `draws` and is from below. Division by the map's norm makes methods with maps in
    different units comparable, as in the paper's code. Yeh et al. (2019).
    """

    name: ClassVar[str] = "max-sensitivity"
    title: ClassVar[str] = "Max-sensitivity"
    reference: ClassVar[str] = "Yeh et al. (2019), On the (In)fidelity and Sensitivity of Explanations, NeurIPS"
    family: ClassVar = "robustness"
    higher_is_better: ClassVar[bool] = False
    co12: ClassVar[tuple[str, ...]] = ("continuity",)
    needs: ClassVar[frozenset[str]] = frozenset({"model", "explain"})
    summary: ClassVar[str] = (
        "How far the map moves at most, relative to its size, when the image is slightly disturbed."
    )
    caveat: ClassVar[str] = (
        "A map that ignores the network and the image is best of all, and a rough network makes true maps look bad."
    )
    formula: ClassVar[str] = "max over x' within the radius of x of |map(x') - map(x)| / |map(x)|"
    span: ClassVar[str] = "from 0"
    undefined_when: ClassVar[str] = "For a map of zeros and for a constant image."
    stochastic: ClassVar[bool] = True
    precision: ClassVar[str] = (
        "On the demo's networks about 25 draws for a standard error of 0.02; but more draws also raise the maximum."
    )

    def judge(self, inputs: Inputs) -> Scored:
        """The largest distance."""
        return Scored.of(self.distances(inputs).amax(1), *self.undefined(inputs))
