"""Whether blinding held: Bang's index of each arm, and James' of all, from guesses of what was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import TooFew
from evaluation.statistics.tidy import Numbers, require_columns, require_count, require_share

STEP = 1e-6
"""Of the numerical derivative in James' standard error."""


@dataclass(frozen=True)
class BlindingIndex:
    """Bang's index by arm (index: arm; columns: `n guessed correct estimate se low high`) and James' over all arms.

    Bang: 1 all guessed rightly, 0 random guesses, -1 all guessed wrongly (with two arms). James: 1 blinding held
    (nobody knew), 0.5 random guesses, 0 all guessed rightly; it leans on how many say that they do not know.
    """

    arms: pd.DataFrame
    james: float
    james_se: float
    james_low: float
    james_high: float
    n: int
    bootstrap: int


def blinding_index(
    data: pd.DataFrame,
    *,
    arm: str,
    guess: str,
    unknown: str = "unknown",
    options: int | None = None,
    rater: str | None = None,
    level: float = 0.95,
    bootstrap: int = 0,
    seed: int = 0,
) -> BlindingIndex:
    """Both indices from one guess a row; `unknown` is the answer of who does not know.

    With k arms to guess from (`options`, the arms in the data by default) Bang's index is the share of right guesses
    less 1/(k - 1) times that of wrong ones: his own for k = 2, and 0 for random guesses at any k. James' takes weights
    0 for a right guess, 0.5 for a wrong one, 1 for none. Bounds are normal; with `rater` and `bootstrap` they are
    percentiles over resampled raters, which several guesses of one person need: else the bounds are too narrow.
    Source: Bang, Ni & Davis 2004, Control Clin Trials 25:143; James et al. 1996, Stat Med 15:1421.
    """
    require_share("level", level)
    require_count("bootstrap", bootstrap)
    require_columns(data, arm, guess, *([rater] if rater else []))
    rows = data.dropna(subset=[arm, guess])
    rows = rows.assign(**{arm: rows[arm].astype(str), guess: rows[guess].astype(str)})
    arms = sorted(rows[arm].unique())
    k = options if options is not None else len(arms)
    if len(arms) < 2 or k < 2:
        raise TooFew("A blinding index needs guesses about at least two arms.")
    counts = _counts(rows, arm, guess, unknown, arms)
    z = float(stats.norm.isf((1.0 - level) / 2.0))
    bang, bang_se = _bang(counts, k)
    james, james_se = _james(counts), _james_se(counts)
    low, high = bang - z * bang_se, bang + z * bang_se
    bounds = (james - z * james_se, james + z * james_se)
    if rater and bootstrap:
        low, high, bounds = _resampled(rows, (arm, guess, rater), unknown, arms, k, level, bootstrap, seed)
    right = np.diagonal(counts[: len(arms)])
    table = pd.DataFrame(
        {
            "n": counts.sum(axis=0).astype(int),
            "guessed": counts[:-1].sum(axis=0).astype(int),
            "correct": right.astype(int),
            "estimate": bang,
            "se": bang_se,
            "low": low,
            "high": high,
        },
        index=pd.Index(arms, name=arm),
    )
    return BlindingIndex(table, james, james_se, *bounds, int(counts.sum()), bootstrap if rater else 0)


def _counts(rows: pd.DataFrame, arm: str, guess: str, unknown: str, arms: list[str]) -> Numbers:
    """(arms + other + unknown, arms): how often each arm was taken for each; guesses of no arm here are `other`."""
    kinds = [*arms, "", unknown]
    said = rows[guess].where(rows[guess].isin([*arms, unknown]), "")
    table = pd.crosstab(said, rows[arm]).reindex(index=kinds, columns=arms, fill_value=0)
    return np.asarray(table.to_numpy(), dtype=np.float64)


def _bang(counts: Numbers, k: int) -> tuple[Numbers, Numbers]:
    n = counts.sum(axis=0)
    right = np.diagonal(counts[: counts.shape[1]]) / n
    wrong = counts[:-1].sum(axis=0) / n - right
    ratio = 1.0 / (k - 1)
    variance = right * (1 - right) + ratio**2 * wrong * (1 - wrong) + 2 * ratio * right * wrong
    return right - ratio * wrong, np.sqrt(variance / n)


def _james(counts: Numbers) -> float:
    """(1 + P_unknown + (1 - P_unknown) K) / 2, K being how far disagreement among guesses exceeds that by chance."""
    shares = counts / counts.sum()
    unknown = float(shares[-1].sum())
    guesses = shares[:-1]
    total = float(guesses.sum())
    if total == 0:
        return 1.0
    weights = 0.5 * (1.0 - np.eye(*guesses.shape))
    observed = float((weights * guesses).sum()) / total
    expected = float((weights * np.outer(guesses.sum(axis=1), guesses.sum(axis=0))).sum()) / total**2
    if expected == 0:
        return float("nan")
    return (1 + unknown + (1 - unknown) * (observed - expected) / expected) / 2


def _james_se(counts: Numbers) -> float:
    """By the delta method over the multinomial shares, derivatives taken numerically."""
    n = counts.sum()
    shares = counts / n
    slopes = np.zeros_like(shares)
    for place in np.ndindex(*shares.shape):
        step = np.zeros_like(shares)
        step[place] = STEP
        # Shares need not add up to 1 here: the multinomial covariance takes that part out.
        slopes[place] = (_james_of(shares + step) - _james_of(shares)) / STEP
    mean = float((slopes * shares).sum())
    return float(np.sqrt(max(0.0, float((slopes**2 * shares).sum()) - mean**2) / n))


def _james_of(shares: Numbers) -> float:
    return _james(shares / shares.sum())


def _resampled(
    rows: pd.DataFrame,
    names: tuple[str, str, str],
    unknown: str,
    arms: list[str],
    k: int,
    level: float,
    bootstrap: int,
    seed: int,
) -> tuple[Numbers, Numbers, tuple[float, float]]:
    arm, guess, rater = names
    tables = np.stack([_counts(part, arm, guess, unknown, arms) for _rater, part in rows.groupby(rater, observed=True)])
    if len(tables) < 2:
        raise TooFew("Resampling raters needs at least two of them.")
    drawn = np.random.default_rng(seed).integers(0, len(tables), (bootstrap, len(tables)))
    bangs, jameses = [], []
    for each in drawn:
        counts = tables[each].sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            bangs.append(_bang(counts, k)[0])
        jameses.append(_james(counts))
    edges = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
    low, high = np.nanquantile(np.array(bangs), edges, axis=0)
    james = np.nanquantile(np.array(jameses), edges)
    return low, high, (float(james[0]), float(james[1]))
