"""What the network says when only some segments of an image are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from explainers.base import Explained, Request
from explainers.baselines import Baseline, baseline_images


class Outputs(NamedTuple):
    """Target values `(N,)` on the CPU for coalitions, and for the empty and the full one."""

    values: Tensor
    empty: float
    full: float


def outputs_of(request: Request, segments: Tensor, baseline: Baseline, present: Tensor) -> Outputs:
    """Target values of a request's only image for coalitions `present (N, M)` of its segments, and for both ends.

    `segments (H, W)` are labels 0..M-1; an absent segment shows the baseline.
    """
    ends = torch.tensor([[False], [True]]).expand(2, present.shape[1])
    values = values_of_coalitions(request, segments, baseline, torch.cat([present, ends]))
    return Outputs(values[:-2], float(values[-2]), float(values[-1]))


def values_of_coalitions(request: Request, segments: Tensor, baseline: Baseline, present: Tensor) -> Tensor:
    """Target values `(N,)` on the CPU of a request's only image for coalitions `present (N, M)` of its segments.

    `segments (H, W)` are labels 0..M-1; an absent segment shows the baseline.
    """
    (image,) = request.images
    hidden = baseline_images(request.images, baseline)[0]
    present, labels = present.to(image.device), segments.flatten()

    def composed(_: Tensor, item: Tensor) -> Tensor:
        shown = present[item].index_select(1, labels).view(len(item), 1, *segments.shape)
        return torch.where(shown, image, hidden)

    return request.stream(len(present), composed)[0].cpu()


def joined(made: Iterable[tuple[Tensor, dict[str, Any]]]) -> Explained:
    """The maps and records of images that were explained one after the other."""
    maps, records = zip(*made, strict=True)
    return Explained(torch.stack(maps), list(records))
