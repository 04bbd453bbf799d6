"""What the analyses of automatic metrics say of tables whose answer is known."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.analyses import AnalysisContext, AnalysisResult, registry
from evaluation.analyses.rank_agreement import within_case_tau

CONTEXT = AnalysisContext(directions={"deletion": False, "srg": True, "pointing": True}, bootstrap=300)
METHODS = ("ig", "lime", "lrp", "rise")


def scores(cases: int = 24, seed: int = 3) -> pd.DataFrame:
    """Maps of four methods and a control: by `srg` and `deletion` lrp is best, by `pointing` it is the worst."""
    random = np.random.default_rng(seed)
    faithful = {"ig": 0.4, "lime": 0.2, "lrp": 0.8, "rise": 0.3, "random-map": 0.0}
    placed = {"ig": 0.5, "lime": 0.6, "lrp": 0.1, "rise": 0.7, "random-map": 0.2}
    rows = []
    for case, (method, effect) in itertools.product(range(cases), faithful.items()):
        srg = effect + random.normal(0, 0.05)
        rows.append(
            {
                "reader": "r1",
                "case": f"c{case:02d}",
                "method": method,
                "control": method == "random-map",
                "metric.srg": srg,
                "metric.deletion": 1.0 - srg,
                "metric.pointing": placed[method] + random.normal(0, 0.05),
                "displayed.srg": srg - (0.6 if method == "lrp" else 0.0),
                "blur-matched.pointing": 0.3,
                "random.pointing": 0.1,
                "error.srg": 0.03,
            }
        )
    return pd.DataFrame(rows)


def analysed(name: str, table: pd.DataFrame, **parameters: object) -> AnalysisResult:
    return registry.build(name, parameters).analyse(table, seed=1, context=CONTEXT)


def test_tau_is_kendalls_within_each_case() -> None:
    """Oracle: scipy's tau-b case by case, with ties and with a method that lacks a score."""
    random = np.random.default_rng(0)
    first, second = random.integers(0, 4, (40, 6)).astype(float), random.integers(0, 4, (40, 6)).astype(float)
    first[3, 2] = second[5, 0] = np.nan
    found = within_case_tau(first, second)
    for case in range(40):
        both = ~np.isnan(first[case]) & ~np.isnan(second[case])
        assert found[case] == pytest.approx(
            stats.kendalltau(first[case][both], second[case][both]).statistic, nan_ok=True
        )


def test_tau_is_undefined_where_one_score_ties_all_methods() -> None:
    assert np.isnan(within_case_tau(np.ones((1, 3)), np.arange(3.0)[None]))[0]
    assert np.isnan(within_case_tau(np.array([[1.0, np.nan]]), np.array([[1.0, 2.0]])))[0]


def test_a_metric_and_its_mirror_agree_fully_once_both_are_turned() -> None:
    table = analysed("metric-agreement", scores()).tables["metric-agreement"].set_index(["first", "second"])
    assert table.loc[("srg", "deletion"), "estimate"] == pytest.approx(1.0)
    assert float(table["high"][("srg", "pointing")]) < 0.3


def test_the_agreement_is_the_mean_over_cases_with_bounds_that_resample_cases() -> None:
    data = scores()
    row = analysed("metric-agreement", data).tables["metric-agreement"].iloc[1]
    kept = data[~data["control"]]
    taus = [stats.kendalltau(part["metric.srg"], part["metric.pointing"]).statistic for _, part in kept.groupby("case")]
    assert row["estimate"] == pytest.approx(np.mean(taus))
    normal = 1.96 * np.std(taus, ddof=1) / np.sqrt(len(taus))
    assert row["estimate"] - row["low"] == pytest.approx(normal, rel=0.3)
    assert row["high"] - row["estimate"] == pytest.approx(normal, rel=0.3)


def test_disputes_name_the_planted_reversals_and_nothing_else() -> None:
    result = analysed("metric-agreement", scores())
    disputes = result.tables["disputes"]
    found = {
        (str(row["first"]), str(row["second"]), str(row["better_by_first"]), str(row["better_by_second"]))
        for row in disputes.to_dict("records")
    }
    planted = {("srg", "pointing", "lrp", other) for other in ("ig", "lime", "rise")}
    assert planted <= found
    assert all({row[0], row[1]} != {"srg", "deletion"} for row in found)
    true_srg, true_pointing = (
        {"ig": 0.4, "lime": 0.2, "lrp": 0.8, "rise": 0.3},
        {"ig": 0.5, "lime": 0.6, "lrp": 0.1, "rise": 0.7},
    )
    for first, _, better, worse in found:
        assert (first in ("srg", "deletion")) == (true_srg[better] > true_srg[worse])
        assert true_pointing[worse] > true_pointing[better]
    assert any("contradict each other" in warning and "srg and pointing" in warning for warning in result.warnings)


def test_noise_is_claimed_no_more_often_than_stated() -> None:
    """60 tables of pure noise, 5 % each: with three pairs of metrics 8 and more would come once in a hundred times."""
    random, claimed, disputed = np.random.default_rng(9), 0, 0
    data, context = scores(), AnalysisContext(directions=CONTEXT.directions, bootstrap=0)
    for _ in range(60):
        for column in ("metric.srg", "metric.pointing", "metric.deletion"):
            data[column] = random.normal(size=len(data))
        result = registry["metric-agreement"]().analyse(data, context=context)
        claimed += bool(result.findings)
        disputed += "disputes" in result.tables
    assert claimed < 8
    assert disputed == 0


def test_controls_take_part_only_when_asked() -> None:
    data = scores()
    data.loc[data["control"], ["metric.srg", "metric.pointing"]] = -9.0
    without, having = (
        analysed("metric-agreement", data, with_controls=choice).tables["metric-agreement"]["estimate"].iloc[1]
        for choice in (False, True)
    )
    assert having > without


def test_the_table_holds_plain_means_and_counts_what_is_undefined() -> None:
    data = scores()
    data.loc[(data["method"] == "ig") & (data["case"] == "c00"), "metric.pointing"] = np.nan
    data["undefined.pointing"] = None
    data.loc[(data["method"] == "ig") & (data["case"] == "c00"), "undefined.pointing"] = "The mask is empty."
    result = analysed("metric-table", data)
    table = result.tables["metric-table"]
    row = table[(table["metric"] == "pointing") & (table["method"] == "ig")].iloc[0]
    mine = data.loc[data["method"] == "ig", "metric.pointing"]
    assert (row["maps"], row["undefined"]) == (23, 1)
    assert row["mean"] == pytest.approx(mine.mean())
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * mine.std() / np.sqrt(23), rel=0.3)
    assert result.tables["undefined"].to_dict("records") == [
        {"metric": "pointing", "reason": "The mask is empty.", "maps": 1, "methods": "ig"}
    ]


def test_the_gain_over_a_blob_is_turned_towards_better() -> None:
    data = scores().rename(
        columns={"blur-matched.pointing": "blur-matched.deletion", "random.pointing": "random.deletion"}
    )
    table = analysed("metric-table", data).tables["matched-controls"].set_index("method")
    mean = data.loc[data["method"] == "lrp", "metric.deletion"].mean()
    assert table.loc["lrp", "gain"] == pytest.approx(0.3 - mean)  # less deletion is better
    assert (table.loc["lrp", "blur_matched"], table.loc["lrp", "random"]) == pytest.approx((0.3, 0.1))


def test_the_error_of_a_mean_shrinks_with_its_maps() -> None:
    table = analysed("metric-table", scores()).tables["monte-carlo-error"].set_index("metric")
    assert table.loc["srg", "median_error"] == pytest.approx(0.03)
    assert table.loc["srg", "largest_error_of_a_mean"] == pytest.approx(0.03 / np.sqrt(24))


def test_what_was_never_scored_is_no_undefined_map() -> None:
    unread = scores().assign(method="none").drop(columns=[name for name in map(str, scores()) if "." in name])
    table = analysed("metric-table", pd.concat([scores(), unread])).tables["metric-table"]
    assert "none" not in set(table["method"])
    assert (table["undefined"] == 0).all()


def test_showing_maps_moves_the_planted_method() -> None:
    result = analysed("display-effect", scores())
    row = result.tables["display-effect"].iloc[0]
    assert (row["best_raw"], row["best_displayed"], row["maps"], row["changed"]) == ("lrp", "ig", 96, 24)
    assert row["shift"] == pytest.approx(-0.15)
    assert row["tau"] < 0.7
    assert any("best method is lrp on raw maps and ig on maps as readers saw them" in each for each in result.warnings)
    assert any("lowers their mean srg" in finding.statement for finding in result.findings)


def test_without_shown_scores_it_says_so() -> None:
    result = analysed("display-effect", scores().drop(columns="displayed.srg"))
    assert "No map was scored both raw and as readers saw it." in " ".join(result.warnings)
    assert not result.tables


def test_few_cases_claim_nothing() -> None:
    data = scores(cases=3)
    for name in ("metric-agreement", "display-effect"):
        result = analysed(name, data)
        assert not result.findings
        assert any("Only 3 cases" in warning for warning in result.warnings)
