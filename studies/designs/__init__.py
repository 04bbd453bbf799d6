"""The designs that say which reader sees which case in which arm: one file, one class each."""

from __future__ import annotations

from foundation.registry import Registry
from studies.designs.base import Design, DesignError, Limits, Planned, Purpose

registry: Registry[Design] = Registry("studies.designs", Design)

__all__ = ["Design", "DesignError", "Limits", "Planned", "Purpose", "registry"]
