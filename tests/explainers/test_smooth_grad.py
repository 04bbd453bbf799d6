"""SmoothGrad: expectations in closed form, captum's draws aside, and seeds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from captum.attr import NoiseTunnel
from captum.attr import Saliency as CaptumSaliency
from torch import Tensor, nn

from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from tests.explainers.networks import AWKWARD_SIDES, NETWORKS, SEGMENTING, build, picture


def smooth(model: nn.Module, images: Tensor, target: Target, seed: int = 0, **parameters: Any) -> Tensor:
    return registry.build("smooth-grad", parameters).explain(model, images, target, seed=seed)


@pytest.mark.parametrize("name, channels", [(name, channels) for name in NETWORKS for channels in (1, 3)])
def test_without_noise_it_is_the_plain_gradient(name: str, channels: int) -> None:
    model, images = build(name, channels), picture(2, channels, AWKWARD_SIDES.get(name, 32))
    target: Target = RegionTarget(1, torch.ones((2, *images.shape[2:]), dtype=torch.bool))
    if name not in SEGMENTING:
        target = ClassTarget(1)
    wanted = registry.build("saliency").explain(model, images, target)
    found = smooth(model, images, target, noise=0.0, samples=3)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


class Cubes(nn.Module):
    """The weighted sum of cubes, whose gradient under noise of deviation s has the mean 3 a (x^2 + s^2)."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 16).view(1, 4, 4))

    def forward(self, images: Tensor) -> Tensor:
        return (self.weight * images**3).flatten(1).sum(1, keepdim=True)


def test_the_noise_is_gaussian_and_a_share_of_each_images_own_range() -> None:
    model, images = Cubes(), torch.stack([torch.rand(1, 4, 4), 10 * torch.rand(1, 4, 4) - 5])
    deviation = 0.3 * (images.flatten(1).amax(1) - images.flatten(1).amin(1))
    wanted = (3 * model.weight * (images**2 + deviation[:, None, None, None] ** 2)).abs()[:, 0].detach()
    found = smooth(model, images, ClassTarget(0), noise=0.3, samples=5000)
    for one, expected in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, expected, rtol=0.08, atol=0.08 * float(expected.max()))


def test_it_equals_captum_up_to_the_draws() -> None:
    # The mean over many draws of captum's differs from ours by their sampling errors alone.
    model, image = build("functional"), picture(1)
    torch.manual_seed(1)
    deviation = 0.2 * float(image.max() - image.min())
    tunnel = NoiseTunnel(CaptumSaliency(model))
    drawn = [
        tunnel.attribute(image.requires_grad_(), nt_samples=50, stdevs=deviation, target=1, abs=False).detach()
        for _ in range(8)
    ]
    error = torch.stack(drawn).std(0)[0, 0] / 8**0.5
    mean = torch.stack(drawn).mean(0)[0, 0]
    found = smooth(model, image.detach(), ClassTarget(1), noise=0.2, samples=400)[0]
    assert ((found - mean.abs()).abs() <= 6 * error * 2**0.5 + 1e-6).float().mean() > 0.99
    assert torch.corrcoef(torch.stack([found.flatten(), mean.abs().flatten()]))[0, 1] > 0.99


def test_draws_depend_on_the_seed_alone() -> None:
    model, images = build("resnet"), picture(3)
    first = smooth(model, images, ClassTarget(0), samples=7)
    assert torch.equal(first, smooth(model, images, ClassTarget(0), samples=7))
    alone = smooth(model, images[2:], ClassTarget(0), samples=7)
    torch.testing.assert_close(alone, first[2:], rtol=1e-4, atol=1e-4 * float(first.max()))
    assert not torch.allclose(first, smooth(model, images, ClassTarget(0), seed=1, samples=7), rtol=1e-2)
    method = registry.build("smooth-grad", {"samples": 7})
    chunked = method.explain_with_record(model, images, ClassTarget(0), memory_mb=0.01).maps
    torch.testing.assert_close(chunked, first, rtol=1e-4, atol=1e-4 * float(first.max()))


def test_wrong_parameters_are_refused() -> None:
    for parameters in ({"samples": 0}, {"noise": -0.1}, {"noise": float("nan")}):
        with pytest.raises(ValueError, match="needs a sample and no negative noise"):
            smooth(build("plain"), picture(1), ClassTarget(0), **parameters)
