"""How far a map moves when its image is disturbed a little: what both sensitivity metrics have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from evaluation.metrics.base import Metric, MetricError
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.noise import image_range, noisy_maps


@dataclass(frozen=True)
class SensitivityMetric(Metric):
    """A metric of the distances between the map and the maps of noisy copies; equal parameters share them."""

    draws: int = field(default=10, metadata={"help": "Noisy copies; each costs one explanation", "minimum": 1})
    radius: float = field(
        default=0.02,
        metadata={"help": "Largest change of a value, as a share of the image's range", "minimum": 0.0},
    )

    def distances(self, inputs: Inputs) -> Tensor:
        """The Euclidean distance of each copy's map from the map, over the map's norm: `(B, draws)` float64."""
        key = ("sensitivity", self.draws, self.radius)
        if key not in inputs.by_map:
            if inputs.model is None:
                raise MetricError("This metric needs a model and a target.")
            maps = inputs.maps.flatten(1).double()
            found = [
                (other.flatten(1) - maps).norm(dim=1)
                for other in noisy_maps(inputs, inputs.model, self.draws, "uniform", self.radius)
            ]
            inputs.by_map[key] = torch.stack(found, 1) / maps.norm(dim=1, keepdim=True)
        distances: Tensor = inputs.by_map[key]
        return distances

    def undefined(self, inputs: Inputs) -> tuple[tuple[Tensor, str], ...]:
        """Where there is no norm to divide by, and where a share of the image's range is no change at all."""
        return (
            (~inputs.maps.flatten(1).any(1), "The map is zero everywhere."),
            (image_range(inputs.images).flatten() == 0, "The image is constant, so it has no range to disturb it by."),
        )
