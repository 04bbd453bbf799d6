"""Copies of a network whose parameters are randomised, part after part, from the output towards the input."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from evaluation.metrics.inputs import MetricError
from foundation.seeds import derive

# The s.d. given to a tensor that has none of its own (all values equal), relative to its mean or to 1 if that is less.
SPREAD = 0.1


def randomised_in_steps(model: nn.Module, steps: int, seed: int) -> Iterator[nn.Module]:
    """The same copy `steps` times (fewer if it has fewer modules), each time with more of it randomised, at last all.

    Modules that own parameters are taken in the reverse order of their registration, in groups of even size; one copy
    is held, and the caller's model is never touched. Each module's draws depend on `seed` and its name alone.
    """
    working = copy.deepcopy(model)
    owners = [(name, module) for name, module in working.named_modules() if list(module.parameters(recurse=False))]
    if not owners:
        raise MetricError("The model has no parameters to randomise.")
    owners.reverse()
    steps = min(steps, len(owners))
    edges = [round(len(owners) * step / steps) for step in range(steps + 1)]
    for start, end in itertools.pairwise(edges):
        for name, module in owners[start:end]:
            randomise(module, derive(seed, "randomise", name))
        yield working


def randomise(module: nn.Module, seed: int) -> None:
    """Give every parameter tensor that the module itself owns new values, in place.

    By the module's own `reset_parameters` if it has one; a tensor that this does not change, and those of modules
    without it, are drawn from a normal of their own mean and s.d.
    """
    owned = [parameter for parameter in module.parameters(recurse=False) if parameter.is_floating_point()]
    before = [parameter.detach().clone() for parameter in owned]
    devices = {parameter.device for parameter in owned if parameter.device.type == "cuda"}
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        torch.manual_seed(seed)
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
        for parameter, old in zip(owned, before, strict=True):
            if torch.equal(parameter, old):
                parameter.copy_(_like(old))


def _like(values: Tensor) -> Tensor:
    mean = values.mean()
    spread = values.std(correction=0)
    if spread == 0:
        spread = SPREAD * mean.abs().clamp(min=1)
    return mean + spread * torch.randn_like(values)
