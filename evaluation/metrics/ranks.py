"""Ranks of pixels in which ties are shared, so that no score depends on the order of the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
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
        ascending, order = values.sort(1)
        last = values.shape[1]
        place = torch.arange(last, device=values.device)
        starts = torch.ones_like(ascending, dtype=torch.bool)
        torch.ne(ascending[:, 1:], ascending[:, :-1], out=starts[:, 1:])
        start = torch.where(starts, place, 0).cummax(1).values
        end = torch.where(starts.roll(-1, 1), place + 1, last).flip(1).cummin(1).values.flip(1)
        above = torch.empty_like(end).scatter_(1, order, last - end)
        return cls(above, torch.empty_like(end).scatter_(1, order, end - start))

    def reversed(self) -> Ranks:
        """The ranks when the smallest value comes first."""
        return Ranks(self.above.shape[1] - self.above - self.tied, self.tied)

    @property
    def expected(self) -> Tensor:
        """The mean rank `(B, P)` over all orders of the tied values, 1 for the largest; float64."""
        return self.above.double() + (self.tied.double() + 1) / 2

    def top(self, count: Tensor | int) -> Tensor:
        """The probability `(B, P)` of being among the `count` largest when ties are broken at random; float64."""
        return (count - self.above.double()).div_(self.tied).clamp_(0, 1)


def ascending(values: Tensor) -> Tensor:
    """The rows of `(B, P)` from the smallest to the largest; torch's own sort keeps places and takes thrice as long."""
    if values.device.type == "cpu":
        return torch.from_numpy(np.sort(values.numpy(), axis=1))
    return values.sort(1).values


def expected_inside(values: Tensor, masks: Tensor, counts: Tensor) -> Tensor:
    """How many of each row's `counts (B,)` largest of `(B, P)` lie in its mask, ties broken at random: `(B,)` float64.

    The same as from `Ranks`, without ranking more than needed. A count of 0 gives 0.
    """
    found = []
    for row, mask, count in zip(values, masks, counts.tolist(), strict=True):
        if count == 0:
            found.append(torch.zeros((), dtype=torch.float64, device=values.device))
            continue
        border = row.kthvalue(len(row) - count + 1).values
        above, tied = row > border, row == border
        part = (count - above.sum()).double() / tied.sum()
        found.append((above & mask).sum() + part * (tied & mask).sum())
    return torch.stack(found)
