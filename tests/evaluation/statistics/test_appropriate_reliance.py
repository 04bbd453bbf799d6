from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics import group_means, reliance, reliance_intervals
from tests.evaluation.statistics.conftest import Validate

# truth, advice, initial, final: worked by hand.
DECISIONS = [
    (1, 1, 0, 1),  # wrong, right advice, switched: helpful
    (1, 1, 0, 1),  # the same
    (0, 0, 1, 1),  # wrong, right advice, stayed wrong: under-reliance
    (1, 0, 1, 1),  # right, wrong advice, stayed right
    (1, 0, 1, 0),  # right, wrong advice, switched: harmful
    (0, 1, 0, 1),  # the same
    (0, 1, 0, 1),  # the same
    (1, 1, 1, 1),  # all right
    (0, 1, 1, 1),  # wrong with wrong advice, stayed
    (1, 1, 1, 0),  # left a right answer against right advice: harmful
]
NAMES: dict[str, Any] = {"truth": "truth", "advice": "advice", "initial": "initial", "final": "final"}


def decisions() -> pd.DataFrame:
    frame = pd.DataFrame(DECISIONS, columns=list(NAMES))
    return frame.assign(reader=[f"r{i % 5}" for i in range(10)], case=[f"c{i // 2}" for i in range(10)])


def test_it_equals_the_hand_worked_table(validate: Validate) -> None:
    found = reliance(decisions(), **NAMES)
    validate("reliance", "a table worked by hand", [found.rair, found.rsr], [2 / 3, 1 / 4], within=1e-12)
    assert found.under_reliance == pytest.approx(1 / 3)
    assert found.rsr == pytest.approx(1 / 4)
    assert found.over_reliance == pytest.approx(3 / 4)
    assert found.switch_fraction == pytest.approx(5 / 7)
    assert found.agreement_fraction == pytest.approx(7 / 10)
    assert found.helpful_switches == 2
    assert found.harmful_switches == 4
    assert found.initial_accuracy == pytest.approx(6 / 10)
    assert found.final_accuracy == pytest.approx(4 / 10)
    assert found.counts == {
        "decisions": 10,
        "right_advice_wrong_initial": 3,
        "switched_to_right_advice": 2,
        "wrong_advice_right_initial": 4,
        "stayed_right": 1,
        "initial_differs_from_advice": 7,
        "took_advice": 5,
        "agreed_finally": 7,
    }


def test_labels_count_like_zeros_and_ones() -> None:
    numbers = decisions()
    labels = numbers.assign(**{name: numbers[name].map({0: "healthy", 1: "ill"}) for name in NAMES})
    assert reliance(labels, **NAMES) == reliance(numbers, **NAMES)


def test_exchanging_the_two_answers_changes_nothing() -> None:
    turned = decisions().assign(**{name: 1 - decisions()[name] for name in NAMES})
    assert reliance(turned, **NAMES) == reliance(decisions(), **NAMES)


def test_an_empty_denominator_is_not_a_number_and_gaps_are_counted() -> None:
    right = decisions().iloc[[7, 7, 7]].astype({"truth": float})
    right.iloc[0, 0] = np.nan
    found = reliance(right, **NAMES)
    assert np.isnan(found.rair)
    assert np.isnan(found.over_reliance)
    assert found.agreement_fraction == 1.0
    assert found.dropped == 1


def many(readers: int = 12, cases: int = 30, seed: int = 2) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    skill = random.beta(6, 3, readers)
    rows = []
    for reader in range(readers):
        for case in range(cases):
            truth = case % 2
            advice = truth if case % 3 else 1 - truth
            initial = truth if random.random() < skill[reader] else 1 - truth
            final = advice if random.random() < 0.6 else initial
            rows.append((f"r{reader}", f"c{case}", truth, advice, initial, final))
    return pd.DataFrame(rows, columns=["reader", "case", *NAMES])


def test_intervals_draw_readers_and_cases_together() -> None:
    """Oracle: a loop that draws readers and cases and copies their decisions."""
    data = many()
    table = reliance_intervals(data, **NAMES, reader="reader", case="case", bootstrap=4000, seed=1)
    point = reliance(data, **NAMES)
    assert table.loc["rair", "estimate"] == pytest.approx(point.rair)
    assert table.loc["harmful_switch_rate", "numerator"] == point.harmful_switches
    assert table.loc["accuracy_gain", "estimate"] == pytest.approx(point.final_accuracy - point.initial_accuracy)
    random = np.random.default_rng(7)
    readers, cases = data["reader"].unique(), data["case"].unique()
    found = []
    for _ in range(400):
        drawn = pd.DataFrame({"reader": random.choice(readers, len(readers))}).merge(data, on="reader")
        drawn = drawn.merge(pd.DataFrame({"case": random.choice(cases, len(cases))}), on="case")
        replicate = reliance(drawn, **NAMES)
        found.append({"rair": replicate.rair, "rsr": replicate.rsr, "switch_fraction": replicate.switch_fraction})
    bounds: Any = pd.DataFrame(found).quantile([0.025, 0.975])
    for name in bounds.columns:
        assert table.loc[name, "low"] == pytest.approx(bounds.loc[0.025, name], abs=0.04)
        assert table.loc[name, "high"] == pytest.approx(bounds.loc[0.975, name], abs=0.04)


def test_group_means_have_bounds_of_their_clusters() -> None:
    """One cluster column, balanced: the spread is that of the cluster means over the root of their number."""
    random = np.random.default_rng(4)
    data = pd.DataFrame(
        {"case": np.repeat(np.arange(60), 3), "method": np.tile(["a", "b", "c"], 60), "value": random.normal(size=180)}
    )
    table = group_means(data, group="method", value="value", clusters=("case",), bootstrap=4000)
    spread = data.groupby("method")["value"].std(ddof=0) / np.sqrt(60)
    assert table["mean"].tolist() == pytest.approx(data.groupby("method")["value"].mean().tolist())
    np.testing.assert_allclose(table["high"] - table["low"], 2 * 1.96 * spread, rtol=0.06)
    alone = group_means(data.assign(case=0), group="method", value="value", clusters=("case",))
    assert alone["low"].isna().all()


def test_wrong_input_gets_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="no column 'advice'"):
        reliance(decisions().drop(columns="advice"), **NAMES)
    with pytest.raises(ValueError, match="No decision has"):
        reliance(decisions().iloc[:0], **NAMES)
    with pytest.raises(ValueError, match="cut probabilities at a threshold"):
        reliance(decisions().assign(initial=0.3), **NAMES)
