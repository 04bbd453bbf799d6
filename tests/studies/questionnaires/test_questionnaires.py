"""The questionnaires themselves: answers taken and refused, orders, outcomes, and when they are due."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.statistics import instruments
from studies.questionnaires import Asked, Questionnaire, Questionnaires, known, occasions, outstanding, questionnaire_of
from studies.questionnaires.colour_vision import ColourVision, figures
from studies.questionnaires.comprehension import Comprehension
from studies.questionnaires.scales import NoWording, tallies
from studies.tasks.questions import InvalidAnswers
from studies.words import Words

WORDED = [each.slug for each in instruments() if each.has_wording]
OWN = ["reader-profile", "colour-vision", "heatmaps", "comprehension", "debrief", "remark"]


def any_answers(found: Questionnaire) -> dict[str, Any]:
    """The first choice of each, the middle of sliders, a word of texts."""
    first: dict[str, Any] = {}
    for item in found.items:
        first[item.name] = {"text": "word", "slider": 50}.get(item.kind) or item.choices[0].value
    return first


@pytest.mark.parametrize("name", [*WORDED, *OWN])
def test_complete_answers_are_stored_as_they_are(name: str) -> None:
    found = questionnaire_of(Asked(name))
    answers = any_answers(found)
    assert found.validate(answers) == answers
    as_text = {name: str(value) for name, value in answers.items()}
    assert found.validate(as_text) == answers


@pytest.mark.parametrize("name", [*WORDED, "reader-profile", "colour-vision", "comprehension"])
def test_nothing_is_answered_by_itself(name: str) -> None:
    found = questionnaire_of(Asked(name))
    with pytest.raises(InvalidAnswers) as error:
        found.validate({})
    assert set(error.value.problems) == {item.name for item in found.items}


@pytest.mark.parametrize("name", OWN)
def test_our_own_are_worded_in_both_languages_throughout(name: str) -> None:
    found = questionnaire_of(Asked(name))
    assert found.languages == {"en", "de"}
    for item in found.items:
        for words in (item.prompt, item.help, item.why, item.low, item.high, *(each.label for each in item.choices)):
            assert set(words.as_dict()) in ({"en", "de"}, set())


def test_what_is_asked_nowhere_and_what_nobody_offered_is_refused() -> None:
    found = questionnaire_of(Asked("trust"))
    with pytest.raises(InvalidAnswers) as error:
        found.validate({"item-1": 8, "item-2": 1})
    assert error.value.problems == {
        "item-1": "Please choose one of the answers offered.",
        "item-2": "This question is not asked here.",
    }
    with pytest.raises(InvalidAnswers):
        found.validate({"item-1": True})


@settings(deadline=None)
@given(st.one_of(st.integers(-50, 150), st.floats(allow_nan=True), st.text(max_size=3), st.booleans()))
def test_the_load_index_takes_its_twenty_one_marks_and_nothing_else(value: Any) -> None:
    found = questionnaire_of(Asked("nasa-tlx"))
    good = not isinstance(value, (bool, str)) and value in range(0, 101, 5)
    answers = any_answers(found) | {"item-1": value}
    if good:
        assert found.validate(answers)["item-1"] == float(value)
    elif not isinstance(value, str):
        with pytest.raises(InvalidAnswers):
            found.validate(answers)


def test_each_pair_of_the_load_index_is_asked_once_and_tallied() -> None:
    found = questionnaire_of(Asked("nasa-tlx", weights="pairs"))
    pairs = [item for item in found.items if item.name.startswith("pair-")]
    assert len(pairs) == 15
    given = {item.name: item.choices[0].value for item in pairs}
    assert tallies(given, 6) == [5, 4, 3, 2, 1, 0]
    assert tallies({}, 6) is None


def test_wording_that_may_not_be_shipped_comes_from_the_protocol() -> None:
    with pytest.raises(NoWording, match="'toast' may not be shipped"):
        questionnaire_of(Asked("toast"))
    with pytest.raises(ValueError, match="has 9 items; 2 are worded here"):
        questionnaire_of(Asked("toast", items=(Words((("en", "One"),)), Words((("en", "Two"),)))))
    items = tuple(Words((("en", f"Item {number}"),)) for number in range(1, 10))
    found = questionnaire_of(Asked("toast", items=items, wording="Ours"))
    assert [item.prompt.in_language("en") for item in found.items][-1] == "Item 9"
    assert [choice.value for choice in found.items[0].choices] == [1, 2, 3, 4, 5, 6, 7]
    assert found.languages == {"en"}
    assert found.licence == "Ours"


def test_other_words_are_another_wording() -> None:
    items = [Words((("en", f"Item {number}"),)) for number in range(1, 10)]
    one = questionnaire_of(Asked("toast", items=tuple(items)))
    other = questionnaire_of(Asked("toast", items=(*items[:8], Words((("en", "Else"),)))))
    assert one.wording != other.wording


@settings(deadline=None)
@given(st.integers(0, 2**62))
def test_an_order_holds_each_item_once_and_comes_again(seed: int) -> None:
    items = tuple(Words((("en", f"Item {number}"),)) for number in range(1, 13))
    jian = questionnaire_of(Asked("jian", items=items))
    assert jian.order(seed) == jian.order(seed)
    assert sorted(jian.order(seed)) == sorted(item.name for item in jian.items)
    published = questionnaire_of(Asked("jian", items=items, order="published"))
    assert published.order(seed) == tuple(item.name for item in jian.items)


def test_orders_differ_between_readers() -> None:
    items = tuple(Words((("en", f"Item {number}"),)) for number in range(1, 13))
    jian = questionnaire_of(Asked("jian", items=items))
    assert len({jian.order(seed) for seed in range(50)}) > 45


def test_a_check_is_passed_with_the_answers_needed() -> None:
    check = questionnaire_of(Asked("comprehension"))
    assert isinstance(check, Comprehension)
    right = {item.name: item.right for item in check.items}
    assert check.outcome(right, 0) == {"right": 5, "of": 5, "wrong": [], "passed": True}
    first = check.items[0]
    wrong = right | {first.name: next(each.value for each in first.choices if each.value != first.right)}
    assert check.outcome(wrong, 0) == {"right": 4, "of": 5, "wrong": [first.name], "passed": False}
    lenient = questionnaire_of(Asked("comprehension", needed=4))
    assert lenient.outcome(wrong, 0)["passed"]


def test_attempts_end_with_the_last_or_with_success() -> None:
    check = questionnaire_of(Asked("comprehension", attempts=2))
    assert not check.settled([])
    assert not check.settled([{"passed": False}])
    assert check.settled([{"passed": False}, {"passed": False}])
    assert check.settled([{"passed": True}])
    assert questionnaire_of(Asked("trust")).settled([{}])


@pytest.mark.parametrize(
    ("report", "wrong", "flag"),
    [("none", 0, False), ("unsure", 0, False), ("red-green", 0, True), ("none", 1, True), ("not-said", 0, False)],
)
def test_colour_vision_is_a_flag(report: str, wrong: int, flag: bool) -> None:
    found = questionnaire_of(Asked("colour-vision"))
    assert isinstance(found, ColourVision)
    seen: list[str] = list(figures(3))
    seen[:wrong] = ["none"] * wrong
    answers = {"own-report": report} | {f"plate-{number}": each for number, each in enumerate(seen, start=1)}
    assert found.outcome(found.validate(answers), 3)["flag"] is flag


def test_who_cannot_look_at_a_plate_is_not_flagged_for_it() -> None:
    found = questionnaire_of(Asked("colour-vision"))
    answers = {"own-report": "none"} | {f"plate-{number}": "cannot-look" for number in (1, 2, 3)}
    assert found.outcome(answers, 3) == {"seen": 0, "of": 3, "skipped": 3, "flag": False}


PLAN = Questionnaires(
    start=(Asked("reader-profile"), Asked("comprehension", attempts=2)),
    after_block=(Asked("trust"), Asked("nasa-tlx", blocks=("two",))),
    end=(Asked("debrief"),),
)


def test_occasions_come_in_the_order_of_time() -> None:
    assert [(each.where, each.asked.name) for each in occasions(PLAN, ["one", "two"])] == [
        ("start", "reader-profile"),
        ("start", "comprehension"),
        ("after-1", "trust"),
        ("after-2", "trust"),
        ("after-2", "nasa-tlx"),
        ("end", "debrief"),
    ]


@pytest.mark.parametrize(
    ("left", "given", "due"),
    [
        (["one", "two"], {}, ["reader-profile", "comprehension"]),
        (["one", "two"], {"reader-profile": [{}], "comprehension": [{"passed": False}]}, ["comprehension"]),
        (["one", "two"], {"reader-profile": [{}], "comprehension": [{"passed": True}]}, []),
        (["two"], {"reader-profile": [{}], "comprehension": [{"passed": False}] * 2}, ["trust"]),
        ([], {"reader-profile": [{}], "comprehension": [{"passed": True}]}, ["trust", "trust", "nasa-tlx", "debrief"]),
    ],
)
def test_what_is_due(left: list[str], given: dict[str, list[dict[str, Any]]], due: list[str]) -> None:
    outcomes = {("start", "", name): found for name, found in given.items()}
    assert [each.asked.name for each in outstanding(PLAN, ["one", "two"], outcomes, left)] == due


def test_all_that_a_protocol_may_name_is_known() -> None:
    assert set(known()) == {each.slug for each in instruments()} | set(OWN)
