from __future__ import annotations

import json

import numpy as np
import pytest

from evaluation.analyses import AnalysisResult
from evaluation.analyses.result import Draft, Interval
from studies.reporting.comparisons import MOST_SHOWN, comparison_blocks, comparisons, doubts
from studies.reporting.document import Examined


def examined(name: str, zs: list[float], *, primary: bool = False) -> Examined:
    """An analysis that made a comparison for each z, its interval of half-width 1.96."""
    draft = Draft()
    for place, z in enumerate(zs):
        draft.weigh(f"Claim {place}.", "Open.", f"{name} {place}", Interval(z, z - 1.959964, z + 1.959964))
    result = AnalysisResult(name, name, "Is it so?", {}, (), (), (*draft.findings,), (), (*draft.tests,))
    return Examined(result, "", primary, "assumptions", "reference")


def test_each_family_is_adjusted_by_itself() -> None:
    made = comparisons([examined("main", [2.5, 0.1], primary=True), examined("other", [2.2, 0.3, 0.2, 0.1])])
    main, other = made[made["primary"]], made[~made["primary"]]
    assert main["p"].tolist() == pytest.approx([0.012419, 0.920344], abs=1e-6)
    assert main["p_adjusted"].tolist() == pytest.approx([2 * 0.012419, 0.920344], abs=1e-5)
    assert other["p_adjusted"].iloc[0] == pytest.approx(4 * 0.027807, abs=1e-5)
    assert made["holds"].tolist() == [True, False, False, False, False, False]


def test_a_claim_that_its_family_does_not_bear_out_gets_a_doubt() -> None:
    made = comparisons([examined("main", [2.5], primary=True), examined("other", [2.2, 0.3, 0.2, 0.1])])
    words = doubts(made)
    assert words["other", "other 0"] == (
        "Among all 4 exploratory comparisons it does not hold (Benjamini-Hochberg, p = 0.11)."
    )
    assert ("main", "main 0") not in words


def test_a_long_list_is_cut_and_counted() -> None:
    made = comparisons([examined("other", list(np.linspace(0.1, 3, MOST_SHOWN + 7)))])
    text = json.dumps(comparison_blocks(made))
    assert "7 weaker ones stand in report.json." in text
    assert f"Exploratory: {MOST_SHOWN + 7} comparisons" in text


def test_without_comparisons_there_is_no_section() -> None:
    assert comparison_blocks(comparisons([examined("other", [])])) == []
