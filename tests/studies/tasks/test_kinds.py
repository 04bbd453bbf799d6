"""Each kind of question takes its answers, refuses others, and is drawn by a template of its name."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import get_template

from studies.tasks import Option, Question
from studies.tasks.kinds import KINDS, InvalidAnswer

OPTIONS = tuple(Option(letter, f"Highlight {letter}") for letter in "abc")
GRADES = (Option(1, "no"), Option(2, "yes"))
QUESTIONS = {
    "choice": Question("q", "?", "choice", OPTIONS),
    "scale": Question("q", "?", "scale", GRADES, reverse=True),
    "confidence": Question("q", "?", "confidence", GRADES),
    "reasons": Question("q", "?", "reasons", OPTIONS),
    "ranking": Question("q", "?", "ranking", OPTIONS),
    "best-worst": Question("q", "?", "best-worst", OPTIONS),
    "probability": Question("q", "?", "probability"),
    "number": Question("q", "?", "number", minimum=1, maximum=9, whole=True),
    "text": Question("q", "?", "text"),
    "region": Question("q", "?", "region", tools=("point",), most=2),
}
MARK = {"kind": "point", "slice": 0, "points": [[1.0, 2.0]]}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_has_a_template(kind: str) -> None:
    assert get_template(f"studies/questions/{kind}.html")
    assert kind in QUESTIONS


@pytest.mark.parametrize(
    "kind, given, stored, score",
    [
        ("choice", "b", "b", None),
        ("scale", "2", 2, 1.0),
        ("confidence", "2", 2, 2.0),
        ("reasons", ["c", "a", "c"], ["a", "c"], None),
        ("ranking", ["c", "a", "b"], ["c", "a", "b"], None),
        ("best-worst", {"best": "a", "worst": "c"}, {"best": "a", "worst": "c"}, None),
        ("probability", "50", 50.0, 50.0),
        ("number", "3", 3.0, 3.0),
        ("text", " said ", "said", None),
        ("region", [MARK], [MARK], None),
    ],
)
def test_it_takes_a_good_answer(kind: str, given: Any, stored: Any, score: float | None) -> None:
    clean = QUESTIONS[kind].clean(given)
    assert clean == stored
    assert QUESTIONS[kind].score(clean) == score


@pytest.mark.parametrize(
    "kind, given",
    [
        ("choice", "d"),
        ("scale", 3),
        ("confidence", True),
        ("reasons", ["d"]),
        ("ranking", ["a", "b"]),
        ("ranking", ["a", "b", "b"]),
        ("ranking", ["a", "b", "c", "c"]),
        ("ranking", "abc"),
        ("best-worst", {"best": "a", "worst": "a"}),
        ("best-worst", {"best": "a"}),
        ("best-worst", ["a", "b"]),
        ("probability", 101),
        ("number", 0),
        ("number", 2.5),
        ("number", "inf"),
        ("text", 5),
        ("text", "x" * 2001),
        ("region", [MARK] * 3),
        ("region", [MARK | {"kind": "box"}]),
    ],
)
def test_it_refuses_a_wrong_answer(kind: str, given: Any) -> None:
    with pytest.raises(InvalidAnswer) as caught:
        QUESTIONS[kind].clean(given)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_empty_answer_is_none_or_refused(kind: str) -> None:
    for empty in (None, ""):
        with pytest.raises(InvalidAnswer, match="Please answer"):
            QUESTIONS[kind].clean(empty)
