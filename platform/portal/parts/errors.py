"""What can be wrong with a part that someone names."""

from __future__ import annotations


class PartError(ValueError):
    """No such part, or a parameter that it does not have."""
