"""How long the demo's networks take to train, as a share of the time that they may take on two cores."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import torch

from portal.networks.training import train
from tests.bench.figures import figure

GROUP = "Training the demo's networks, seconds over those allowed on two cores"


def _share(slug: str, allowed: float) -> float:
    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            train(slug, Path(folder) / slug, seed=1, quick=True)
            return (time.perf_counter() - start) / allowed
    finally:
        torch.set_num_threads(threads)


@figure(GROUP, "chest-clean, 30 s", at_most=1.0)
def chest_clean() -> float:
    """The classifier without a shortcut."""
    return _share("chest-clean", 30.0)


@figure(GROUP, "chest-shortcut, 30 s", at_most=1.0)
def chest_shortcut() -> float:
    """The classifier with one."""
    return _share("chest-shortcut", 30.0)


@figure(GROUP, "nodule-unet, 60 s", at_most=1.0)
def nodule_unet() -> float:
    """The segmenter."""
    return _share("nodule-unet", 60.0)
