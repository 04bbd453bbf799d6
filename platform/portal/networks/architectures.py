"""Registered architectures: MONAI's two-dimensional networks by name, others by entry point; nothing else is built."""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import monai.networks.nets as nets
import torch
from torch import nn

from portal.networks.errors import ArchitectureError

PREFIX = "monai:"
ENTRY_POINTS = "heatproof.architectures"
LARGEST_NETWORK = 300_000_000  # parameters


@functools.cache
def monai_networks() -> dict[str, type[nn.Module]]:
    """MONAI's networks that can be told to be two-dimensional, by the name of their class."""
    found = {name: value for name, value in vars(nets).items() if inspect.isclass(value) and value.__name__ == name}
    return {name: value for name, value in sorted(found.items()) if issubclass(value, nn.Module) and _planar(value)}


def names() -> list[str]:
    """Everything that a model.json may name as its architecture."""
    others = [entry.name for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    return [PREFIX + name for name in monai_networks()] + sorted(others)


def build(architecture: str, arguments: dict[str, Any]) -> nn.Module:
    """A network with fresh weights, in evaluation mode; the global random state is left as it was.

    It is first built without memory, so that a network of unreasonable size is refused before it takes any.
    """
    maker, keywords = _maker(architecture), dict(arguments)
    if architecture.startswith(PREFIX):
        keywords = _planar_arguments(architecture, keywords)
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in _made(architecture, maker, keywords).parameters())
    if size > LARGEST_NETWORK:
        raise ArchitectureError(
            f"{architecture} would have {size:,} parameters; at most {LARGEST_NETWORK:,} are built."
        )
    return _made(architecture, maker, keywords).eval()


def _made(architecture: str, maker: Callable[..., Any], keywords: dict[str, Any]) -> nn.Module:
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the makers' own, about their defaults
            network = maker(**keywords)
    except Exception as error:  # anything may come out of a constructor given a stranger's arguments
        raise ArchitectureError(f"{architecture} cannot be built with these arguments: {_first_line(error)}") from error
    if not isinstance(network, nn.Module):
        raise ArchitectureError(f"{architecture} does not make a torch module.")
    if architecture.startswith(PREFIX):
        network.register_forward_hook(_logits)
    return network


def _logits(network: nn.Module, arguments: tuple[Any, ...], output: Any) -> Any:
    """The logits alone where one of MONAI's networks (ViT, for one) returns its hidden states beside them."""
    return output[0] if isinstance(output, tuple) else output


def _maker(architecture: str) -> Callable[..., Any]:
    if architecture.startswith(PREFIX):
        name = architecture.removeprefix(PREFIX)
        if name in monai_networks():
            return monai_networks()[name]
    else:
        for entry in importlib.metadata.entry_points(group=ENTRY_POINTS, name=architecture):
            return entry.load()  # type: ignore[no-any-return]
    raise ArchitectureError(f"The architecture {architecture!r} is not registered.")


def _planar_arguments(architecture: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments for two dimensions and without downloads."""
    if arguments.get("spatial_dims", 2) != 2:
        raise ArchitectureError(f"{architecture} is built in two dimensions, not {arguments['spatial_dims']!r}.")
    if arguments.get("pretrained"):
        raise ArchitectureError(f"{architecture} cannot fetch pretrained weights; its own come as safetensors.")
    signature = _parameters(monai_networks()[architecture.removeprefix(PREFIX)])
    extra = {"pretrained": False} if "pretrained" in signature else {}
    return {**arguments, "spatial_dims": 2, **extra}


def _planar(network: type[nn.Module]) -> bool:
    return "spatial_dims" in _parameters(network)


def _parameters(network: type[nn.Module]) -> set[str]:
    """The names that a class takes, those that it hands on to its base included."""
    found: set[str] = set()
    for base in network.__mro__:
        if base is nn.Module:
            break
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters
        found |= set(parameters)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            break
    return found


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".") + "."
