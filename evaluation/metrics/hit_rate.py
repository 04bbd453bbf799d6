"""Hit rate: how many of the true region's parts the map finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.localisation import EMPTY_MASK, flat_masks

WITH_DIAGONALS = np.ones((3, 3), dtype=int)


@registry.register
@dataclass(frozen=True)
class HitRate(Metric):
    """The share of the mask's connected parts that hold a local maximum among the map's top pixels.

    A local maximum is a pixel that none of its eight neighbours exceeds; it is among the top if its expected rank
    is, so flat ground (a constant map, the zeros of a rectified one) holds none. Parts touch at corners too.
    Generalises the hit rate of Saporta et al. (2022) to several lesions.
    """

    name: ClassVar[str] = "hit-rate"
    title: ClassVar[str] = "Hit rate"
    reference: ClassVar[str] = "Saporta et al. (2022), Nature Machine Intelligence 4; doi:10.1038/s42256-022-00536-x"
    family: ClassVar = "localisation"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("coherence",)
    needs: ClassVar[frozenset[str]] = frozenset({"mask"})
    summary: ClassVar[str] = "The share of the separate true regions that hold one of the map's strongest peaks."
    caveat: ClassVar[str] = "A noisy map has peaks everywhere in its top pixels and hits large regions by chance."
    formula: ClassVar[str] = "share of the mask's connected parts with a local maximum among the map's top pixels"
    span: ClassVar[str] = "0 to 1"
    undefined_when: ClassVar[str] = "For an empty mask."

    top_percent: float = field(
        default=5.0, metadata={"help": "Share of the map's pixels that count as its top, in percent", "minimum": 0.0}
    )
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read"})

    def judge(self, inputs: Inputs) -> Scored:
        """The share of parts that are hit."""
        empty = ~flat_masks(inputs).any(1)
        peaks = self._peaks(inputs.maps)
        masks = flat_masks(inputs).view_as(peaks)
        shares = [_share_hit(mask, peak) for mask, peak in zip(masks, peaks, strict=True)]
        return Scored.of(torch.tensor(shares, dtype=torch.float64, device=peaks.device), (empty, EMPTY_MASK))

    def _peaks(self, maps: Tensor) -> Tensor:
        """Local maxima among the top pixels: `(B, H, W)` bool."""
        rows = signed_maps(maps, self.sign)
        counted = max(1.0, min(rows.shape[1], rows.shape[1] * self.top_percent / 100))
        values = rows.view_as(maps)
        highest = functional.max_pool2d(functional.max_pool2d(values[:, None], (3, 1), 1, (1, 0)), (1, 3), 1, (0, 1))
        return _among_top(rows, counted).view_as(maps) & (highest[:, 0] == values)


def _among_top(rows: Tensor, counted: float) -> Tensor:
    """Which of `(B, P)` have an expected rank of at most `counted`: all above the border, and its ties if they do."""
    border = rows.kthvalue(rows.shape[1] - int(counted) + 1, 1, keepdim=True).values
    above, tied = rows > border, rows == border
    rank_of_tied = above.sum(1, keepdim=True) + (tied.sum(1, keepdim=True) + 1) / 2
    return above | (tied & (rank_of_tied <= counted))


def _share_hit(mask: Tensor, peaks: Tensor) -> float:
    parts, count = ndimage.label(mask.cpu().numpy(), structure=WITH_DIAGONALS)
    hit = np.unique(parts[peaks.cpu().numpy()])
    return float((hit > 0).sum()) / count if count else 0.0
