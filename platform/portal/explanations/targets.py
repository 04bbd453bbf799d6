"""What is explained of a network's output on an image, and how the record says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from foundation.targets import ClassTarget, RegionTarget, Target
from portal.networks.models import Network, NetworkTask

#: Where a segmenter finds nothing, the pixels of its highest logits are explained: this many.
HIGHEST_PIXELS = 64


@dataclass(frozen=True)
class Aim:
    """A target for one image, and its description as plain data."""

    target: Target
    described: dict[str, Any]


def aim_of(network: Network, output: Tensor) -> Aim:
    """The target of one image, from the network's raw output for it, `(1, K)` or `(1, K, H, W)`.

    A classifier is asked for the logit of the class under study, whatever it predicts, so that all maps of a case
    answer the same question. A segmenter is asked for the summed logits of the region that it predicts; where it
    predicts none, for those of the 64 pixels with the highest logits, and the record says so.
    """
    index = network.target_class
    if network.task == NetworkTask.CLASSIFICATION:
        return Aim(ClassTarget(index), {"kind": "class", "index": index, "name": network.classes[index]})
    region = predicted_region(output, index)
    kind = "predicted"
    if not region.any():
        region, kind = _highest(output[:, index]), f"highest-{HIGHEST_PIXELS}"
    described = {
        "kind": "region",
        "channel": index,
        "name": network.classes[index],
        "region": kind,
        "pixels": int(region.sum()),
        "reduce": "sum",
    }
    return Aim(RegionTarget(index, mask=region), described)


def predicted_region(output: Tensor, channel: int) -> Tensor:
    """Where the channel has the highest logit, or a positive one if it is the only channel: `(B, H, W)` bool."""
    return output[:, 0] > 0 if output.shape[1] == 1 else output.argmax(1) == channel


def _highest(logits: Tensor) -> Tensor:
    flat = logits.flatten(1)
    places = flat.topk(min(HIGHEST_PIXELS, flat.shape[1]), dim=1).indices
    return torch.zeros_like(flat, dtype=torch.bool).scatter_(1, places, True).view_as(logits)
