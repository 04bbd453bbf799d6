"""Planned studies of reliance: how often a difference of over-reliance between arms would be found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from scipy import optimize, stats

from evaluation.statistics.appropriate_reliance import reliance_contrasts
from evaluation.statistics.cumulative_link import clmm
from evaluation.statistics.errors import ThinData, TooFew, WrongChoice
from evaluation.statistics.formula import groupings, parse_formula
from evaluation.statistics.power import Power, simulated
from evaluation.statistics.power_studies import RESIDUAL, standard_deviations
from evaluation.statistics.tidy import Numbers, require_choice, require_columns, require_share

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)


class RelianceStudy:
    """Decisions against wrong advice; see `reliance_power`."""

    def __init__(
        self,
        design: pd.DataFrame,
        over_reliance: Mapping[str, float],
        sd: Mapping[str, float],
        initial_accuracy: float,
        modelled: bool,
    ) -> None:
        arms = sorted(design["arm"].unique())
        if len(arms) < 2:
            raise TooFew("The design has one arm only.")
        if sorted(over_reliance) != arms:
            raise WrongChoice(f"over_reliance must name the arms of the design: {', '.join(arms)}.")
        for name, share in over_reliance.items():
            require_share(f"over_reliance of {name}", share)
        if not 0.0 < initial_accuracy <= 1.0:
            raise WrongChoice("initial_accuracy must be more than 0 and at most 1.")
        self.names = [f"arm[{name}]" for name in arms[1:]]
        self.formula = " + ".join(["stayed ~ arm", *[f"(1|{name})" for name in sd]])
        self.groups = groupings(parse_formula(self.formula), design)
        self.sd = [sd[group.name] for group in self.groups]
        spread = float(np.sqrt(sum(scale**2 for scale in self.sd)))
        logit = {name: logit_of_share(share, spread) for name, share in over_reliance.items()}
        self.logit = design["arm"].map(logit).to_numpy(dtype=np.float64)
        self.initial_accuracy, self.modelled, self.first = initial_accuracy, modelled, arms[0]
        self.design = design[["rater", "case", "arm"]].assign(truth=1, advice=0)

    def draw(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        """First and final answers of one study, 1 where right, for each row of the design."""
        eta = self.logit
        for group, scale in zip(self.groups, self.sd, strict=True):
            eta = eta + scale * generator.standard_normal(group.size)[group.index]
        initial = (generator.random(len(eta)) < self.initial_accuracy).astype(np.float64)
        followed = generator.logistic(size=len(eta)) < eta
        return initial, np.where(followed, 0.0, initial)

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        """One study: differences to the first arm, of the RSR or (by the model) of its log odds."""
        initial, final = self.draw(generator)
        data = self.design.assign(initial=initial, final=final)
        return self._by_model(data) if self.modelled else self._by_shares(data)

    def _by_shares(self, data: pd.DataFrame) -> tuple[Numbers, Numbers]:
        table = reliance_contrasts(
            data,
            group="arm",
            truth="truth",
            advice="advice",
            initial="initial",
            final="final",
            reader="rater",
            case="case",
            measures=("rsr",),
        )
        against = table[table["first"] == self.first]
        return -against["estimate"].to_numpy(dtype=np.float64), against["p"].to_numpy(dtype=np.float64)

    def _by_model(self, data: pd.DataFrame) -> tuple[Numbers, Numbers]:
        nothing: Numbers = np.full(len(self.names), np.nan, dtype=np.float64)
        try:
            fit = clmm(self.formula, data[data["initial"] == 1.0].rename(columns={"final": "stayed"}))
        except ThinData:  # all answers alike, or an arm without a decision that counts: no claim
            return nothing, nothing
        estimate = np.asarray(fit.coefficients.reindex(self.names), dtype=np.float64)
        tests = 2.0 * stats.t.sf((fit.coefficients / fit.standard_errors).abs(), fit.degrees)
        p = pd.Series(tests, index=fit.coefficients.index).reindex(self.names)
        return estimate, np.asarray(p, dtype=np.float64) if fit.converged else nothing


def reliance_power(
    design: pd.DataFrame,
    *,
    over_reliance: Mapping[str, float],
    variances: Mapping[str, float],
    simulations: int,
    seed: int,
    initial_accuracy: float = 1.0,
    analysis: Literal["shares", "model"] = "shares",
    alpha: float = 0.05,
    level: float = 0.95,
) -> Power:
    """The chance to find that arms differ in over-reliance (1 - RSR): how often right first answers are given up.

    `design` has a row for each planned decision in which the advice is wrong, columns `rater case arm`; readers may be
    in one arm or in several. `over_reliance` is the share expected in each arm, averaged over readers and cases;
    `variances` are those of random terms on the logit of following the advice (`"rater"`, `"case"`, `"rater:arm"`,
    `"case:arm"`). Decisions whose first answer is wrong (1 - `initial_accuracy` of them) do not count. Each arm is
    compared with the first (in sorted order), the first such effect `arm[...]` being the one whose power is wanted.

    `analysis`: `shares` as in `reliance_contrasts`, the difference of the RSR with the two-way clustered jackknife, as
    the platform's analysis does; `model` fits the random terms that `variances` name (the cumulative logit of two
    categories, t with lent degrees of freedom); its estimates are log odds ratios.
    The platform's analysis of all three measures and p pairs of arms divides alpha by 3p: give that `alpha` to plan
    for it.
    """
    require_columns(design, "rater", "case", "arm")
    require_choice("analysis", analysis, ("shares", "model"))
    if RESIDUAL in variances:
        raise WrongChoice("Decisions have no residual variance: that of the logistic distribution is fixed.")
    sd = standard_deviations(variances)
    require_columns(design, *[column for name in sd for column in name.split(":")])
    named = design.assign(arm=design["arm"].astype(str))
    study = RelianceStudy(named, over_reliance, sd, initial_accuracy, analysis == "model")
    return simulated(study, study.names[0], simulations=simulations, seed=seed, alpha=alpha, level=level)


def logit_of_share(share: float, sd: float) -> float:
    """The logit around which normal terms of that standard deviation give this share on average."""
    middle = float(np.log(share / (1.0 - share)))

    def missed(at: float) -> float:
        return float(_WEIGHTS @ stats.logistic.cdf(at + sd * _NODES) / _WEIGHTS.sum()) - share

    reach = 1.0 + abs(middle) * (1.0 + sd) + sd**2
    return float(optimize.brentq(missed, middle - reach, middle + reach, xtol=1e-10))
