"""What several readers marked in one image: how far they agree, and the region that most of them marked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from studies.tasks.regions import Mask, iou


def consensus(masks: Sequence[Mask], share: float = 0.5) -> Mask:
    """The pixels that more than this share of the readers marked, `(rows, columns)`.

    Such a region, of readers who saw the image alone, is the human benchmark that maps can be held against.
    """
    if not masks:
        raise ValueError("A consensus needs at least one reader's marks.")
    if not 0 <= share < 1:
        raise ValueError(f"The share is from 0 to below 1, not {share}.")
    return np.asarray(np.mean(np.stack(masks), axis=0) > share, dtype=bool)


def agreement(masks: Sequence[Mask]) -> float | None:
    """The mean overlap (intersection over union) over all pairs of readers; None where no pair has any mark."""
    overlaps = [found for one, two in combinations(masks, 2) if (found := iou(one, two)) is not None]
    return float(np.mean(overlaps)) if overlaps else None


def against_others(masks: Sequence[Mask]) -> list[float | None]:
    """Each reader's overlap with the consensus of all others; None for a reader alone, or where nobody marked."""
    if len(masks) < 2:
        return [None] * len(masks)
    return [iou(mask, consensus([*masks[:place], *masks[place + 1 :]])) for place, mask in enumerate(masks)]
