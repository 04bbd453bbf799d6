"""What the metrics that compare a map with the true region have in common."""

from __future__ import annotations

from torch import Tensor

from evaluation.metrics.inputs import Inputs, MetricError

EMPTY_MASK = "The mask is empty."


def flat_masks(inputs: Inputs) -> Tensor:
    """The masks as rows `(B, P)`, bool."""
    if inputs.masks is None:
        raise MetricError("This metric needs masks of shape (B, H, W).")
    return inputs.masks.flatten(1)
