"""A plan of several methods for the same images: each piece of work that they share is done once."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from explainers.base import Explainer, explain_together
from foundation.targets import Target


def explain_all(
    model: nn.Module,
    images: Tensor,
    target: Target,
    methods: Mapping[str, Explainer],
    *,
    masks: Tensor | None = None,
    donors: Tensor | None = None,
    seed: int = 0,
    memory_mb: float = 1024,
) -> dict[str, Tensor]:
    """Maps `(B, H, W)` by label; values as from one `explain` call a method, the work shared.

    `methods` maps a label to an instance. All CAM methods on a layer use one (activation, gradient) pair.
    """
    made = explain_together(
        model, images, target, dict(methods), masks=masks, donors=donors, seed=seed, memory_mb=memory_mb
    )
    return {label: explained.maps for label, explained in made.items()}
