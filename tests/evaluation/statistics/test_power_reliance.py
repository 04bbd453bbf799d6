from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import expit

from evaluation.statistics import reliance, reliance_power
from evaluation.statistics.power_reliance import RelianceStudy, logit_of_share


def planned(readers: int, cases: int) -> pd.DataFrame:
    """Each reader decides on every case, in one of two arms."""
    rows = [(reader, case, "ab"[(reader + case) % 2]) for reader in range(readers) for case in range(cases)]
    return pd.DataFrame(rows, columns=["rater", "case", "arm"])


@pytest.mark.parametrize("share, sd", [(0.4, 0.0), (0.1, 1.0), (0.7, 2.0), (0.97, 3.0)])
def test_shares_are_averages_over_readers_and_cases(share: float, sd: float) -> None:
    """The logistic function integrated over the normal distribution by scipy."""
    middle = logit_of_share(share, sd)
    found = integrate.quad(lambda x: expit(middle + sd * x) * stats.norm.pdf(x), -12, 12)[0]
    assert found == pytest.approx(share, abs=1e-4)


def test_drawn_decisions_have_the_shares_asked_for() -> None:
    design = planned(200, 60)
    shares = {"a": 0.5, "b": 0.2}
    study = RelianceStudy(design, shares, {"rater": 0.8, "case": 0.6}, 0.7, False)
    initial, final = study.draw(np.random.default_rng(1))
    data = study.design.assign(initial=initial, final=final)
    assert initial.mean() == pytest.approx(0.7, abs=0.02)
    for arm, share in shares.items():
        rows = data[data["arm"] == arm]
        found = reliance(rows, truth="truth", advice="advice", initial="initial", final="final")
        assert found.over_reliance == pytest.approx(share, abs=0.04)
        assert found.helpful_switches == 0


@pytest.mark.parametrize("second", [0.5, 0.25])
def test_the_power_of_independent_decisions_is_that_of_two_proportions(second: float) -> None:
    """60 readers an arm with one decision each: the z test of two shares, all tables enumerated."""
    n, first = 60, 0.5
    design = pd.DataFrame({"rater": range(2 * n), "case": 0, "arm": np.repeat(["a", "b"], n)})
    found = reliance_power(
        design,
        over_reliance={"a": first, "b": second},
        variances={},
        simulations=300,
        seed=1,
        level=0.999,
    )
    x, y = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    p, q = x / n, y / n
    se = np.sqrt((p * (1 - p) + q * (1 - q)) / n)
    claims = np.abs(p - q) > stats.norm.isf(0.025) * se
    exact = float((np.outer(stats.binom.pmf(x[:, 0], n, first), stats.binom.pmf(y[0], n, second)) * claims).sum())
    assert found.low < exact < found.high
    assert found.high - found.low < 0.2
    assert found.effects.loc["arm[b]", "mean"] == pytest.approx(first - second, abs=0.03)


def test_readers_who_differ_cost_power_where_each_is_in_one_arm() -> None:
    design = pd.DataFrame(
        [(reader, case, "ab"[reader % 2]) for reader in range(12) for case in range(16)],
        columns=["rater", "case", "arm"],
    )
    calls: dict[str, Any] = {"over_reliance": {"a": 0.5, "b": 0.25}, "simulations": 60, "seed": 2}
    alike = reliance_power(design, variances={"case": 0.1}, **calls)
    apart = reliance_power(design, variances={"case": 0.1, "rater": 3.0}, **calls)
    assert apart.high < alike.low


def test_shares_and_the_model_find_nearly_the_same() -> None:
    """The same studies; the model's estimates are log odds ratios of staying right, given reader and case."""
    design, sd = planned(14, 20), 0.4**0.5
    calls: dict[str, Any] = {
        "over_reliance": {"a": 0.5, "b": 0.3},
        "variances": {"rater": 0.4, "case": 0.4},
        "simulations": 40,
        "seed": 3,
    }
    shares, model = (reliance_power(design, analysis=name, **calls) for name in ("shares", "model"))
    assert abs(shares.power - model.power) <= 0.2
    assert shares.power > 0.5
    total = 2**0.5 * sd
    expected = logit_of_share(0.5, total) - logit_of_share(0.3, total)
    assert model.effects.loc["arm[b]", "mean"] == pytest.approx(expected, abs=0.15)
    assert shares.effects.loc["arm[b]", "mean"] == pytest.approx(0.2, abs=0.04)


def test_the_model_of_equal_answers_claims_nothing() -> None:
    study = RelianceStudy(planned(4, 4), {"a": 1e-9, "b": 1e-9}, {"rater": 0.1}, 1.0, True)
    assert np.isnan(study.run(np.random.default_rng(0))[1]).all()


def test_wrong_first_answers_do_not_count() -> None:
    calls: dict[str, Any] = {
        "over_reliance": {"a": 0.45, "b": 0.25},
        "variances": {"rater": 0.3, "case": 0.3},
        "simulations": 80,
        "seed": 4,
    }
    design = planned(10, 20)
    assert reliance_power(design, initial_accuracy=0.3, **calls).high < (
        reliance_power(design, initial_accuracy=1.0, **calls).low
    )


@pytest.mark.simulation
@pytest.mark.parametrize("analysis", ["shares", "model"])
def test_the_type_one_error_of_a_reliance_study(analysis: Literal["shares", "model"]) -> None:
    """2,000 studies without a difference."""
    found = reliance_power(
        planned(20, 20),
        over_reliance={"a": 0.35, "b": 0.35},
        variances={"rater": 0.5, "case": 0.5, "rater:arm": 0.2, "case:arm": 0.2},
        simulations=2000,
        seed=6,
        initial_accuracy=0.8,
        analysis=analysis,
    )
    assert 0.035 <= found.power <= 0.065


@pytest.mark.parametrize(
    "change, message",
    [
        ({"over_reliance": {"a": 0.5}}, "must name the arms of the design: a, b"),
        ({"over_reliance": {"a": 0.5, "b": 1.0}}, "over_reliance of b must lie between"),
        ({"initial_accuracy": 0.0}, "more than 0 and at most 1"),
        ({"variances": {"residual": 1.0}}, "no residual variance"),
        ({"variances": {"rater": -1.0}}, "at least 0"),
        ({"variances": {"desk": 1.0}}, "no column 'desk'"),
        ({"analysis": "none"}, "analysis cannot be 'none'"),
        ({"design": planned(4, 4).assign(arm="a")}, "one arm only"),
        ({"design": planned(4, 4).drop(columns="arm")}, "no column 'arm'"),
        ({"simulations": 0}, "At least one simulation"),
    ],
)
def test_wrong_arguments_get_one_clear_sentence(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "design": planned(4, 4),
        "over_reliance": {"a": 0.5, "b": 0.3},
        "variances": {"rater": 0.3},
        "simulations": 2,
        "seed": 0,
    }
    with pytest.raises(ValueError, match=message):
        reliance_power(**{**given, **change})
