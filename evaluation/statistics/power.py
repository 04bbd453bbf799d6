"""Power by simulation: draw the planned study again and again, analyse it as it will be, count the claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.cumulative_search import maximise, start
from evaluation.statistics.errors import NotIdentified, TooFew, WrongChoice
from evaluation.statistics.formula import fixed_effects, groupings, parse_formula, require_variables
from evaluation.statistics.laplace import CumulativeLaplace
from evaluation.statistics.linear_mixed import LinearMixedDesign
from evaluation.statistics.proportions import proportion
from evaluation.statistics.tidy import Numbers, require_choice, require_columns, require_count, require_share

RESIDUAL = "residual"
_CATEGORIES = 5


@dataclass(frozen=True)
class Power:
    """How often the planned study would claim the effect, with bounds for the number of simulations.

    `power` is that of `effect`; `effects` has a row for each method's effect with the same columns, and the mean of its
    estimates. `failed` simulations gave no test (no convergence) and count as no claim. With an effect of 0 the power
    is the type-I error.
    """

    effect: str
    power: float
    low: float
    high: float
    effects: pd.DataFrame
    simulations: int
    failed: int


class _Study(Protocol):
    """A planned study: it draws an outcome, analyses it, and returns each effect's estimate and p-value."""

    names: list[str]

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]: ...


def power(
    design: pd.DataFrame,
    *,
    model: Literal["lmm", "clmm"],
    effects: Mapping[str, float],
    variances: Mapping[str, float],
    simulations: int,
    seed: int,
    alpha: float = 0.05,
    thresholds: Numbers | None = None,
    level: float = 0.95,
) -> Power:
    """Simulate a study of methods and count how often an effect's p-value is below `alpha`.

    `design` has a row for each planned rating, with columns `method`, `rater` and `case` (as far as the random terms
    name them). `effects` are differences from the first method, keyed as `.coefficients` (`"method[ig]"`); the first of
    them is the one whose power is wanted, methods not named have an effect of 0. `variances` are those of the random
    terms, keyed as `.random_sd` (`"rater:method"`), and all named terms are in the fitted model; for the linear model
    also `"residual"` (1 by default). The linear model is tested by Satterthwaite's t, the ordinal one by Wald's z,
    which claims too often with few raters or cases: simulate with an effect of 0 to see by how much. `thresholds` of
    the ordinal model are by default those of five categories that are equally frequent for the first method.
    Each simulation has a seed of its own, so more of them only add to the first.
    """
    require_choice("model", model, ("lmm", "clmm"))
    require_count("simulations", simulations)
    require_share("alpha", alpha)
    if simulations < 1:
        raise TooFew("At least one simulation is needed.")
    if not effects:
        raise WrongChoice("effects must name at least one effect, such as 'method[ig]'.")
    require_columns(design, "method")
    study = _study(design.assign(method=design["method"].astype(str)), model, effects, variances, thresholds)
    estimates, p_values = [], []
    for child in np.random.SeedSequence(seed).spawn(simulations):
        estimate, p = study.run(np.random.default_rng(child))
        estimates.append(estimate)
        p_values.append(p)
    table = _table(study.names, np.array(estimates), np.array(p_values), alpha, level)
    first = next(iter(effects))
    row = table.loc[first].to_dict()
    return Power(
        effect=first,
        power=float(row["power"]),
        low=float(row["low"]),
        high=float(row["high"]),
        effects=table,
        simulations=simulations,
        failed=int(np.isnan(np.array(p_values)).all(axis=1).sum()),
    )


def _study(
    design: pd.DataFrame,
    model: str,
    effects: Mapping[str, float],
    variances: Mapping[str, float],
    thresholds: Numbers | None,
) -> _Study:
    terms = {name: value for name, value in variances.items() if name != RESIDUAL}
    negative = [name for name, value in variances.items() if not value >= 0]
    if negative:
        raise WrongChoice(f"The variance of {negative[0]!r} must be at least 0.")
    formula = " + ".join(["outcome ~ method", *[f"(1|{name})" for name in terms]])
    sd = {name: float(np.sqrt(value)) for name, value in terms.items()}
    if model == "lmm":
        return _LinearStudy(design, formula, effects, sd, float(np.sqrt(variances.get(RESIDUAL, 1.0))))
    if RESIDUAL in variances:
        raise WrongChoice("The ordinal model has no residual variance: that of the logistic distribution is fixed.")
    return _OrdinalStudy(design, formula, effects, sd, thresholds)


class _LinearStudy:
    def __init__(
        self, design: pd.DataFrame, formula: str, effects: Mapping[str, float], sd: Mapping[str, float], sigma: float
    ) -> None:
        self.design = LinearMixedDesign(formula, design)
        self.names = self.design.names[1:]
        _require_known(effects, self.names)
        self.effects, self.sd, self.sigma = effects, sd, sigma

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        fit = self.design.fit(self.design.simulate(self.effects, self.sd, self.sigma, generator))
        p = fit.p_values.iloc[1:] if fit.converged else fit.p_values.iloc[1:] * np.nan
        return np.asarray(fit.coefficients.iloc[1:], dtype=np.float64), np.asarray(p, dtype=np.float64)


class _OrdinalStudy:
    def __init__(
        self,
        design: pd.DataFrame,
        formula: str,
        effects: Mapping[str, float],
        sd: Mapping[str, float],
        thresholds: Numbers | None,
    ) -> None:
        parsed = parse_formula(formula)
        require_variables(parsed, design, outcome=False)
        coded = fixed_effects(parsed, design, None)
        self.names = coded.columns
        _require_known(effects, self.names)
        self.matrix = coded.matrix(design)
        self.groups = groupings(parsed, design)
        self.sd = [sd[group.name] for group in self.groups]
        self.fixed = self.matrix @ np.array([effects.get(name, 0.0) for name in self.names])
        spread = float(np.sqrt(1.0 + 3.0 / np.pi**2 * sum(scale**2 for scale in self.sd)))
        shares = np.arange(1, _CATEGORIES) / _CATEGORIES
        given = stats.logistic.ppf(shares) * spread if thresholds is None else np.asarray(thresholds, dtype=np.float64)
        if not np.all(np.diff(given) > 0):
            raise WrongChoice("The thresholds must increase.")
        self.thresholds = given

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        eta = self.fixed + generator.logistic(size=len(self.fixed))
        for group, scale in zip(self.groups, self.sd, strict=True):
            eta = eta + scale * generator.standard_normal(group.size)[group.index]
        seen, category = np.unique(np.searchsorted(self.thresholds, eta), return_inverse=True)
        nothing = np.full(len(self.names), np.nan)
        if len(seen) < 2:
            return nothing, nothing
        likelihood = CumulativeLaplace(category, len(seen), self.matrix, self.groups)
        try:
            found = maximise(likelihood, start(category, len(seen), len(self.names), len(self.groups)))
        except NotIdentified:
            return nothing, nothing
        beta = likelihood.split(found.parameters)[1]
        if found.messages or found.far:
            return beta, nothing
        places = slice(likelihood.n_thresholds, likelihood.n_thresholds + len(beta))
        se = np.sqrt(np.diagonal(found.covariance)[places])
        return beta, np.asarray(2.0 * stats.norm.sf(np.abs(beta / se)), dtype=np.float64)


def _require_known(effects: Mapping[str, float], names: list[str]) -> None:
    unknown = [name for name in effects if name not in names]
    if unknown:
        raise WrongChoice(f"{unknown[0]!r} is no effect of this design; it has: {', '.join(names)}.")


def _table(names: list[str], estimates: Numbers, p_values: Numbers, alpha: float, level: float) -> pd.DataFrame:
    rows = []
    for place, name in enumerate(names):
        claimed = int((p_values[:, place] < alpha).sum())
        share = proportion(claimed, len(p_values), level=level)
        known = estimates[:, place][~np.isnan(estimates[:, place])]
        mean = float(known.mean()) if len(known) else float("nan")
        rows.append({"effect": name, "power": share.estimate, "low": share.low, "high": share.high, "mean": mean})
    return pd.DataFrame(rows).set_index("effect")
