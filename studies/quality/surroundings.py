"""Where and on what a reader read: off the page, on a small screen, with colours that look alike."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studies.quality import registry
from studies.quality.base import Check, Readings
from studies.quality.limits import Quality


@registry.register
@dataclass(frozen=True)
class FocusLoss(Check):
    """Too much of the trial was spent off its page."""

    name = "focus-loss"
    title = "Away from the page"
    level = "trial"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By the share of the time."""
        return readings["away"].astype(float) > limits.focus_loss


@registry.register
@dataclass(frozen=True)
class SmallScreen(Check):
    """The window was narrow, or the screen had less than a device pixel for each CSS pixel."""

    name = "small-screen"
    title = "Window too small or screen too coarse"
    level = "trial"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By width in CSS pixels and by the device's pixel ratio; a ratio is compared with some slack for rounding."""
        narrow = readings["width"].astype(float) < limits.min_width
        return narrow | (readings["pixel_ratio"].astype(float) < limits.min_pixel_ratio - 1e-6)


@registry.register
@dataclass(frozen=True)
class FailedColourCheck(Check):
    """The colour plates suggest that the reader's colours differ from the colour scale's."""

    name = "failed-colour-check"
    title = "Colour check not passed"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """As the screening itself judged."""
        return readings["colour_failed"].astype(bool)
