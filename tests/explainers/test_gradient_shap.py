"""GradientSHAP against a linear network, where each pixel's share is known, and against integrated gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from explainers.errors import ExplainError
from explainers.methods import registry
from foundation.targets import ClassTarget


@pytest.fixture(autouse=True)
def _fixed() -> None:
    torch.manual_seed(3)


def small(*layers: nn.Module) -> nn.Sequential:
    """A network of these layers."""
    return nn.Sequential(*layers).eval()


def test_on_a_linear_network_each_pixel_has_its_exact_share() -> None:
    model = small(nn.Flatten(), nn.Linear(2 * 36, 3))
    images = torch.randn(2, 2, 6, 6)
    weights = next(model.parameters())[1].view(2, 6, 6).detach()
    expected = (weights * images).sum(1)
    made = registry["gradient-shap"]().explain(model, images, ClassTarget(1))
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-6)


def test_many_samples_come_to_integrated_gradients() -> None:
    model = small(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 36, 2))
    images = torch.randn(1, 1, 8, 8)
    expected = registry["integrated-gradients"]().explain(model, images, ClassTarget(0))
    made = registry.build("gradient-shap", {"samples": 4000}).explain(model, images, ClassTarget(0))
    assert float((made - expected).abs().max()) < 0.05 * float(expected.abs().max())


def test_global_randomness_is_left_alone() -> None:
    model = small(nn.Flatten(), nn.Linear(36, 2))
    before = torch.random.get_rng_state(), np.random.get_state(legacy=False)["state"]["key"].copy()
    registry["gradient-shap"]().explain(model, torch.randn(1, 1, 6, 6, generator=torch.Generator()), ClassTarget(0))
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert (np.random.get_state(legacy=False)["state"]["key"] == before[1]).all()


def test_noise_cannot_be_negative() -> None:
    with pytest.raises(ExplainError, match="no negative noise"):
        registry.build("gradient-shap", {"noise": -1.0}).explain(
            small(nn.Flatten(), nn.Linear(36, 2)), torch.zeros(1, 1, 6, 6), ClassTarget(0)
        )
