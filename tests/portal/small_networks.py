"""Small networks in folders, as a researcher would hand them in: random weights, real architectures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from portal.networks.architectures import build

SIDE = 32
CLASSIFIER = (
    "monai:DenseNet",
    {"in_channels": 1, "out_channels": 2, "init_features": 4, "growth_rate": 4, "block_config": [1, 1], "bn_size": 1},
)
SEGMENTER = (
    "monai:UNet",
    {"in_channels": 1, "out_channels": 2, "channels": [4, 8], "strides": [2], "norm": "batch"},
)


def make_folder(folder: Path, slug: str, task: str = "classification", seed: int = 0, **changes: Any) -> Path:
    """A model's folder with weights drawn from the seed; `changes` go into model.json."""
    architecture, arguments = CLASSIFIER if task == "classification" else SEGMENTER
    model = build(architecture, arguments)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    place = folder / slug
    place.mkdir(parents=True)
    save_file(model.state_dict(), place / "weights.safetensors")
    described = {
        "slug": slug,
        "title": slug.capitalize(),
        "architecture": architecture,
        "arguments": arguments,
        "task": task,
        "classes": ["nothing", "nodule"],
        "preprocessing": {"size": [SIDE, SIDE], "highest": 4095.0, "mean": 0.5, "std": 0.25},
    }
    (place / "model.json").write_text(json.dumps(described | changes))
    return place
