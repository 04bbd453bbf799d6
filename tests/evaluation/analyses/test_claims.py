"""Do the analyses find the effects that were put into the study, and only those?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.analyses import AnalysisContext, AnalysisResult, registry
from evaluation.statistics import clmm, krippendorff_alpha, reliance
from tests.evaluation.analyses.study import diagnosis_table, preference_table, usefulness_table

CONTEXT = AnalysisContext(directions={"deletion": False, "srg": True}, titles={"grad-cam": "Grad-CAM"}, bootstrap=400)


def analyse(name: str, table: pd.DataFrame, context: AnalysisContext = CONTEXT, **parameters: object) -> AnalysisResult:
    return registry.build(name, parameters).analyse(table, seed=0, context=context)


def statements(result: AnalysisResult) -> str:
    return "\n".join(finding.statement for finding in result.findings)


def test_agreement_is_that_of_the_statistic_per_question() -> None:
    table = usefulness_table()
    found = analyse("agreement", table).tables["agreement"].set_index(["level", "part"])
    coverage = table[table["question"] == "coverage"].assign(unit=lambda frame: frame["case"] + frame["method"])
    alpha = krippendorff_alpha(coverage, unit="unit", rater="reader", score="score").estimate
    assert found.loc[("question", "coverage"), "alpha"] == pytest.approx(alpha, abs=1e-12)
    assert found.loc[("overall", "all ratings"), "maps"] == 2 * 16 * 4
    assert ("method", "ig") in found.index


def test_agreement_reads_a_reader_who_repeats_a_map_once() -> None:
    table = usefulness_table()
    repeats = table[table["case"] == "c00"].assign(occurrence=2, score=1.0)
    first, second = analyse("agreement", table), analyse("agreement", pd.concat([table, repeats]))
    pd.testing.assert_frame_equal(first.tables["agreement"], second.tables["agreement"])


def test_the_usefulness_model_finds_the_planted_order() -> None:
    result = analyse("usefulness-model", usefulness_table())
    text = statements(result)
    assert "Grad-CAM higher than ig" in text
    assert "Grad-CAM higher than random-map" in text
    assert "ig higher than lime" not in text
    assert "lime higher than ig" not in text
    assert any("ig or lime" in question for question in result.open_questions)
    assert result.tables["methods"].set_index("method").loc["random-map", "control"]


def test_the_usefulness_model_is_the_fitted_one_and_names_its_fallback() -> None:
    table = usefulness_table()
    result = analyse("usefulness-model", table)
    formula = str(result.tables["model"].set_index("fact").loc["formula", "value"])
    fit = clmm(formula, table[table["question"] == "coverage"].rename(columns={"score": "usefulness"}))
    np.testing.assert_allclose(result.tables["coefficients"]["estimate"], fit.coefficients, atol=1e-5)
    dropped = [warning for warning in result.warnings if warning.startswith("Fallback")]
    assert len(dropped) + formula.count("(1|") == 4
    assert not any(term in formula for warning in dropped for term in [f"(1|{warning.split()[4]})"])


def test_a_term_with_as_many_groups_as_ratings_is_left_out_and_named() -> None:
    table = usefulness_table()
    code = table["reader"].str[1:].astype(int)
    place = table["case"].str[1:].astype(int) + table["method"].map(
        {"grad-cam": 0, "ig": 1, "lime": 2, "random-map": 3}
    )
    single = table[place % 12 == code]  # every map is rated by one reader
    assert single.groupby(["case", "method", "question"]).size().max() == 1
    result = analyse("usefulness-model", single)
    assert any("case:method" in w and "as many groups as there are ratings" in w for w in result.warnings)


def test_intercepts_alone_are_called_too_narrow() -> None:
    result = analyse("usefulness-model", usefulness_table(), intercepts_only=True)
    assert any("too narrow for claims" in warning for warning in result.warnings)
    assert set(result.tables["random"]["term"]) <= {"reader", "case"}


def test_without_effects_few_studies_claim_a_difference() -> None:
    """Ten studies in which methods are alike: at 5 % for all pairs of a study three claims have 1 % chance."""
    claims = 0
    for seed in range(10):
        table = usefulness_table(readers=8, cases=8, seed=seed)
        table = table[table["question"] == "coverage"]
        random = np.random.default_rng(seed + 100)
        table["method"] = table.groupby(["reader", "case"])["method"].transform(random.permutation)
        claims += bool(analyse("usefulness-model", table).findings)
    assert claims <= 2


def test_the_benchmark_means_are_plain_means_per_map() -> None:
    table = usefulness_table()
    found = analyse("benchmark", table)
    summary = found.tables["benchmark"].set_index("method")
    coverage = table[table["question"] == "coverage"]
    assert summary["rating"].to_dict() == pytest.approx(coverage.groupby("method")["score"].mean().to_dict())
    maps = table.drop_duplicates(["case", "method"])
    assert summary["metric.srg"].to_dict() == pytest.approx(maps.groupby("method")["metric.srg"].mean().to_dict())
    assert summary["control"].to_dict() == {"grad-cam": False, "ig": False, "lime": False, "random-map": True}
    assert summary.loc["grad-cam", "seconds"] == 0.5
    assert summary.loc["grad-cam", "maps"] == 16


def test_the_benchmark_turns_metrics_that_are_better_when_low() -> None:
    found = analyse("benchmark", usefulness_table())
    rows = found.tables["against-controls"].set_index(["metric", "method"])
    assert rows.loc[("deletion", "ig"), "difference"] == pytest.approx(rows.loc[("srg", "ig"), "difference"])
    assert "ig does better than the control random-map on deletion" in statements(found)


def test_an_unstated_direction_is_warned_about() -> None:
    found = analyse("benchmark", usefulness_table(), AnalysisContext(bootstrap=50))
    assert any("'deletion' is not stated" in warning for warning in found.warnings)


def test_association_leaves_controls_out_unless_asked() -> None:
    table = usefulness_table()
    plain = analyse("association", table).tables["association"].set_index(["metric", "level"])
    full = analyse("association", table, with_controls=True).tables["association"].set_index(["metric", "level"])
    assert plain.loc[("srg", "pooled"), "n"] == 48
    assert full.loc[("srg", "pooled"), "n"] == 64
    assert plain.loc[("srg", "pooled"), "spearman"] == pytest.approx(plain.loc[("deletion", "pooled"), "spearman"])


def test_association_claims_a_planted_agreement_and_its_direction() -> None:
    table = usefulness_table()
    usual = table[table["question"] == "coverage"].groupby(["case", "method"])["score"].transform("mean")
    random = np.random.default_rng(0)
    noise = dict(zip(table["case"].unique(), random.normal(0, 0.05, 16), strict=True))
    table.loc[table["question"] == "coverage", "metric.srg"] = usual + table["case"].map(noise)
    table["metric.deletion"] = -table["metric.srg"]
    result = analyse("association", table, primary="within-case")
    assert "Ratings agree with srg" in statements(result)
    assert "Ratings agree with deletion" in statements(result)
    turned = analyse("association", table, AnalysisContext(directions={"deletion": True, "srg": True}, bootstrap=200))
    assert "Ratings contradict deletion" in statements(turned)


def test_trust_calibration_finds_ratings_that_follow_correctness() -> None:
    table = usefulness_table()
    table["score"] = np.clip(table["score"] + np.where(table["ai_correct"], 0, -2), 1, 5)
    result = analyse("trust-calibration", table)
    assert "all methods higher where the network was right" in statements(result)
    rows = result.tables["trust-calibration"].set_index("method")
    right, wrong = (
        table[(table["question"] == "coverage") & (table["ai_correct"] == state)]["score"].to_numpy()
        for state in (True, False)
    )
    won = (right[:, None] > wrong) + 0.5 * (right[:, None] == wrong)
    assert rows.loc["all methods", "auc"] == pytest.approx(won.mean(), abs=1e-12)


def test_reliance_equals_the_statistic_at_the_threshold() -> None:
    table = diagnosis_table()
    result = analyse("reliance", table)
    cut = table.assign(initial=(table["initial"] >= 50) * 1, final=(table["final"] >= 50) * 1)
    for arm in ("ai", "ai+xai"):
        point = reliance(cut[cut["arm"] == arm], truth="truth", advice="advice", initial="initial", final="final")
        rows = result.tables["reliance"].query("arm == @arm").set_index("measure")["estimate"]
        assert rows["rair"] == pytest.approx(point.rair)
        assert rows["over_reliance"] == pytest.approx(point.over_reliance)
        assert rows["switch_fraction"] == pytest.approx(point.switch_fraction)
    assert "ai+xai has a larger relative reliance on right advice" in statements(result)


def test_reliance_joins_answers_that_stand_on_rows_of_their_own() -> None:
    table = diagnosis_table()
    rows = [table.assign(question=name, answer=table[name]) for name in ("initial", "final")]
    apart = pd.concat(rows).drop(columns=["initial", "final"])
    joined, whole = analyse("reliance", apart), analyse("reliance", table)
    assert joined.tables["reliance"]["estimate"].tolist() == pytest.approx(
        whole.tables["reliance"]["estimate"].tolist()
    )


def graded(table: pd.DataFrame) -> pd.DataFrame:
    """The strength of each answer beside it: very clear against the random map, slight otherwise."""
    decided = table[table["answer"] != "tie"]
    against = (decided["method"] == "random-map") | (decided["method_b"] == "random-map")
    grades = decided.assign(question="strength", score=against.map({True: 3.0, False: 1.0}), answer=None)
    return pd.concat([table, grades], ignore_index=True)


def test_preference_says_how_clear_differences_are_and_how_readers_lean() -> None:
    table = preference_table(readers=20)
    tables = analyse("preference", graded(table)).tables
    strength = tables["strength"].set_index(["method", "method_b"])["strength"]
    first, second = "grad-cam", "ig"
    both = {first, second}
    pairs = table[table["method"].isin(both) & table["method_b"].isin(both)]
    liked = pairs["method"].where(pairs["answer"] == "first", pairs["method_b"]).where(pairs["answer"] != "tie")
    expected = ((liked == first).sum() - (liked == second).sum()) / len(pairs)
    assert float(strength[first, second]) == pytest.approx(expected)
    assert float(strength[first, "random-map"]) > 1.5
    sides = tables["sides"].set_index("reader")
    mine = table[(table["reader"] == "r00") & (table["answer"] != "tie")]
    assert sides.loc["r00", "decided"] == len(mine)
    assert sides.loc["r00", "first"] == pytest.approx((mine["answer"] == "first").mean())
    assert (sides["first_low"] <= sides["first"]).all()
    assert (sides["first"] <= sides["first_high"]).all()


def test_preference_finds_the_planted_order_whatever_side_it_was_shown_on() -> None:
    table = preference_table(readers=20)
    result = analyse("preference", table)
    assert result.tables["worth"].iloc[0]["method"] == "grad-cam"
    assert result.tables["worth"].iloc[-1]["method"] == "random-map"
    assert "Readers prefer Grad-CAM to random-map" in statements(result)
    turned = table.rename(columns={"method": "method_b", "method_b": "method"})
    turned["answer"] = turned["answer"].map({"first": "second", "second": "first", "tie": "tie"})
    other = analyse("preference", turned)
    np.testing.assert_allclose(other.tables["contrasts"]["estimate"], result.tables["contrasts"]["estimate"], atol=1e-7)


def test_the_quadrant_names_what_pleases_without_explaining() -> None:
    result = analyse("quadrant", usefulness_table(readers=20, cases=25))
    places: Any = result.tables["quadrant"].set_index("method")
    assert places.loc["grad-cam", "quadrant"] == "plausible but unfaithful"
    assert places.loc["grad-cam", "certain"]
    assert places.loc["random-map", "control"]
    assert places.loc["random-map", "quadrant"] == "neither useful nor faithful"
    assert places.loc["ig", "faithfulness_gap"] > 0
    assert "Grad-CAM is plausible but unfaithful" in statements(result)


def test_the_quadrant_turns_a_metric_that_is_better_when_low() -> None:
    table = usefulness_table()
    first, second = analyse("quadrant", table, metric="srg"), analyse("quadrant", table, metric="deletion")
    np.testing.assert_allclose(
        first.tables["quadrant"]["faithfulness_gap"], second.tables["quadrant"]["faithfulness_gap"], atol=1e-9
    )
    assert any(
        "'sensitivity-n' has no values" in w for w in analyse("quadrant", table, metric="sensitivity-n").warnings
    )


def test_runs_of_different_kinds_are_warned_about() -> None:
    table = usefulness_table()
    table.loc[table["reader"] == "r00", "run_kind"] = "bot"
    assert any("bot, live" in warning for warning in analyse("agreement", table).warnings)


def test_agreement_shows_how_far_readers_agree_with_themselves() -> None:
    """Worked by hand: of twelve repeats nine are equal and three one point off; within-reader s.d. sqrt(3/12/2)."""
    table = usefulness_table()
    again = table[(table["case"] == "c00") & (table["method"] == "ig") & (table["question"] == "coverage")]
    shift = np.where(np.arange(12) < 3, 1.0, 0.0)
    again = again.assign(occurrence=2, score=again["score"] + shift)
    row = analyse("agreement", pd.concat([table, again])).tables["repeats"].iloc[0]
    assert (row["question"], row["pairs"], row["readers"]) == ("coverage", 12, 12)
    assert row["same"] == 0.75
    assert row["within_sd"] == pytest.approx(np.sqrt(3 / 12 / 2))
    assert "repeats" not in analyse("agreement", table).tables


def test_the_model_shows_each_cut_of_the_scale_and_warns_of_a_turn() -> None:
    table = usefulness_table()
    plain = analyse("usefulness-model", table)
    cuts = plain.tables["proportional-odds"]
    assert cuts["threshold"].unique().tolist() == ["1|2", "2|3", "3|4", "4|5"]
    assert not any("Proportional odds do not hold" in warning for warning in plain.warnings)
    random = np.random.default_rng(0)
    split = table["method"] == "ig"
    middle = table["method"] == "grad-cam"
    table.loc[split, "score"] = random.choice([1.0, 5.0], int(split.sum()))
    table.loc[middle, "score"] = random.choice([1.0, 3.0, 3.0, 3.0, 3.0, 5.0], int(middle.sum()))
    turned = analyse("usefulness-model", table)
    assert any("effect of method[ig] changes its sign" in warning for warning in turned.warnings)
