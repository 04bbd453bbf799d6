"""Occlusion."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline, baseline_images
from explainers.errors import ExplainError
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class Occlusion(Explainer):
    """How far the output falls when a square is covered, averaged over the squares that cover a pixel."""

    name = "occlusion"
    title = "Occlusion"
    reference = "Zeiler & Fergus 2014, Visualizing and understanding convolutional networks, arXiv:1311.2901"
    summary = "How far the output falls when the place is covered."
    caveat = "Squares of another size find other things, and a covered image is one the network never saw."
    signed = True

    window: int = field(default=16, metadata={"help": "Side of the square, in pixels."})
    stride: int = field(default=8, metadata={"help": "Step from square to square, in pixels."})
    baseline: Baseline = field(default="zero", metadata={"help": "What the square is covered with."})

    def compute(self, request: Request) -> Explained:
        """Mean drop over the squares that cover each pixel."""
        if self.window < 1 or not 1 <= self.stride <= self.window:
            raise ExplainError(
                f"Occlusion needs a window of at least 1 and a stride within it, not {self.window} and {self.stride}."
            )
        images = request.images
        baseline = baseline_images(images, self.baseline)
        rows, columns = (self._cover(side).to(images.device) for side in images.shape[2:])
        across = len(columns)

        def covered(image: Tensor, square: Tensor) -> Tensor:
            hidden = rows[square // across][:, None, :, None] & columns[square % across][:, None, None, :]
            return torch.where(hidden, baseline[image], images[image])

        drops = request.values()[:, None] - request.stream(len(rows) * across, covered)
        drops = drops.view(len(images), len(rows), across)
        down, along = rows.to(drops.dtype), columns.to(drops.dtype)
        total = torch.einsum("bij,ih,jw->bhw", drops, down, along)
        return self.without_record(total / (down.sum(0)[:, None] * along.sum(0)[None, :]))

    def _cover(self, side: int) -> Tensor:
        """Which pixels of a side each window covers: `(windows, side)` bool; the last one ends at the border."""
        count = max(0, -(-(side - self.window) // self.stride)) + 1
        start = torch.arange(count)[:, None] * self.stride
        place = torch.arange(side)[None, :]
        return (place >= start) & (place < start + self.window)
