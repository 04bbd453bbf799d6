"""Images cut into segments: the players of the Shapley methods."""

from __future__ import annotations

import torch
from torch import Tensor

from foundation.segments import Cut, segments_of

__all__ = ["Cut", "segments_of", "spread_evenly"]


def spread_evenly(shares: Tensor, segments: Tensor) -> Tensor:
    """A map `(H, W)` in which each segment's share `(M,)` is spread evenly over its pixels."""
    area = torch.bincount(segments.flatten(), minlength=len(shares))
    return (shares / area.to(shares))[segments]
