"""Marks follow the reference region as far as the reader sees the finding; guesses of techniques follow nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from studies.simulation.answering import Answers, Sight, habit
from studies.simulation.readers import SimulatedReader
from studies.tasks.overlaps import dice
from studies.tasks.regions import LARGEST, Mask

JITTER = 1.5
"""Standard deviation of a corner, in pixels."""


@habit("annotation")
def outline(reader: SimulatedReader, sight: Sight) -> Answers:
    """A box around the finding where the reader sees it; a small one in a corner where they are wrong."""
    if reader.read(sight.first) < 50:
        return {"present": "no"}
    return {"present": "yes", "region": [box_around(reader, sight, sight.truth.mask)]}


@habit("action")
def decide(reader: SimulatedReader, sight: Sight) -> Answers:
    """A result is acted on like a plausible map is rated, and changes less than it is acted on."""
    liked = reader.rate(sight.first, sight.occurrence)["coverage"]
    return {"change": max(1, liked - 1), "act": liked}


def box_around(reader: SimulatedReader, sight: Sight, mask: Mask | None) -> dict[str, Any]:
    """A box around a region, each side a little off."""
    top, bottom, left, right = (4.0, 12.0, 4.0, 12.0)
    if mask is not None and mask.any():
        rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
        top, bottom, left, right = rows[0], rows[-1] + 1.0, columns[0], columns[-1] + 1.0
    off = reader.rng("corners", sight.first.case, sight.occurrence).normal(0.0, JITTER, 4)
    first = [float(np.clip(left + off[0], 0, LARGEST)), float(np.clip(top + off[1], 0, LARGEST))]
    second = [max(first[0] + 1, float(right + off[2])), max(first[1] + 1, float(bottom + off[3]))]
    points = [[round(column, 2), round(row, 2)] for column, row in (first, second)]
    return {"kind": "box", "slice": 0, "points": points}


@habit("shortcut")
def suspect(reader: SimulatedReader, sight: Sight) -> Answers:
    """Calibrated readers notice a planted feature where a relying network's map lies on it; others hardly ever."""
    planted = sight.truth.planted is not None and bool(sight.truth.planted.any())
    relying = sight.truth.network in getattr(sight.task, "relying", ())
    odds = {"calibrated": 0.7, "trusting": 0.2, "lazy": 0.1}[reader.kind] if planted and relying else 0.05
    if reader.rng("suspects", sight.first.case, sight.first.map, sight.occurrence).random() > odds:
        return {"suspected": "no"}
    marks = [box_around(reader, sight, sight.truth.planted)] if planted else []
    return {"suspected": "yes", "what": "A mark that is no anatomy."} | ({"where": marks} if marks else {})


@habit("segmentation-review")
def review(reader: SimulatedReader, sight: Sight) -> Answers:
    """A mask that looks right is accepted, one that does not is drawn over with the reader's own box."""
    shown = sight.truth.maps[0] if sight.truth.maps else None
    if shown is None or sight.truth.mask is None:
        return {"verdict": "accept"}
    looks = dice(shown.reshape(sight.truth.mask.shape) > 0, sight.truth.mask)
    if looks + 0.1 * reader.rng("review", sight.first.case, sight.occurrence).normal() > 0.7:
        return {"verdict": "accept"}
    if not sight.truth.mask.any():
        return {"verdict": "reject"}
    box = box_around(reader, sight, sight.truth.mask)
    (left, top), (right, bottom) = box["points"]
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {"verdict": "edit", "add": [box | {"kind": "polygon", "points": corners}]}
