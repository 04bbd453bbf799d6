"""Repeats, catch trials and foils among a reader's trials. Oracle: positions and counts of the result."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.designs import DesignError, Planned, registry
from studies.designs.insertion import Repeats, with_inserted
from studies.designs.order import closest_repeat, longest_run
from tests.studies.designs.test_balance import names


def inserted(
    cases: int,
    arms: int,
    repeats: Repeats | None,
    extra: int,
    *,
    slot: int = 0,
    seed: int = 0,
    design: str = "latin-square",
    **parameters: object,
) -> tuple[tuple[Planned, ...], tuple[Planned, ...]]:
    """A reader's own trials, and the same with what is inserted."""
    rows, labels = names(cases, arms)
    made = registry.build(design, parameters)
    extras = [Planned(f"extra-{number}", ("net/inverted",), purpose="catch") for number in range(extra)]
    found = with_inserted(
        lambda again: made.assign(rows, labels, slot, seed, again),
        repeats,
        extras,
        made.limits(cases, arms),
        slot,
        seed,
    )
    return made.assign(rows, labels, slot, seed), found


@given(
    cases=st.integers(8, 40),
    arms=st.integers(2, 6),
    extra=st.integers(0, 5),
    share=st.floats(1, 50),
    apart=st.integers(1, 20),
    slot=st.integers(0, 30),
    seed=st.integers(0, 2**40),
)
@settings(max_examples=120, deadline=None)
def test_repeats_come_later_in_the_same_arm(
    cases: int, arms: int, extra: int, share: float, apart: int, slot: int, seed: int
) -> None:
    repeats = Repeats(share=share, apart=apart)
    if cases + extra < apart:
        with pytest.raises(DesignError, match="a repeat comes"):
            inserted(cases, arms, repeats, extra, slot=slot, seed=seed)
        return
    own, found = inserted(cases, arms, repeats, extra, slot=slot, seed=seed)
    again = [(place, trial) for place, trial in enumerate(found) if trial.purpose == "repeat"]
    assert len(again) == repeats.count(cases)
    for place, trial in again:
        first = next(p for p, other in enumerate(found) if (other.case, other.arms) == (trial.case, trial.arms))
        assert found[first].purpose == "ordinary"
        assert place - first >= apart
    assert len({trial.case for _place, trial in again}) == len(again)
    assert sorted(t.case for t in found if t.purpose == "ordinary") == sorted(t.case for t in own)
    assert sum(trial.purpose == "catch" for trial in found) == extra
    assert found[0].purpose == "ordinary"
    assert longest_run(found) <= 2


def test_repeats_are_spread_over_the_arms() -> None:
    _own, found = inserted(80, 4, Repeats(share=10), 0)
    repeated = [trial.arms for trial in found if trial.purpose == "repeat"]
    assert len(repeated) == 8
    assert sorted(repeated.count(arm) for arm in set(repeated)) == [2, 2, 2, 2]


def test_inserted_trials_are_never_first_and_lie_apart() -> None:
    for slot in range(20):
        _own, found = inserted(20, 4, None, 4, slot=slot)
        places = [place for place, trial in enumerate(found) if trial.purpose == "catch"]
        assert len(places) == 4
        assert places[0] > 0
        for number, place in enumerate(places):
            assert 5 * number + 1 <= place - number <= 5 * (number + 1)


def test_too_few_trials_are_refused_by_counting() -> None:
    with pytest.raises(DesignError, match="Among 14 trials a repeat comes 14 trials after the first time at most"):
        inserted(14, 2, Repeats(), 0)
    own, found = inserted(13, 2, Repeats(share=20), 2)
    assert [trial.purpose for trial in found[-3:]] == ["repeat"] * 3
    assert [trial.case for trial in found[-3:]] == [trial.case for trial in found[:3]]
    assert len(found) == len(own) + 2 + 3


def test_repeats_may_have_a_session_of_their_own() -> None:
    own, found = inserted(12, 3, Repeats(share=25, session="next"), 2)
    later = [trial for trial in found if trial.period == 2]
    assert [trial.purpose for trial in later] == ["repeat"] * 3
    assert {(trial.case, trial.arms) for trial in later} <= {(trial.case, trial.arms) for trial in own}
    assert {trial.period for trial in found if trial.purpose != "repeat"} == {1}


def test_each_session_has_its_own_repeats_and_its_part_of_the_rest() -> None:
    _own, found = inserted(20, 2, Repeats(share=10, apart=15), 3, design="crossover")
    for period, caught in ((1, 2), (2, 1)):
        session = [trial for trial in found if trial.period == period]
        assert sum(trial.purpose == "repeat" for trial in session) == 2
        assert sum(trial.purpose == "catch" for trial in session) == caught
        assert (closest_repeat(session) or 0) >= 15
    assert [trial.period for trial in found] == sorted(trial.period for trial in found)


def test_the_same_arguments_insert_the_same() -> None:
    first, again, other = (inserted(30, 4, Repeats(), 3, slot=slot)[1] for slot in (2, 2, 3))
    assert first == again
    assert first != other
