"""The native presentation: the map as its method made it, blinded to name only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.display.errors import MapError
from portal.display.resample import resample
from portal.display.sign import Sign, apply_sign, quantise
from portal.display.stimulus import Stimulus, checked, grid, record_of


def native(
    saliency: NDArray[Any], *, rows: int, columns: int, sign: Sign = "positive", ceiling: float = 99.5
) -> Stimulus:
    """Resample to the image's grid, apply the sign rule, divide by one robust maximum, quantise.

    `ceiling` is the percentile, among the magnitudes above zero on the image's grid, that is shown at full strength;
    100 is the maximum. Counting only what is above zero keeps a map of a few points from vanishing. A map of zeros
    stays a map of zeros.
    """
    if not 0.0 < ceiling <= 100.0:
        raise MapError(f"The ceiling is a percentile above 0 and up to 100; got {ceiling}.")
    on_grid = resample(checked(saliency), *grid(rows, columns))
    shown = apply_sign(on_grid, sign)
    scale = _scale(shown, ceiling)
    array = quantise(shown / scale if scale > 0 else np.zeros_like(shown), sign)
    return Stimulus(array, record_of(array, saliency, presentation="native", sign=sign, ceiling=ceiling, scale=scale))


def _scale(shown: NDArray[np.float64], ceiling: float) -> float:
    magnitudes = np.abs(shown)
    lit = magnitudes[magnitudes > 0]
    return float(np.percentile(lit, ceiling)) if lit.size else 0.0
