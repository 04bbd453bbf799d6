"""When an answer or a reader is flagged: the thresholds that a protocol fixes before the first answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _share(default: float, words: str) -> Any:
    return field(default=default, metadata={"minimum": 0, "maximum": 1, "help": words})


@dataclass(frozen=True)
class Quality:
    """Thresholds of the quality checks, which flag and delete nothing; `exclusions` names those that exclude."""

    min_seconds: float = field(
        default=2.0, metadata={"minimum": 0, "maximum": 600, "help": "Fewer active seconds are too fast."}
    )
    fast_share: float = _share(0.2, "Less than this share of the reader's own median is too fast.")
    max_seconds: float = field(
        default=600.0, metadata={"minimum": 1, "maximum": 86_400, "help": "More active seconds are too slow."}
    )
    catch_share: float = _share(0.34, "A reader who fails more than this share of the catch trials is flagged.")
    longest_run: int = field(
        default=12,
        metadata={"minimum": 3, "maximum": 1000, "help": "So many equal answers on end are flagged."},
    )
    side_share: float = _share(0.8, "A reader who prefers one side in more than this share of pairs is flagged.")
    repeat_tolerance: float = _share(0.25, "The median difference of repeats, as a share of the scale, to be flagged.")
    focus_loss: float = _share(0.2, "More than this share of a trial away from the page is flagged.")
    min_width: int = field(
        default=768, metadata={"minimum": 1, "maximum": 10_000, "help": "A window narrower than this is flagged."}
    )
    min_pixel_ratio: float = field(
        default=1.0, metadata={"minimum": 0.1, "maximum": 4, "help": "Fewer device pixels a CSS pixel are flagged."}
    )
    trend: float = _share(0.25, "Drift from the first to the last answers, as a share of the scale, to be flagged.")
