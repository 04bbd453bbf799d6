"""Scoring keeps to its memory budget, whatever the batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from evaluation import score_all
from evaluation.metrics import registry
from foundation.targets import ClassTarget
from tests.evaluation.metrics.held import Held

METRICS: dict[str, dict[str, Any]] = {
    "deletion": {"steps": 3},
    "srg": {"steps": 3},
    "faithfulness-correlation": {"subsets": 6},
    "faithfulness-estimate": {"steps": 3},
    "infidelity": {"side": 64},
    "irof": {"segments": "grid", "cells": 2},
    "relevance-rank": {},
}


def peak_mb(images: Tensor, memory_mb: int) -> float:
    """The most that stands at once while two maps are scored."""
    maps = {label: torch.randn(len(images), 96, 96) for label in ("one", "two")}
    masks = torch.zeros(len(images), 96, 96, dtype=torch.bool)
    masks[:, :20] = True
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    ).eval()
    metrics = {name: registry.build(name, fields) for name, fields in METRICS.items()}
    held = Held()
    with held:
        score_all(model, images, maps, ClassTarget(1), metrics, masks=masks, memory_mb=memory_mb)
    assert held.now < 0.01 * 2**20
    return held.peak_mb


def test_a_plan_keeps_to_its_budget() -> None:
    """Of 8 images of 96 x 96 a budget of 8 MB holds a few at a time; a larger budget is made use of."""
    images = torch.randn(8, 1, 96, 96)
    tight, ample = peak_mb(images, 8), peak_mb(images, 256)
    assert tight < 8
    assert ample > 12


def test_the_counter_counts() -> None:
    """By hand: 1 MiB of zeros and their double of 2 MiB stand together, views are free, and all are gone at the end."""
    with Held() as held:
        first = torch.zeros(2**18)
        second = first.view(2, -1).double()
        del first
        third = second + 1
        del second, third
    assert held.peak_mb == 4
    assert held.now == 0
