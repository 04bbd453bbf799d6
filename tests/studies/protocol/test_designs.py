"""Sessions, washout, repeats, catch trials, foils: what is refused, in which line, and what is drawn."""

from __future__ import annotations

from collections import Counter

import pytest

from studies.designs import Planned
from studies.protocol import Problem, Protocol, check, errors, read, schedule, settled
from tests.studies.protocol.small import PROTOCOL, line_of, world

READING = "    design: latin-square\n    cases: {count: 4}"
RATING = "    cases: [case-02, case-03]\n"


def found(text: str, level: str = "error") -> list[tuple[int | None, str]]:
    protocol, lines = read(text)
    problems: list[Problem] = check(protocol, world(), lines)
    return [(problem.line, problem.message) for problem in problems if problem.level == level]


def drawn(text: str, slot: int = 0) -> list[tuple[str, Planned]]:
    protocol, lines = read(text)
    assert errors(check(protocol, world(), lines)) == []
    whole: Protocol = settled(protocol, world().datasets["phantoms"])
    return [(block.name, planned) for block, planned in schedule(whole, "a" * 64, slot)]


def test_the_small_protocol_has_no_mistakes() -> None:
    assert found(PROTOCOL) == []


def test_a_diagnostic_crossover_needs_the_washout_between_sessions() -> None:
    text = PROTOCOL.replace(READING, READING.replace("latin-square", "crossover"))
    assert found(text) == []
    short = text.replace("dataset: phantoms", "sessions: {min_gap_days: 7}\ndataset: phantoms")
    ((line, message),) = found(short)
    assert line == line_of(short, "sessions:")
    assert "after 7 days; the washout is 28 days" in message


def test_a_session_must_not_close_before_it_opens() -> None:
    text = PROTOCOL.replace("dataset: phantoms", "sessions: {max_gap_days: 20}\ndataset: phantoms")
    ((line, message),) = found(text)
    assert (line, "open 28 days after the one before and close after 20" in message) == (
        line_of(text, "sessions"),
        True,
    )


def test_a_later_session_may_show_cases_again() -> None:
    second = PROTOCOL.replace("cases: {count: 4}", "cases: [case-02, case-03]\n    session: 2").replace(
        "    practice: [case-01]\n", ""
    )
    turned = second.replace("name: rating\n    task: usefulness", "name: rating\n    session: 1\n    task: usefulness")
    blocks = turned.split("  - name: ")
    swapped = "  - name: ".join([blocks[0], blocks[2].rstrip("\n") + "\n", blocks[1]])
    assert found(swapped) == []
    same = swapped.replace("session: 2", "session: 1")
    assert any(
        "would have seen 2 cases (case-02, case-03) in the block 'rating'" in message for _, message in found(same)
    )


def test_a_gap_in_the_sessions_is_refused() -> None:
    text = PROTOCOL.replace(READING, READING + "\n    session: 3")
    assert [message for _line, message in found(text)] == ["This block is in session 3, but nothing is in session 2."]


def test_sequential_needs_a_task_that_asks_twice() -> None:
    assert found(PROTOCOL.replace(READING, READING.replace("latin-square", "sequential"))) == []
    text = PROTOCOL.replace("{name: latin-square, rounds: 2}", "sequential")
    ((line, message),) = found(text)
    assert line == line_of(text, "design: sequential")
    assert "asks once" in message


def test_repeats_that_cannot_be_far_enough_are_refused_by_counting() -> None:
    text = PROTOCOL.replace(READING, READING + "\n    repeats: {share: 25}")
    ((line, message),) = found(text)
    assert line == line_of(text, "repeats")
    assert "Among 4 trials a repeat comes 4 trials after the first time at most" in message
    assert found(text.replace("share: 25", "share: 25, apart: 3")) == []


def test_a_list_of_limits_that_cannot_be_kept_is_refused() -> None:
    text = PROTOCOL.replace("rounds: 2}", "rounds: 2, apart: 3}")
    ((line, message),) = found(text)
    assert line == line_of(text, "design: {name: latin-square, rounds: 2")
    assert "any 3 trials in a row are of 3 different cases, and there are 2" in message


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("catch: {methods: [ground-truth-mask]}", "give the answer away in diagnosis"),
        ("catch: {methods: [grad-cam]}", "is a method of the block"),
        ("foils: {methods: [none-such]}", "no method called 'none-such'"),
        ("foils: {methods: []}", "Say which maps"),
        ("foils: {methods: [lrp], cases: [case-01]}", "shows the case 'case-01' already"),
        ("catch: {methods: [lrp], count: 9}", "only 5 fitting ones"),
        ("catch: {methods: [lrp], cases: [case-77]}", "no case called 'case-77'"),
    ],
)
def test_what_is_put_among_the_trials_is_checked(written: str, said: str) -> None:
    text = PROTOCOL.replace(READING, f"{READING}\n    {written}")
    told = found(text)
    assert len(told) == 1
    assert told[0][0] == line_of(text, written)
    assert said in told[0][1]


def test_catch_trials_and_foils_show_other_cases_blind() -> None:
    text = PROTOCOL.replace(
        READING, f"{READING}\n    catch: {{methods: [random-map], count: 2}}\n    foils: {{methods: [lrp], count: 1}}"
    )
    for slot in range(4):
        trials = [planned for block, planned in drawn(text, slot) if block == "reading"]
        assert Counter(trial.purpose for trial in trials) == {"practice": 1, "ordinary": 4, "catch": 2, "foil": 1}
        assert len({trial.case for trial in trials}) == 8
        assert {trial.arms for trial in trials if trial.purpose == "catch"} == {("clean/random-map",)}
        assert trials[0].purpose == "practice"
        assert trials[1].purpose == "ordinary"


def test_sessions_come_one_after_another() -> None:
    text = PROTOCOL.replace(READING, READING.replace("latin-square", "crossover")).replace(
        RATING, RATING + "    session: 2\n"
    )
    trials = drawn(text)
    assert [planned.period for _block, planned in trials] == sorted(planned.period for _block, planned in trials)
    assert [block for block, planned in trials if planned.period == 1] == ["reading"] * 5
    assert [block for block, planned in trials if planned.period == 2] == ["reading"] * 4 + ["rating"] * 4
