from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evaluation.analyses import AnalysisContext, AnalysisResult, registry
from evaluation.analyses.changes import tell_included, tell_left_out, tell_margins
from evaluation.analyses.default_model import fit_default
from evaluation.analyses.result import Draft, Interval
from evaluation.statistics.left_out import contrasts_without
from tests.evaluation.analyses.study import diagnosis_table, usefulness_table
from tests.evaluation.analyses.test_default_model import ratings

CONTEXT = AnalysisContext(directions={"deletion": False, "srg": True}, bootstrap=100)


def analyse(name: str, table: pd.DataFrame, **parameters: Any) -> AnalysisResult:
    return registry.build(name, parameters).analyse(table, seed=1, context=CONTEXT)


def draft() -> Draft:
    found = Draft()
    found.compare("a against b", Interval(1.0, 0.25, 1.75))
    found.compare("a against c", Interval(-0.3, -0.9, 0.3))
    found.compare("b against c", Interval(0.1, -0.5, 0.7))
    return found


def test_margins_name_the_weakest_claim_and_the_nearest_open_comparison() -> None:
    found = draft()
    tell_margins(found)
    assert "weakest claim is a against b, 1.00: it would be lost" in found.changes[0]
    assert "overstated by 0.25, 25 % of it" in found.changes[0]
    assert "nearest to a claim is a against c, -0.30" in found.changes[1]
    assert "a difference of 0.60" in found.changes[1]


def test_left_out_readers_are_named_with_what_they_change() -> None:
    found, whole = draft(), draft().compared
    lost = {**whole, "a against b": Interval(0.6, -0.2, 1.4)}
    gained = {**whole, "a against c": Interval(-0.7, -1.3, -0.1)}
    turned = {**whole, "a against b": Interval(-1.0, -1.7, -0.3)}
    tell_left_out(found, "reader", [("r1", lost), ("r2", gained), ("r3", turned), ("r4", whole), ("r5", {})])
    assert found.changes[:3] == [
        "Without reader r1 a against b would be left open.",
        "Without reader r2 a against c would become a claim.",
        "Without reader r3 a against b would turn round.",
    ]
    assert "Without reader r5 a against b could not be compared." in found.changes
    table = found.tables["left-out"]
    assert table.set_index("comparison")["changed"].to_dict() == {"a against b": 3, "a against c": 2, "b against c": 1}
    first = table.iloc[0]
    assert (first["lowest"], first["lowest_without"], first["highest"], first["tried"]) == (-1.0, "r3", 1.0, 5)


def test_where_nothing_changes_one_sentence_says_so() -> None:
    found = draft()
    tell_left_out(found, "case", [(str(case), found.compared) for case in range(9)])
    tell_included(found, 12, found.compared)
    assert found.changes == [
        "No single case decides: leaving out any one of 9 changes none of the conclusions.",
        "Counting the 12 rows that exclusion rules took out would change none of the conclusions.",
    ]


def test_bounds_that_are_not_drawn_again_move_with_the_estimate() -> None:
    found = draft()
    tell_left_out(found, "reader", [("r1", {"a against b": Interval(0.7, np.nan, np.nan)})])
    assert found.tables["left-out"].iloc[0]["lowest"] == 0.7
    assert "Without reader r1 a against b would be left open." in found.changes


def test_newtons_steps_come_close_to_new_fits() -> None:
    """Each tenth reader and case left out: `clmm` fitted anew, with other standard deviations."""
    table = ratings()
    default = fit_default(table)
    for column in ("reader", "case"):
        found = dict(contrasts_without(default.fit, "method", default.ratings[column]))
        assert list(found) == sorted(table[column].unique())
        for level in (0, 5):
            again = fit_default(table[table[column] != level]).fit.contrasts("method")
            quick = found[level]
            assert quick is not None
            np.testing.assert_allclose(quick["estimate"], again["estimate"], atol=0.08)
            np.testing.assert_allclose(quick["se"], again["se"], rtol=0.12)


def test_at_equal_standard_deviations_newtons_steps_are_exact() -> None:
    """The rest's gradient in thresholds and effects vanishes where they end."""
    default = fit_default(ratings())
    fit, member = default.fit, default.ratings["reader"].to_numpy()
    _, table = next(contrasts_without(fit, "method", default.ratings["reader"]))
    assert table is not None
    again = fit_default(default.ratings[member != 0]).fit
    assert np.sign(table["estimate"]).tolist() == np.sign(again.contrasts("method")["estimate"]).tolist()
    assert not np.allclose(table["estimate"], fit.contrasts("method")["estimate"], atol=1e-3)


def test_a_reader_who_alone_uses_a_category_cannot_be_left_out() -> None:
    table = ratings()
    table.loc[(table["reader"] == 0) & (table["case"] == 0) & (table["method"] == "ig"), "score"] = 5
    default = fit_default(table)
    found = dict(contrasts_without(default.fit, "method", default.ratings["reader"]))
    assert found[0] is None
    assert found[1] is not None


def test_one_reader_who_makes_the_difference_is_found() -> None:
    """Without an effect but for one reader of twelve who always follows the advice in one arm."""
    table = diagnosis_table(seed=3)
    quiet = table.assign(final=np.where(table["reader"] == "r01", table["final"], table["initial"]))
    found = analyse("reliance", quiet)
    left = found.tables["left-out"].query("left_out == 'reader'").set_index("comparison")
    row = left.loc["self-reliance, ai less ai+xai"]
    assert row["lowest_without"] == "r01"
    assert row["lowest"] == 0.0
    assert (found.tables["contrasts"].query("measure == 'rsr'")["estimate"] > 0).all()


def test_the_usefulness_model_says_what_would_change_it() -> None:
    found = analyse("usefulness-model", usefulness_table())
    text = " ".join(found.changes)
    for part in (
        "The weakest claim is",
        "No single reader decides: leaving out any one of 12",
        "linear model of the scores",
    ):
        assert part in text
    assert set(found.tables["left-out"]["left_out"]) == {"reader", "case"}
    named = [check.assumption for check in found.checks]
    assert {"enough readers", "convergence", "random terms", "proportional odds", "normal readers"} <= set(named)


def test_excluded_rows_are_counted_to_see_what_they_would_change() -> None:
    table = usefulness_table()
    fast = table["reader"].isin(["r00", "r01", "r02", "r03", "r04"])
    random = np.random.default_rng(0)
    noise = table.assign(excluded_by=np.where(fast, "too fast", ""))
    noise.loc[fast, "score"] = np.where(noise.loc[fast, "method"] == "lime", 5.0, random.integers(1, 4, fast.sum()))
    found = analyse("usefulness-model", noise)
    assert any("rows that exclusion rules took out counted" in sentence for sentence in found.changes)


def test_thin_categories_and_uneven_readers_are_not_borne_out() -> None:
    table = usefulness_table()
    table = table[~((table["reader"] == "r00") & (table["case"] > "c03"))]
    table["score"] = table["score"].where(table["score"] > 1, 2.0)
    table.loc[table.index[:3], "score"] = 1.0
    found = {check.assumption: check for check in analyse("usefulness-model", table).checks}
    assert not found["categories that are used"].holds
    assert "their thresholds are hardly known" in found["categories that are used"].statement
    assert not found["ratings missing at random"].holds
    assert str(found["ratings missing at random"]).startswith("Not borne out (ratings missing at random): ")


def test_methods_that_move_the_scale_unevenly_fail_proportional_odds() -> None:
    table = usefulness_table()
    chosen = table["method"] == "ig"
    random = np.random.default_rng(1)
    table.loc[chosen, "score"] = random.choice([1.0, 3.0, 5.0], chosen.sum(), p=[0.47, 0.06, 0.47])
    table.loc[table.index[chosen][:6], "score"] = [2.0, 2.0, 2.0, 4.0, 4.0, 4.0]
    found = {check.assumption: check for check in analyse("usefulness-model", table).checks}
    assert not found["proportional odds"].holds


def test_few_decisions_in_a_cell_are_not_borne_out() -> None:
    table = diagnosis_table()
    right = table[(table["truth"] == table["advice"]) | (table["case"] == "d05")]
    found = {check.assumption: check for check in analyse("reliance", right).checks}
    assert not found["enough decisions"].holds
