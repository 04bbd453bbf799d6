"""The ways of showing a map by name, and the numbers that a shown map stands for.

A presentation's name is its mode and its sign rule: `native-positive`, `harmonised-signed`. What a reader sees of a map
is its shown bytes, each of them one entry of the colour table; entries climb in lightness, so that the bytes are the
numbers which the colours stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from portal.display.errors import MapError
from portal.display.harmonised import harmonised
from portal.display.native import native
from portal.display.resample import resample
from portal.display.sign import ZERO, Sign
from portal.display.stimulus import Stimulus

MODES: dict[str, Callable[..., Stimulus]] = {"native": native, "harmonised": harmonised}
PRESENTATIONS = tuple(f"{mode}-{sign}" for mode in MODES for sign in get_args(Sign))


def presented(saliency: NDArray[Any], presentation: str, *, rows: int, columns: int) -> Stimulus:
    """A raw map as readers see it on an image of `rows` x `columns`."""
    mode, sign = split(presentation)
    return MODES[mode](saliency, rows=rows, columns=columns, sign=sign)


def split(presentation: str) -> tuple[str, Sign]:
    """The mode and the sign rule of a presentation's name; MapError where there is no such presentation."""
    if presentation not in PRESENTATIONS:
        raise MapError(f"Maps are shown in one of {', '.join(PRESENTATIONS)}; {presentation!r} is none of them.")
    mode, sign = presentation.split("-")
    return mode, cast(Sign, sign)


def shown_values(shown: NDArray[np.uint8], sign: Sign) -> NDArray[np.float64]:
    """The numbers that shown bytes stand for: 0 to 1, or -1 to 1 for a signed map; `quantise` turned back."""
    if sign == "signed":
        return np.maximum((shown.astype(np.float64) - ZERO) / 127.0, -1.0)
    return shown.astype(np.float64) / 255.0


def seen(saliency: NDArray[Any], presentation: str, *, rows: int, columns: int) -> tuple[NDArray[np.float32], Stimulus]:
    """A map as readers see it, brought back to the raw map's own grid by the resampling that shrinks images too.

    What is left of it are relative strengths in 256 steps: the parts that the sign rule hides and the map's own unit
    are gone. Returns the numbers with the stimulus that they were read from.
    """
    stimulus = presented(saliency, presentation, rows=rows, columns=columns)
    values = shown_values(stimulus.array, split(presentation)[1])
    return resample(values, *np.shape(saliency)[-2:]).astype(np.float32), stimulus
