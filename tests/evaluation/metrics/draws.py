"""How many random draws the demo's networks ask for: `python -m tests.evaluation.metrics.draws [IMAGES]`.

For each stochastic subset metric: the median score, the median standard error of the draws it makes by default, and
how many draws would bring the error under 0.02, for the middle and for the worst tenth of images and maps.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from evaluation.metrics import Metric, registry
from evaluation.metrics.monte_carlo import draws_needed
from evaluation.metrics.plan import score_all_with_reasons
from explainers.methods import registry as methods
from foundation.targets import ClassTarget, RegionTarget, Target
from portal.networks.loading import load_folder
from portal.networks.recipes import recipe
from portal.networks.samples import samples
from portal.phantoms import training_set

WEIGHTS = Path("platform/portal/networks/weights")
MAPS = ("grad-cam", "input-x-gradient", "integrated-gradients")
SHARES, SIDES = (0.02, 0.1, 0.5), (1, 16)


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    out = sys.stdout.write
    out("network | metric | side | share | draws | score | error | for 0.02 | worst tenth\n")
    for slug in ("chest-clean", "nodule-unet"):
        for line in rows(slug, count):
            out(" | ".join((slug, *line)) + "\n")


def rows(slug: str, count: int) -> list[tuple[str, ...]]:
    """A row for each size of square and share of the image, and for sensitivity-n over all shares."""
    network = load_folder(WEIGHTS / slug)
    specs = [spec for spec in training_set(11, recipe(slug).anatomies) if spec.positive][:count]
    drawn = samples(specs, network.description.preprocessing)
    segments = network.description.task == "segmentation"
    target: Target = RegionTarget(1, drawn.masks) if segments else ClassTarget(1)
    maps = {name: methods[name]().explain(network.model, drawn.images, target) for name in MAPS}
    metrics: dict[str, Metric] = {}
    for side in SIDES:
        for share in SHARES:
            fields = {"side": side, "share": share}
            metrics[f"faithfulness-correlation | {side} | {share}"] = registry.build("faithfulness-correlation", fields)
        metrics[f"sensitivity-n | {side} | {SHARES}"] = registry.build("sensitivity-n", {"side": side})
    scored = score_all_with_reasons(network.model, drawn.images, maps, target, metrics)
    found = []
    for name, metric in metrics.items():
        each = [scored[label, name] for label in maps]
        values = torch.cat([part.values for part in each])
        errors = torch.cat([part.errors for part in each if part.errors is not None])
        draws = int(getattr(metric, "subsets", 0))
        found.append((name, str(draws), *_summary(values, errors, draws)))
    return found


def _summary(values: Tensor, errors: Tensor, draws: int) -> tuple[str, ...]:
    middle, worst = (float(errors.nanquantile(share)) for share in (0.5, 0.9))
    return (
        f"{float(values.nanmedian()):.2f}",
        f"{middle:.3f}",
        str(draws_needed(middle, draws)),
        str(draws_needed(worst, draws)),
    )


if __name__ == "__main__":
    main()
