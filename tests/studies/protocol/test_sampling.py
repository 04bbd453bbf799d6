"""Cases drawn by what the model did. Oracle: outcomes counted from the facts of the drawn cases."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.protocol import Call, CaseFacts, World, check, chosen_cases, read
from studies.protocol.outcomes import OUTCOMES, confidence_of, outcome_of, quotas, size_bounds, size_of
from studies.protocol.schema import Shares
from tests.studies.protocol.small import PROTOCOL, line_of, world


def hospital(count: int = 80) -> World:
    """Cases of every outcome and confidence, most of them called rightly, findings of all sizes."""
    cases = {}
    for number in range(count):
        label, right = number % 2, number % 5 != 0
        advice = label if right else 1 - label
        sure = 0.5 + 0.49 * (number % 7) / 6
        cases[f"case-{number:02}"] = CaseFacts(
            labels={"nodule": label},
            calls={"clean": Call(advice, sure if advice else 1 - sure)},
            sizes={"nodule": (10 + 3 * number) * label},
        )
    here = world()
    maps = frozenset(("clean", label, case) for label in here.methods for case in cases)
    return replace(
        here,
        datasets={"phantoms": cases},
        explanations=maps,
        predictions=frozenset(("clean", case) for case in cases),
    )


def text(cases: str) -> str:
    """The small protocol, its diagnosis on these cases."""
    return PROTOCOL.replace("cases: {count: 4}", f"cases: {cases}").replace("    practice: [case-01]\n", "")


def outcomes(cases: str) -> Counter[str]:
    here = hospital()
    protocol, lines = read(text(cases))
    assert [p for p in check(protocol, here, lines) if p.level == "error"] == []
    known = here.datasets["phantoms"]
    return Counter(outcome_of(known[slug], "nodule", "clean") for slug in chosen_cases(protocol, known)["reading"])


def test_a_share_of_right_calls_is_drawn_exactly() -> None:
    found = outcomes("{count: 20, shares: {correct: 60}}")
    assert found["true-positive"] + found["true-negative"] == 12
    assert found["false-positive"] + found["false-negative"] == 8


def test_shares_of_outcomes_leave_the_rest_to_the_others() -> None:
    found = outcomes("{count: 20, shares: {false_positive: 25, false_negative: 10}}")
    assert (found["false-positive"], found["false-negative"]) == (5, 2)
    assert found["true-positive"] + found["true-negative"] == 13


def test_strata_of_outcomes_are_even_without_shares() -> None:
    assert set(outcomes("{count: 16, strata: [outcome]}").values()) == {4}


def test_confidence_and_size_are_strata() -> None:
    here = hospital().datasets["phantoms"]
    protocol, _lines = read(text("{count: 18, reference: present, strata: [confidence, size]}"))
    drawn = chosen_cases(protocol, here)["reading"]
    bounds = size_bounds("nodule", here.values())
    piles = Counter((confidence_of(here[s], "clean"), size_of(here[s], "nodule", bounds)) for s in drawn)
    assert len(piles) == 9
    assert set(piles.values()) == {2}


@given(
    count=st.integers(1, 200),
    shares=st.dictionaries(st.sampled_from(OUTCOMES), st.floats(0, 25), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_quotas_make_the_whole_number(count: int, shares: dict[str, float]) -> None:
    named = {name.replace("-", "_"): share for name, share in shares.items()}
    found = quotas(Shares(**named), count)
    assert sum(wanted for _outcomes, wanted in found) == count
    for kinds, wanted in found:
        if len(kinds) == 1 and (kind := next(iter(kinds))) in shares:
            assert abs(wanted - count * shares[kind] / 100) <= 1


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ("{count: 20, shares: {correct: 60, false_positive: 5}}", "Give either 'correct' or the outcomes"),
        ("{count: 20, shares: {}}", "Name at least one share"),
        ("{count: 20, shares: {true_positive: 70, false_positive: 40}}", "add up to 110 per cent"),
        (
            "{count: 60, shares: {correct: 50}}",
            "30 cases on which the AI is wrong are asked for, but there are only 16",
        ),
    ],
)
def test_shares_that_cannot_be_are_told_with_their_line(cases: str, said: str) -> None:
    written = text(cases)
    protocol, lines = read(written)
    told = [p for p in check(protocol, hospital(), lines) if p.level == "error"]
    assert any(said in problem.message and problem.line == line_of(written, cases) for problem in told)


def test_an_ai_that_is_hardly_ever_wrong_is_worth_a_thought() -> None:
    here = hospital()
    right = {
        slug: replace(case, calls={"clean": Call(case.labels["nodule"] or 0)})
        for slug, case in here.datasets["phantoms"].items()
    }
    protocol, lines = read(text("{count: 20}"))
    told = [p.message for p in check(protocol, replace(here, datasets={"phantoms": right}), lines)]
    assert any("'clean' is right on 20 of 20 cases" in message for message in told)
