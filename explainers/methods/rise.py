"""RISE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline, baseline_images
from explainers.errors import ExplainError
from explainers.methods import registry
from foundation.seeds import derive


class _Masks(NamedTuple):
    """Masks as they are drawn: coarse grids `(N, cells, cells)`, enlarged and cut out when they are needed.

    For each axis, the rows of a bilinear interpolation `(places, cells)` and where each mask starts in it, `(N,)`.
    """

    grids: Tensor
    tables: tuple[Tensor, Tensor]
    starts: tuple[Tensor, Tensor]
    sides: tuple[int, int]

    def of(self, item: Tensor) -> Tensor:
        """Masks `(n, H, W)` in [0, 1] of the draws `(n,)`."""
        down, along = (
            table[start[item][:, None] + torch.arange(side, device=item.device)[None, :]]
            for table, start, side in zip(self.tables, self.starts, self.sides, strict=True)
        )
        return down @ self.grids[item] @ along.transpose(1, 2)


@registry.register
@dataclass(frozen=True)
class Rise(Explainer):
    """The mean output over random masks, each counted by how much of the pixel it shows (Petsiuk et al. 2018).

    Masks are grids of 0 and 1, upsampled bilinearly to one cell more than the image has and cut out at a random shift.
    Two choices: outputs are the target's own (raw logits, not probabilities), so that values have either sign; and the
    sum is divided by the masks' sum at the pixel instead of its expectation, which is the same in the limit and keeps
    the noise of the masks' own coverage out of the map. The record holds the standard error of a pixel's value.
    """

    name = "rise"
    title = "RISE"
    reference = "Petsiuk, Das & Saenko 2018, RISE: Randomized input sampling for explanation, arXiv:1806.07421"
    summary = "The output to be expected when the place is left visible and the rest is hidden at random."
    caveat = "It measures from the mean output, not from zero, and few masks leave smooth noise."
    signed = True

    cells: int = field(default=7, metadata={"help": "Cells of a mask along a side."})
    samples: int = field(default=500, metadata={"help": "Masks, one forward pass each."})
    probability: float = field(default=0.5, metadata={"help": "Chance that a cell is visible."})
    baseline: Baseline = field(default="zero", metadata={"help": "What is seen where the mask is 0."})

    def compute(self, request: Request) -> Explained:
        """The masks are the same for all images of a size."""
        if self.samples < 2 or self.cells < 1 or not 0 < self.probability < 1:
            raise ExplainError(
                "RISE needs at least 2 samples, at least 1 cell and a probability between 0 and 1, "
                f"not {self.samples}, {self.cells} and {self.probability}."
            )
        images = request.images
        baseline = baseline_images(images, self.baseline)
        masks = self._draw(request)

        def masked(image: Tensor, item: Tensor) -> Tensor:
            return torch.lerp(baseline[image], images[image], masks.of(item)[:, None].to(images))

        values = request.stream(self.samples, masked).double()
        maps, errors = _weighted_means(values, masks, request.forwards().size)
        return Explained(maps, [{"forwards": self.samples, "standard_error": float(error)} for error in errors])

    def _draw(self, request: Request) -> _Masks:
        generator = torch.Generator().manual_seed(derive(request.seed, self.name))
        sides = (request.images.shape[2], request.images.shape[3])
        grids = torch.rand((self.samples, self.cells, self.cells), generator=generator) < self.probability
        cell = [-(-side // self.cells) for side in sides]
        starts = [torch.randint(0, size, (self.samples,), generator=generator) for size in cell]
        tables = [_interpolation(self.cells, (self.cells + 1) * size) for size in cell]
        device = request.images.device
        first, second = (table.to(device) for table in tables)
        down, along = (start.to(device) for start in starts)
        return _Masks(grids.float().to(device), (first, second), (down, along), sides)


def _interpolation(cells: int, places: int) -> Tensor:
    """The matrix `(places, cells)` of bilinear interpolation along one axis, `align_corners=False`."""
    unit = torch.eye(cells)[:, None]
    return torch.nn.functional.interpolate(unit, size=places, mode="linear", align_corners=False)[:, 0].T.contiguous()


def _weighted_means(values: Tensor, masks: _Masks, size: int) -> tuple[Tensor, Tensor]:
    """Means `(B, H, W)` of values `(B, N)` weighted by the masks, and their typical standard error `(B,)`.

    The error of a ratio of sums: the root of the sum of squared weighted deviations, over the sum of weights; the
    deviation is measured from the mean value, near which the weighted means are.
    """
    batch, count = values.shape
    centre = values.mean(1, keepdim=True)
    away = (values - centre).float()
    total, squares, weight = (values.new_zeros((rows, *masks.sides), dtype=torch.float32) for rows in (batch, batch, 1))
    for item in torch.arange(count, device=values.device).split(size):
        mask = masks.of(item)
        weight += mask.sum(0)
        total += torch.einsum("bn,nhw->bhw", away[:, item], mask)
        squares += torch.einsum("bn,nhw->bhw", away[:, item].square(), mask.square())
    weight = weight.clamp(min=torch.finfo(weight.dtype).tiny)
    error = (squares.mean((1, 2)) / weight.square().mean()).sqrt()
    return (centre[:, :, None] + total / weight).float(), error
