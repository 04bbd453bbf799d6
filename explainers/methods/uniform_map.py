"""Control: a constant."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.base import Explained, Explainer, Request
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class UniformMap(Explainer):
    """One everywhere: what a metric or a reader gives to a map without any information."""

    name = "uniform-map"
    title = "Uniform map"
    reference = "Tomsett et al. 2020, Sanity checks for saliency metrics, arXiv:1912.01451 (the idea of a null map)"
    summary = "Nothing: each pixel counts alike."
    caveat = "Metrics that break ties by position treat it as if it pointed somewhere."
    control = True
    asks_network = False

    def compute(self, request: Request) -> Explained:
        """Ones."""
        return self.without_record(request.images.new_ones((len(request.images), *request.images.shape[2:])))
