"""Every design keeps its promise of balance over consecutive slots, wherever they start.

Oracle: the counts of the certificate, made from the trials alone, against what the designs' definitions say.
"""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from studies.designs import Design, DesignError, registry
from studies.designs.certificate import certificate
from studies.designs.order import closest_repeat, longest_run
from studies.designs.williams import williams_square

SINGLE = [design for design in registry if design().arms_per_trial == 1]
sizes = st.tuples(st.integers(1, 9), st.integers(2, 6))
seeds = st.integers(0, 2**40)
starts = st.integers(0, 50)


def names(cases: int, arms: int) -> tuple[list[str], list[str]]:
    return [f"case-{number:02}" for number in range(cases)], [f"net/{letter}" for letter in "abcdefgh"[:arms]]


def suits(design: Design, cases: list[str], arms: list[str]) -> None:
    """Leave out sizes that the design refuses."""
    try:
        design.check(cases, arms)
    except DesignError:
        reject()


@pytest.mark.parametrize("design", SINGLE, ids=lambda design: design.name)
@given(size=sizes, seed=seeds, start=starts)
@settings(max_examples=25, deadline=None)
def test_each_case_meets_each_arm_equally_often(
    design: type[Design], size: tuple[int, int], seed: int, start: int
) -> None:
    cases, arms = names(*size)
    made = design()
    suits(made, cases, arms)
    period = made.period(len(arms))
    start = start * period if made.in_laps else start
    schedule = [made.assign(cases, arms, slot, seed) for slot in range(start, start + period)]
    counts = certificate(schedule, cases, arms).cells
    assert len(set(counts.values())) == 1
    assert sum(counts.values()) == sum(map(len, schedule))
    lengths = {len(trials) for trials in schedule}
    assert max(lengths) == made.length(len(cases), len(arms))


@given(size=sizes, seed=seeds, slot=starts)
@settings(max_examples=40, deadline=None)
def test_a_latin_square_shows_each_case_once_and_arms_nearly_equally(
    size: tuple[int, int], seed: int, slot: int
) -> None:
    cases, arms = names(*size)
    trials = registry["latin-square"]().assign(cases, arms, slot, seed)
    assert sorted(trial.case for trial in trials) == cases
    counts = Counter(trial.arms[0] for trial in trials)
    assert max(counts.values()) - min(counts[arm] for arm in arms) <= 1


@given(cases=st.integers(2, 12), arms=st.integers(2, 8), seed=seeds, slot=starts, data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_reader_sees_a_case_in_the_same_arm_twice(
    cases: int, arms: int, seed: int, slot: int, data: st.DataObject
) -> None:
    rounds = data.draw(st.integers(1, arms))
    trials = registry.build("latin-square", {"rounds": rounds}).assign(*names(cases, arms), slot, seed)
    assert len({(trial.case, trial.arms) for trial in trials}) == len(trials) == rounds * cases
    for start in range(0, len(trials), cases):
        assert len({trial.case for trial in trials[start : start + cases]}) == cases


def test_repeats_of_a_case_are_far_apart_and_arms_do_not_run() -> None:
    cases, arms = names(10, 8)
    for slot in range(12):
        trials = registry.build("latin-square", {"rounds": 3, "apart": 5}).assign(cases, arms, slot, seed=4)
        assert (closest_repeat(trials) or 0) >= 5
        assert longest_run(trials) <= 2


@given(arms=st.integers(2, 8), seed=seeds, slot=starts)
@settings(max_examples=30, deadline=None)
def test_an_arm_never_comes_three_times_in_a_row(arms: int, seed: int, slot: int) -> None:
    """Possible whenever arms are nearly equally frequent, so it must be found."""
    cases, labels = names(3 * arms, arms)
    assert longest_run(registry["latin-square"]().assign(cases, labels, slot, seed)) <= 2


def test_readers_that_are_no_multiple_of_the_arms_leave_little_imbalance() -> None:
    cases, arms = names(10, 8)
    design = registry.build("latin-square", {"rounds": 4})
    for readers in range(1, 20):
        counts = certificate([design.assign(cases, arms, slot, 3) for slot in range(readers)], cases, arms)
        assert counts.is_balanced
        assert counts.by_reader == (5, 5)


def test_crossed_shows_everything_to_everyone() -> None:
    cases, arms = names(4, 3)
    trials = registry["crossed"]().assign(cases, arms, 0, seed=1)
    assert {(trial.case, trial.arms[0]) for trial in trials} == {(case, arm) for case in cases for arm in arms}
    assert len(trials) == 12
    assert (closest_repeat(trials) or 0) >= 2


@pytest.mark.parametrize("count", range(2, 9))
def test_williams_squares_are_balanced_for_carry_over(count: int) -> None:
    """Williams 1949: each arm once in each place of the rows, each ordered pair of neighbours equally often."""
    square = williams_square(count)
    for place in range(count):
        assert set(Counter(row[place] for row in square).values()) == {len(square) // count}
    followed = Counter((row[place], row[place + 1]) for row in square for place in range(count - 1))
    assert len(followed) == count * (count - 1)
    assert set(followed.values()) == {len(square) // count}


def test_a_williams_design_follows_the_square_within_laps() -> None:
    cases, arms = names(8, 4)
    design = registry["williams"]()
    followed: Counter[tuple[str, str]] = Counter()
    for slot in range(design.period(4)):
        trials = design.assign(cases, arms, slot, seed=9)
        for lap in (trials[:4], trials[4:]):
            assert {trial.arms[0] for trial in lap} == set(arms)
            followed.update((lap[place].arms[0], lap[place + 1].arms[0]) for place in range(3))
    assert len(followed) == 12
    assert set(followed.values()) == {2}


@given(cases=st.integers(1, 8), arms=st.integers(2, 5), seed=seeds, start=starts)
@settings(max_examples=30, deadline=None)
def test_pairs_are_balanced_over_cases_and_sides(cases: int, arms: int, seed: int, start: int) -> None:
    rows, labels = names(cases, arms)
    design = registry["paired"]()
    slots = range(start, start + design.period(arms))
    shown = Counter((trial.case, trial.arms) for slot in slots for trial in design.assign(rows, labels, slot, seed))
    assert len(shown) == cases * arms * (arms - 1)
    assert set(shown.values()) == {1}


@given(cases=st.integers(1, 6), arms=st.integers(2, 6), size=st.integers(2, 4), seed=seeds, start=starts)
@settings(max_examples=30, deadline=None)
def test_sets_are_balanced_over_cases_arms_and_places(cases: int, arms: int, size: int, seed: int, start: int) -> None:
    rows, labels = names(cases, arms)
    made = registry.build("sets", {"size": size})
    if size > arms:
        with pytest.raises(DesignError, match="at least"):
            made.check(rows, labels)
        return
    slots = range(start, start + made.period(arms))
    trials = [trial for slot in slots for trial in made.assign(rows, labels, slot, seed)]
    assert all(len(set(trial.arms)) == size for trial in trials)
    places = Counter((trial.case, place, arm) for trial in trials for place, arm in enumerate(trial.arms))
    assert len(places) == cases * size * arms
    assert len(set(places.values())) == 1, "each arm in each place of each case as often"
    pairs = Counter((trial.case, pair) for trial in trials for pair in permutations(trial.arms, 2))
    assert len(pairs) == cases * arms * (arms - 1)
    assert len(set(pairs.values())) == 1, "each arm before each other one as often"


def test_a_reader_of_sets_sees_each_set_of_a_case_once() -> None:
    cases, arms = names(5, 4)
    trials = registry.build("sets", {"size": 3, "rounds": 4}).assign(cases, arms, 3, seed=2)
    assert len({(trial.case, frozenset(trial.arms)) for trial in trials}) == 20
    with pytest.raises(DesignError, match="5 rounds need as many sets"):
        registry.build("sets", {"size": 3, "rounds": 5}).check(cases, arms)
    with pytest.raises(DesignError, match="2 to 4"):
        registry.build("sets", {"size": 5})


def test_a_reader_of_pairs_sees_each_pair_of_a_case_once() -> None:
    cases, arms = names(5, 4)
    trials = registry.build("paired", {"rounds": 6}).assign(cases, arms, 3, seed=2)
    assert len({(trial.case, frozenset(trial.arms)) for trial in trials}) == 30
    assert all(len(set(trial.arms)) == 2 for trial in trials)


@pytest.mark.parametrize("design", list(registry), ids=lambda design: design.name)
@given(seed=seeds, slot=starts)
@settings(max_examples=15, deadline=None)
def test_the_same_arguments_give_the_same_trials(design: type[Design], seed: int, slot: int) -> None:
    cases, arms = names(6, 4)
    first = design().assign(cases, arms, slot, seed)
    assert design().assign(cases, arms, slot, seed) == first
    assert design().assign(cases[::-1], arms[::-1], slot, seed) == first
    assert (
        design().assign(cases, arms, slot, seed + 1) != first or design().assign(cases, arms, slot + 1, seed) != first
    )


@pytest.mark.parametrize("design", list(registry), ids=lambda design: design.name)
def test_it_refuses_what_makes_no_schedule(design: type[Design]) -> None:
    with pytest.raises(DesignError, match="at least one case"):
        design().assign([], ["a", "b"], 0, 0)
    with pytest.raises(DesignError, match="once"):
        design().assign(["x", "x"], ["a", "b", "c"], 0, 0)
    with pytest.raises(DesignError, match="no slot -1"):
        design().assign(["x", "y"], ["a", "b", "c"], -1, 0)


def test_rounds_need_as_many_arms() -> None:
    with pytest.raises(DesignError, match="3 rounds need as many arms; there are 2"):
        registry.build("latin-square", {"rounds": 3}).assign(["x"], ["a", "b"], 0, 0)
    with pytest.raises(DesignError, match="at least 1"):
        registry.build("latin-square", {"rounds": 0})


@pytest.mark.parametrize("design", list(registry), ids=lambda design: design.name)
def test_each_design_states_its_facts(design: type[Design]) -> None:
    assert design.title
    assert design.reference
    assert design.summary
    assert design.__doc__
