"""Pixels that a binomial blur leaves as they are, of many images at once: multigrid inside conjugate gradients.

The stencil is that of noisy linear imputation (Rong et al. 2022): a pixel equals the weighted mean of its neighbours,
1/6 for the four beside it and 1/12 for the four across. In matrix form `diagonal * x - binomial(x) / 12 = b` on the
free pixels, which is symmetric and positive definite as soon as one pixel is held.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

# More rounds than any set of removed pixels has needed: they were 6 to 17 on images of 224 x 224.
MOST_ROUNDS = 60
SMALLEST_SIDE = 2
ROUNDS_ON_SMALLEST = 4


@dataclass(frozen=True)
class Grid:
    """The system on one grid: `free (N, H, W)` marks the unknown pixels, as numbers; the rest is held at zero."""

    free: Tensor
    diagonal: Tensor
    damped: Tensor

    @classmethod
    def of(cls, free: Tensor, inside: Tensor) -> Grid:
        """The system of free pixels; `inside (1, H, W)` is 0 where a pixel lies beyond the image's edge."""
        diagonal = binomial(inside) / 12
        weights = (diagonal - inside / 3).clamp(min=1 / 12)
        return cls(free, diagonal, free / weights)

    def residual(self, x: Tensor, b: Tensor) -> Tensor:
        """What is missing, `b - A x`, also where nothing is free."""
        return binomial(x).div_(12).addcmul_(self.diagonal, x, value=-1).add_(b)

    def smooth(self, x: Tensor, b: Tensor) -> Tensor:
        """One Jacobi step, in place."""
        return x.addcmul_(self.damped, self.residual(x, b))


def solve(free: Tensor, b: Tensor, tolerance: Tensor) -> Tensor:
    """`x (N, H, W)` with `A x = b` where `free (N, H, W)` is True, and 0 elsewhere; `b` is 0 there too.

    Each of the N systems stops by itself, once no value is likely to be further off than `tolerance (N,)`, so that
    the answer does not depend on the others. A system without a held pixel is singular: it must have `b = 0`.
    """
    pyramid = grids(free.to(b.dtype))
    top = pyramid[0]
    x, r = torch.zeros_like(b), b
    along = product = torch.zeros_like(b)
    going = torch.ones(len(b), dtype=torch.bool, device=b.device)
    for number in range(MOST_ROUNDS):
        z = cycle(pyramid, r)
        going = going & (z.flatten(1).abs().amax(1) > tolerance)
        if not going.any():
            break
        before, product = product, (r * z).sum((1, 2))
        along = z if number == 0 else along * _where(going, product / before) + z
        applied = top.residual(along, torch.zeros_like(b)).mul_(top.free).neg_()
        step = _where(going, product / (along * applied).sum((1, 2)))
        x, r = torch.addcmul(x, step, along), torch.addcmul(r, step, applied, value=-1)
    return x


def _where(going: Tensor, values: Tensor) -> Tensor:
    return torch.where(going, values, 0)[:, None, None]


def grids(free: Tensor) -> list[Grid]:
    """The systems on ever coarser grids; a coarse pixel is free where all of its up to four fine ones are."""
    inside = torch.ones_like(free[:1])
    found = [Grid.of(free, inside)]
    while min(free.shape[1:]) > SMALLEST_SIDE and bool(free.any()):
        held = _largest_of_four(inside - free)
        inside = _largest_of_four(inside)
        free = inside * (1 - held)
        found.append(Grid.of(free, inside))
    return found


def cycle(pyramid: list[Grid], b: Tensor, level: int = 0) -> Tensor:
    """About `A^-1 b`: smooth, correct from the coarser grid, smooth (a symmetric V-cycle)."""
    grid = pyramid[level]
    x = grid.damped * b
    if level + 1 == len(pyramid):
        for _ in range(ROUNDS_ON_SMALLEST):
            x = grid.smooth(x, b)
        return x
    coarse = pyramid[level + 1]
    rest = restricted(grid.residual(x, b).mul_(grid.free)).mul_(coarse.free)
    x.addcmul_(prolonged(cycle(pyramid, rest, level + 1), b.shape[1:]), grid.free)
    return grid.smooth(x, b)


def binomial(x: Tensor) -> Tensor:
    """Each pixel's neighbourhood of nine, weighed 1 2 1, 2 4 2, 1 2 1; beyond the edge there is zero."""
    x = functional.pad(x, (1, 1, 1, 1))
    rows = (x[..., :-2] + x[..., 2:]).add_(x[..., 1:-1], alpha=2)
    return (rows[:, :-2] + rows[:, 2:]).add_(rows[:, 1:-1], alpha=2)


def restricted(fine: Tensor) -> Tensor:
    """`(N, H, W)` onto the coarser grid: the transpose of `prolonged`."""
    height, width = fine.shape[1:]
    x = functional.pad(fine, (1, 1 + width % 2, 1, 1 + height % 2))
    x = (x[:, 1:-2:2] + x[:, 2:-1:2]).mul_(3).add_(x[:, :-3:2]).add_(x[:, 3::2])
    return (x[..., 1:-2:2] + x[..., 2:-1:2]).mul_(3).add_(x[..., :-3:2]).add_(x[..., 3::2]).div_(16)


def prolonged(coarse: Tensor, shape: torch.Size) -> Tensor:
    """`(N, h, w)` onto a finer grid of `shape`: bilinear, pixels as areas, zero beyond the edge."""
    x = functional.pad(coarse, (1, 1, 1, 1))
    middle = 3 * x[:, 1:-1]
    x = torch.stack([middle + x[:, :-2], middle + x[:, 2:]], 2).flatten(1, 2)
    middle = 3 * x[..., 1:-1]
    x = torch.stack([middle + x[..., :-2], middle + x[..., 2:]], 3).flatten(2, 3)
    return x.div_(16)[:, : shape[0], : shape[1]]


def _largest_of_four(x: Tensor) -> Tensor:
    height, width = x.shape[1:]
    x = functional.pad(x, (0, width % 2, 0, height % 2))
    rows = torch.maximum(x[:, ::2], x[:, 1::2])
    return torch.maximum(rows[..., ::2], rows[..., 1::2])
