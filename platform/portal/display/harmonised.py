"""The harmonised presentation: texture, range and lit area made alike, so that the look tells less of the method.

It changes the explanation, and it does not hide the method fully; which is why it is a named mode of its own, recorded,
and why metrics are computed for the shown map too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from portal.display.errors import MapError
from portal.display.resample import resample
from portal.display.sign import Sign, apply_sign, quantise
from portal.display.stimulus import Stimulus, checked, grid, record_of


def harmonised(
    saliency: NDArray[Any],
    *,
    rows: int,
    columns: int,
    sign: Sign = "positive",
    cells: int = 64,
    blur: float = 2.5,
    area: float = 0.1,
) -> Stimulus:
    """Common grid, common blur, rank equalisation, area budget; then up to the image's grid.

    `cells` is the common grid's longer side, `blur` the Gaussian's standard deviation in its cells, `area` the share
    of cells that is lit, from barely to fully. Ranks replace magnitudes, ties share theirs, so a constant map lights
    nothing.
    """
    if cells < 2 or blur < 0 or not 0.0 < area <= 1.0:
        raise MapError("Harmonising needs at least 2 cells, a blur of 0 or more, and an area above 0 and up to 1.")
    height, width = grid(rows, columns)
    longer = max(height, width)
    common = (max(1, round(cells * height / longer)), max(1, round(cells * width / longer)))
    coarse = apply_sign(resample(checked(saliency), *common), sign)
    smooth = gaussian_filter(coarse, sigma=(0.0,) * (coarse.ndim - 2) + (blur, blur), mode="nearest")
    array = quantise(resample(_equalised(smooth, area), height, width), sign)
    facts = {"sign": sign, "grid": list(common), "blur": blur, "area": area}
    return Stimulus(array, record_of(array, saliency, presentation="harmonised", **facts))


def _equalised(smooth: NDArray[np.float64], area: float) -> NDArray[np.float64]:
    """Replace magnitudes by ranks and keep the top share, from 0 at its border to 1 at the maximum."""
    magnitudes = np.abs(smooth)
    top = float(magnitudes.max())
    if top == 0.0 or magnitudes.size < 2:
        return np.zeros_like(smooth)
    steady = np.round(magnitudes / top, 9)  # rounding noise of the blur must not earn ranks
    quantiles = (rankdata(steady, method="average").reshape(smooth.shape) - 1.0) / (smooth.size - 1.0)
    lit = np.clip((quantiles - (1.0 - area)) / area, 0.0, 1.0)
    if steady.min() == steady.max():
        lit = np.zeros_like(lit)
    return np.asarray(lit * np.sign(smooth))
