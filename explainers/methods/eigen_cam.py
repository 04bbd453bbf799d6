"""Eigen-CAM."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from explainers.base import Request
from explainers.cam import Cam, activation
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class EigenCam(Cam):
    """The feature maps' first principal component (Muhammad & Yeasin 2020), whatever the output.

    Places are the observations and channels the variables, centred; the map holds the places' scores. A principal
    component has no sign of its own: it gets the one that correlates positively with the mean over channels.
    """

    name = "eigen-cam"
    title = "Eigen-CAM"
    reference = "Muhammad & Yeasin 2020, Eigen-CAM: Class activation map using principal components, arXiv:2008.00299"
    summary = "Where the feature maps vary together most, which is often the most conspicuous object."
    caveat = "It does not ask what is explained: maps of all classes are the same."
    later = True

    def combine(self, request: Request, layer: str) -> Tensor:
        """Scores of the first principal component."""
        maps = activation(request, layer)
        return torch.stack([_first_component(image) for image in maps])


def _first_component(maps: Tensor) -> Tensor:
    """`(c, h, w)` -> `(h, w)`, from the smaller of the two Gram matrices, in double precision."""
    places = maps.flatten(1).T.double()
    places = places - places.mean(0)
    if len(places) <= places.shape[1]:
        values, vectors = torch.linalg.eigh(places @ places.T)
        scores = vectors[:, -1] * values[-1].clamp(min=0).sqrt()
    else:
        scores = places @ torch.linalg.eigh(places.T @ places)[1][:, -1]
    if torch.dot(scores, places.mean(1)) < 0:
        scores = -scores
    return scores.view(maps.shape[1:]).to(maps.dtype)
