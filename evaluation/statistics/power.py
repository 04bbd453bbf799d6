"""Power by simulation: draw the planned study again and again, analyse it as it will be, count the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evaluation.statistics.errors import TooFew, WrongChoice
from evaluation.statistics.power_reading import TRUTH, ReadingStudy
from evaluation.statistics.power_studies import (
    RESIDUAL,
    LinearStudy,
    OrdinalStudy,
    Study,
    formula_of,
    standard_deviations,
)
from evaluation.statistics.proportions import proportion
from evaluation.statistics.tidy import Numbers, require_choice, require_columns, require_count, require_share


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


def power(
    design: pd.DataFrame,
    *,
    model: Literal["lmm", "clmm", "mrmc"],
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
    also `"residual"` (1 by default). The linear model is tested by Satterthwaite's t, the ordinal one by t with the
    degrees of freedom that the linear one lends it, as the platform's analysis is. `thresholds` of the ordinal model
    are by default those of five categories that are equally frequent for the first method.
    `mrmc` simulates latent ratings after Roe and Metz and compares areas under the ROC curve: see `ReadingStudy` for
    its column `truth`, its effect `"truth"` and the terms.
    Each simulation has a seed of its own, so more of them only add to the first.
    """
    require_choice("model", model, ("lmm", "clmm", "mrmc"))
    wanted = [name for name in effects if name != TRUTH or model != "mrmc"]
    if not wanted:
        raise WrongChoice("effects must name at least one effect, such as 'method[ig]'.")
    require_columns(design, "method")
    study = _study(design.assign(method=design["method"].astype(str)), model, effects, variances, thresholds)
    return simulated(study, wanted[0], simulations=simulations, seed=seed, alpha=alpha, level=level)


def simulated(
    study: Study, first: str, *, simulations: int, seed: int | Sequence[int], alpha: float, level: float
) -> Power:
    """Run a study many times; `first` names the effect whose power is wanted. Simulation k has a seed of its own."""
    require_count("simulations", simulations)
    require_share("alpha", alpha)
    if simulations < 1:
        raise TooFew("At least one simulation is needed.")
    estimates, p_values = [], []
    for child in np.random.SeedSequence(seed).spawn(simulations):
        estimate, p = study.run(np.random.default_rng(child))
        estimates.append(estimate)
        p_values.append(p)
    table = _table(study.names, np.array(estimates), np.array(p_values), alpha, level)
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
) -> Study:
    sd = standard_deviations(variances)
    sigma = float(np.sqrt(variances.get(RESIDUAL, 1.0)))
    if model == "mrmc":
        return ReadingStudy(design, effects, sd, sigma)
    formula = formula_of(variances)
    if model == "lmm":
        return LinearStudy(design, formula, effects, sd, sigma)
    if RESIDUAL in variances:
        raise WrongChoice("The ordinal model has no residual variance: that of the logistic distribution is fixed.")
    return OrdinalStudy(design, formula, effects, sd, thresholds)


def _table(names: list[str], estimates: Numbers, p_values: Numbers, alpha: float, level: float) -> pd.DataFrame:
    rows = []
    for place, name in enumerate(names):
        claimed = int((p_values[:, place] < alpha).sum())
        share = proportion(claimed, len(p_values), level=level)
        known = estimates[:, place][~np.isnan(estimates[:, place])]
        mean = float(known.mean()) if len(known) else float("nan")
        rows.append({"effect": name, "power": share.estimate, "low": share.low, "high": share.high, "mean": mean})
    return pd.DataFrame(rows).set_index("effect")
