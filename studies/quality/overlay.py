"""Whether the map that was to be judged was ever on the screen."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studies.quality import registry
from studies.quality.base import Check, Readings
from studies.quality.limits import Quality


@registry.register
@dataclass(frozen=True)
class OverlayNeverShown(Check):
    """A finished trial with a map whose events never tell of a map on the screen."""

    name = "overlay-never-shown"
    title = "Map never displayed"
    level = "trial"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """Only where events came: without any nothing is known."""
        hidden = readings["overlay_shown"].map(lambda shown: shown is not None and not pd.isna(shown) and not shown)
        return readings["done"].astype(bool) & readings["overlay_due"].astype(bool) & hidden.astype(bool)
