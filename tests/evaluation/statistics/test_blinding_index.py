"""Blinding indices against the CRISP trial's table, as the R package BI and its port to Julia print them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics import blinding_index
from evaluation.statistics.errors import MissingColumn, TooFew

#: Rows: guessed treatment, guessed placebo, does not know; columns: given treatment, given placebo.
#: BlindingIndex.jl's README (a port of R's BI): James 0.896 (0.011; 0.875 to 0.918);
#: Bang: treatment 0.115 (0.018; 0.08 to 0.15), placebo 0.022 (0.019; -0.016 to 0.06).
TRIAL = {"treatment": [48, 4, 330], "placebo": [22, 30, 319]}


def rows(table: dict[str, list[int]], guesses: tuple[str, ...] = ("treatment", "placebo", "unknown")) -> pd.DataFrame:
    said: list[tuple[str, str]] = []
    for arm, counts in table.items():
        for guess, n in zip(guesses, counts, strict=True):
            said += [(arm, guess)] * n
    return pd.DataFrame(said, columns=["arm", "guess"])


def test_it_equals_the_published_values() -> None:
    found = blinding_index(rows(TRIAL), arm="arm", guess="guess")
    assert [round(value, 3) for value in (found.james, found.james_se, found.james_low, found.james_high)] == [
        0.896,
        0.011,
        0.875,
        0.918,
    ]
    assert list(found.arms[["estimate", "se", "low", "high"]].round(3).loc["treatment"]) == [
        0.115,
        0.018,
        0.08,
        0.15,
    ]
    assert list(found.arms[["estimate", "se", "low", "high"]].round(3).loc["placebo"]) == [
        0.022,
        0.019,
        -0.016,
        0.06,
    ]
    assert found.arms["n"].tolist() == [371, 382]
    assert found.n == 753


@pytest.mark.parametrize(
    ("table", "bang", "james"),
    [
        ({"treatment": [50, 0, 0], "placebo": [0, 50, 0]}, 1.0, 0.0),
        ({"treatment": [0, 50, 0], "placebo": [50, 0, 0]}, -1.0, 1.0),
        ({"treatment": [25, 25, 0], "placebo": [25, 25, 0]}, 0.0, 0.5),
        ({"treatment": [0, 0, 50], "placebo": [0, 0, 50]}, 0.0, 1.0),
    ],
)
def test_the_ends_of_both_scales(table: dict[str, list[int]], bang: float, james: float) -> None:
    found = blinding_index(rows(table), arm="arm", guess="guess")
    assert found.arms["estimate"].tolist() == pytest.approx([bang, bang])
    assert found.james == pytest.approx(james)


def test_random_guesses_among_many_arms_are_at_zero() -> None:
    rng = np.random.default_rng(0)
    arms = list("abcde")
    data = pd.DataFrame({"arm": rng.choice(arms, 6000), "guess": rng.choice(arms, 6000)})
    found = blinding_index(data, arm="arm", guess="guess")
    assert (found.arms["estimate"].abs() < 0.05).all()
    assert found.james == pytest.approx(0.5, abs=0.02)
    known = blinding_index(data.assign(guess=data["arm"]), arm="arm", guess="guess")
    assert (known.arms["estimate"] == 1.0).all()


def test_the_standard_error_is_that_of_many_trials() -> None:
    """Over 400 simulated trials of the published shares, both errors match the spread of the estimates."""
    rng = np.random.default_rng(1)
    shares = np.array(list(TRIAL.values()), dtype=float).ravel() / 753
    found = []
    for _trial in range(400):
        drawn = rng.multinomial(753, shares).reshape(2, 3)
        index = blinding_index(rows(dict(zip(TRIAL, drawn.tolist(), strict=True))), arm="arm", guess="guess")
        found.append((index.james, index.arms["estimate"].iloc[0]))
    spread = np.std(found, axis=0, ddof=1)
    index = blinding_index(rows(TRIAL), arm="arm", guess="guess")
    assert spread[0] == pytest.approx(index.james_se, rel=0.12)
    assert spread[1] == pytest.approx(index.arms["se"].iloc[0], rel=0.12)


def test_several_guesses_of_one_rater_widen_the_bounds() -> None:
    """Raters who each repeat one guess forty times are worth their number, not their answers'."""
    rng = np.random.default_rng(2)
    data = pd.concat(
        [
            pd.DataFrame({"rater": rater, "arm": ["x", "y"] * 20, "guess": ["x", "y"] * 20 if knows else "unknown"})
            for rater, knows in enumerate(rng.random(12) < 0.5)
        ]
    )
    plain = blinding_index(data, arm="arm", guess="guess")
    wide = blinding_index(data, arm="arm", guess="guess", rater="rater", bootstrap=500, seed=1)
    assert (wide.arms["high"] - wide.arms["low"] > 3 * (plain.arms["high"] - plain.arms["low"])).all()
    assert (wide.arms["estimate"] == plain.arms["estimate"]).all()


def test_wrong_input_gets_one_clear_sentence() -> None:
    with pytest.raises(TooFew, match="at least two arms"):
        blinding_index(rows({"treatment": [1, 1, 1]}), arm="arm", guess="guess")
    with pytest.raises(MissingColumn):
        blinding_index(rows(TRIAL), arm="arm", guess="said")
