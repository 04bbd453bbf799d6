"""The map as it is shown, with the record of how it came about."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.display.errors import MapError


@dataclass(frozen=True, eq=False)
class Stimulus:
    """What a reader sees of a map.

    `array` is uint8 on the image's grid, (rows, columns) or (slices, rows, columns); `record` names the presentation,
    its parameters and the scale that was found. The record is for provenance and never leaves for the reader.
    """

    array: NDArray[np.uint8]
    record: dict[str, Any]

    @property
    def payload(self) -> bytes:
        """The bytes to send: as many as the image has pixels, whatever the map."""
        return self.array.tobytes()


def checked(saliency: NDArray[Any]) -> NDArray[np.float64]:
    """A finite float64 copy of a (rows, columns) or (slices, rows, columns) map."""
    values = np.array(saliency, dtype=np.float64)
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise MapError(f"A saliency map has two dimensions, or three with slices; this one has shape {values.shape}.")
    if not np.isfinite(values).all():
        raise MapError("The saliency map holds values that are not finite numbers.")
    return values


def grid(rows: int, columns: int) -> tuple[int, int]:
    """The image's grid, checked."""
    if rows < 1 or columns < 1:
        raise MapError(f"An image has at least one row and one column; got {rows} x {columns}.")
    return rows, columns


def record_of(array: NDArray[np.uint8], saliency: NDArray[Any], **facts: object) -> dict[str, Any]:
    """Facts of a presentation, JSON-ready, with the shown bytes' hash."""
    return {
        **facts,
        "interpolation": "bilinear",
        "source_shape": [int(side) for side in np.shape(saliency)],
        "shown_shape": [int(side) for side in array.shape],
        "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
    }
