from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.statistics import reliance, reliance_contrasts
from evaluation.statistics.bootstrap import bootstrap_replicates, weighted_ratio
from evaluation.statistics.crossed_errors import crossed_errors
from tests.evaluation.statistics.conftest import Validate

NAMES: dict[str, Any] = {"truth": "truth", "advice": "advice", "initial": "initial", "final": "final"}
ONE = np.ones((1, 1))


def decisions(readers: int = 6, cases: int = 8, seed: int = 0) -> pd.DataFrame:
    """Unbalanced: a tenth of the decisions are missing."""
    random = np.random.default_rng(seed)
    grid = pd.DataFrame([(r, c) for r in range(readers) for c in range(cases)], columns=["reader", "case"])
    grid = grid[random.random(len(grid)) > 0.1].reset_index(drop=True)
    drawn = {name: random.integers(0, 2, len(grid)) for name in NAMES}
    return grid.assign(arm=np.array(["a", "b"])[(grid["reader"] + grid["case"]) % 2], **drawn)


def left_out(data: pd.DataFrame, keys: list[str]) -> float:
    """The jackknife's variance of the difference of RSR, one subset of the table after the other."""
    found = []
    for _, part in data.groupby(keys):
        rest = data.drop(part.index)
        first, second = (reliance(rest[rest["arm"] == arm], **NAMES).rsr for arm in "ab")
        found.append(first - second)
    return float((len(found) - 1) / len(found) * ((np.array(found) - np.mean(found)) ** 2).sum())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_errors_equal_those_of_tables_without_each_reader_case_and_pair(seed: int, validate: Validate) -> None:
    data = decisions(seed=seed)
    row = reliance_contrasts(data, group="arm", **NAMES, reader="reader", case="case", measures=("rsr",)).iloc[0]
    variance = left_out(data, ["reader"]) + left_out(data, ["case"]) - left_out(data, ["reader", "case"])
    source = "tables without each reader, case and pair"
    validate("reliance_contrasts, errors", source, row["se"], np.sqrt(variance), within=1e-12)
    counted = data[(data["advice"] != data["truth"]) & (data["initial"] == data["truth"])]
    assert row["df"] == min(counted["reader"].nunique(), counted["case"].nunique()) - 1
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(row["estimate"]) / row["se"], row["df"]))
    assert row["high"] - row["estimate"] == pytest.approx(stats.t.isf(0.025, row["df"]) * row["se"])


def test_with_one_kind_of_cluster_it_is_the_error_of_a_mean_of_clusters() -> None:
    random = np.random.default_rng(3)
    values, cluster = random.normal(size=40), np.repeat(np.arange(10), 4)
    found = crossed_errors(values[:, None], np.ones((40, 1)), ONE, [cluster])
    assert found.se[0] == pytest.approx(stats.sem(values.reshape(10, 4).mean(axis=1)))
    assert found.df[0] == 9


def test_a_decisions_own_noise_counts_once_and_thrice_in_the_bootstrap() -> None:
    """Readers and cases that are alike: the variance of the mean is 1/n; resampling both at once triples it."""
    random = np.random.default_rng(4)
    reader, case = (part.ravel() for part in np.meshgrid(range(12), range(15), indexing="ij"))
    once, thrice = [], []
    for seed in range(60):
        values = random.normal(size=(180, 1))
        found = crossed_errors(values, np.ones((180, 1)), ONE, [reader, case])
        once.append(found.se[0] ** 2)
        mean = partial(weighted_ratio, above=values, below=np.ones((180, 1)))
        drawn = bootstrap_replicates(mean, [reader, case], replicates=200, seed=seed)
        thrice.append(drawn.var())
    assert np.mean(once) * 180 == pytest.approx(1.0, abs=0.2)
    assert np.mean(thrice) * 180 == pytest.approx(3.0, abs=0.4)


def test_readers_and_cases_both_count() -> None:
    """Balanced crossed draws: the expected variance of a mean is sd_r^2 / R + sd_c^2 / C + sd^2 / (R C)."""
    random = np.random.default_rng(5)
    reader, case = (part.ravel() for part in np.meshgrid(range(10), range(14), indexing="ij"))
    found = []
    for _ in range(400):
        values = random.normal(size=10)[reader] + 1.5 * random.normal(size=14)[case] + random.normal(size=140)
        found.append(crossed_errors(values[:, None], np.ones((140, 1)), ONE, [reader, case]).se[0] ** 2)
    assert np.mean(found) == pytest.approx(1 / 10 + 2.25 / 14 + 1 / 140, rel=0.07)


def test_groups_of_readers_of_their_own_cost_a_degree_of_freedom_each() -> None:
    """One value a reader in two groups: the difference, its error and its t are those of Welch's test (equal sizes)."""
    random = np.random.default_rng(6)
    values, group = random.normal(size=16), np.repeat([0, 1], 8)
    member = (group[:, None] == [0, 1]).astype(np.float64)
    found = crossed_errors(values[:, None] * member, member, np.array([[1.0], [-1.0]]), [np.arange(16)])
    assert found.df[0] == 14
    assert found.se[0] == pytest.approx(np.sqrt(stats.sem(values[:8]) ** 2 + stats.sem(values[8:]) ** 2), rel=0.05)


def test_what_rests_on_one_cluster_has_no_error() -> None:
    data = decisions()
    alone = data.assign(arm=np.where(data["reader"] == 0, "a", "b"))
    found = reliance_contrasts(alone, group="arm", **NAMES, reader="reader", case="case")
    assert found[["se", "df", "p", "low", "high"]].isna().all().all()
    assert found["estimate"].notna().any()
    nobody = crossed_errors(np.ones((4, 1)), np.ones((4, 1)), ONE, [])
    assert np.isnan(nobody.se).all()


def test_equal_answers_say_nothing_of_the_error() -> None:
    found = crossed_errors(np.ones((8, 1)), np.ones((8, 1)), ONE, [np.repeat(np.arange(4), 2)])
    assert np.isnan(found.se).all()
