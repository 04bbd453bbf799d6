"""Segmentation review and shortcut detection: scores against masks made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studies.tasks import InvalidAnswers, Scene, Truth, registry
from studies.tasks.regions import Mask


def square(left: int, top: int, width: int, height: int) -> Mask:
    mask = np.zeros((20, 20), dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def polygon(left: float, top: float, right: float, bottom: float) -> dict[str, object]:
    return {"kind": "polygon", "slice": 0, "points": [[left, top], [right, top], [right, bottom], [left, bottom]]}


def shown(mask: Mask) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return (mask * 255).astype(np.uint8)


HALF = Truth(label=1, mask=square(4, 4, 8, 8), maps=(shown(square(4, 4, 4, 8)),))
"""The model found the left half: its Dice is 2 * 32 / (32 + 64) = 2/3."""


def test_an_edit_is_scored_before_and_after() -> None:
    task = registry["segmentation-review"]()
    answers = {"verdict": "edit", "add": [polygon(8, 4, 12, 12)]}
    assert task.validate("review", answers) == answers
    row, drawn = task.rows({"review": [answers]}, HALF)
    assert row.measures["model-dice"] == pytest.approx(2 / 3)
    assert row.measures["final-dice"] == 1.0
    assert row.measures["edit-dice"] == pytest.approx(2 / 3)
    assert row.measures["gain"] == pytest.approx(1 / 3)
    assert row.measures["missed-error"] == 0.0
    assert (row.expected, row.correct) == ("edit or reject", 1)
    assert drawn.question == "add"


def test_what_is_removed_is_gone() -> None:
    task = registry["segmentation-review"]()
    too_much = replace(HALF, maps=(shown(square(4, 4, 16, 8)),))
    answers = {"verdict": "edit", "remove": [polygon(12, 4, 20, 12)]}
    assert task.rows({"review": [answers]}, too_much)[0].measures["final-dice"] == 1.0


@pytest.mark.parametrize(("acceptable", "missed"), [(0.7, {"missed-error": 1.0}), (0.6, {"needless-change": 0.0})])
def test_an_error_that_was_accepted_is_missed(acceptable: float, missed: dict[str, float]) -> None:
    task = registry.build("segmentation-review", {"acceptable": acceptable})
    row = task.rows({"review": [{"verdict": "accept"}]}, HALF)[0]
    found = {name: value for name, value in row.measures.items() if name in ("missed-error", "needless-change")}
    assert found == missed
    assert row.measures["final-dice"] == row.measures["model-dice"]
    rejected = task.rows({"review": [{"verdict": "reject"}]}, HALF)[0]
    assert "final-dice" not in rejected.measures


def test_an_edit_changes_something() -> None:
    with pytest.raises(InvalidAnswers, match="add or remove"):
        registry["segmentation-review"]().validate("review", {"verdict": "edit"})
    with pytest.raises(ValueError, match="above 0"):
        registry.build("segmentation-review", {"acceptable": 0.0})


def test_the_models_mask_comes_first_and_the_map_beside_it() -> None:
    task = registry["segmentation-review"]()
    prepared = {"model_mask": "abc"}
    assert task.own_maps(Scene("ai", prepared)) == ("abc",)
    assert [task.overlays(0, Scene(aid, prepared)) for aid in ("ai", "explained")] == [1, 2]


def test_practice_tells_both_overlaps() -> None:
    task = registry["segmentation-review"]()
    told = task.feedback("review", {"verdict": "edit", "add": [polygon(8, 4, 12, 12)]}, HALF)
    assert told is not None
    assert "67 % (Dice); after your edit it is 100 %" in told.sentence % told.values


@pytest.mark.parametrize(
    ("network", "answer", "expected", "measures"),
    [
        ("bad-net", "yes", "yes", {"detected": 1.0}),
        ("bad-net", "no", "yes", {"detected": 0.0}),
        ("good-net", "yes", "no", {"false-alarm": 1.0}),
    ],
)
def test_a_suspicion_is_held_against_the_network(
    network: str, answer: str, expected: str, measures: dict[str, float]
) -> None:
    task = registry.build("shortcut", {"relying": ["bad-net"], "planted": "tag"})
    assert task.looks_for == "tag"
    answers = {"suspected": answer} | ({"what": "A tag."} if answer == "yes" else {})
    row = task.rows({"suspect": [answers]}, Truth(network=network))[0]
    assert (row.expected, row.correct) == (expected, int(answer == expected))
    assert row.measures == measures


def test_marks_are_held_against_the_planted_feature() -> None:
    task = registry["shortcut"]()
    answers = {"suspected": "yes", "what": "A tag.", "where": [polygon(2, 2, 6, 6)]}
    truth = Truth(network="net", planted=square(2, 2, 4, 4))
    rows = {row.question: row for row in task.rows({"suspect": [answers]}, truth)}
    assert rows["where"].measures == {"planted-iou": 1.0, "planted-hit": 1.0, "planted-boundary": 0.0}
    assert rows["suspected"].expected is None, "which networks rely on it is not said"
    assert task.validate("suspect", {"suspected": "yes", "what": "A tag."})
    with pytest.raises(InvalidAnswers, match="what"):
        task.validate("suspect", {"suspected": "yes"})
