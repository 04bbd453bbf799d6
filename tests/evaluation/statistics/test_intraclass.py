from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics import cronbach_alpha, icc
from tests.evaluation.statistics.conftest import Validate

NAMES: dict[str, Any] = {"subject": "subject", "rater": "rater", "score": "score"}
# Shrout & Fleiss 1979, table 2: six targets, four judges.
JUDGES = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def judged() -> pd.DataFrame:
    wide = pd.DataFrame(JUDGES).rename_axis("subject").reset_index()
    return wide.melt("subject", var_name="rater", value_name="score")


def test_the_six_forms_equal_the_published_ones(validate: Validate) -> None:
    table = icc(judged(), **NAMES).table
    published = [0.165742, 0.289764, 0.714841, 0.442797, 0.620051, 0.909316]
    validate("icc, six forms", "Shrout & Fleiss 1979", table["estimate"], published, within=5e-7)
    assert list(table.columns) == ["estimate", "low", "high", "f", "df1", "df2", "p"]
    assert list(table.index) == ["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]


def test_the_bounds_equal_those_of_r(validate: Validate) -> None:
    """R's psych and the Python package pingouin print these to two places."""
    table = icc(judged(), **NAMES).table
    low, high = [-0.13, 0.02, 0.34, -0.88, 0.07, 0.68], [0.72, 0.76, 0.95, 0.91, 0.93, 0.99]
    validate("icc, bounds", "R psych, two places", table[["low", "high"]], np.column_stack([low, high]), within=0.005)
    assert table.loc["ICC(3,1)", "f"] == pytest.approx(11.027, abs=5e-4)
    assert (table.loc["ICC(3,1)", "df1"], table.loc["ICC(3,1)", "df2"]) == (5, 15)


def test_cronbachs_alpha_is_the_consistency_of_the_mean_with_its_bounds() -> None:
    found, table = cronbach_alpha(pd.DataFrame(JUDGES)), icc(judged(), **NAMES).table
    assert found.estimate == pytest.approx(table.loc["ICC(3,k)", "estimate"], abs=1e-12)
    assert found.low == pytest.approx(table.loc["ICC(3,k)", "low"], abs=1e-12)
    assert found.high == pytest.approx(table.loc["ICC(3,k)", "high"], abs=1e-12)


def test_shifted_raters_lower_agreement_and_not_consistency() -> None:
    data = judged()
    shifted = data.assign(score=data["score"] + 10 * (data["rater"] == 0))
    plain, other = icc(data, **NAMES).table["estimate"], icc(shifted, **NAMES).table["estimate"]
    assert other["ICC(3,1)"] == pytest.approx(plain["ICC(3,1)"], abs=1e-12)
    assert other["ICC(2,1)"] < plain["ICC(2,1)"]


def test_subjects_with_gaps_are_dropped_and_counted() -> None:
    data = judged()
    data.loc[3, "score"] = np.nan
    found = icc(data, **NAMES)
    assert (found.n_subjects, found.n_raters, found.dropped) == (5, 4, 1)


def test_wrong_input_gets_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="two raters"):
        icc(judged().query("rater == 0"), **NAMES)
    with pytest.raises(ValueError, match="more than once"):
        icc(pd.concat([judged(), judged()]), **NAMES)
    with pytest.raises(ValueError, match="All ratings are equal"):
        icc(judged().assign(score=3), **NAMES)
