"""Control: a method's map of a network whose weights were drawn at random."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import nn

from explainers.base import Explained, Request
from explainers.derived import Derived
from explainers.methods import registry
from foundation.seeds import derive

# Draws of random weights that are tried until an image's map is not empty.
DRAWS = 16


@registry.register
@dataclass(frozen=True)
class RandomisedModel(Derived):
    """The method's map of a copy of the network in which every parameter tensor was drawn anew.

    The region that is explained is still the one of the trained network.
    """

    name = "randomised-model"
    title = "Randomised model"
    reference = "Adebayo et al. 2018, Sanity checks for saliency maps, arXiv:1810.03292"
    summary = "What the method shows for a network that has learned nothing."
    caveat = "Architecture alone finds bright and sharp structures, so that it can look plausible."

    def compute(self, request: Request) -> Explained:
        """The method, run on the randomised copy.

        A rectified map of a random network is often empty, which would give the control away: an image whose map is
        empty gets the next draw of weights, so that its map still depends on the image and the seed alone.
        """
        made: dict[int, Explained] = {}
        left = list(range(len(request.images)))
        for draw in range(DRAWS):
            network = randomised(request.model, derive(request.seed, self.name, draw))
            part = self.method().run(request.taken(left).with_model(network))
            for place, i in enumerate(left):
                record = {"of": self.of, "draw": draw, **part.record[place]}
                made[i] = Explained(part.maps[place : place + 1], [record])
            left = [i for i in left if not bool(made[i].maps.any())]
            if not left:
                break
        ordered = [made[i] for i in range(len(made))]
        return Explained(torch.cat([one.maps for one in ordered]), [one.record[0] for one in ordered])


def randomised(model: nn.Module, seed: int) -> nn.Module:
    """A copy with each parameter tensor drawn from a normal of its own mean and standard deviation.

    A constant tensor (the scale of an untrained norm) has no spread of its own; it is given a tenth of its mean, or
    0.01 at least, so that no tensor stays as it was.
    """
    model = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            generator = torch.Generator().manual_seed(derive(seed, name))
            noise = torch.randn(parameter.shape, generator=generator).to(parameter)
            mean, spread = parameter.mean(), parameter.std(unbiased=False)
            least = (0.1 * mean.abs()).clamp(min=0.01)
            parameter.copy_(mean + noise * torch.maximum(spread, least))
    return model
