"""Minimising a smooth function by quasi-Newton steps, then by Newton's with the Hessian that standard errors need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluation.statistics.tidy import Mask, Numbers

Function = Callable[[Numbers], tuple[float, Numbers]]

_FLAT = 1e-12
_CLIMB = 1e-4


@dataclass(frozen=True)
class Minimum:
    """Where a search ended: point, value, gradient, and its guess of the inverse Hessian."""

    point: Numbers
    value: float
    gradient: Numbers
    inverse: Numbers


def minimise(
    function: Function, start: Numbers, inverse: Numbers, *, tolerance: float = 1e-6, most_steps: int = 200
) -> Minimum:
    """BFGS from a start with a guess of the inverse Hessian; it ends where a step promises less than the tolerance.

    The function may be infinite where it is not defined: steps are halved until it is finite and falls.
    """
    point, inverse = start.copy(), inverse.copy()
    value, gradient = function(point)
    for _ in range(most_steps):
        step = -inverse @ gradient
        fall = float(gradient @ step)
        if not fall < 0:
            inverse = np.diag(1.0 / np.maximum(np.abs(np.diagonal(inverse)) ** -1, 1.0))
            step = -inverse @ gradient
            fall = float(gradient @ step)
        if -fall < tolerance:
            break
        trial, trial_value, trial_gradient = _search(function, point, value, step, fall)
        if trial is None:
            break
        inverse = _updated(inverse, trial - point, trial_gradient - gradient)
        point, value, gradient = trial, trial_value, trial_gradient
    return Minimum(point, value, gradient, inverse)


def hessian(function: Function, point: Numbers, free: Mask) -> Numbers:
    """Central differences of an exact gradient, over the free parameters."""
    places = np.flatnonzero(free)
    rows = []
    for place in places:
        step = np.zeros(len(point))
        step[place] = 1e-4 * max(1.0, abs(point[place]))
        rows.append((function(point + step)[1] - function(point - step)[1])[places] / (2.0 * step[place]))
    matrix = np.array(rows).reshape(len(places), len(places))
    return np.asarray((matrix + matrix.T) / 2.0, dtype=np.float64)


def polish(function: Function, start: Numbers, free: Mask, *, tolerance: float = 1e-5) -> tuple[Minimum, Numbers]:
    """Newton's steps over the free parameters until the gradient vanishes, and the Hessian there."""
    point = start.copy()
    value, gradient = function(point)
    matrix = hessian(function, point, free)
    for _ in range(12):
        if np.abs(gradient[free]).max(initial=0.0) < tolerance or not positive(matrix):
            break
        step = np.zeros(len(point))
        step[free] = -np.linalg.solve(matrix, gradient[free])
        trial, trial_value, trial_gradient = _search(function, point, value, step, float(gradient @ step))
        if trial is None:
            break
        if np.abs(trial - point).max() > 1e-3:
            matrix = hessian(function, trial, free)
        point, value, gradient = trial, trial_value, trial_gradient
    return Minimum(point, value, gradient, matrix), matrix


def inverse_guess(matrix: Numbers) -> Numbers:
    """The inverse of a rough Hessian; directions without curvature get a small step."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors / np.maximum(values, 1e-7 * values.max())) @ vectors.T, dtype=np.float64)


def positive(matrix: Numbers) -> bool:
    """Whether a curvature is that of a minimum, by a margin that rounding does not reach."""
    return bool(len(matrix) == 0 or np.linalg.eigvalsh(matrix)[0] > 1e-8)


def _search(
    function: Function, point: Numbers, value: float, step: Numbers, fall: float
) -> tuple[Numbers | None, float, Numbers]:
    """The first of the step, its half, its quarter... at which the function has fallen; none where rounding is all."""
    share = 1.0
    for _ in range(40):
        trial = point + share * step
        trial_value, gradient = function(trial)
        if trial_value <= value + _CLIMB * share * fall + _FLAT * abs(value):
            return trial, trial_value, gradient
        guess = 0.0
        if np.isfinite(trial_value):
            guess = -0.5 * fall * share**2 / (trial_value - value - fall * share)
        share = min(max(guess, 0.1 * share), 0.5 * share)
    return None, value, step


def _updated(inverse: Numbers, step: Numbers, change: Numbers) -> Numbers:
    """BFGS's update; left as it is where the curvature along the step is not positive."""
    along = float(step @ change)
    if along <= 1e-10 * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return inverse
    turned = inverse @ change
    return np.asarray(
        inverse
        + np.outer(step, step) * (1.0 + float(change @ turned) / along) / along
        - (np.outer(turned, step) + np.outer(step, turned)) / along,
        dtype=np.float64,
    )
