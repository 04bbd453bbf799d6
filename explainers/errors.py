"""What can be wrong with a request for an explanation; each message is one sentence for the person who asked."""

from __future__ import annotations


class ExplainError(ValueError):
    """The explanation cannot be made from these arguments."""


class ImageError(ExplainError):
    """The images do not have the shape, type or values that the network takes."""


class LayerError(ExplainError):
    """The network has no such layer, or the layer's output is no stack of feature maps."""


class MissingInputError(ExplainError):
    """The method needs masks or donors that were not given, or that do not fit the images."""


class NetworkError(ExplainError):
    """The method does not hold for this network."""
