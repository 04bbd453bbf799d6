"""Cumulative logit models with crossed random intercepts, for ordinal ratings of the same cases by the same readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.category_probabilities import Marginal, category_scores
from evaluation.statistics.contrasts import pairwise_contrasts
from evaluation.statistics.cumulative_search import Optimum, maximise, start
from evaluation.statistics.errors import OneCategory, WrongChoice, WrongFormula
from evaluation.statistics.formula import (
    FixedEffects,
    Grouping,
    fixed_effects,
    groupings,
    parse_formula,
    require_full_rank,
    require_variables,
)
from evaluation.statistics.laplace import CumulativeLaplace
from evaluation.statistics.model_text import model_text
from evaluation.statistics.profile_likelihood import Profile
from evaluation.statistics.proportional_odds import ProportionalOdds, Restricted, nominal_test
from evaluation.statistics.reference_distribution import REFERENCE_DISTRIBUTIONS, LentDegrees, ReferenceDistribution
from evaluation.statistics.tidy import Codes, Numbers, numbers, require_choice, require_share

Scale = Literal["latent", "score", "probability"]


@dataclass(frozen=True)
class _Model:
    """What was fitted, kept for profiles and tests."""

    effects: FixedEffects
    category: Codes
    design: Numbers
    groups: list[Grouping]
    levels: Mapping[str, Codes]
    likelihood: CumulativeLaplace


@dataclass(frozen=True)
class CumulativeLinkFit:
    """A fitted model. Coefficients are log odds ratios of a higher rating, given the same rater and case.

    `singular` names the random terms whose standard deviation is 0: they change nothing and may be left out.
    `converged` is true when the gradient vanishes and the curvature is that of a maximum; `messages` says what is
    wrong otherwise, `notes` what the fit fell back to. Both stand in `print(fit)`. `dropped` rows lacked an outcome.
    `covariance` covers thresholds and coefficients.
    """

    formula: str
    log_likelihood: float
    thresholds: pd.Series[float]
    threshold_errors: pd.Series[float]
    coefficients: pd.Series[float]
    standard_errors: pd.Series[float]
    random_sd: pd.Series[float]
    n_groups: pd.Series[int]
    covariance: pd.DataFrame
    n_observations: int
    dropped: int
    converged: bool
    gradient: float
    singular: tuple[str, ...]
    messages: tuple[str, ...]
    notes: tuple[str, ...]
    categories: tuple[Any, ...]
    _model: _Model = field(repr=False)
    _optimum: Optimum = field(repr=False)
    _lender: _Model = field(repr=False)

    def __str__(self) -> str:
        title = f"Cumulative logit mixed model, log-likelihood {self.log_likelihood:.3f}"
        table = pd.DataFrame({"estimate": self.coefficients, "se": self.standard_errors, "p": self.p_values})
        return model_text(title, self, table)

    @property
    def p_values(self) -> pd.Series[float]:
        """Two-sided Wald tests of the coefficients."""
        z = (self.coefficients / self.standard_errors).abs()
        return pd.Series(2.0 * stats.norm.sf(z), index=self.coefficients.index, dtype=float)

    @cached_property
    def degrees(self) -> pd.Series[float]:
        """Satterthwaite's degrees of freedom of the coefficients, lent by the linear model of the ratings as scores."""
        rows = np.eye(len(self.coefficients))
        return pd.Series(self._lent_degrees(rows), index=self.coefficients.index, dtype=float)

    @property
    def n_parameters(self) -> int:
        """Thresholds, coefficients and standard deviations."""
        return len(self.thresholds) + len(self.coefficients) + len(self.random_sd)

    def contrasts(
        self,
        variable: str,
        adjust: str = "holm",
        *,
        reference: Any = None,
        scale: Scale = "latent",
        at_least: Any = None,
        level: float = 0.95,
        simultaneous: bool = False,
        reference_distribution: ReferenceDistribution = "normal",
    ) -> pd.DataFrame:
        """Differences of the variable's levels: each pair once, first minus second, or each minus a `reference`.

        On the `latent` scale (log odds ratios), as differences of the mean `score` expected of new readers and cases,
        or of the `probability` of a rating of `at_least` that category. Other factors of the model are averaged over
        with equal weight, numbers held at their mean. Adjust is `holm`, `tukey` (all pairs), `dunnett` (against a
        reference) or `none`; `simultaneous` widens the bounds so that all hold at once.

        The `reference_distribution` is `normal` as in R (column `z`), which claims too often with few raters or cases,
        or `t` (columns `t df`) with the degrees of freedom of `degrees`, which keeps its level there: see
        `type_one_error`.
        """
        require_choice("scale", scale, ("latent", "score", "probability"))
        require_choice("reference_distribution", reference_distribution, REFERENCE_DISTRIBUTIONS)
        levels, rows = self._grid(variable)
        turn = np.eye(rows.shape[1])
        if scale == "latent":
            estimate = np.asarray(self.coefficients, dtype=np.float64)
            covariance = self.covariance.to_numpy()[len(self.thresholds) :, len(self.thresholds) :]
        else:
            weights = category_scores(self.categories) if scale == "score" else self._at_least(at_least)
            estimate, covariance = self._marginal.means(rows, weights)
            turn, rows = rows, np.eye(len(levels))
        return pairwise_contrasts(
            levels,
            rows,
            estimate,
            covariance,
            adjust=adjust,
            level=level,
            simultaneous=simultaneous,
            reference=reference,
            degrees=None if reference_distribution == "normal" else lambda pairs: self._lent_degrees(pairs @ turn),
        )

    def marginal_means(self, variable: str, *, level: float = 0.95) -> pd.DataFrame:
        """Per level: the mean rating and each category's probability, averaged over readers and cases.

        Columns `mean se low high` and `P(category)`; categories that are not numbers count 1, 2, ... The average is
        over the model's random effects (new readers, new cases); bounds by the delta method.
        """
        require_share("level", level)
        levels, rows = self._grid(variable)
        mean, covariance = self._marginal.means(rows, category_scores(self.categories))
        se = np.sqrt(np.diagonal(covariance))
        reach = stats.norm.isf((1.0 - level) / 2.0) * se
        frame = pd.DataFrame(
            {"mean": mean, "se": se, "low": mean - reach, "high": mean + reach}, index=pd.Index(levels, name=variable)
        )
        probabilities = self._marginal.probabilities(rows)
        for place, category in enumerate(self.categories):
            frame[f"P({category})"] = probabilities[:, place]
        return frame

    def probabilities(self, variable: str, *, level: float = 0.95) -> pd.DataFrame:
        """Per level and category: the probability that a new reader gives it to a new case, with bounds.

        Columns: the variable, `category probability se low high`; bounds by the delta method on the logit scale.
        """
        require_share("level", level)
        levels, rows = self._grid(variable)
        parts = []
        for place, category in enumerate(self.categories):
            estimate, covariance = self._marginal.means(rows, np.eye(len(self.categories))[place])
            se = np.sqrt(np.diagonal(covariance))
            logit = np.log(estimate / (1.0 - estimate))
            reach = stats.norm.isf((1.0 - level) / 2.0) * se / (estimate * (1.0 - estimate))
            bounds = {"low": _logistic(logit - reach), "high": _logistic(logit + reach)}
            parts.append(
                pd.DataFrame({variable: levels, "category": category, "probability": estimate, "se": se, **bounds})
            )
        return pd.concat(parts, ignore_index=True)

    def confidence_intervals(self, method: str = "wald", *, level: float = 0.95) -> pd.DataFrame:
        """Bounds of the coefficients: columns `estimate low high`.

        `profile` moves each parameter until twice the log-likelihood lost reaches chi-squared's quantile, refitting the
        others at each step; it adds the random terms' standard deviations, for which Wald's bounds would mislead.
        """
        require_choice("method", method, ("wald", "profile"))
        require_share("level", level)
        if method == "wald":
            reach = stats.norm.isf((1.0 - level) / 2.0) * self.standard_errors
            bounds = {"low": self.coefficients - reach, "high": self.coefficients + reach}
            return pd.DataFrame({"estimate": self.coefficients, **bounds})
        return self._profiled(level)

    def proportional_odds(self, variable: str) -> ProportionalOdds:
        """Test whether the variable moves all thresholds alike: likelihood ratio against thresholds for each level."""
        self._grid(variable)
        effects, model = self._model.effects, self._model
        if any(variable in term and len(term) > 1 for term in effects.terms):
            raise WrongChoice(
                f"{variable!r} stands in an interaction, so its thresholds cannot be tested on their own."
            )
        columns = np.array(effects.columns_of((variable,)))
        levels = effects.factors[variable].levels
        beta = np.asarray(self.coefficients, dtype=np.float64)
        rest = np.setdiff1d(np.arange(len(beta)), columns)
        kept = [place for place, name in enumerate(self.random_sd.index) if name not in self.singular]
        restricted = Restricted(
            self.log_likelihood,
            np.asarray(self.thresholds, dtype=np.float64),
            np.concatenate([[0.0], beta[columns]]),
            beta[rest],
            np.asarray(self.random_sd, dtype=np.float64)[kept],
        )
        groups = [model.groups[place] for place in kept]
        return nominal_test(
            variable,
            levels,
            self.categories,
            model.levels[variable],
            model.category,
            model.design[:, rest],
            groups,
            restricted,
        )

    def _profiled(self, level: float) -> pd.DataFrame:
        optimum = self._optimum
        profile = Profile(
            self._model.likelihood.value_and_gradient,
            optimum.parameters,
            optimum.value,
            optimum.curvature,
            optimum.free,
        )
        first = len(self.thresholds)
        names = [*self.coefficients.index, *[f"sd({name})" for name in self.random_sd.index]]
        estimates = optimum.parameters[first:]
        floor = [-np.inf] * len(self.coefficients) + [0.0] * len(self.random_sd)
        bounds = [profile.bounds(first + place, level, lowest=low) for place, low in enumerate(floor)]
        low, high = np.array(bounds).reshape(-1, 2).T
        return pd.DataFrame({"estimate": estimates, "low": low, "high": high}, index=names)

    def _grid(self, variable: str) -> tuple[list[Any], Numbers]:
        effects = self._model.effects
        if variable not in effects.factors:
            known = ", ".join(effects.factors) or "none"
            raise WrongChoice(f"{variable!r} is not a categorical variable of the model; it has: {known}.")
        return effects.grid(variable)

    @cached_property
    def _lent_degrees(self) -> Callable[[Numbers], Numbers]:
        scores = category_scores(self.categories)[self._lender.category]
        return LentDegrees(self._lender.design, self._lender.groups).of(scores)

    def random_levels(self, term: str) -> pd.Series[float] | None:
        """The mode of each group's intercept in standard deviations; none where the term is not there or singular."""
        place = next((place for place, group in enumerate(self._model.groups) if group.name == term), None)
        crossing = self._model.likelihood.crossing
        if place is None or crossing is None or term in self.singular:
            return None
        self._model.likelihood.value_and_gradient(self._optimum.parameters)
        return pd.Series(self._model.likelihood.mode[crossing.block(place)], dtype=float)

    def lent_by(self, richer: CumulativeLinkFit) -> CumulativeLinkFit:
        """The same fit, its degrees of freedom lent by the linear model with the random terms of another fit.

        For a model from which terms were dropped because their standard deviation was 0: the estimates and errors are
        those of the richer one, and without its degrees of freedom they would claim more than it did.
        """
        return replace(self, _lender=richer._model)

    def _at_least(self, category: Any) -> Numbers:
        if category not in self.categories[1:]:
            possible = ", ".join(map(str, self.categories[1:]))
            raise WrongChoice(f"at_least must be one of {possible} for differences of a probability, not {category!r}.")
        return (np.arange(len(self.categories)) >= self.categories.index(category)).astype(np.float64)

    @property
    def _marginal(self) -> Marginal:
        return Marginal(
            self._optimum.parameters, self._optimum.covariance, len(self.thresholds), len(self.coefficients)
        )


def clmm(formula: str, data: pd.DataFrame, *, reference: Mapping[str, Any] | None = None) -> CumulativeLinkFit:
    """Fit a cumulative logit model with crossed random intercepts by maximum (Laplace-approximated) likelihood.

    Formula as in R: `"usefulness ~ method + (1|rater) + (1|case) + (1|rater:method)"`. P(Y <= k) = F(threshold_k -
    eta). Assumes that effects shift all thresholds alike (proportional odds) and that random intercepts are normal.
    Rows without an outcome are left out and counted. Compare methods with their own random terms (`rater:method`,
    `case:method`) in the model: intercepts alone make the contrasts' errors too small (Barr et al. 2013).
    Source: Tutz & Hennevogl 1996; Christensen, R package ordinal.
    """
    parsed = parse_formula(formula)
    require_variables(parsed, data)
    kept = data[data[parsed.outcome].notna()]
    category, categories = _outcome(kept, parsed.outcome)
    effects = fixed_effects(parsed, kept, reference)
    design = effects.matrix(kept)
    require_full_rank(design, effects.columns)
    groups = groupings(parsed, kept)
    likelihood = CumulativeLaplace(category, len(categories), design, groups)
    optimum = maximise(likelihood, start(category, len(categories), design.shape[1], len(groups)))
    levels = {name: factor.codes(kept) for name, factor in effects.factors.items()}
    model = _Model(effects, category, design, groups, levels, likelihood)
    return _told(formula, model, categories, optimum, len(data) - len(kept))


def _told(
    formula: str, model: _Model, categories: tuple[Any, ...], optimum: Optimum, dropped: int
) -> CumulativeLinkFit:
    thresholds, beta, sd = model.likelihood.split(optimum.parameters)
    names = [f"{low}|{high}" for low, high in pairwise(categories)]
    fixed = len(thresholds) + len(beta)
    errors = np.sqrt(np.diagonal(optimum.covariance))
    columns = model.effects.columns
    labels = [*names, *columns]
    group_names = [group.name for group in model.groups]
    singular = tuple(name for name, scale in zip(group_names, sd, strict=True) if scale == 0)
    messages = (*optimum.messages, *_separations(model, categories, optimum.far))
    return CumulativeLinkFit(
        formula=formula,
        log_likelihood=-optimum.value,
        thresholds=pd.Series(thresholds, index=names, dtype=float),
        threshold_errors=pd.Series(errors[: len(thresholds)], index=names, dtype=float),
        coefficients=pd.Series(beta, index=columns, dtype=float),
        standard_errors=pd.Series(errors[len(thresholds) : fixed], index=columns, dtype=float),
        random_sd=pd.Series(sd, index=group_names, dtype=float),
        n_groups=pd.Series([group.size for group in model.groups], index=group_names, dtype=int),
        covariance=pd.DataFrame(optimum.covariance[:fixed, :fixed], index=labels, columns=labels),
        n_observations=len(model.category),
        dropped=dropped,
        converged=not messages,
        gradient=optimum.gradient,
        singular=singular,
        messages=messages,
        notes=tuple(
            f"The standard deviation of (1|{name}) is 0: the fit is that without this term." for name in singular
        ),
        categories=categories,
        _model=model,
        _optimum=optimum,
        _lender=model,
    )


def _separations(model: _Model, categories: tuple[Any, ...], far: tuple[int, ...]) -> tuple[str, ...]:
    """A sentence for each effect without a finite estimate, with the ratings that are to blame where they are seen."""
    found = []
    for place in far:
        name = model.effects.columns[place]
        seen = np.unique(model.category[model.design[:, place] != 0])
        compared = model.effects.reference_of(place)
        why = "the ratings separate it"
        if len(seen) == 1:
            why = f"all its ratings are {categories[seen[0]]}"
        elif compared is not None:
            against = np.unique(model.category[model.levels[compared.name] == 0])
            if len(against) == 1:
                why = f"all ratings of {compared.levels[0]}, its reference, are {categories[against[0]]}"
        found.append(f"The effect of {name} runs off to infinity: {why}, so it has no finite estimate.")
    return tuple(found)


def _outcome(data: pd.DataFrame, name: str) -> tuple[Codes, tuple[Any, ...]]:
    """Codes 0 .. K-1 and the categories in their order: sorted numbers, or an ordered categorical's own."""
    column = data[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        if not column.cat.ordered:
            raise WrongFormula(f"The outcome {name!r} has categories without an order.")
        present = set(column.unique())
        categories = [value for value in column.cat.categories if value in present]
        place = {value: position for position, value in enumerate(categories)}
        category = np.array([place[value] for value in column], dtype=np.intp)
    else:
        values, category = np.unique(numbers(data, name), return_inverse=True)
        categories = [int(value) if float(value).is_integer() else float(value) for value in values]
    if len(categories) < 2:
        raise OneCategory(f"The outcome {name!r} has fewer than two categories.")
    if len(categories) > 50:
        raise WrongFormula(f"The outcome {name!r} has {len(categories)} different values; it is not ordinal.")
    return category.astype(np.intp), tuple(categories)


def _logistic(values: Numbers) -> Numbers:
    return np.asarray(1.0 / (1.0 + np.exp(-values)), dtype=np.float64)
