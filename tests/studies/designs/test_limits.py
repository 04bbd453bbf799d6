"""Limits of an order are kept whenever counting says that they can be, and refused with the count otherwise.

Oracle: for small sizes, all orders there are (brute force); for larger ones, the limits counted from the trials.
"""

from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from studies.designs import Design, DesignError, Limits, Planned, registry
from studies.designs.feasible import require_runs
from studies.designs.order import closest_repeat, in_order, keeps, longest_run
from studies.designs.rounds import square_rounds
from tests.studies.designs.test_balance import names

seeds = st.integers(0, 2**40)


@given(
    cases=st.integers(1, 14),
    arms=st.integers(2, 7),
    longest=st.integers(1, 4),
    data=st.data(),
    slot=st.integers(0, 40),
    seed=seeds,
)
@settings(max_examples=150, deadline=None)
def test_what_the_check_allows_is_kept(
    cases: int, arms: int, longest: int, data: st.DataObject, slot: int, seed: int
) -> None:
    rounds = data.draw(st.integers(1, arms))
    apart = data.draw(st.integers(1, cases))
    design = registry.build("latin-square", {"rounds": rounds, "longest_run": longest, "apart": apart})
    rows, labels = names(cases, arms)
    kept(design, rows, labels, slot, seed, longest, apart)


@given(cases=st.integers(1, 9), arms=st.integers(2, 6), longest=st.integers(1, 3), data=st.data(), seed=seeds)
@settings(max_examples=60, deadline=None)
def test_a_crossed_design_keeps_its_limits(cases: int, arms: int, longest: int, data: st.DataObject, seed: int) -> None:
    apart = data.draw(st.integers(1, cases))
    design = registry.build("crossed", {"longest_run": longest, "apart": apart})
    rows, labels = names(cases, arms)
    kept(design, rows, labels, data.draw(st.integers(0, 12)), seed, longest, apart)


def kept(design: Design, cases: list[str], arms: list[str], slot: int, seed: int, longest: int, apart: int) -> None:
    """The limits hold in what is drawn, or the check has refused it."""
    try:
        design.check(cases, arms)
    except DesignError:
        reject()
    trials = design.assign(cases, arms, slot, seed)
    if len({trial.arms for trial in trials}) > 1:
        assert longest_run(trials) <= longest
    assert (closest_repeat(trials) or apart) >= apart


@pytest.mark.parametrize("size", list(product(range(1, 4), (2, 3), (1, 2), (1, 2, 3))), ids=str)
def test_a_refusal_is_the_truth(size: tuple[int, int, int, int]) -> None:
    """Oracle: every order of every round, tried one by one, for every slot."""
    cases, arms, longest, apart = size
    rows, labels = names(cases, arms)
    design = registry.build("latin-square", {"rounds": 2, "longest_run": longest, "apart": apart})
    for slot in range(arms):
        rounds = square_rounds(tuple(rows), tuple(labels), slot, 5, 2)
        orders = ((*first, *second) for first in permutations(rounds[0]) for second in permutations(rounds[1]))
        possible = any(keeps(order, Limits(longest, apart)) for order in orders)
        try:
            design.check(rows, labels)
        except DesignError:
            assert not possible
        else:
            assert possible
            assert keeps(design.assign(rows, labels, slot, 5), Limits(longest, apart))


def test_the_refusals_say_what_was_counted() -> None:
    cases, arms = names(4, 2)
    with pytest.raises(DesignError, match="any 5 trials in a row are of 5 different cases, and there are 4"):
        registry.build("latin-square", {"rounds": 2, "apart": 5}).assign(cases, arms, 0, 0)
    with pytest.raises(DesignError, match="apart 3 can be kept"):
        registry.build("latin-square", {"rounds": 2, "longest_run": 1, "apart": 4}).assign(cases, arms, 0, 0)
    with pytest.raises(DesignError, match="any 9 trials in a row"):
        registry.build("paired", {"rounds": 2, "apart": 9}).assign(*names(4, 3), 0, 0)


@given(counts=st.lists(st.integers(1, 5), min_size=2, max_size=3), longest=st.integers(1, 3), seed=seeds)
@example(counts=[5, 1], longest=2, seed=0)
@settings(max_examples=80, deadline=None)
def test_runs_can_be_kept_exactly_where_counting_says_so(counts: list[int], longest: int, seed: int) -> None:
    """The count of `require_runs` is necessary, and an order is always found where it holds."""
    trials = [Planned(f"{arm}{number}", (f"arm-{arm}",)) for arm, count in enumerate(counts) for number in range(count)]
    limits = Limits(longest, 1)
    if max(counts) > longest * (sum(counts) - max(counts) + 1):
        with pytest.raises(DesignError, match=f"{max(counts)} of {sum(counts)} trials"):
            require_runs(trials, limits)
        with pytest.raises(DesignError, match="No order"):
            in_order([trials], limits, seed)
    else:
        require_runs(trials, limits)
        assert longest_run(in_order([trials], limits, seed)) <= longest
