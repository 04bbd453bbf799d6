from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics import cronbach_alpha, mcdonald_omega
from tests.evaluation.statistics.conftest import Validate

GOLDEN = Path(__file__).parent / "golden"


def test_it_equals_rs_factor_analysis(validate: Validate) -> None:
    """Golden: make_omega.R (factanal, one factor)."""
    found = mcdonald_omega(pd.read_csv(GOLDEN / "items.csv"))
    golden = pd.read_csv(GOLDEN / "omega.csv")["omega"][0]
    validate("mcdonald_omega", "R stats factanal", found.estimate, golden, within=1e-6)


def test_items_of_equal_loading_give_cronbachs_alpha_in_the_long_run() -> None:
    random = np.random.default_rng(1)
    items = pd.DataFrame(random.normal(size=(20000, 1)) * 0.8 + random.normal(size=(20000, 6)) * 0.6)
    found = mcdonald_omega(items)
    true = (6 * 0.8) ** 2 / ((6 * 0.8) ** 2 + 6 * 0.36)
    assert found.estimate == pytest.approx(true, abs=0.003)
    assert found.estimate == pytest.approx(cronbach_alpha(items).estimate, abs=0.001)


def test_bounds_hold_the_true_value_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    loadings = np.array([0.5, 0.6, 0.7, 0.8, 0.6, 0.4])
    true = loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())
    covered = 0
    for _ in range(200):
        noise = random.normal(size=(80, 6)) * np.sqrt(1 - loadings**2)
        found = mcdonald_omega(pd.DataFrame(random.normal(size=(80, 1)) * loadings + noise))
        covered += found.low < true < found.high
    assert 180 <= covered <= 199


def test_a_person_who_left_an_item_out_is_dropped_and_counted() -> None:
    items = pd.read_csv(GOLDEN / "items.csv")
    gap = items.copy()
    gap.iloc[3, 2] = np.nan
    assert mcdonald_omega(gap).dropped == 1
    assert mcdonald_omega(gap).estimate == mcdonald_omega(items.drop(index=3)).estimate


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        (pd.DataFrame(np.eye(5)[:, :2]), "three items"),
        (pd.DataFrame({"a": [1.0] * 6, "b": range(6), "c": [2, 1, 4, 3, 6, 5]}), "same answer from all"),
        (
            pd.DataFrame({"a": range(6), "b": [2, 1, 4, 3, 6, 5]}).assign(c=lambda t: t.a + t.b),
            "follow from the others",
        ),
    ],
)
def test_data_that_carry_no_factor_are_refused(items: pd.DataFrame, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        mcdonald_omega(items)
