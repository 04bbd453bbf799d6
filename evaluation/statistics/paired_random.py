"""Paired comparisons in which each reader has worths of their own, scattered around the common ones (Laplace)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import logsumexp

from evaluation.statistics.errors import NotIdentified
from evaluation.statistics.tidy import Codes, Numbers

# Below this standard deviation (log odds) readers count as alike: the likelihood no longer tells it from 0.
_NONE = 1e-3


@dataclass(frozen=True)
class RandomFit:
    """Fixed parameters, their covariance, the readers' standard deviation and the Laplace log-likelihood."""

    point: Numbers
    covariance: Numbers
    reader_sd: float
    log_likelihood: float


@dataclass
class _Readers:
    """The comparisons of all readers side by side, padded with rows that count nothing.

    `fixed (readers, outcomes, rows, p)` and `random (readers, outcomes, rows, items)` are designs, `wins (readers,
    rows, outcomes)` the counts, `modes (readers, items)` where the last search for their own worths ended.
    """

    fixed: Numbers
    random: Numbers
    wins: Numbers
    modes: Numbers

    @classmethod
    def of(cls, design: Numbers, random: Numbers, wins: Numbers, reader: Codes) -> _Readers:
        """Sort the rows to their readers."""
        count, most = int(reader.max()) + 1, int(np.bincount(reader).max())
        place = np.full((count, most), -1)
        for each in range(count):
            rows = np.flatnonzero(reader == each)
            place[each, : len(rows)] = rows
        return cls(
            design[:, place].swapaxes(0, 1),
            random[:, place].swapaxes(0, 1),
            np.where((place >= 0)[:, :, None], wins[place], 0.0),
            np.zeros((count, random.shape[2])),
        )

    def marginal(self, point: Numbers, spread: float) -> float:
        """Laplace's approximation of the log-likelihood with all readers' own worths integrated out."""
        base = self.fixed @ point
        scaled = spread * self.random
        total, own = self.wins.sum(axis=2), self.modes
        value = self._penalised(base, scaled, own)
        for _ in range(50):
            utility = base + np.einsum("gorq,gq->gor", scaled, own)
            share = np.exp(utility - logsumexp(utility, axis=1, keepdims=True))
            expected = np.einsum("gor,gorq->grq", share, scaled)
            slope = np.einsum("gro,gorq->gq", self.wins, scaled) - np.einsum("gr,grq->gq", total, expected) - own
            centred = scaled - expected[:, None]
            heavy = centred * (share * total[:, None])[..., None]
            curve = np.einsum("gorp,gorq->gpq", heavy, centred) + np.eye(own.shape[1])
            step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
            own, value = self._climbed(base, scaled, own, step, value)
            if np.abs(step).max() < 1e-9:
                break
        self.modes = own
        return float((value - 0.5 * np.linalg.slogdet(curve)[1]).sum())

    def _climbed(
        self, base: Numbers, scaled: Numbers, own: Numbers, step: Numbers, value: Numbers
    ) -> tuple[Numbers, Numbers]:
        """Each reader's step, halved while it would lead down."""
        share = np.ones((len(own), 1))
        for _ in range(30):
            trial = own + share * step
            found = self._penalised(base, scaled, trial)
            worse = found < value - 1e-12 * np.abs(value)
            if not worse.any():
                break
            share[worse] /= 2
        return trial, found

    def _penalised(self, base: Numbers, scaled: Numbers, own: Numbers) -> Numbers:
        utility = base + np.einsum("gorq,gq->gor", scaled, own)
        likelihood = np.einsum("gro,gor->g", self.wins, utility - logsumexp(utility, axis=1, keepdims=True))
        return np.asarray(likelihood - 0.5 * (own**2).sum(axis=1), dtype=np.float64)


def fit_random(design: Numbers, random: Numbers, wins: Numbers, reader: Codes, start: Numbers) -> RandomFit:
    """Maximise the Laplace log-likelihood over the fixed parameters and the readers' standard deviation.

    `design (outcomes, rows, p)` and `random (outcomes, rows, items)` are linear predictors, `wins (rows, outcomes)`
    the counts, `start (p,)` the fit without readers. Each reader's worth of each item is normal around the common one
    with one standard deviation for all.
    """
    readers = _Readers.of(design, random, wins, reader)

    def loss(parameters: Numbers) -> float:
        return -readers.marginal(parameters[:-1], float(np.exp(parameters[-1])))

    best = optimize.minimize(
        loss,
        np.append(start, np.log(0.5)),
        method="L-BFGS-B",
        bounds=[(None, None)] * len(start) + [(np.log(_NONE), np.log(20.0))],
        options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500},
    )
    spread = float(np.exp(best.x[-1]))
    alike = spread <= _NONE * 1.01
    free = best.x[:-1] if alike else best.x
    curve = _curvature(lambda part: loss(np.append(part, best.x[-1]) if alike else part), free)
    if not np.isfinite(curve).all() or np.linalg.eigvalsh(curve)[0] <= 0:
        raise NotIdentified("The comparisons leave the readers' spread without a finite value.")
    covariance = np.linalg.inv(curve)[: len(start), : len(start)]
    return RandomFit(
        np.asarray(best.x[:-1], dtype=np.float64),
        np.asarray(covariance, dtype=np.float64),
        0.0 if alike else spread,
        -float(best.fun),
    )


def _curvature(loss: Callable[[Numbers], float], point: Numbers, step: float = 1e-3) -> Numbers:
    """Second derivatives by central differences."""
    n = len(point)
    around = np.empty((n, n))
    shifts = step * np.eye(n)
    for i in range(n):
        for j in range(i, n):
            signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            corners = [a * b * loss(point + a * shifts[i] + b * shifts[j]) for a, b in signs]
            around[i, j] = around[j, i] = sum(corners) / (4 * step**2)
    return around
