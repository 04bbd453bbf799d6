"""Ablation-CAM."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from explainers.base import Request
from explainers.cam import Cam
from explainers.methods import registry
from explainers.tail import Tail
from foundation.targets import Target


@registry.register
@dataclass(frozen=True)
class AblationCam(Cam):
    """Feature maps weighted by the share of the output that is lost without them (Ramaswamy & Desai 2020).

    The weight of channel k is (y - y_k) / |y|, y_k being the output with the channel set to zero. The paper divides by
    y; where y is negative, as a raw logit may well be, that would turn every weight round, and the magnitude does not.
    Only what follows the layer is run for each channel.
    """

    name = "ablation-cam"
    title = "Ablation-CAM"
    reference = "Ramaswamy & Desai 2020, Ablation-CAM: Gradient-free localization, doi:10.1109/WACV45572.2020.9093360"
    summary = "Where feature maps are strong without which the output would fall, each weighed by that fall."
    caveat = "Channels that stand in for one another all seem unimportant, because only one is taken away at a time."

    def combine(self, request: Request, layer: str) -> Tensor:
        """Sum over channels of activation times relative drop."""
        maps = []
        for i, image in enumerate(request.images):
            tail = Tail(request.model, image[None], layer)
            weights = _drops(tail, request.target.take(torch.tensor([i], device=image.device)), request.memory_mb)
            maps.append((weights[:, None, None] * tail.activation[0]).sum(0))
        return torch.stack(maps)


def _drops(tail: Tail, target: Target, memory_mb: float) -> Tensor:
    """The relative drop of the output `(c,)` without each channel."""
    whole = target(tail.output)
    channels = torch.arange(tail.activation.shape[1], device=whole.device)
    values = []
    for chosen in channels.split(tail.chunk(memory_mb)):
        ablated = tail.activation.repeat(len(chosen), 1, 1, 1)
        ablated[torch.arange(len(chosen)), chosen] = 0
        values.append(target.take(torch.zeros_like(chosen))(tail(ablated)))
    scale = whole.abs()
    return (whole - torch.cat(values)) / torch.where(scale > 0, scale, 1)
