"""What is explained of a network's output on an image, and how the record says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from foundation.provenance import digest_array
from foundation.regions import boundary, component, false_negative, false_positive, predicted
from foundation.targets import ClassTarget, RegionTarget, Target
from portal.explanations.errors import EmptyRegion, UnknownTruth
from portal.explanations.regions import KINDS, NUMBERS, PREDICTED, Region
from portal.networks.models import Network, NetworkTask

#: Where a segmenter finds nothing, the pixels of its highest logits are explained: this many.
HIGHEST_PIXELS = 64


@dataclass(frozen=True)
class Aim:
    """A target for one image, and its description as plain data."""

    target: Target
    described: dict[str, Any]


def aim_of(network: Network, output: Tensor, region: Region | None = None, truth: Tensor | None = None) -> Aim:
    """The target of one image, from the network's raw output for it, `(1, K)` or `(1, K, H, W)`.

    A classifier is asked for the logit of the class under study, whatever it predicts, so that all maps of a case
    answer the same question. A segmenter is asked for the summed logits of the region that it predicts; where it
    predicts none, for those of the 64 pixels with the highest logits, and the record says so. Another `region` may be
    asked for, by the reference mask `truth (1, H, W)` if need be; where it is empty there is nothing to explain.
    """
    region = region or PREDICTED
    index = network.target_class
    if network.task == NetworkTask.CLASSIFICATION:
        return Aim(ClassTarget(index), {"kind": "class", "index": index, "name": network.classes[index]})
    mask = predicted(output, index)
    named: dict[str, Any] = {"region": region.kind} | region.numbers
    if region != PREDICTED:
        mask = _part(mask, region, truth)
        named["mask_sha256"] = digest_array(mask.cpu().numpy())
    elif not mask.any():
        mask, named = _highest(output[:, index]), {"region": f"highest-{HIGHEST_PIXELS}"}
    described = {
        "kind": "region",
        "channel": index,
        "name": network.classes[index],
        **named,
        "pixels": int(mask.sum()),
        "reduce": "sum",
    }
    return Aim(RegionTarget(index, mask=mask), described)


def region_of(described: dict[str, Any]) -> Region:
    """The region that a map's record names; the whole prediction for classes and for where nothing was predicted."""
    kind = described.get("region")
    if kind not in KINDS:
        return PREDICTED
    return Region.read({"kind": kind} | {name: described[name] for name, _ in NUMBERS.values() if name in described})


def _part(mask: Tensor, region: Region, truth: Tensor | None) -> Tensor:
    if region.needs_truth and truth is None:
        raise UnknownTruth(f"A {region.kind} region needs the reference mask, and the case has none.")
    match region.kind:
        case "component":
            found = component(mask, region.number or 1)
        case "boundary":
            found = boundary(mask, region.number or 1)
        case "false-positive" if truth is not None:
            found = false_positive(mask, truth)
        case "false-negative" if truth is not None:
            found = false_negative(mask, truth)
        case _:
            found = mask
    if not found.any():
        raise EmptyRegion(f"The region {region} is empty: there is nothing to explain.")
    return found


def _highest(logits: Tensor) -> Tensor:
    flat = logits.flatten(1)
    places = flat.topk(min(HIGHEST_PIXELS, flat.shape[1]), dim=1).indices
    return torch.zeros_like(flat, dtype=torch.bool).scatter_(1, places, True).view_as(logits)
