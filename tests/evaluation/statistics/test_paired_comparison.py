from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from evaluation.statistics import PairedComparison, bradley_terry
from tests.evaluation.statistics.conftest import Validate

GOLDEN = Path(__file__).parent / "golden"
NAMES: dict[str, Any] = {"first": "first", "second": "second", "first_wins": "wins", "second_wins": "losses"}

# Stigler 1994: citations between four statistics journals, (cited first by second, cited second by first).
JOURNALS = pd.DataFrame(
    [
        ("Biometrika", "Comm Statist", 730, 33),
        ("Biometrika", "JASA", 498, 320),
        ("Biometrika", "JRSS-B", 221, 284),
        ("Comm Statist", "JASA", 68, 813),
        ("Comm Statist", "JRSS-B", 17, 276),
        ("JASA", "JRSS-B", 142, 325),
    ],
    columns=["first", "second", "wins", "losses"],
)


def comparisons(seed: int = 0, readers: int = 20) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    worth, names, nu, home = np.array([0.0, 0.5, 1.1, -0.4]), ["a", "b", "c", "d"], 0.6, 0.3
    rows = []
    for reader in range(readers):
        for _ in range(3):
            for i, j in combinations(range(4), 2):
                left, right = (i, j) if random.random() < 0.5 else (j, i)
                a, b = worth[left] + home, worth[right]
                weights = np.exp([a, b, np.log(nu) + (a + b) / 2])
                result = random.choice(3, p=weights / weights.sum())
                rows.append((f"r{reader}", names[left], names[right], *(int(result == k) for k in range(3))))
    return pd.DataFrame(rows, columns=["reader", "first", "second", "wins", "losses", "ties"])


def test_it_equals_the_published_journal_example() -> None:
    """BradleyTerry2's vignette (Turner & Firth 2012, J Stat Softw 48(9))."""
    fit = bradley_terry(JOURNALS, **NAMES)
    assert fit.coefficients.round(5).to_dict() == {"Comm Statist": -2.94907, "JASA": -0.47957, "JRSS-B": 0.26895}
    assert fit.standard_errors.round(5).to_dict() == {"Comm Statist": 0.10255, "JASA": 0.06059, "JRSS-B": 0.07083}
    assert np.isnan(fit.home)
    assert np.isnan(fit.tie)


def test_the_advantage_of_being_first_equals_a_logistic_regression(validate: Validate) -> None:
    data = comparisons().query("ties == 0")
    fit = bradley_terry(data, **NAMES, home=True, reference="b")
    design = pd.DataFrame({name: (data["first"] == name).astype(float) - (data["second"] == name) for name in "acd"})
    oracle = sm.GLM(data["wins"], design.assign(home=1.0), family=sm.families.Binomial()).fit(tol=1e-12)
    source = "statsmodels, logistic regression"
    ours = [*fit.coefficients, fit.home, *fit.standard_errors, fit.home_error]
    validate("bradley_terry with a side effect", source, ours, [*oracle.params, *oracle.bse], within=1e-7)
    assert fit.log_likelihood == pytest.approx(oracle.llf, abs=1e-8)


def test_ties_equal_a_poisson_regression(validate: Validate) -> None:
    """Davidson's model as a log-linear one: a level per pair, half of either worth and log nu for ties."""
    data = comparisons()
    ordered = data.assign(swap=data["first"] > data["second"])
    for a, b in (("first", "second"), ("wins", "losses")):
        ordered[[a, b]] = np.where(ordered[["swap"]], ordered[[b, a]], ordered[[a, b]])
    counts = (
        ordered.astype({"wins": float, "losses": float})
        .groupby(["first", "second"], as_index=False)[["wins", "losses", "ties"]]
        .sum()
    )
    fit = bradley_terry(counts, **NAMES, ties="ties")
    long = counts.melt(["first", "second"], var_name="result", value_name="count")
    share = {"wins": (1.0, 0.0), "losses": (0.0, 1.0), "ties": (0.5, 0.5)}
    design = pd.get_dummies(long["first"] + long["second"], dtype=float)
    for name in "bcd":
        design[name] = [
            share[r][0] * (f == name) + share[r][1] * (s == name)
            for f, s, r in zip(long["first"], long["second"], long["result"], strict=True)
        ]
    design["nu"] = (long["result"] == "ties").astype(float)
    oracle = sm.GLM(long["count"].astype(float), design, family=sm.families.Poisson()).fit(tol=1e-13)
    np.testing.assert_allclose(fit.coefficients, oracle.params[list("bcd")], atol=1e-7)
    np.testing.assert_allclose(fit.standard_errors, oracle.bse[list("bcd")], atol=1e-7)
    ours, theirs = [np.log(fit.tie), fit.tie_error / fit.tie], [oracle.params["nu"], oracle.bse["nu"]]
    validate("bradley_terry, Davidson's ties", "statsmodels, Poisson log-linear model", ours, theirs, within=1e-7)


def test_readers_who_repeat_themselves_widen_the_errors() -> None:
    """Every reader's answers copied: naive errors shrink by the root of two, cluster-robust ones stay."""
    data = comparisons()
    twice = pd.concat([data, data])
    naive, doubled = bradley_terry(data, **NAMES, ties="ties"), bradley_terry(twice, **NAMES, ties="ties")
    robust = bradley_terry(data, **NAMES, ties="ties", reader="reader")
    robust_twice = bradley_terry(twice, **NAMES, ties="ties", reader="reader")
    np.testing.assert_allclose(naive.standard_errors, doubled.standard_errors * np.sqrt(2), rtol=1e-6)
    np.testing.assert_allclose(robust.standard_errors, robust_twice.standard_errors, rtol=1e-6)
    np.testing.assert_allclose(robust.coefficients, naive.coefficients, atol=1e-9)


def test_contrasts_do_not_depend_on_the_reference() -> None:
    data = comparisons()
    a, c = (bradley_terry(data, **NAMES, ties="ties", reference=name).contrasts() for name in "ac")
    pd.testing.assert_frame_equal(a, c, atol=1e-8)
    assert len(a) == 6


def test_wins_and_ties_may_be_exchanged_with_the_sides() -> None:
    data = comparisons()
    turned = data.rename(columns={"first": "second", "second": "first", "wins": "losses", "losses": "wins"})
    plain, other = (
        bradley_terry(data, **NAMES, ties="ties", home=True),
        bradley_terry(turned, **NAMES, ties="ties", home=True),
    )
    np.testing.assert_allclose(plain.coefficients, other.coefficients, atol=1e-8)
    assert plain.home == pytest.approx(-other.home, abs=1e-8)


def test_no_ties_are_a_nu_of_zero() -> None:
    data = JOURNALS.assign(ties=0)
    assert bradley_terry(data, **NAMES, ties="ties").tie == 0.0


def test_what_has_no_finite_worth_gets_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="Biometrika never lost"):
        bradley_terry(JOURNALS.assign(losses=[0, 0, 0, 813, 276, 325]), **NAMES)
    with pytest.raises(ValueError, match="compared with itself"):
        bradley_terry(JOURNALS.assign(second="JASA"), **NAMES)
    with pytest.raises(ValueError, match="not among the items"):
        bradley_terry(JOURNALS, **NAMES, reference="Nature")
    with pytest.raises(ValueError, match="cannot be negative"):
        bradley_terry(JOURNALS.assign(wins=-1), **NAMES)
    with pytest.raises(ValueError, match="needs two items"):
        bradley_terry(JOURNALS.iloc[:0], **NAMES)


def of_readers(seed: int, readers: int, spread: float) -> pd.DataFrame:
    """Single comparisons of four items by readers with worths of their own, some of them ties."""
    random = np.random.default_rng(seed)
    names, worth = ["a", "b", "c", "d"], np.array([0.0, 0.4, 0.8, -0.4])
    rows = []
    for reader in range(readers):
        own = worth + spread * random.normal(size=4)
        for _ in range(24):
            i, j = random.choice(4, 2, replace=False)
            share = np.exp([own[i] + 0.3, own[j], (own[i] + own[j]) / 2 - 1.0])
            outcome = random.choice(3, p=share / share.sum())
            rows.append((f"r{reader:02d}", names[i], names[j], *np.eye(3, dtype=int)[outcome]))
    return pd.DataFrame(rows, columns=["reader", "first", "second", "wins", "losses", "ties"])


def with_readers(data: pd.DataFrame, **options: Any) -> PairedComparison:
    return bradley_terry(
        data, first="first", second="second", first_wins="wins", second_wins="losses", ties="ties", home=True,
        reader="reader", **options,
    )  # fmt: skip


def test_two_items_with_readers_of_their_own_are_a_logistic_mixed_model(validate: Validate) -> None:
    """Golden: make_pairs.R (lme4's glmer, Laplace); the intercept's spread is that of a difference of two worths."""
    pairs = pd.read_csv(GOLDEN / "pairs.csv")
    golden = pd.read_csv(GOLDEN / "pairs_fit.csv").iloc[0]
    data = pairs.assign(first="b", second="a", wins=pairs["won"], losses=1 - pairs["won"])
    found = bradley_terry(
        data, first="first", second="second", first_wins="wins", second_wins="losses", reader="reader",
        reader_effects="random",
    )  # fmt: skip
    ours = [found.coefficients["b"], found.standard_errors["b"], found.reader_sd * np.sqrt(2), found.log_likelihood]
    theirs = golden[["worth", "se", "sd", "log_likelihood"]]
    validate("bradley_terry, readers' own worths", "R lme4 glmer, Laplace", ours, theirs, within=1e-3)


def test_worths_and_the_spread_of_readers_are_recovered() -> None:
    found = with_readers(of_readers(seed=5, readers=60, spread=0.7), reader_effects="random")
    assert found.coefficients.to_dict() == pytest.approx({"b": 0.4, "c": 0.8, "d": -0.4}, abs=0.3)
    assert found.reader_sd == pytest.approx(0.7, abs=0.15)
    assert found.home == pytest.approx(0.3, abs=0.15)
    assert found.tie == pytest.approx(np.exp(-1.0), abs=0.08)


def test_readers_who_differ_widen_the_errors_and_those_who_do_not_do_not() -> None:
    differ = of_readers(seed=6, readers=30, spread=1.2)
    plain, own = with_readers(differ.assign(reader=range(len(differ)))), with_readers(differ, reader_effects="random")
    assert (own.standard_errors > 1.3 * plain.standard_errors).all()
    assert own.log_likelihood > plain.log_likelihood + 10
    alike = of_readers(seed=7, readers=30, spread=0.0)
    assert with_readers(alike, reader_effects="random").reader_sd < 0.2


def test_random_effects_need_the_readers_column() -> None:
    with pytest.raises(ValueError, match="need the column that names the reader"):
        bradley_terry(
            of_readers(1, 3, 0.5), first="first", second="second", first_wins="wins", second_wins="losses",
            reader_effects="random",
        )  # fmt: skip
