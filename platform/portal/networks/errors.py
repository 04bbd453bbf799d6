"""What can be wrong with a network that someone hands in."""

from __future__ import annotations


class NetworkError(ValueError):
    """The network cannot be used."""


class DescriptionError(NetworkError):
    """The model.json is missing, unreadable or says something that is not allowed."""


class ArchitectureError(NetworkError):
    """The architecture is not registered, or cannot be built with these arguments."""


class WeightsError(NetworkError):
    """The weights are not a safetensors file, or do not fit the architecture."""


class UnknownNetwork(NetworkError):
    """There is no network of this name."""


class NetworkInUse(NetworkError):
    """A network with results cannot be given other weights."""


class ImageNotReadable(NetworkError):
    """An image that the network cannot read."""
