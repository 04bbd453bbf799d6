"""Control: edges."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import conv2d, pad

from explainers.base import Explained, Explainer, Request
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class EdgeMap(Explainer):
    """The magnitude of the image's Sobel gradient, its channels averaged; it never asks the network."""

    name = "edge-map"
    title = "Edge map"
    reference = "Adebayo et al. 2018, Sanity checks for saliency maps, arXiv:1810.03292 (edge detectors look alike)"
    summary = "The image's edges, whatever the network computes."
    caveat = "It is plausible wherever a finding has a sharp border, which says nothing about the network."
    control = True
    asks_network = False

    def compute(self, request: Request) -> Explained:
        """Sobel magnitude with replicated borders."""
        grey = pad(request.images.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=grey.dtype, device=grey.device) / 8
        slopes = conv2d(grey, torch.stack([across, across.T])[:, None])
        return self.without_record(slopes.square().sum(1).sqrt())
