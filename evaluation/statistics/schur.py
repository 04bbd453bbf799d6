"""The curvature of crossed random intercepts, factored by eliminating its block-diagonal part.

With P the prior covariance of the sums of effects in each inner cell, D the cells' weights and C the crossings with the
outer cells, the eliminated part leaves K = P - P R P with R = D^(1/2) (I + D^(1/2) P D^(1/2))^(-1) D^(1/2), block by
block, and the Schur complement of the outer effects is S = I + L'(M - C K C')L. Standard deviations of 0 are ordinary
values here: nothing is divided by them.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from evaluation.statistics.crossing import Crossing, Sums
from evaluation.statistics.errors import NotIdentified
from evaluation.statistics.tidy import Numbers


class Curvature:
    """H = I + L'(Z'WZ)L for given sums and standard deviations: solving, its determinant, and parts of its inverse."""

    def __init__(self, crossing: Crossing, sums: Sums, sd: Numbers) -> None:
        self.crossing = crossing
        self.sums = sums
        self.sd = sd
        self._eliminate()
        self._complement()

    @property
    def log_determinant(self) -> float:
        """Of H."""
        return self._inner_log_determinant + 2.0 * float(np.log(np.diagonal(self._factor)).sum())

    def solve(self, right: Numbers) -> Numbers:
        """H^-1 times a vector, or the columns of a matrix, over all effects."""
        crossing = self.crossing
        result = right.copy()
        self._solve_inner(result)
        if crossing.outer_maps:
            crossed = crossing.outer_effects(self.sd, self._cross(crossing.inner_cells(self.sd, result)))
            solved = dpotrs(self._factor, right[crossing.outer] - crossed[crossing.outer], lower=1)[0]
            result[crossing.outer] = solved
            back = crossing.inner_effects(self.sd, self._cross_back(crossing.outer_cells_of(self.sd, result)))
            self._solve_inner(back)
            result[crossing.inner] -= back[crossing.inner]
        return result

    @cached_property
    def shrinkage(self) -> Numbers:
        """For each term its number of groups less the trace of its block of H^-1, divided by the standard deviation."""
        crossing = self.crossing
        found = np.zeros(len(self.sd))
        kernel = self._kernel
        if crossing.outer_maps:
            turned = np.eye(crossing.width) - kernel @ self._prior
            kernel = kernel - turned @ self._seen @ turned.transpose(0, 2, 1)
        for term, shared in crossing.shared.items():
            found[term] = self.sd[term] * float(np.vdot(shared, kernel))
        if crossing.outer_maps:
            spent = np.zeros(crossing.n_effects)
            spent[crossing.outer] = 1.0 - np.diagonal(self._outer_inverse)
            for term in crossing.outer_maps:
                if self.sd[term] != 0:
                    found[term] = float(spent[crossing.block(term)].sum()) / self.sd[term]
        return found

    def leverage(self) -> Numbers:
        """For each rating the variance a'H^-1 a of its random part, given the weights."""
        crossing = self.crossing
        inner = np.ascontiguousarray(np.diagonal(self._inner_variance, axis1=1, axis2=2)).ravel()
        result = inner[crossing.inner_cell]
        for places in crossing.crossing_places:
            result += self._cross_variance[places]
        for first in crossing.outer_cells:
            for second in crossing.outer_cells:
                result += self._outer_variance[first, second]
        return result

    def _eliminate(self) -> None:
        crossing = self.crossing
        weight = self.sums.inner
        if crossing.width == 1:
            prior = float(sum(self.sd[term] ** 2 for term in crossing.inner_terms))
            grown = 1.0 + weight * prior
            self._prior = np.full((crossing.n_blocks, 1, 1), prior)
            self._kernel = (weight / grown)[:, :, None]
            self._left = (prior / grown)[:, :, None]
            self._inner_log_determinant = float(np.log(grown).sum())
            return
        self._prior = sum(self.sd[term] ** 2 * shared for term, shared in crossing.shared.items())
        root = np.sqrt(weight)
        block = root[:, :, None] * self._prior * root[:, None, :]
        block[:, np.arange(crossing.width), np.arange(crossing.width)] += 1.0
        sign, log_determinant = np.linalg.slogdet(block)
        if not np.all(sign > 0):
            raise NotIdentified("The random effects' curvature is not positive definite.")
        self._kernel = root[:, :, None] * np.linalg.inv(block) * root[:, None, :]
        self._left = self._prior - self._prior @ self._kernel @ self._prior
        self._inner_log_determinant = float(log_determinant.sum())

    def _complement(self) -> None:
        crossing = self.crossing
        if not crossing.outer_maps:
            self._factor = np.zeros((0, 0))
            return
        outer = self.sums.outer if self.sums.outer.ndim == 2 else np.diag(self.sums.outer)
        matrix = self._sandwich(outer - self._eliminated_outer())
        matrix.flat[:: len(matrix) + 1] += 1.0
        factor, status = dpotrf(matrix.T, lower=1, clean=0, overwrite_a=1)
        if status != 0:
            raise NotIdentified("The random effects' curvature is not positive definite.")
        self._factor = factor

    def _eliminated_outer(self) -> Numbers:
        """C K C', slab by slab."""
        crossing = self.crossing
        total = np.zeros((crossing.n_outer, crossing.n_outer))
        slabs = [self._slab(self.sums.crossing, slot) for slot in range(crossing.width)]
        for first, rows in enumerate(slabs):
            for second in range(first + 1):
                product = (rows * self._left[:, first, second]) @ slabs[second].T
                places = crossing.slabs[first].rows, crossing.slabs[second].rows
                total[places] += product
                if first != second:
                    total[places[::-1]] += product.T
        return total

    def _slab(self, flat: Numbers, slot: int) -> Numbers:
        slab = self.crossing.slabs[slot]
        return flat[slab.start : slab.stop].reshape(-1, self.crossing.n_blocks)

    def _sandwich(self, matrix: Numbers) -> Numbers:
        """L' times a matrix over outer cells times L, in the order of the outer effects."""
        crossing = self.crossing
        half = crossing.outer_effects(self.sd, matrix)[crossing.outer]
        return crossing.outer_effects(self.sd, half.T)[crossing.outer]

    @cached_property
    def _outer_inverse(self) -> Numbers:
        inverse = dpotri(self._factor, lower=1)[0]
        lower = np.tril(inverse)
        return np.asarray(lower + np.tril(lower, -1).T, dtype=np.float64)

    @cached_property
    def _outer_variance(self) -> Numbers:
        """L S^-1 L' over outer cells."""
        return self._outer_spread(self._outer_spread(self._outer_inverse).T)

    def _outer_spread(self, outer: Numbers) -> Numbers:
        crossing = self.crossing
        effects = np.zeros((crossing.n_effects, outer.shape[1]))
        effects[crossing.outer] = outer
        return crossing.outer_cells_of(self.sd, effects)

    @cached_property
    def _passed(self) -> tuple[Numbers, Numbers]:
        """From VC, V the outer variance: C'VC within blocks, and -VCK at the crossings."""
        crossing = self.crossing
        width = crossing.width
        seen = np.zeros((crossing.n_blocks, width, width))
        across = np.zeros(crossing.n_crossings)
        for slot in range(width):
            product = self._outer_variance[:, crossing.slabs[slot].rows] @ self._slab(self.sums.crossing, slot)
            for other in range(width):
                rows = product[crossing.slabs[other].rows]
                seen[:, other, slot] = np.einsum("rg,rg->g", self._slab(self.sums.crossing, other), rows)
                self._slab(across, other)[...] -= rows * self._left[:, slot, other]
        return seen, across

    @property
    def _seen(self) -> Numbers:
        return self._passed[0]

    @property
    def _cross_variance(self) -> Numbers:
        """Twice the covariance of inner and outer cells at each crossing is what leverage adds."""
        return 2.0 * self._passed[1]

    @property
    def _inner_variance(self) -> Numbers:
        if not self.crossing.outer_maps:
            return self._left
        return self._left + self._left @ self._seen @ self._left

    def _gather_outer(self, effects: Numbers) -> Numbers:
        return np.concatenate([effects[self.crossing.block(term)] for term in self.crossing.outer_terms])

    def _put_outer(self, effects: Numbers, outer: Numbers) -> None:
        start = 0
        for term in self.crossing.outer_terms:
            stop = start + int(self.crossing.sizes[term])
            effects[self.crossing.block(term)] = outer[start:stop]
            start = stop

    def _solve_inner(self, effects: Numbers) -> None:
        """Apply the inverse of the eliminated part in place: I - L'RL."""
        crossing = self.crossing
        cells = crossing.inner_cells(self.sd, effects)
        wide = cells.reshape(crossing.n_blocks, crossing.width, -1)
        effects -= crossing.inner_effects(self.sd, (self._kernel @ wide).reshape(cells.shape))

    def _cross(self, inner: Numbers) -> Numbers:
        """C times values over inner cells."""
        crossing = self.crossing
        total = np.zeros((crossing.n_outer, *inner.shape[1:]))
        wide = inner.reshape(crossing.n_blocks, crossing.width, *inner.shape[1:])
        for slot, slab in enumerate(crossing.slabs):
            total[slab.rows] += self._slab(self.sums.crossing, slot) @ wide[:, slot]
        return total

    def _cross_back(self, outer: Numbers) -> Numbers:
        """C' times values over outer cells."""
        crossing = self.crossing
        total = np.empty((crossing.n_blocks, crossing.width, *outer.shape[1:]))
        for slot, slab in enumerate(crossing.slabs):
            total[:, slot] = self._slab(self.sums.crossing, slot).T @ outer[slab.rows]
        return total.reshape(-1, *outer.shape[1:])
