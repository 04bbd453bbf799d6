"""Networks as torch modules: registering, loading, preparing images. For jobs and commands, never for the web."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from portal.accounts.models import User
from portal.catalog.models import Image
from portal.catalog.selectors import image_pixels
from portal.networks import loading
from portal.networks.errors import ImageNotReadable
from portal.networks.measured import read_measured
from portal.networks.models import Network
from portal.networks.preprocessing import prepare as prepared_pixels
from portal.networks.selectors import description_of, preprocessing_of
from portal.networks.services import store_network
from portal.networks.weightfiles import find_weights


def register_folder(folder: Path, actor: User | None = None) -> Network:
    """Load a model's folder for real, and write the network if it works; NetworkError where it does not."""
    loaded = loading.load_folder(folder)
    return store_network(
        description=loaded.description,
        weights=find_weights(folder),
        sha256=loaded.sha256,
        performance=read_measured(folder, loaded.sha256),
        actor=actor,
    )


def load_network(network: Network, device: torch.device | None = None) -> nn.Module:
    """The network in evaluation mode, its weights' hash checked."""
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        with default_storage.open(network.weights) as source, weights.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        model = loading.load_network(description_of(network), weights).model
    return model.to(device or default_device()).eval()


def default_device() -> torch.device:
    """The accelerator where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def prepare(image: Image, network: Network, device: torch.device | None = None) -> Tensor:
    """The image as the network reads it, `(1, C, H, W)`; a stack of slices is an error that says so."""
    if image.slices != 1:
        raise ImageNotReadable(
            f"The model {network.slug!r} reads single pictures, and {image.case.slug} has {image.slices} slices."
        )
    array = prepared_pixels(image_pixels(image)[0], preprocessing_of(network))
    return torch.from_numpy(array)[None].to(device or default_device())


def on_image_grid(maps: Tensor, image: Image) -> Tensor:
    """Maps `(B, C, h, w)` of the network's grid on the image's pixels, `(B, C, rows, columns)`, bilinear."""
    return functional.interpolate(maps, size=(image.rows, image.columns), mode="bilinear", align_corners=False)


def as_map(array: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """A stored map `(h, w)` on another grid `(rows, columns)`, bilinear, `align_corners=False`."""
    found = functional.interpolate(
        torch.from_numpy(array)[None, None], size=(rows, columns), mode="bilinear", align_corners=False
    )
    return found[0, 0].numpy()
