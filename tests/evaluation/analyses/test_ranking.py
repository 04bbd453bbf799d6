from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.analyses import AnalysisContext, AnalysisResult, registry
from evaluation.statistics import plackett_luce
from tests.evaluation.analyses.study import ranking_table


def analyse(table: pd.DataFrame) -> AnalysisResult:
    return registry["ranking"]().analyse(table, context=AnalysisContext(leave_out=False))


def test_it_equals_the_statistic_on_the_orders() -> None:
    table = ranking_table()
    orders, readers = [], []
    for (reader, _), part in table.groupby(["reader", "case"]):
        orders.append(part.sort_values("answer")["method"].tolist())
        readers.append(reader)
    fit = plackett_luce(orders, readers=readers)
    found = analyse(table).tables["contrasts"]
    pd.testing.assert_frame_equal(found[fit.contrasts().columns], fit.contrasts())
    assert (found["df"] == 11).all()


def test_a_planted_order_is_found_with_its_intervals() -> None:
    found = analyse(ranking_table())
    worth = found.tables["worth"]
    assert worth["method"].iloc[0] == "grad-cam"
    assert worth["method"].iloc[-1] == "random-map"
    assert worth["control"].tolist() == [False, False, False, True]
    assert worth["worth"].sum() == pytest.approx(0.0, abs=1e-9)
    assert ((worth["low"] < worth["worth"]) & (worth["worth"] < worth["high"])).all()
    assert any(finding.statement.startswith("Readers put grad-cam before random-map") for finding in found.findings)


def test_places_may_stand_in_a_column_of_their_own_beside_best_and_worst() -> None:
    """Of three maps the middle one is known; the same rankings, told as best and worst."""
    table = ranking_table()
    words = table["answer"].map({1: "best", 2: "between", 3: "worst"})
    told = table.assign(place=table["answer"], answer=words, task="best-worst", question="ends")
    pd.testing.assert_frame_equal(analyse(told).tables["contrasts"], analyse(table).tables["contrasts"])


def test_maps_without_a_place_are_left_out_of_their_ranking() -> None:
    table = ranking_table()
    ends = table.assign(place=table["answer"].where(table["answer"] != 2))
    orders = [part.sort_values("answer")["method"].tolist() for _, part in ends.dropna(subset="place").groupby("trial")]
    fit = plackett_luce(orders)
    found = analyse(ends).tables["contrasts"]
    np.testing.assert_allclose(found["estimate"], fit.contrasts()["estimate"], atol=1e-8)


def test_errors_grow_where_each_reader_has_an_order_of_their_own() -> None:
    alike = ranking_table(cases=30)
    pairs = [
        pd.DataFrame({"reader": f"r{r}", "case": c, "method": list("ab"), "answer": [1, 2] if r % 3 else [2, 1]})
        for r in range(12)
        for c in range(30)
    ]
    found = analyse(pd.concat(pairs).assign(question="rank")).tables["contrasts"]
    # Every reader says the same thirty times: the error is that of twelve answers.
    assert found["se"].iloc[0] == pytest.approx(np.sqrt(1 / (12 * (2 / 3) * (1 / 3)) * 12 / 11), rel=1e-6)
    assert analyse(alike).tables["contrasts"]["se"].max() < 0.3


def test_one_reader_claims_nothing_and_ties_are_refused() -> None:
    found = analyse(ranking_table(readers=1, cases=40))
    assert not found.findings
    assert any("Only one reader" in warning for warning in found.warnings)
    with pytest.raises(ValueError, match="share a rank"):
        analyse(ranking_table().assign(answer=1))
    with pytest.raises(ValueError, match="not a number"):
        analyse(ranking_table().assign(answer="best"))
