"""What can be wrong with cases."""

from __future__ import annotations


class CatalogError(ValueError):
    """Something that cannot be done with these cases."""


class UnknownDataset(CatalogError):
    """There is no dataset of this name."""


class AlreadyDecided(CatalogError):
    """Somebody has already approved or rejected this case."""
