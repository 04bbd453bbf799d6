"""Loading a network: safetensors into a registered architecture, checked before it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from portal.networks.architectures import build
from portal.networks.description import Description, read_description
from portal.networks.errors import NetworkError, WeightsError
from portal.networks.weightfiles import LARGEST_WEIGHTS, find_weights, inspect_weights


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """A network in evaluation mode with what is known of it."""

    description: Description
    model: nn.Module
    sha256: str
    size: int
    parameters: int


def load_folder(folder: Path, largest: int = LARGEST_WEIGHTS) -> LoadedNetwork:
    """Load `model.json` and `weights.safetensors` from a folder."""
    if not folder.is_dir():
        raise NetworkError(f"There is no folder {folder.name}.")
    weights = find_weights(folder)
    return load_network(read_description(folder), weights, largest)


def load_network(description: Description, weights: Path, largest: int = LARGEST_WEIGHTS) -> LoadedNetwork:
    """Build the described architecture, fill it, and try it once on an empty image."""
    found = inspect_weights(weights, largest)
    if description.sha256 not in (None, found.sha256):
        raise WeightsError(f"{weights.name} is not the file that the description names: its SHA-256 differs.")
    model = build(description.architecture, description.arguments)
    _compare(model.state_dict(), found.shapes)
    model.load_state_dict(_read(weights))
    _probe(model, description)
    count = sum(parameter.numel() for parameter in model.parameters())
    return LoadedNetwork(description, model.requires_grad_(True).eval(), found.sha256, found.size, count)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        tensors = load_file(path, device="cpu")
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path.name} is not a readable safetensors file.") from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise WeightsError(f"The weights of {name} are not finite numbers.")
    return tensors


def _compare(wanted: dict[str, Tensor], found: dict[str, tuple[int, ...]]) -> None:
    """Raise with the first difference between a network's weights and a file's."""
    missing, unexpected = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing:
        raise WeightsError(f"The weights do not fit: {missing[0]} is missing ({len(missing)} missing in all).")
    if unexpected:
        raise WeightsError(f"The weights do not fit: {unexpected[0]} is unknown ({len(unexpected)} unknown in all).")
    for name, tensor in wanted.items():
        if tuple(tensor.shape) != found[name]:
            raise WeightsError(f"The weights do not fit: {name} is {found[name]}, not {tuple(tensor.shape)}.")


def _probe(model: nn.Module, description: Description) -> None:
    steps = description.preprocessing
    try:
        with torch.no_grad():
            output = model(torch.zeros(1, steps.channels, *steps.size))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise NetworkError(
            f"The network cannot read images of the size and channels that it describes: {str(error).splitlines()[0]}"
        ) from error
    classes = len(description.classes)
    wanted = (1, classes) if description.task == "classification" else (1, classes, *steps.size)
    if not isinstance(output, Tensor) or tuple(output.shape) != wanted:
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise NetworkError(f"The network answers {shape}; its task and classes call for {wanted}.")
    if description.layer is not None and description.layer not in dict(model.named_modules()):
        raise NetworkError(f"The network has no layer {description.layer!r}.")
