"""Simulated readers: the same for the same seed, and with the effects they are said to have."""

from __future__ import annotations

import numpy as np
import pytest

from studies.simulation import Effects, SimulationError, Stimulus, reader_of


def shown(case: int, covered: float, label: int = 1) -> Stimulus:
    return Stimulus(case=f"c{case}", map=f"m{covered}", label=label, level=2, covered=covered, extraneous=1 - covered)


def mean_coverage(index: int, covered: float, seed: int = 1, n: int = 300) -> float:
    reader = reader_of(seed, index)
    return float(np.mean([reader.rate(shown(case, covered))["coverage"] for case in range(n)]))


def test_answers_follow_from_the_seed() -> None:
    assert reader_of(3, 5) == reader_of(3, 5)
    assert reader_of(3, 5).rate(shown(1, 0.4)) == reader_of(3, 5).rate(shown(1, 0.4))
    assert reader_of(3, 5) != reader_of(4, 5)


def test_answers_differ_between_occurrences() -> None:
    reader = reader_of(0, 0)
    answers = {tuple(reader.rate(shown(1, 0.5), occurrence).values()) for occurrence in range(1, 40)}
    assert len(answers) > 1


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_plausible_maps_are_rated_higher(index: int) -> None:
    assert mean_coverage(index, 0.9) > mean_coverage(index, 0.1) + 0.15


def test_calibrated_readers_tell_maps_apart_best() -> None:
    """Indices 0, 1, 3 are calibrated, trusting, lazy."""
    spread = [mean_coverage(index, 0.9) - mean_coverage(index, 0.1) for index in (0, 1, 3)]
    assert spread[0] > spread[1] > spread[2]


def test_leniency_has_the_standard_deviation_it_says() -> None:
    drawn = [reader_of(7, index, Effects(leniency_sd=0.6)).leniency for index in range(2000)]
    assert np.std(drawn) == pytest.approx(0.6, rel=0.05)
    assert np.mean(drawn) == pytest.approx(0.0, abs=0.05)


def test_reading_is_better_than_chance_and_worse_for_hard_cases() -> None:
    def accuracy(level: int) -> float:
        right = []
        for index in range(20):
            reader = reader_of(2, index)
            for case in range(40):
                label = case % 2
                probability = reader.read(Stimulus(case=f"c{case}", label=label, level=level if label else None))
                right.append((probability >= 50) == bool(label))
        return float(np.mean(right))

    assert accuracy(1) > accuracy(5) > 0.55


def test_advice_moves_the_second_reading_towards_it() -> None:
    reader = reader_of(2, 1)
    case = shown(1, 0.5)
    initial = 40.0
    assert reader.read_again(case, initial, 0.95, has_map=False) > initial
    assert reader.read_again(case, initial, 0.05, has_map=False) < initial
    assert reader.read_again(case, initial, None, has_map=False) == initial


def test_a_plausible_map_raises_a_calibrated_readers_reliance() -> None:
    reader = reader_of(2, 0)
    convincing = reader.read_again(shown(1, 1.0), 40.0, 0.95, has_map=True)
    odd = reader.read_again(shown(1, 0.0), 40.0, 0.95, has_map=True)
    assert convincing > odd


def test_preference_has_no_side() -> None:
    reader = reader_of(5, 0)
    good, bad = 0.9, 0.1
    first = sum(reader.compare(shown(case, good), shown(case, bad))["preferred"] == "first" for case in range(200))
    second = sum(reader.compare(shown(case, bad), shown(case, good))["preferred"] == "second" for case in range(200))
    assert first > 150
    assert abs(first - second) < 40
    equal = [reader.compare(shown(case, 0.5), shown(case, 0.5))["preferred"] for case in range(300)]
    assert {"first", "second", "tie"} == set(equal)


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(SimulationError, match="counted from 0"):
        reader_of(1, -1)
