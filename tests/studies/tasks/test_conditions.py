"""Conditions hold as the table says (the pages are held to the same table), and nothing else is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.tasks import InvalidAnswers, Question, Step, Task
from studies.tasks.conditions import DEEPEST, LONGEST, WrongCondition, condition

TABLE = json.loads((Path(__file__).parent / "conditions.json").read_text(encoding="utf-8"))
NAMES = st.sampled_from(["a", "b", "step.c"])
ANSWERS = st.dictionaries(NAMES, st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["1", "x"]), st.just(["x"])))


@pytest.mark.parametrize("text, expected", TABLE["holds"])
def test_it_holds_as_the_table_says(text: str, expected: bool) -> None:
    assert condition(text).holds(TABLE["answers"]) is expected


@pytest.mark.parametrize("text", TABLE["refused"])
def test_it_refuses_what_is_no_condition(text: str) -> None:
    with pytest.raises(WrongCondition) as caught:
        condition(text)
    assert str(caught.value).endswith((".", "'"))


def test_it_refuses_what_is_too_long_or_too_deep() -> None:
    assert condition("(" * DEEPEST + "a" + ")" * DEEPEST).holds({"a": 1})
    for text in (
        "(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1),
        "not " * (DEEPEST + 1) + "a",
        "a or " * LONGEST + "a",
    ):
        with pytest.raises(WrongCondition):
            condition(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = condition(text)
    except WrongCondition:
        return
    assert found.holds({}) in {True, False}


def comparisons() -> st.SearchStrategy[tuple[str, Any]]:
    """A comparison as text, and as a function written in Python, for numbers and absent answers alone."""
    signs = {
        "==": lambda x, y: x == y,
        "<": lambda x, y: x is not None and x < y,
        ">=": lambda x, y: x is not None and x >= y,
    }
    return st.builds(
        lambda name, sign, number: (f"{name} {sign} {number}", lambda known: signs[sign](known.get(name), number)),
        st.sampled_from(["a", "b"]),
        st.sampled_from(sorted(signs)),
        st.integers(0, 3),
    )


def expressions() -> st.SearchStrategy[tuple[str, Any]]:
    """Comparisons joined, each beside its meaning in Python: an independent reading of the language."""
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(
            st.builds(lambda x: (f"not ({x[0]})", lambda known: not x[1](known)), inner),
            st.builds(lambda x, y: (f"({x[0]}) and ({y[0]})", lambda known: x[1](known) and y[1](known)), inner, inner),
            st.builds(lambda x, y: (f"({x[0]}) or ({y[0]})", lambda known: x[1](known) or y[1](known)), inner, inner),
        ),
        max_leaves=6,
    )


@given(expressions(), st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 3)))
def test_it_means_what_python_means(expression: tuple[str, Any], answers: dict[str, int]) -> None:
    text, meaning = expression
    if len(text) <= LONGEST:
        assert condition(text).holds(answers) == bool(meaning(answers))


@given(st.sampled_from([text for text, _held in TABLE["holds"]]), ANSWERS)
def test_any_answers_give_a_truth_value(text: str, answers: dict[str, Any]) -> None:
    assert condition(text).holds(answers) in {True, False}


class Asks(Task):
    """A task that asks why only where something was wrong."""

    name = "asks"
    steps = (
        Step("first", frozenset({"image"}), (Question("seen", "Seen?", "text"),)),
        Step(
            "second",
            frozenset({"image"}),
            (
                Question("sure", "How sure?", "probability", when="first.seen == 'yes'"),
                Question("why", "Why?", "text", when="sure < 50"),
            ),
        ),
    )


def test_a_hidden_question_is_neither_required_nor_stored() -> None:
    earlier = {"first": {"seen": "no"}}
    assert Asks().validate("second", {"sure": 3, "why": "x"}, earlier=earlier) == {}
    assert Asks().validate("second", {}, earlier=earlier) == {}
    assert Asks().rows({"first": [{"seen": "no"}], "second": [{}]})[0].question == "seen"
    assert len(Asks().rows({"first": [{"seen": "no"}], "second": [{}]})) == 1


def test_a_question_that_is_asked_is_required() -> None:
    earlier = {"first": {"seen": "yes"}}
    assert Asks().validate("second", {"sure": 70}, earlier=earlier) == {"sure": 70.0}
    with pytest.raises(InvalidAnswers) as caught:
        Asks().validate("second", {"sure": 20}, earlier=earlier)
    assert list(caught.value.problems) == ["why"]


def test_a_wrong_condition_is_found_where_it_is_written() -> None:
    with pytest.raises(WrongCondition):
        Question("why", "Why?", "text", when="sure <")
