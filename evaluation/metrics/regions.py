"""Sets of pixels that do not depend on the map, so that one forward pass of each serves all maps of an image."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from evaluation.metrics.baselines import Baseline, baseline_images
from evaluation.metrics.inputs import Inputs, Reading
from foundation.seeds import derive

# The part of the memory budget that the masks of regions may take, and the bytes that a pixel of one costs.
MASKS_SHARE = 1 / 8
BYTES_A_PIXEL = 9


@dataclass(frozen=True)
class Regions(abc.ABC):
    """Some regions of an image of `height` by `width`, the same for every image; equal regions share their work."""

    height: int
    width: int

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """How many regions there are."""

    @abc.abstractmethod
    def masks(self, start: int, stop: int) -> Tensor:
        """The regions from `start` to `stop` as bool `(stop - start, H * W)` on the CPU."""

    def sums(self, inputs: Inputs, rows: Tensor) -> Tensor:
        """What maps, as rows `(B, H * W)`, sum to over each region: `(B, count)` float64."""
        rows = rows.double()
        return torch.cat([rows @ masks.double().T for _, masks in self.blocks(inputs)], 1)

    def blocks(self, inputs: Inputs) -> Iterator[tuple[int, Tensor]]:
        """All masks on the images' device, as many at once as the budget allows; one block is kept for other maps."""
        room = int(inputs.memory_mb * 2**20 * MASKS_SHARE / (BYTES_A_PIXEL * self.height * self.width))
        size = max(1, room)
        for start in range(0, self.count, size):
            key = ("masks", self)
            kept = inputs.by_image.get(key)
            if kept is None:
                kept = self.masks(start, min(start + size, self.count)).to(inputs.images.device)
                if self.count <= size:
                    inputs.by_image[key] = kept
            yield start, kept


@dataclass(frozen=True)
class Squares(Regions):
    """Squares of `side` pixels laid from the top left corner, cut off at the other edges; each pixel is in one."""

    side: int

    @property
    def columns(self) -> int:
        """Squares in a row."""
        return -(-self.width // self.side)

    @property
    def count(self) -> int:
        """How many squares cover the image."""
        return -(-self.height // self.side) * self.columns

    def labels(self) -> Tensor:
        """The square of each pixel: a LongTensor `(H * W,)`."""
        row, column = torch.arange(self.height) // self.side, torch.arange(self.width) // self.side
        return (row[:, None] * self.columns + column[None, :]).flatten()

    def sums(self, inputs: Inputs, rows: Tensor) -> Tensor:
        """As for any regions, found in one pass over the pixels."""
        totals = torch.zeros(len(rows), self.count, dtype=torch.float64, device=rows.device)
        return totals.index_add_(1, self.labels().to(rows.device), rows.double())

    def masks(self, start: int, stop: int) -> Tensor:
        """One square each."""
        return torch.arange(start, stop)[:, None] == self.labels()


@dataclass(frozen=True)
class RandomSubsets(Regions):
    """`draws` random sets of `size` squares of `side` pixels, without order or repetition within a set.

    Set number i depends on the seed, the size and i alone: more draws continue the same sequence.
    """

    side: int
    size: int
    draws: int
    seed: int

    @property
    def count(self) -> int:
        """How many sets were drawn."""
        return self.draws

    def masks(self, start: int, stop: int) -> Tensor:
        """One set each."""
        squares = Squares(self.height, self.width, self.side)
        chosen = torch.zeros(stop - start, squares.count, dtype=torch.bool)
        for row, index in enumerate(range(start, stop)):
            generator = torch.Generator().manual_seed(derive(self.seed, "subset", self.size, index))
            chosen[row, torch.randperm(squares.count, generator=generator)[: self.size]] = True
        return chosen if self.side == 1 else chosen[:, squares.labels()]


def removal_effects(inputs: Inputs, regions: Regions, baseline: Baseline, reading: Reading) -> Tensor:
    """How far the output falls when each region alone is taken from the image: `(B, count)` float64.

    All channels of a pixel go together. Found once an image, whatever the number of maps and metrics that ask.
    """
    key = ("effects", regions, baseline, reading)
    if key not in inputs.by_image:
        images, base = inputs.images, baseline_images(inputs.images, baseline, inputs.seed)
        shape = (-1, 1, regions.height, regions.width)
        left = []
        for _, masks in regions.blocks(inputs):

            def remove(image: Tensor, item: Tensor, masks: Tensor = masks) -> Tensor:
                return torch.where(masks[item].view(shape), base[image], images[image])

            left.append(inputs.outputs(len(masks), remove, reading))
        inputs.by_image[key] = inputs.whole(reading) - torch.cat(left, 1)
    effects: Tensor = inputs.by_image[key]
    return effects
