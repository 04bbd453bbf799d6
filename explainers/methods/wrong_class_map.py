"""Control: a method's map of something else than was asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from explainers.base import Explained, Request
from explainers.derived import Derived
from explainers.errors import NetworkError
from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target


@registry.register
@dataclass(frozen=True)
class WrongClassMap(Derived):
    """The method's map of the highest other class, or of the next channel over the same region."""

    name = "wrong-class-map"
    title = "Wrong-class map"
    reference = "Sixt et al. 2020, When explanations lie, arXiv:1912.09818 (class insensitivity)"
    summary = "What speaks for another class than the one that is shown with it."
    caveat = "With two classes that share their evidence it is the same map with the other sign."

    def compute(self, request: Request) -> Explained:
        """The method, run for the other target."""
        target = _other(request)
        made = self.method().run(request.with_target(target))
        named = (
            target.index.tolist() if isinstance(target, ClassTarget) and isinstance(target.index, torch.Tensor) else []
        )
        extras = [{"of": self.of, "class": index} for index in named] or [{"of": self.of} for _ in made.record]
        return Explained(made.maps, [{**extra, **old} for extra, old in zip(extras, made.record, strict=True)])


def _other(request: Request) -> Target:
    with torch.no_grad():
        output = request.model(request.images)
    request.target(output)  # an index out of range is an error here already
    if output.shape[1] < 2:
        raise NetworkError("The network has a single output: there is no other class to explain.")
    target = request.target
    if isinstance(target, ClassTarget) and isinstance(target.index, torch.Tensor):
        output = output.scatter(1, target.index.to(output.device)[:, None], float("-inf"))
        return ClassTarget(output.argmax(1))
    if isinstance(target, RegionTarget):
        return replace(target, channel=(target.channel + 1) % output.shape[1])
    raise NetworkError(f"There is no other class for a target of type {type(target).__name__}.")
