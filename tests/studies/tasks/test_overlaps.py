"""Overlap, distance of boundaries, and consensus. Oracles: sums by hand, and brute force over all boundary pixels."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from studies.tasks.consensus import against_others, agreement, consensus
from studies.tasks.overlaps import boundary_distance, dice, marked_against, top_area
from studies.tasks.regions import Mask, Region

masks = arrays.arrays(np.bool_, (7, 6))


def square(left: int, top: int, side: int, size: int = 20) -> Mask:
    mask = np.zeros((size, size), dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def boundary_by_hand(mask: Mask) -> list[tuple[int, int]]:
    rows, columns = mask.shape
    near = ((0, 1), (0, -1), (1, 0), (-1, 0))
    return [
        (row, column)
        for row, column in product(range(rows), range(columns))
        if mask[row, column]
        and any(
            not (0 <= row + down < rows and 0 <= column + right < columns and mask[row + down, column + right])
            for down, right in near
        )
    ]


@given(first=masks, second=masks)
@settings(max_examples=60, deadline=None)
def test_boundary_distance_is_that_of_all_pairs_of_boundary_pixels(first: Mask, second: Mask) -> None:
    one, other = boundary_by_hand(first), boundary_by_hand(second)
    if not one or not other:
        assert boundary_distance(first, second) is None
        return
    nearest = [min(np.hypot(a - c, b - d) for c, d in other) for a, b in one]
    nearest += [min(np.hypot(a - c, b - d) for c, d in one) for a, b in other]
    assert boundary_distance(first, second) == pytest.approx(float(np.mean(nearest)))


def test_a_square_moved_aside() -> None:
    assert boundary_distance(square(2, 2, 6), square(2, 2, 6)) == 0.0
    assert dice(square(2, 2, 4), square(4, 2, 4)) == 0.5
    assert dice(np.zeros((3, 3), bool), np.zeros((3, 3), bool)) == 1.0


def test_marks_against_a_region() -> None:
    box = Region("box", ((2.0, 2.0), (8.0, 8.0)))
    found = marked_against([box], square(2, 2, 6), "map-")
    assert found == {"map-iou": 1.0, "map-hit": 1.0, "map-boundary": 0.0}
    assert marked_against([box], square(12, 12, 4))["hit"] == 0.0
    assert set(marked_against([box], np.zeros((20, 20), bool)).values()) == {None}


def test_the_top_of_a_map_is_its_brightest_tenth() -> None:
    shown = np.arange(100, dtype=np.uint8).reshape(1, 10, 10)
    assert top_area(shown).sum() == 10
    assert top_area(shown)[9].all()
    assert not top_area(np.zeros((10, 10), np.uint8)).any()


def test_a_consensus_is_what_most_marked() -> None:
    three = [square(2, 2, 6), square(2, 2, 6), square(10, 10, 4)]
    assert (consensus(three) == square(2, 2, 6)).all()
    assert (consensus(three, 0.0) == square(2, 2, 6) | square(10, 10, 4)).all()
    assert not consensus(three, 0.9).any()
    assert agreement(three) == pytest.approx(1 / 3)
    # The third one's others agree, so that it misses them; for either of the others nothing is common.
    assert against_others(three) == [0.0, 0.0, 0.0]
    assert against_others([square(2, 2, 6)] * 3) == [1.0, 1.0, 1.0]
    assert against_others([square(2, 2, 6)]) == [None]
    with pytest.raises(ValueError, match="at least one"):
        consensus([])
