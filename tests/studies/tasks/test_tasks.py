"""Tasks take the answers they ask for, refuse all others with a sentence, and turn them into rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import studies.services.stimuli  # noqa: F401  the preparers are registered with it
from studies.services.preparation import PREPARERS
from studies.tasks import InvalidAnswers, Task, Truth, registry
from studies.tasks.conditions import condition
from studies.tasks.kinds import KINDS
from studies.tasks.questions import Question

ALL = list(registry)
BOX = {"kind": "box", "slice": 0, "points": [[1.0, 2.0], [9.0, 8.0]]}
OUTLINE = {"kind": "polygon", "slice": 0, "points": [[1.0, 2.0], [9.0, 2.0], [5.0, 8.0]]}
GOOD: dict[str, dict[str, dict[str, Any]]] = {
    "usefulness": {"rate": {"coverage": 4, "extraneous": 2}},
    "preference": {"compare": {"preferred": "first", "strength": 2}},
    "unaided-read": {"read": {"probability": 20}},
    "aided-read": {"read": {"probability": 20}},
    "explained-read": {"read": {"probability": 20}},
    "error-detection": {"judge": {"ai_right": 4}},
    "counterfactual-simulation": {"foretell-change": {"change": "down"}},
    "forward-simulation": {"foretell": {"ai_call": 1}},
    "diagnosis": {"initial": {"probability": 20}, "final": {"probability": 80}},
    "ranking": {"rank": {"order": ["b", "a", "c"]}},
    "annotation": {"mark": {"present": "yes", "region": [BOX]}},
    "reason-codes": {"fault": {"verdict": "something", "reasons": ["misses", "other"], "other": "It moves."}},
    "action": {"decide": {"change": 2, "act": 4}},
    "blinding-check": {"technique": {"technique": "relevance", "sure": 2}},
    "shortcut": {"suspect": {"suspected": "yes", "where": [BOX], "what": "A tag."}},
    "segmentation-review": {"review": {"verdict": "edit", "remove": [OUTLINE]}},
    "best-worst": {"choose": {"ends": {"best": "a", "worst": "c"}}},
}


@pytest.mark.parametrize("task", ALL, ids=lambda task: task.name)
def test_each_task_states_its_facts(task: type[Task]) -> None:
    assert task.title
    assert task.reference
    assert task.summary
    assert task.grounding in {"application", "human", "functional"}
    assert {question.kind for step in task().steps for question in step.questions} <= set(KINDS)
    assert task.needs <= set(PREPARERS)
    assert 1 <= task().arms_per_trial <= 4
    assert all(step.locks for step in task().steps[:-1]), "only the last step could stay open"


def as_forms_say(answers: dict[str, Any]) -> dict[str, Any]:
    """Forms send numbers as text; lists and pairs come as they are."""
    return {name: str(value) if isinstance(value, (int, float)) else value for name, value in answers.items()}


@pytest.mark.parametrize("task", ALL, ids=lambda task: task.name)
def test_it_takes_good_answers_from_scripts_and_from_forms(task: type[Task]) -> None:
    for step in task().steps:
        good = GOOD[task.name][step.name]
        assert task().validate(step.name, good) == good
        assert task().validate(step.name, as_forms_say(good)) == good


@pytest.mark.parametrize("task", ALL, ids=lambda task: task.name)
def test_a_required_question_left_out_is_named(task: type[Task]) -> None:
    for step in task().steps:
        with pytest.raises(InvalidAnswers) as caught:
            task().validate(step.name, {})
        required = {question.name for question in step.questions if question.required and question.is_asked({})}
        assert caught.value.problems == dict.fromkeys(required, "Please answer this question.")


@pytest.mark.parametrize(
    "task, step, answers, question",
    [
        ("usefulness", "rate", {"coverage": 6, "extraneous": 1}, "coverage"),
        ("usefulness", "rate", {"coverage": True, "extraneous": 1}, "coverage"),
        ("usefulness", "rate", {"coverage": 2.5, "extraneous": 1}, "coverage"),
        ("usefulness", "rate", {"coverage": 2, "extraneous": 1, "method": "lrp"}, "method"),
        ("preference", "compare", {"preferred": "both"}, "preferred"),
        ("preference", "compare", {"preferred": "first"}, "strength"),
        ("diagnosis", "initial", {"probability": 101}, "probability"),
        ("diagnosis", "initial", {"probability": "nan"}, "probability"),
        ("diagnosis", "initial", {"probability": [50]}, "probability"),
        ("diagnosis", "third", {"probability": 50}, "step"),
    ],
)
def test_it_refuses_wrong_answers(task: str, step: str, answers: dict[str, Any], question: str) -> None:
    with pytest.raises(InvalidAnswers) as caught:
        registry[task]().validate(step, answers)
    assert list(caught.value.problems) == [question]
    assert caught.value.problems[question].endswith(".")


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_a_probability_is_a_number_from_0_to_100_or_refused(value: Any) -> None:
    try:
        taken = registry["diagnosis"]().validate("initial", {"probability": value})["probability"]
    except InvalidAnswers:
        return
    assert isinstance(taken, float)
    assert 0.0 <= taken <= 100.0


def test_reasons_are_kept_once_and_in_order() -> None:
    from studies.tasks import Option

    reasons = Question("why", "Why?", "reasons", (Option("misses", "It misses"), Option("marker", "On the marker")))
    assert reasons.clean(["marker", "misses", "marker"]) == ["misses", "marker"]
    assert reasons.clean("marker") == ["marker"]


def test_extraneous_is_scored_in_reverse() -> None:
    rows = registry["usefulness"]().rows({"rate": [{"coverage": 4, "extraneous": 5}]})
    assert [(row.question, row.answer, row.score) for row in rows] == [("coverage", 4, 4.0), ("extraneous", 5, 1.0)]


def test_the_last_answer_stands_and_the_first_is_kept() -> None:
    given_answers = {"rate": [{"coverage": 1, "extraneous": 3}, {"coverage": 5, "extraneous": 3}]}
    row = registry["usefulness"]().rows(given_answers)[0]
    assert (row.answer, row.first, row.score) == (5, 1, 5.0)


def test_a_diagnosis_row_holds_both_reads_and_their_decisions() -> None:
    rows = registry["diagnosis"]().rows({"initial": [{"probability": 49.0}], "final": [{"probability": 50.0}]})
    assert [(row.initial, row.final, row.initial_decision, row.final_decision) for row in rows] == [(49.0, 50.0, 0, 1)]


def test_half_a_diagnosis_makes_no_row() -> None:
    assert registry["diagnosis"]().rows({"initial": [{"probability": 49.0}]}) == []


def test_practice_tells_the_truth_after_the_last_step_only() -> None:
    task, truth = registry["diagnosis"](), Truth(label=1, advice=0)
    assert task.feedback("initial", {"probability": 90}, truth) is None
    told = task.feedback("final", {"probability": 90}, truth)
    assert told is not None
    assert told.agrees is True
    wrong = task.feedback("final", {"probability": 10}, truth)
    assert wrong is not None
    assert wrong.agrees is False


@pytest.mark.parametrize("name", ["usefulness", "preference"])
def test_feedback_can_be_filled_in(name: str) -> None:
    """Msgids are filled in by the % operator: a stray percent sign would break the page."""
    truth = Truth(label=1, covered=(0.5, 0.25), extraneous=(0.1, 0.9))
    told = registry[name]().feedback(registry[name]().steps[0].name, {}, truth)
    assert told is not None
    assert "50 %" in told.sentence % {"finding": "nodule", **told.values}


@pytest.mark.parametrize("task", ALL, ids=lambda task: task.name)
def test_nothing_of_the_ai_is_shown_before_the_first_read(task: type[Task]) -> None:
    """Tasks that ask alone first say so by two steps; every task about the case itself closes what was answered."""
    if task.diagnostic and len(task().steps) > 1:
        assert task().steps[0].shows == {"image"}
    if task.diagnostic:
        assert task().steps[0].locks


def test_conditions_speak_of_earlier_questions_only() -> None:
    for part in ALL:
        task = part()
        known: set[str] = set()
        for step in task.steps:
            for question in step.questions:
                assert condition(question.when).names <= known, f"{part.name}: {question.name}"
                known |= {question.name, f"{step.name}.{question.name}"}
