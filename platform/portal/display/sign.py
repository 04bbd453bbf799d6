"""One rule for a map's sign, chosen by the protocol and applied to every method alike."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from portal.display.errors import MapError

Sign = Literal["positive", "absolute", "signed"]

ZERO = 128
"""The byte that stands for zero in a signed map: 1 is the most negative, 255 the most positive value."""


def apply_sign(saliency: NDArray[np.float64], sign: Sign) -> NDArray[np.float64]:
    """Keep what the rule shows: evidence for the target, evidence either way, or both with their signs."""
    if sign not in get_args(Sign):
        raise MapError(f"The sign rule is one of {', '.join(get_args(Sign))}; '{sign}' is none of them.")
    if sign == "positive":
        return np.maximum(saliency, 0.0)
    return np.abs(saliency) if sign == "absolute" else saliency


def quantise(shown: NDArray[np.float64], sign: Sign) -> NDArray[np.uint8]:
    """Values in [0, 1] (signed: [-1, 1]) become bytes; a signed zero is exactly 128."""
    if sign == "signed":
        return np.rint(ZERO + 127.0 * np.clip(shown, -1.0, 1.0)).astype(np.uint8)
    return np.rint(255.0 * np.clip(shown, 0.0, 1.0)).astype(np.uint8)
