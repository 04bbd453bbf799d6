"""Multi-reader multi-case comparisons of modalities: Obuchowski and Rockette's method with Hillis's df."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.contrasts import holm
from evaluation.statistics.errors import TooFew, WrongChoice
from evaluation.statistics.figures_of_merit import Covariance, Merit, areas, located_areas
from evaluation.statistics.tidy import Numbers, require_choice, require_count, require_share

Sampling = Literal["random", "fixed"]


@dataclass(frozen=True)
class Components:
    """What a reader study's estimates vary by: the error (co)variances of one figure of merit, and readers' spread.

    `error` is its variance over samples of cases, `cov1` the covariance of one reader in two modalities, `cov2` that
    of two readers in one, `cov3` that of two readers in two; `reader` and `modality_reader` are variance components
    of readers, not below 0. `n_readers` and `n_cases` are those of the study that gave them.
    """

    error: float
    cov1: float
    cov2: float
    cov3: float
    reader: float
    modality_reader: float
    n_readers: int
    n_cases: int


@dataclass(frozen=True)
class ReaderStudy:
    """Modalities compared over readers and cases.

    `auc` holds the figures of merit, modalities as index and readers as columns. `f`, `df1`, `df2` and `p` test that
    all modalities are equal (`df2` is infinite where readers are fixed). For two modalities `difference` is the first
    minus the second; for more it is NaN, and `contrasts()` has each pair. `dropped` cases lacked a rating.
    """

    auc: pd.DataFrame
    difference: float
    low: float
    high: float
    f: float
    df1: float
    df2: float
    p: float
    components: Components
    readers: Sampling
    cases: Sampling
    n_readers: int
    n_positives: int
    n_negatives: int
    dropped: int
    level: float
    _error: float = field(repr=False)

    def contrasts(self, adjust: str = "holm", *, level: float | None = None) -> pd.DataFrame:
        """Each pair of modalities once: columns `first second estimate se t df p p_adjusted low high`."""
        require_choice("adjust", adjust, ("holm", "none"))
        level = self.level if level is None else level
        require_share("level", level)
        means = self.auc.mean(axis=1)
        reach = float(stats.t.isf((1.0 - level) / 2.0, self.df2)) * self._error
        rows = []
        for place, first in enumerate(means.index):
            for second in means.index[place + 1 :]:
                estimate = float(means[first] - means[second])
                t = estimate / self._error if self._error > 0 else np.nan
                p = float(2.0 * stats.t.sf(abs(t), self.df2))
                bounds = (estimate - reach, estimate + reach)
                rows.append((first, second, estimate, self._error, t, self.df2, p, p, *bounds))
        names = ["first", "second", "estimate", "se", "t", "df", "p", "p_adjusted", "low", "high"]
        table = pd.DataFrame(rows, columns=names)
        if adjust == "holm":
            table["p_adjusted"] = holm(table["p"].to_numpy(dtype=np.float64))
        return table


def mrmc(
    data: pd.DataFrame,
    *,
    reader: str,
    case: str,
    modality: str,
    truth: str,
    rating: str,
    covariance: Covariance = "jackknife",
    readers: Sampling = "random",
    cases: Sampling = "random",
    level: float = 0.95,
) -> ReaderStudy:
    """Compare areas under the ROC curve of modalities that the same readers applied to the same cases.

    One row a reading; `truth` is 0 or 1, a higher `rating` speaks for 1. `covariance` of the areas: `jackknife` over
    cases, `delong`, or `unbiased` (the U-statistics'). Random readers and cases license conclusions about others like
    them; a fixed factor narrows the claim to those at hand. Cases that a reader did not read in every modality are
    dropped and counted. Assumes areas normal around reader and modality effects with error covariances alike for all
    readers. Source: Obuchowski & Rockette 1995; Hillis 2007 (degrees of freedom); Gallas 2006 (unbiased).
    """
    merit = areas(data, reader=reader, case=case, modality=modality, truth=truth, rating=rating, covariance=covariance)
    return _compare(merit, readers, cases, level)


def jafroc(
    data: pd.DataFrame,
    *,
    reader: str,
    case: str,
    modality: str,
    lesion: str,
    rating: str,
    weights: Literal["lesion", "case"] = "lesion",
    readers: Sampling = "random",
    cases: Sampling = "random",
    level: float = 0.95,
) -> ReaderStudy:
    """As `mrmc`, for reads that mark regions: the chance that a lesion is rated above all marks on a normal case.

    One row a mark or an unmarked lesion: `lesion` names the lesion that was hit (or missed: then `rating` is missing)
    and is missing for a mark beside all lesions. A case is diseased if any row names a lesion in it; each reader and
    modality has a row for each of its lesions. A normal case without marks has one row without lesion and rating.
    `weights`: each lesion counts alike, or each diseased case does. Jackknife over cases.
    Source: Chakraborty & Berbaum 2004; Chakraborty & Zhai 2016 (weights).
    """
    require_choice("weights", weights, ("lesion", "case"))
    merit = located_areas(
        data, reader=reader, case=case, modality=modality, lesion=lesion, rating=rating, weights=weights
    )
    return _compare(merit, readers, cases, level)


@dataclass(frozen=True)
class StudySize:
    """The power of a planned reader study of two modalities, and the F distribution that gives it."""

    power: float
    noncentrality: float
    df2: float


def mrmc_power(
    pilot: Components,
    *,
    difference: float,
    n_readers: int,
    n_cases: int,
    readers: Sampling = "random",
    cases: Sampling = "random",
    alpha: float = 0.05,
) -> StudySize:
    """The power to find a true `difference` of two modalities' areas with so many readers and cases.

    Error covariances of the pilot shrink with the number of cases, which are taken to have the pilot's share of
    diseased ones. Source: Hillis, Obuchowski & Berbaum 2011.
    """
    _require_sampling(readers, cases)
    require_share("alpha", alpha)
    for what, count in (("n_readers", n_readers), ("n_cases", n_cases)):
        require_count(what, count)
        if count < 2:
            raise TooFew(f"A reader study needs two readers and two cases; {what} is {count}.")
    shrink = pilot.n_cases / n_cases
    shared = max(pilot.cov2 - pilot.cov3, 0.0) * shrink
    spread = pilot.modality_reader if readers == "random" else 0.0
    interaction = max(spread + (pilot.error - pilot.cov1) * shrink - shared, 0.0)
    noise = interaction + (n_readers * shared if cases == "random" else 0.0)
    if noise <= 0:
        raise TooFew("The pilot has no variance to plan with.")
    noncentrality = n_readers * difference**2 / 2.0 / noise
    endless = readers == "fixed" or interaction == 0
    df2 = np.inf if endless else (n_readers - 1) * (noise / interaction) ** 2
    if np.isinf(df2):
        power = float(stats.ncx2.sf(stats.chi2.isf(alpha, 1), 1, noncentrality))
    else:
        power = float(stats.ncf.sf(stats.f.isf(alpha, 1, df2), 1, df2, noncentrality))
    return StudySize(power, float(noncentrality), float(df2))


def _compare(merit: Merit, readers: Sampling, cases: Sampling, level: float) -> ReaderStudy:
    _require_sampling(readers, cases)
    require_share("level", level)
    theta, t, r = merit.values, *merit.values.shape
    modality, reader, both = _mean_squares(theta)
    error, cov1, cov2, cov3 = _covariances(merit.covariance, t, r)
    shared = max(cov2 - cov3, 0.0)
    if readers == "fixed":
        noise, df2 = error - cov1 + (r - 1) * shared, np.inf
    else:
        noise = both + (r * shared if cases == "random" else 0.0)
        df2 = (t - 1) * (r - 1) * (noise / both) ** 2 if both > 0 else np.inf
    f = modality / noise if noise > 0 else np.nan
    se = float(np.sqrt(2.0 * noise / r))
    difference = float(theta[0].mean() - theta[1].mean()) if t == 2 else np.nan
    reach = float(stats.t.isf((1.0 - level) / 2.0, df2)) * se
    interaction = max(both - error + cov1 + (cov2 - cov3), 0.0)
    return ReaderStudy(
        auc=pd.DataFrame(theta, index=merit.modalities, columns=merit.readers),
        difference=difference,
        low=difference - reach,
        high=difference + reach,
        f=f,
        df1=float(t - 1),
        df2=float(df2),
        p=float(stats.chi2.sf(f * (t - 1), t - 1) if np.isinf(df2) else stats.f.sf(f, t - 1, df2)),
        components=Components(
            error, cov1, cov2, cov3, max((reader - both) / t - cov1 + cov3, 0.0), interaction, r, merit.n_cases
        ),
        readers=readers,
        cases=cases,
        n_readers=r,
        n_positives=merit.n_positives,
        n_negatives=merit.n_negatives,
        dropped=merit.dropped,
        level=level,
        _error=se,
    )


def _require_sampling(readers: Sampling, cases: Sampling) -> None:
    require_choice("readers", readers, ("random", "fixed"))
    require_choice("cases", cases, ("random", "fixed"))
    if readers == cases == "fixed":
        raise WrongChoice("Readers and cases cannot both be fixed: nothing would be left to vary.")


def _mean_squares(theta: Numbers) -> tuple[float, float, float]:
    """Mean squares of modality, reader and their interaction."""
    t, r = theta.shape
    by_modality, by_reader, grand = theta.mean(axis=1), theta.mean(axis=0), theta.mean()
    rest = theta - by_modality[:, None] - by_reader[None, :] + grand
    return (
        float(r * ((by_modality - grand) ** 2).sum() / (t - 1)),
        float(t * ((by_reader - grand) ** 2).sum() / (r - 1)),
        float((rest**2).sum() / ((t - 1) * (r - 1))),
    )


def _covariances(covariance: Numbers, t: int, r: int) -> tuple[float, float, float, float]:
    """Means of the entries of a `(t r, t r)` covariance: own, other modality, other reader, both other."""
    blocks = covariance.reshape(t, r, t, r)
    same_modality = np.eye(t, dtype=bool)[:, None, :, None]
    same_reader = np.eye(r, dtype=bool)[None, :, None, :]

    def mean(chosen: np.ndarray) -> float:
        return float(blocks[np.broadcast_to(chosen, blocks.shape)].mean())

    return (
        mean(same_modality & same_reader),
        mean(~same_modality & same_reader),
        mean(same_modality & ~same_reader),
        mean(~same_modality & ~same_reader),
    )
