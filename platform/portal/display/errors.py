"""What can be wrong with an image or a map that is to be shown."""

from __future__ import annotations


class DisplayError(ValueError):
    """An image or a map cannot be shown."""


class MapError(DisplayError):
    """The saliency map cannot be shown."""


class ImageError(DisplayError):
    """The image cannot be shown."""
