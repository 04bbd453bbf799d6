"""The demo's three networks: their architectures, their training sets, and how long they are trained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from portal.networks.description import Preprocessing, Task
from portal.networks.errors import NetworkError
from portal.phantoms import HIGHEST

SIDE = 160
DEMO_PREPROCESSING = Preprocessing(size=(SIDE, SIDE), highest=float(HIGHEST), mean=0.57, std=0.28)


@dataclass(frozen=True)
class Recipe:
    """How one network is made.

    `rho` is the correlation of tag and label in training. The first `crop_steps` see small crops, in which a nodule
    is a large part of the picture, the other `full_steps` whole images; `crops` and `images` are the batches
    of either. `anatomies` times `exposures` phantoms are drawn.
    """

    slug: str
    title: str
    task: Task
    architecture: str
    arguments: dict[str, Any]
    classes: tuple[str, ...]
    layer: str | None
    rho: float
    anatomies: int
    exposures: int
    crop_steps: int
    full_steps: int
    rate: float = 4e-3
    crops: int = 96
    images: int = 32
    hint_layer: str | None = None
    notes: str = ""
    preprocessing: Preprocessing = field(default=DEMO_PREPROCESSING)

    def quick(self) -> Recipe:
        """A training short enough for a test: enough to show that the recipe works."""
        crops, images = (200, 20) if self.task == "segmentation" else (90, 90)
        if not self.crop_steps:
            crops, images = 0, 60
        return replace(self, anatomies=min(self.anatomies, 160), crop_steps=crops, full_steps=images)


_RESNET: dict[str, Any] = {
    "block": "basic",
    "layers": [1, 1, 1, 1],
    "block_inplanes": [16, 32, 48, 64],
    "n_input_channels": 1,
    "conv1_t_size": 5,
    "conv1_t_stride": 2,
    "no_max_pool": True,
    "num_classes": 2,
}
_UNET: dict[str, Any] = {
    "in_channels": 1,
    "out_channels": 2,
    "features": [8, 16, 24, 32, 48, 8],
    "norm": "batch",
    "act": "relu",
}
_CLASSES = ("no nodule", "nodule")

CLEAN = Recipe(
    slug="chest-clean",
    title="Nodule classifier",
    task="classification",
    architecture="monai:ResNet",
    arguments=_RESNET,
    classes=_CLASSES,
    layer="layer4",
    rho=0.0,
    anatomies=500,
    exposures=8,
    crop_steps=400,
    full_steps=400,
    hint_layer="layer4",
    notes="Trained on phantoms whose lead tag says nothing about the finding.",
)
SHORTCUT = Recipe(
    slug="chest-shortcut",
    title="Nodule classifier that learned the tag",
    task="classification",
    architecture="monai:ResNet",
    arguments=_RESNET,
    classes=_CLASSES,
    layer="layer4",
    rho=0.95,
    anatomies=120,
    exposures=8,
    crop_steps=0,
    full_steps=120,
    notes="Trained on phantoms whose lead tag goes with the finding (correlation 0.95): it looks at the tag.",
)
SEGMENTER = Recipe(
    slug="nodule-unet",
    title="Nodule segmenter",
    task="segmentation",
    architecture="monai:BasicUNet",
    arguments=_UNET,
    classes=("background", "nodule"),
    layer=None,
    rho=0.0,
    anatomies=220,
    exposures=8,
    crop_steps=240,
    full_steps=30,
    rate=5e-3,
    crops=32,
    images=16,
    notes="Outlines the nodule; trained on phantoms whose lead tag says nothing about the finding.",
)

RECIPES = {recipe.slug: recipe for recipe in (CLEAN, SHORTCUT, SEGMENTER)}


def recipe(slug: str) -> Recipe:
    """The recipe of that slug."""
    if slug not in RECIPES:
        raise NetworkError(f"There is no recipe for {slug!r}; there are {', '.join(RECIPES)}.")
    return RECIPES[slug]
