"""Ranks of pixels in which ties are shared, so that no score depends on the order of the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Ranks:
    """For each of `(B, P)` values: how many of its row are larger (`above`) and how many equal (`tied`, itself too)."""

    above: Tensor
    tied: Tensor

    @classmethod
    def of(cls, values: Tensor) -> Ranks:
        """Rank each row of `(B, P)`."""
        values = values.contiguous()
        ascending = values.sort(1).values
        smaller = torch.searchsorted(ascending, values)
        not_larger = torch.searchsorted(ascending, values, right=True)
        return cls(values.shape[1] - not_larger, not_larger - smaller)

    def reversed(self) -> Ranks:
        """The ranks when the smallest value comes first."""
        return Ranks(self.above.shape[1] - self.above - self.tied, self.tied)

    @property
    def expected(self) -> Tensor:
        """The mean rank `(B, P)` over all orders of the tied values, 1 for the largest; float64."""
        return self.above.double() + (self.tied.double() + 1) / 2

    def top(self, count: Tensor | int) -> Tensor:
        """The probability `(B, P)` of being among the `count` largest when ties are broken at random; float64."""
        return ((count - self.above.double()) / self.tied).clamp(0, 1)
