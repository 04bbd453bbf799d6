"""What is special about each design: blocks, groups, sessions, laps. Oracle: counts against the definitions."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.designs import Design, DesignError, registry
from studies.designs.incomplete_blocks import blocks_of
from tests.studies.designs.test_balance import names

seeds = st.integers(0, 2**40)
ONE_CASE_A_SESSION = ["crossover", "split-plot", "parallel", "sequential", "williams", "latin-square"]


@pytest.mark.parametrize("arms", range(3, 11))
def test_every_pair_of_arms_shares_as_many_blocks(arms: int) -> None:
    """Yates 1936: r (k - 1) = lambda (v - 1), and b k = v r."""
    for size in range(2, arms):
        blocks = blocks_of(arms, size)
        alone = Counter(arm for block in blocks for arm in block)
        together = Counter(pair for block in blocks for pair in combinations(sorted(block), 2))
        assert all(len(set(block)) == size for block in blocks)
        assert len(alone) == arms
        assert len(together) == arms * (arms - 1) // 2
        (replicates,), (shared,) = set(alone.values()), set(together.values())
        assert replicates * (size - 1) == shared * (arms - 1)
        assert len(blocks) * size == arms * replicates


@pytest.mark.parametrize(("arms", "size", "blocks"), [(7, 3, 7), (13, 4, 13), (11, 5, 11), (9, 4, 18)])
def test_known_families_are_found(arms: int, size: int, blocks: int) -> None:
    """The Fano plane, the projective plane of order 3, the biplane of 11 points; Fisher & Yates' table for 9 and 4."""
    assert len(blocks_of(arms, size)) == blocks


def test_too_many_blocks_are_refused() -> None:
    with pytest.raises(DesignError, match="too many; choose another block size"):
        blocks_of(20, 7)


@given(cases=st.integers(1, 8), arms=st.integers(3, 7), slot=st.integers(0, 30), seed=seeds, data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_reader_meets_a_case_in_the_arms_of_one_block(
    cases: int, arms: int, slot: int, seed: int, data: st.DataObject
) -> None:
    size = data.draw(st.integers(2, arms - 1))
    rows, labels = names(cases, arms)
    trials = registry.build("balanced-incomplete-blocks", {"size": size}).assign(rows, labels, slot, seed)
    for case in rows:
        assert len({trial.arms for trial in trials if trial.case == case}) == size
    own = registry.build("balanced-incomplete-blocks", {"size": size, "of": "reader"}).assign(rows, labels, slot, seed)
    assert sorted(trial.case for trial in own) == rows
    assert len({trial.arms for trial in own}) == min(size, cases)


def test_pairs_of_arms_meet_on_each_case_equally_often_over_readers() -> None:
    cases, arms = names(5, 4)
    design = registry.build("balanced-incomplete-blocks", {"size": 2})
    together: Counter[tuple[str, frozenset[str]]] = Counter()
    for slot in range(design.period(4)):
        trials = design.assign(cases, arms, slot, seed=1)
        for case in cases:
            together[case, frozenset(trial.arms[0] for trial in trials if trial.case == case)] += 1
    assert len(together) == 5 * 6
    assert len(set(together.values())) == 1


@pytest.mark.parametrize("name", ONE_CASE_A_SESSION)
@given(cases=st.integers(2, 9), arms=st.integers(2, 4), slot=st.integers(0, 20), seed=seeds)
@settings(max_examples=20, deadline=None)
def test_no_case_comes_twice_within_a_session(name: str, cases: int, arms: int, slot: int, seed: int) -> None:
    design = registry[name]()
    trials = design.assign(*names(cases, arms), slot, seed)
    assert not design.repeats_cases(arms)
    assert len({(trial.case, trial.period) for trial in trials}) == len(trials)
    assert [trial.period for trial in trials] == sorted(trial.period for trial in trials)
    assert {trial.period for trial in trials} == set(range(1, design.periods(arms) + 1))


@pytest.mark.parametrize("session", ["mixed", "one-arm"])
@pytest.mark.parametrize("arms", [2, 3, 4])
def test_a_crossover_is_complete_and_balanced_over_sessions(session: str, arms: int) -> None:
    cases, labels = names(6, arms)
    design = registry.build("crossover", {"session": session})
    where: Counter[tuple[str, str, int]] = Counter()
    for slot in range(design.period(arms)):
        trials = design.assign(cases, labels, slot, seed=4)
        assert {(trial.case, trial.arms[0]) for trial in trials} == {(case, arm) for case in cases for arm in labels}
        if session == "one-arm":
            assert all(len({t.arms for t in trials if t.period == period}) == 1 for period in range(1, arms + 1))
        where.update((trial.case, trial.arms[0], trial.period) for trial in trials)
    assert len(where) == 6 * arms * arms
    assert len(set(where.values())) == 1


def test_groups_of_readers_read_groups_of_cases_in_every_arm() -> None:
    cases, arms = names(7, 3)
    for washout in (True, False):
        design = registry.build("split-plot", {"groups": 2, "washout": washout})
        read = [design.assign(cases, arms, slot, seed=3) for slot in range(design.period(3))]
        groups = [frozenset(trial.case for trial in trials) for trials in read]
        assert len(set(groups)) == 2
        assert frozenset.union(*groups) == set(cases)
        assert not groups[0] & groups[1]
        assert sorted(map(len, set(groups))) == [3, 4]
        for trials, group in zip(read, groups, strict=True):
            assert {(trial.case, trial.arms[0]) for trial in trials} == {(c, a) for c in group for a in arms}
            assert max(trial.period for trial in trials) == (3 if washout else 1)


def test_parallel_readers_know_one_arm_and_the_next_one_cannot_be_told() -> None:
    cases, arms = names(5, 3)
    design: Design = registry["parallel"]()
    laps = []
    for lap in range(40):
        own = [{trial.arms[0] for trial in design.assign(cases, arms, 3 * lap + place, seed=8)} for place in range(3)]
        assert all(len(each) == 1 for each in own)
        assert set.union(*own) == set(arms)
        laps.append(tuple(each.copy().pop() for each in own))
    assert len(set(laps)) == 6, "all orders of a lap occur"
