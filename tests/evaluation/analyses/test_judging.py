"""Error detection and the simulations find what was put into the data, and nothing where there is nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from evaluation.analyses import AnalysisContext, registry
from evaluation.analyses.error_detection import signal_detection
from tests.evaluation.analyses.study import judging_table

CONTEXT = AnalysisContext(bootstrap=300)


@pytest.mark.parametrize("name", ["error-detection", "forward-simulation", "counterfactual-simulation"])
def test_only_the_map_that_helps_is_found_to_help(name: str) -> None:
    found = registry[name]().analyse(judging_table(), seed=1, context=CONTEXT)
    assert [finding.measure.rpartition(", ")[2] for finding in found.findings] == ["grad-cam"]


def test_shares_above_chance_are_counted_by_hand() -> None:
    table = judging_table()
    found = registry["forward-simulation"]().analyse(table, seed=1, context=CONTEXT).tables["above chance"]
    rows = table[(table["task"] == "forward-simulation") & (table["method"] == "grad-cam")]
    expected = rows["correct"].astype(bool).mean() - 0.5
    assert found.set_index("method").loc["grad-cam", "mean"] == pytest.approx(expected)


def test_d_prime_and_criterion_are_those_of_the_formula() -> None:
    """Hautus's correction: hits 20.5/26, false alarms 10.5/26; z from a printed normal table."""
    said = pd.Series([True] * 20 + [False] * 5 + [True] * 10 + [False] * 15)
    was = pd.Series([True] * 25 + [False] * 25)
    sensitivity, criterion = signal_detection(said, was)
    assert sensitivity == pytest.approx(0.8004 + 0.2434, abs=2e-3)
    assert criterion == pytest.approx(-(0.8004 - 0.2434) / 2, abs=2e-3)
