"""Maps as they are scored: raw, or as readers see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundation.provenance import digest_array
from portal.display import seen
from portal.explanations.models import Explanation, Presentation
from portal.explanations.selectors import map_of


@dataclass(frozen=True, eq=False)
class Reading:
    """One map in one presentation; `shown` is the content hash of the bytes that readers get, empty for a raw map."""

    explanation: Explanation
    presentation: str
    shown: str
    values: NDArray[np.float32]

    @property
    def key(self) -> str:
        """Unique among the readings of an image."""
        return f"{self.explanation.pk} {self.presentation}"


def readings(explanation: Explanation, presentations: Iterable[str]) -> list[Reading]:
    """A map in each of these presentations, on the network's input grid `(rows, columns)`."""
    raw, image = map_of(explanation), explanation.image
    found = []
    for presentation in presentations:
        if presentation == Presentation.RAW:
            found.append(Reading(explanation, presentation, "", raw))
        else:
            values, stimulus = seen(raw, presentation, rows=image.rows, columns=image.columns)
            found.append(Reading(explanation, presentation, digest_array(stimulus.array), values))
    return found
