"""Quality checks of answers and readers: one idea a file, pure functions of one table. They flag and never delete."""

from __future__ import annotations

from foundation.registry import Registry
from studies.quality.base import Check, Flagged, Readings
from studies.quality.limits import Quality

registry: Registry[Check] = Registry("studies.quality", Check)

__all__ = ["Check", "Flagged", "Quality", "Readings", "flags_of", "registry"]


def flags_of(readings: Readings, limits: Quality) -> Flagged:
    """Every check's flags of these readings."""
    return Flagged({check.name: check().flag(readings, limits) for check in registry})
