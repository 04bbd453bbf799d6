"""What is special about annotations, reasons, guesses of techniques and decisions."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.methods import registry as methods
from studies.tasks import Truth, registry
from studies.tasks.techniques import FAMILIES, TECHNIQUES, UNKNOWN, family_of

BOX = {"kind": "box", "slice": 0, "points": [[2.0, 2.0], [8.0, 8.0]]}
DERIVED = {"inverted-map", "shuffled-map", "wrong-class-map", "randomised-model"}


def truth_with_square() -> Truth:
    mask = np.zeros((20, 20), dtype=bool)
    mask[2:8, 2:8] = True
    shown = np.zeros((20, 20), dtype=np.uint8)
    shown[2:8, 5:11] = 200
    return Truth(label=1, mask=mask, maps=(shown,))


def test_an_annotation_is_held_against_the_reference_and_the_unseen_map() -> None:
    rows = registry["annotation"]().rows({"mark": [{"present": "yes", "region": [BOX]}]}, truth_with_square())
    present, region = rows
    assert (present.expected, present.correct, present.chance) == ("yes", 1, 0.5)
    assert region.measures["iou"] == 1.0
    assert region.measures["hit"] == 1.0
    assert region.measures["boundary"] == 0.0
    assert region.measures["map-iou"] == pytest.approx(18 / 54)
    assert region.measures["map-hit"] == 1.0


def test_who_sees_nothing_marks_nothing() -> None:
    task = registry["annotation"]()
    assert task.validate("mark", {"present": "no", "region": [BOX]}) == {"present": "no"}
    rows = task.rows({"mark": [{"present": "no"}]}, truth_with_square())
    assert [(row.question, row.correct) for row in rows] == [("present", 0)]


def test_no_annotation_step_shows_a_map() -> None:
    task = registry["annotation"]()
    assert [step.shows for step in task.steps] == [{"image"}]
    assert task.diagnostic


def test_practice_says_whether_marks_find_the_finding() -> None:
    task = registry["annotation"]()
    found = task.feedback("mark", {"present": "yes", "region": [BOX]}, truth_with_square())
    away = [BOX | {"points": [[12.0, 12.0], [18.0, 18.0]]}]
    missed = task.feedback("mark", {"present": "yes", "region": away}, truth_with_square())
    assert found is not None
    assert missed is not None
    assert (found.agrees, missed.agrees) == (True, False)


def test_reasons_are_asked_for_bad_maps_alone() -> None:
    task = registry["reason-codes"]()
    assert task.validate("fault", {"verdict": "nothing", "reasons": ["misses"]}) == {"verdict": "nothing"}
    with pytest.raises(ValueError, match="reasons"):
        task.validate("fault", {"verdict": "something"})
    with pytest.raises(ValueError, match="other"):
        task.validate("fault", {"verdict": "something", "reasons": ["other"]})
    said = {"verdict": "something", "reasons": ["misses"], "other": "dropped"}
    assert task.validate("fault", said) == {"verdict": "something", "reasons": ["misses"]}


def test_usefulness_may_ask_for_reasons() -> None:
    task = registry.build("usefulness", {"reasons": True})
    assert task.validate("rate", {"coverage": 5, "extraneous": 1, "reasons": ["side"]}) == {
        "coverage": 5, "extraneous": 1,
    }  # fmt: skip
    poor = {"coverage": 2, "extraneous": 1, "reasons": ["side"]}
    assert task.validate("rate", poor) == poor
    assert [question.name for question in registry["usefulness"]().steps[0].questions] == ["coverage", "extraneous"]


@pytest.mark.parametrize(("guess", "correct"), [("activation", 1), ("shapley", 0), (UNKNOWN, None)])
def test_a_guess_is_right_wrong_or_none(guess: str, correct: int | None) -> None:
    answers = {"technique": guess} | ({} if guess == UNKNOWN else {"sure": 2})
    task = registry["blinding-check"]()
    assert task.validate("technique", answers) == answers
    row = task.rows({"technique": [answers]}, Truth(method="grad-cam"))[0]
    assert (row.expected, row.correct, row.chance) == ("activation", correct, 1 / 8)
    assert task.rows({"technique": [answers]}, Truth(method="imported"))[0].expected is None


def test_every_method_has_one_family_or_stands_for_another() -> None:
    listed = [method for methods_of in FAMILIES.values() for method in methods_of]
    assert len(set(listed)) == len(listed)
    assert set(listed) | DERIVED == {method.name for method in methods}
    assert set(FAMILIES) | {UNKNOWN} == {option.value for option in TECHNIQUES}
    assert family_of("rise") == "covering"
    assert family_of(None) is None


def test_a_decision_is_no_diagnosis() -> None:
    rows = registry["action"]().rows({"decide": [{"change": 2, "act": 5}]})
    assert [(row.question, row.score) for row in rows] == [("change", 2.0), ("act", 5.0)]
