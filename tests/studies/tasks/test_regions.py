"""Marks are read, refused, filled and compared. Oracle for outlines: matplotlib's point-in-path test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Outline

from studies.tasks.regions import MOST_REGIONS, Region, WrongRegion, hits, iou, rasterise, read_regions

ROWS, COLUMNS = 24, 30
BOX = {"kind": "box", "slice": 0, "points": [[2, 3], [6, 8]]}
# Odd hundredths never fall on a pixel's centre or edge, where two oracles may differ by convention.
PLACE = st.tuples(
    st.integers(-40, 340).map(lambda n: n / 10 + 0.013), st.integers(-40, 280).map(lambda n: n / 10 + 0.017)
)


@settings(deadline=None)
@given(st.lists(PLACE, min_size=3, max_size=9, unique=True))
def test_outlines_fill_by_the_even_odd_rule(points: list[tuple[float, float]]) -> None:
    """Oracle: how many edges a ray from each pixel's centre to the right crosses."""
    filled = rasterise([Region("polygon", tuple(points))], ROWS, COLUMNS)
    column, row = np.meshgrid(np.arange(COLUMNS) + 0.5, np.arange(ROWS) + 0.5)
    crossed = np.zeros((ROWS, COLUMNS), dtype=int)
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        if y0 != y1:
            crossed += ((y0 > row) != (y1 > row)) & (column < x0 + (row - y0) * (x1 - x0) / (y1 - y0))
    if (crossed % 2).any():
        assert (filled == (crossed % 2 == 1)).all()


def test_a_plain_polygon_fills_as_matplotlib_says() -> None:
    points = [(3.2, 2.1), (20.7, 4.4), (25.3, 17.8), (11.6, 21.2), (5.4, 12.9)]
    filled = rasterise([Region("polygon", tuple(points))], ROWS, COLUMNS)
    centres = np.stack(np.meshgrid(np.arange(COLUMNS) + 0.5, np.arange(ROWS) + 0.5), axis=-1).reshape(-1, 2)
    assert (filled == Outline(points).contains_points(centres).reshape(ROWS, COLUMNS)).all()


def test_a_box_covers_its_pixels_whichever_corners_are_given() -> None:
    expected = np.zeros((ROWS, COLUMNS), dtype=bool)
    expected[3:8, 2:6] = True
    for corners in (((2, 3), (6, 8)), ((6, 8), (2, 3)), ((2, 8), (6, 3))):
        assert (rasterise([Region("box", corners)], ROWS, COLUMNS) == expected).all()


def test_points_and_slivers_mark_their_own_pixels() -> None:
    assert np.argwhere(rasterise([Region("point", ((4.9, 7.0),))], ROWS, COLUMNS)).tolist() == [[7, 4]]
    sliver = Region("polygon", ((4.1, 7.1), (4.2, 7.1), (4.2, 7.2)))
    assert np.argwhere(rasterise([sliver], ROWS, COLUMNS)).tolist() == [[7, 4]]
    assert not rasterise([Region("point", ((400.0, 7.0),))], ROWS, COLUMNS).any()


def test_only_the_slice_asked_for_is_filled() -> None:
    regions = [Region("point", ((1.0, 1.0),), slice=2)]
    assert not rasterise(regions, 4, 4).any()
    assert rasterise(regions, 4, 4, slice=2).sum() == 1


def test_iou_and_hits() -> None:
    first = rasterise([Region("box", ((0, 0), (4, 4)))], 8, 8)
    second = rasterise([Region("box", ((2, 0), (6, 4)))], 8, 8)
    assert iou(first, second) == pytest.approx(8 / 24)
    assert iou(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) is None
    assert hits(Region("point", ((3.99, 0.0),)), first)
    assert not hits(Region("point", ((4.0, 0.0),)), first)
    assert not hits(Region("point", ((50.0, 0.0),)), first)
    assert hits(Region("box", ((1, 1), (3, 3))), first)


def test_marks_are_read_from_data_and_from_json() -> None:
    read = read_regions([BOX])
    assert read == read_regions('[{"kind": "box", "slice": 0, "points": [[2, 3], [6, 8.001]]}]')
    assert read[0].as_dict() == {"kind": "box", "slice": 0, "points": [[2.0, 3.0], [6.0, 8.0]]}


@pytest.mark.parametrize(
    "value",
    [
        "not json",
        {"kind": "box"},
        [1],
        [BOX | {"kind": "circle"}],
        [BOX | {"points": [[2, 3]]}],
        [BOX | {"points": [[2, 3], [2, 8]]}],
        [BOX | {"points": [[2, 3], [6]]}],
        [BOX | {"points": [[2, 3], [6, float("nan")]]}],
        [BOX | {"points": [[2, 3], [6, 1e9]]}],
        [BOX | {"points": [[-1, 3], [6, 8]]}],
        [BOX | {"points": [[True, 3], [6, 8]]}],
        [BOX | {"slice": -1}],
        [BOX | {"slice": 1.5}],
        [BOX | {"confidence": 50}],
        [BOX | {"method": "x"}],
        [{"kind": "polygon", "points": [[1, 1], [2, 2], [3, 3]]}],
        [{"kind": "polygon", "points": [[1, 1], [2, 2]]}],
        [{"kind": "freehand", "points": [[1, n] for n in range(2001)]}],
        [BOX] * (MOST_REGIONS + 1),
    ],
)
def test_what_is_no_mark_is_refused(value: Any) -> None:
    with pytest.raises(WrongRegion) as caught:
        read_regions(value)
    assert str(caught.value).endswith(".")


def test_the_question_says_shapes_number_and_confidence() -> None:
    with pytest.raises(WrongRegion):
        read_regions([BOX], shapes=("point",))
    with pytest.raises(WrongRegion):
        read_regions([BOX, BOX], most=1)
    with pytest.raises(WrongRegion, match="how sure"):
        read_regions([BOX], rated=True)
    assert read_regions([BOX | {"confidence": 40}], rated=True)[0].confidence == 40.0


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["kind", "points", "slice"]), inner),
)


@given(ANYTHING)
def test_anything_is_read_or_refused(value: Any) -> None:
    try:
        read_regions(value)
    except WrongRegion:
        return
    assert isinstance(value, (list, str))
