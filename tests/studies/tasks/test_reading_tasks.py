"""What reading, error detection and forward simulation make of answers, held against what is known of the trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studies.tasks import InvalidAnswers, Scene, Truth, registry

MASK = np.zeros((20, 20), dtype=bool)
MASK[5:10, 5:10] = True


def mark(column: float, row: float, **more: Any) -> dict[str, Any]:
    return {"kind": "point", "slice": 0, "points": [[column, row]]} | more


@pytest.mark.parametrize("name", ["unaided-read", "aided-read", "explained-read"])
def test_a_read_makes_a_final_probability_and_its_decision(name: str) -> None:
    row = registry[name]().rows({"read": [{"probability": 70.0}]}, Truth(label=1))[0]
    assert (row.initial, row.final, row.final_decision, row.score) == (None, 70.0, 1, 70.0)


def test_marks_are_asked_once_the_finding_is_held_likely() -> None:
    task = registry.build("unaided-read", {"marks": "required"})
    assert task.validate("read", {"probability": 49, "marks": [mark(1, 1)]}) == {"probability": 49.0}
    with pytest.raises(InvalidAnswers) as caught:
        task.validate("read", {"probability": 50})
    assert list(caught.value.problems) == ["marks"]


def test_each_mark_is_rated_where_the_protocol_wants_it() -> None:
    task = registry.build("explained-read", {"marks": "rated"})
    given = {"probability": 80.0, "marks": [mark(6.0, 6.0, confidence=90.0), mark(1.0, 1.0, confidence=10.0)]}
    assert task.validate("read", given) == given
    with pytest.raises(InvalidAnswers):
        task.validate("read", {"probability": 80, "marks": [mark(6, 6)]})


def test_marks_are_held_against_the_reference_region() -> None:
    task = registry.build("unaided-read", {"marks": "optional"})
    given: dict[str, Any] = {"read": [{"probability": 80.0, "marks": [mark(6.0, 6.0), mark(1.0, 1.0)]}]}
    _probability, marks = task.rows(given, Truth(label=1, mask=MASK))
    assert (marks.correct, dict(marks.measures)) == (1, {"marks": 2.0, "marks_hit": 1.0})
    _probability, marks = task.rows(given, Truth(label=0))
    assert (marks.correct, dict(marks.measures)) == (None, {"marks": 2.0, "marks_hit": 0.0})
    _probability, marks = task.rows(given)
    assert (marks.correct, dict(marks.measures)) == (None, {"marks": 2.0, "marks_hit": None})


def test_the_prompt_speaks_of_the_ai_only_where_there_is_one() -> None:
    for name in ("aided-read", "explained-read", "diagnosis"):
        task = registry[name]()
        assert "AI" not in task.steps_in(Scene("unaided"))[-1].questions[0].prompt
        assert "AI" in task.steps_in(Scene("ai"))[-1].questions[0].prompt


def test_a_diagnosis_may_ask_for_marks_in_its_second_step() -> None:
    task = registry.build("diagnosis", {"marks": "optional"})
    given: dict[str, Any] = {
        "initial": [{"probability": 20.0}],
        "final": [{"probability": 80.0, "marks": [mark(6.0, 6.0)]}],
    }
    rows = task.rows(given, Truth(label=1, mask=MASK))
    assert [(row.question, row.correct) for row in rows] == [("probability", None), ("marks", 1)]


@pytest.mark.parametrize(
    "answer, label, advice, expected, correct",
    [(4, 1, 1, 1, 1), (3, 1, 0, 0, 0), (2, 1, 0, 0, 1), (1, 0, 0, 1, 0), (1, None, 0, None, None)],
)
def test_error_detection_is_right_where_it_meets_the_ais_correctness(
    answer: int, label: int | None, advice: int, expected: int | None, correct: int | None
) -> None:
    truth = Truth(label=label, advice=advice)
    row = registry["error-detection"]().rows({"judge": [{"ai_right": answer}]}, truth)[0]
    assert (row.score, row.expected, row.correct, row.chance) == (float(answer), expected, correct, 0.5)
    told = registry["error-detection"]().feedback("judge", {"ai_right": answer}, truth)
    assert (told.agrees if told else None) == (None if correct is None else bool(correct))


def test_forward_simulation_is_right_where_it_meets_the_ais_call() -> None:
    truth = Truth(label=0, advice=1, probability=0.8)
    row = registry["forward-simulation"]().rows({"foretell": [{"ai_call": 1}]}, truth)[0]
    assert (row.correct, row.expected, row.score, row.chance) == (1, 1, 1.0, 0.5)


def test_a_foretold_probability_has_its_squared_distance() -> None:
    task = registry.build("forward-simulation", {"answer": "probability"})
    row = task.rows({"foretell": [{"ai_probability": 30.0}]}, Truth(advice=1, probability=0.8))[0]
    assert row.measures["brier"] == pytest.approx(0.25)
    assert (row.correct, row.expected, row.score) == (0, 80.0, pytest.approx(0.75))
    told = task.feedback("foretell", {"ai_probability": 30.0}, Truth(advice=1, probability=0.8))
    assert told is not None
    assert "80 %" in told.sentence % {"finding": "nodule", **told.values}


def test_no_step_of_a_simulation_shows_the_output() -> None:
    assert all("ai" not in step.shows for step in registry["forward-simulation"]().steps)


@pytest.mark.parametrize("after, expected", [(0.75, "same"), (0.9, "up"), (0.1, "down")])
def test_a_counterfactual_is_right_where_the_network_itself_went(after: float, expected: str) -> None:
    task = registry["counterfactual-simulation"]()
    truth = Truth(prepared={"before": 0.8, "after": after})
    for answer in ("up", "same", "down"):
        row = task.rows({"foretell-change": [{"change": answer}]}, truth)[0]
        assert (row.expected, row.correct, row.chance) == (expected, int(answer == expected), pytest.approx(1 / 3))
        told = task.feedback("foretell-change", {"change": answer}, truth)
        assert told is not None
        assert told.agrees == (answer == expected)
    assert task.rows({"foretell-change": [{"change": "up"}]})[0].correct is None
    with pytest.raises(ValueError, match="same_within"):
        registry.build("counterfactual-simulation", {"same_within": 1.0})
