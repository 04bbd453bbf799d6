"""Comparisons of several maps: the strength of a preference, its side, one row a map with its place."""

from __future__ import annotations

from itertools import permutations

import pytest

from studies.tasks import Truth, registry


def test_a_tie_has_no_strength() -> None:
    task = registry["preference"]()
    assert task.validate("compare", {"preferred": "tie", "strength": 2}) == {"preferred": "tie"}
    assert [row.question for row in task.rows({"compare": [{"preferred": "tie"}]})] == ["preferred"]


def test_a_preference_says_which_side_it_leans_to() -> None:
    task = registry["preference"]()
    sides = [task.rows({"compare": [{"preferred": way, "strength": 1}]})[0].measures for way in ("first", "second")]
    assert sides == [{"side": 1.0}, {"side": -1.0}]
    assert task.rows({"compare": [{"preferred": "tie"}]})[0].measures == {"side": 0.0}


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_each_ranked_map_has_its_place(order: tuple[str, ...]) -> None:
    rows = registry["ranking"]().rows({"rank": [{"order": ["a", "b", "c"]}, {"order": list(order)}]})
    assert [row.map for row in rows] == [0, 1, 2]
    assert [order[(row.place or 0) - 1] for row in rows] == ["a", "b", "c"]
    assert [row.score for row in rows] == [4 - (row.place or 0) for row in rows]
    assert [row.first for row in rows] == [1, 2, 3]


def test_the_worst_of_three_leaves_one_between_and_of_four_two_without_a_place() -> None:
    ends = {"choose": [{"ends": {"best": "c", "worst": "a"}}]}
    three = registry.build("best-worst", {"maps": 3}).rows(ends)
    assert [(row.place, row.score) for row in three] == [(3, -1.0), (2, 0.0), (1, 1.0)]
    four = registry.build("best-worst", {"maps": 4}).rows(ends)
    assert [row.place for row in four] == [4, None, 1, None]
    assert [row.answer for row in four] == ["worst", "between", "best", "between"]


def test_the_number_of_maps_has_bounds() -> None:
    with pytest.raises(ValueError, match="2 to 4 maps, not 5"):
        registry.build("ranking", {"maps": 5})
    with pytest.raises(ValueError, match="3 to 4 maps, not 2"):
        registry.build("best-worst", {"maps": 2})
    assert len(registry.build("ranking", {"maps": 4}).steps[0].questions[0].options) == 4


def test_practice_names_the_map_that_covers_most() -> None:
    task = registry["ranking"]()
    told = task.feedback("rank", {"order": ["a", "b", "c"]}, Truth(label=1, covered=(0.1, 0.75, 0.2)))
    assert told is not None
    assert "highlight B covers most of the nodule: 75 %." in told.sentence % {"finding": "nodule", **told.values}
    open_ended = task.feedback("rank", {"order": ["a", "b", "c"]}, Truth(covered=(None, None, None)))
    assert open_ended is not None
    assert "no right answer" in open_ended.sentence
