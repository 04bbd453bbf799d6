"""The performance of the demo's networks on phantoms that none of them was trained on."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from portal.networks import measures
from portal.networks.description import Description
from portal.networks.loading import LoadedNetwork, load_folder
from portal.networks.recipes import recipe
from portal.networks.samples import Samples, samples
from portal.phantoms import FIELD_OF_VIEW_MM, LADDER, SPLITS, ladder_set

WEIGHTS = Path(__file__).parent / "weights"
PERFORMANCE_FILE = "performance.json"
COMMAND = "python manage.py train_demo_networks --measure"
_UNSEEN = 900_001  # a seed apart from every training seed
_LADDER_CASES, _SPLIT_CASES = 200, 60


def performance(slug: str, folder: Path | None = None, seed: int = _UNSEEN) -> dict[str, Any]:
    """What a demo network achieves on unseen phantoms of the whole ladder, as plain data ready for JSON.

    `folder` holds its `model.json` and weights; by default those that come with the product. Each estimate has
    `value`, `low`, `high` (95 %) and `n`. Classifiers: `auroc`, `sensitivity`, `specificity`, `accuracy` at equal
    logits, `by_level` (sensitivity), `splits` (the same by the tag's relation to the label), and the `drop` in
    accuracy from aligned to conflicting. Segmenters: `dice` and `by_level` (Dice) over phantoms with a nodule;
    `hd95_mm` over those in which something is outlined, `missed`, the share of the others; `false_alarms`, the share
    of phantoms without a nodule in which one is outlined.
    """
    network = load_folder(folder or WEIGHTS / recipe(slug).slug)
    found = _classifier(network, seed) if network.description.task == "classification" else _segmenter(network, seed)
    return {"slug": slug, "sha256": network.sha256, "seed": seed, "command": COMMAND, **found}


def write_performance(slug: str, folder: Path | None = None) -> dict[str, Any]:
    """Measure and keep the result beside the weights."""
    target = folder or WEIGHTS / recipe(slug).slug
    found = performance(slug, target)
    (target / PERFORMANCE_FILE).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def read_performance(slug: str, folder: Path | None = None) -> dict[str, Any]:
    """The kept result."""
    path = (folder or WEIGHTS / recipe(slug).slug) / PERFORMANCE_FILE
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def _classifier(network: LoadedNetwork, seed: int) -> dict[str, Any]:
    data = samples(ladder_set(seed, _LADDER_CASES), network.description.preprocessing)
    margins = _margins(network.model, data)
    splits, right = {}, {}
    for split, part in _splits(network.description, seed).items():
        answers = _margins(network.model, part)
        splits[split] = _discrimination(part, answers)
        right[split] = ((answers > 0) == part.labels.numpy().astype(bool)).astype(float)
    drop = measures.mean(right["aligned"] - right["conflicting"])  # the same anatomies in both, hence paired
    return {
        **_discrimination(data, margins),
        "by_level": _found_by_level(data, margins),
        "splits": splits,
        "drop": _plain(drop),
    }


def _splits(description: Description, seed: int) -> dict[str, Samples]:
    """The same anatomies under each split, drawn together because that shares the work."""
    sets = [ladder_set(seed + 1, _SPLIT_CASES, split) for split in SPLITS]
    data = samples([spec for same in zip(*sets, strict=True) for spec in same], description.preprocessing, 3 * 16)
    step = len(SPLITS)
    return {
        split: Samples(data.images[k::step], data.masks[k::step], data.labels[k::step], data.specs[k::step])
        for k, split in enumerate(SPLITS)
    }


def _discrimination(data: Samples, margins: NDArray[np.float64]) -> dict[str, Any]:
    truth, answers = data.labels.numpy().astype(bool), margins > 0
    return {
        "auroc": _plain(measures.auroc(truth, margins)),
        "sensitivity": _plain(measures.proportion(int(answers[truth].sum()), int(truth.sum()))),
        "specificity": _plain(measures.proportion(int((~answers[~truth]).sum()), int((~truth).sum()))),
        "accuracy": _plain(measures.proportion(int((answers == truth).sum()), len(truth))),
    }


def _found_by_level(data: Samples, margins: NDArray[np.float64]) -> dict[str, Any]:
    levels = np.array([spec.level or 0 for spec in data.specs])
    hits = {level: margins[levels == level] > 0 for level in range(1, len(LADDER) + 1)}
    return {str(level): _plain(measures.proportion(int(hit.sum()), len(hit))) for level, hit in hits.items()}


def _segmenter(network: LoadedNetwork, seed: int) -> dict[str, Any]:
    data = samples(ladder_set(seed, _LADDER_CASES), network.description.preprocessing)
    output = _outputs(network.model, data.images)
    outlined = (output.argmax(1) == network.description.target).numpy()
    masks, truth = data.masks.numpy(), data.labels.numpy().astype(bool)
    levels = np.array([spec.level or 0 for spec in data.specs])
    overlap = np.array([measures.dice(*pair) for pair in zip(outlined, masks, strict=True)])
    spacing = FIELD_OF_VIEW_MM / masks.shape[-1]
    distance = np.array([measures.hd95(*pair, spacing) for pair in zip(outlined[truth], masks[truth], strict=True)])
    alarms = outlined[~truth].any((1, 2))
    return {
        "dice": _plain(measures.mean(overlap[truth])),
        "hd95_mm": _plain(measures.mean(distance[np.isfinite(distance)])),
        "missed": _plain(measures.proportion(int(np.isnan(distance).sum()), int(truth.sum()))),
        "false_alarms": _plain(measures.proportion(int(alarms.sum()), len(alarms))),
        "by_level": {
            str(level): _plain(measures.mean(overlap[levels == level])) for level in range(1, len(LADDER) + 1)
        },
    }


def _margins(model: nn.Module, data: Samples) -> NDArray[np.float64]:
    """By how much the finding's logit exceeds the other."""
    output = _outputs(model, data.images).double()
    return (output[:, 1] - output[:, 0]).numpy()


def _outputs(model: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([model(part) for part in images.split(32)])


def _plain(estimate: measures.Estimate) -> dict[str, float]:
    return {name: round(value, 4) for name, value in dataclasses.asdict(estimate).items()}
