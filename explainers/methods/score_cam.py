"""Score-CAM."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from explainers.base import Request
from explainers.cam import Cam, activation, upsampled
from explainers.methods import registry
from foundation.targets import RegionTarget


@registry.register
@dataclass(frozen=True)
class ScoreCam(Cam):
    """Feature maps weighted by the output for the image that they mask (Wang et al. 2020, algorithm 1).

    One forward pass a channel; the masked images are streamed. The weights are a softmax of the raw outputs; for a
    sum over a region, of the output's mean over it (a softmax of sums over many pixels would choose one channel).
    """

    name = "score-cam"
    title = "Score-CAM"
    reference = "Wang et al. 2020, Score-CAM: Score-weighted visual explanations, doi:10.1109/CVPRW50498.2020.00020"
    summary = "Where feature maps are strong that, laid over the image as a mask, keep the output high."
    caveat = "Every channel gets a positive weight, so that flat scores turn the map into a mean of the activations."
    later = True

    def combine(self, request: Request, layer: str) -> Tensor:
        """Sum over channels of activation times softmaxed score."""
        images, maps = request.images, activation(request, layer)
        size = (images.shape[2], images.shape[3])

        def masked(image: Tensor, channel: Tensor) -> Tensor:
            masks = upsampled(maps[image, channel], size)
            low, high = masks.amin((1, 2), keepdim=True), masks.amax((1, 2), keepdim=True)
            span = torch.where(high > low, high - low, 1)
            return images[image] * ((masks - low) / span)[:, None]

        scores = request.stream(maps.shape[1], masked)
        if isinstance(request.target, RegionTarget) and request.target.reduce == "sum":
            region = request.target.mask
            scores = scores if region is None else scores / region.sum((1, 2))[:, None]
        weights = torch.softmax(scores, 1)
        return (weights[:, :, None, None] * maps).sum(1)
