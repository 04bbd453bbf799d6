"""How the random terms of a design cross and nest: which effects can be eliminated one block at a time.

The curvature of a model with random intercepts is H = I + L'(Z'WZ)L, with Z the groups' indicators, W a weight for
each rating and L the standard deviations. The term with most groups (say `case:method`) and the terms that it refines
(`case`) touch each other only within a case: their part of H is block-diagonal and is eliminated first, which leaves a
dense Schur complement of the remaining terms (`rater`, `rater:method`) alone. Terms that refine one another share
their indicators, so that all sums are taken over the finest groups only, here called cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from evaluation.statistics.formula import Grouping
from evaluation.statistics.tidy import Codes, Numbers, sums_by

_WIDEST_BLOCK = 64
_MOST_BLOCK_NUMBERS = 8_000_000


@dataclass(frozen=True)
class Slab:
    """The crossings of the outer cells `rows` with one cell of each block; `start` is its place in the flat buffer."""

    rows: slice
    start: int
    stop: int


@dataclass(frozen=True)
class Sums:
    """Weights summed over cells: inner `(blocks, width)`, crossing `(crossings,)`, outer full or diagonal."""

    inner: Numbers
    crossing: Numbers
    outer: Numbers


class Crossing:
    """The cells of a set of random terms, and sums over them.

    Inner cells stand in `n_blocks` blocks of `width` places (some empty); outer cells are numbered 0 .. n_outer-1,
    those of one connected part (of one method, say) side by side, so that crossings between parts are never stored.
    """

    def __init__(self, groups: Sequence[Grouping], n_rows: int) -> None:
        self.names = [group.name for group in groups]
        self.sizes = np.array([group.size for group in groups], dtype=np.intp)
        self.offsets = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.intp)
        self.n_effects = int(self.offsets[-1])
        self.n_rows = n_rows
        finest, root, chain = _eliminated(groups)
        self.inner_terms = chain
        families = _families(groups, [term for term in range(len(groups)) if term not in chain])
        self.outer_terms = [member for family in families for member in family]
        parts = _parts(groups, finest, families)
        self._place_inner(groups, finest, root, parts)
        self._place_outer(groups, families, parts)
        self._place_crossings()
        self._inner_turned = {term: found.T.tocsr() for term, found in self.inner_maps.items()}
        self._outer_turned = {term: found.T.tocsr() for term, found in self.outer_maps.items()}
        self.inner = self._effects_of(self.inner_terms)
        self.outer = self._effects_of(self.outer_terms)

    def block(self, term: int) -> slice:
        """Where the effects of a term stand among all effects."""
        return slice(int(self.offsets[term]), int(self.offsets[term + 1]))

    def sums(self, weight: Numbers | None = None) -> Sums:
        """The blocks of Z'WZ over cells; weights are 1 when none are given."""
        inner = sums_by(self.inner_cell, weight, self.n_blocks * self.width)
        crossing = np.zeros(self.n_crossings)
        for places in self.crossing_places:
            crossing += sums_by(places, weight, self.n_crossings)
        return Sums(inner.reshape(self.n_blocks, self.width), crossing, self._outer_sums(weight))

    def over_inner(self, values: Numbers) -> Numbers:
        """Sums of a value per rating over the inner cells."""
        return sums_by(self.inner_cell, values, self.n_blocks * self.width)

    def over_outer(self, values: Numbers) -> Numbers:
        """Sums of a value per rating over the outer cells."""
        total = np.zeros(self.n_outer)
        for cell in self.outer_cells:
            total += sums_by(cell, values, self.n_outer)
        return total

    def spread(self, inner: Numbers, outer: Numbers) -> Numbers:
        """A value per rating: the sum of those of its cells."""
        result = inner[self.inner_cell]
        for cell in self.outer_cells:
            result += outer[cell]
        return result

    def inner_cells(self, sd: Numbers, effects: Numbers) -> Numbers:
        """L times effects: their sum in each inner cell. Further axes are carried along."""
        total = np.zeros((self.n_blocks * self.width, *effects.shape[1:]))
        for term, indicator in self.inner_maps.items():
            total += indicator @ (sd[term] * effects[self.block(term)])
        return total

    def outer_cells_of(self, sd: Numbers, effects: Numbers) -> Numbers:
        """L times effects: their sum in each outer cell."""
        total = np.zeros((self.n_outer, *effects.shape[1:]))
        for term, indicator in self.outer_maps.items():
            total += indicator @ (sd[term] * effects[self.block(term)])
        return total

    def inner_effects(self, sd: Numbers, cells: Numbers) -> Numbers:
        """L' times a value per inner cell: for each effect, 0 for those of the outer terms."""
        return self._effects(sd, cells, self._inner_turned)

    def outer_effects(self, sd: Numbers, cells: Numbers) -> Numbers:
        """L' times a value per outer cell: for each effect, 0 for those of the inner terms."""
        return self._effects(sd, cells, self._outer_turned)

    def scatter(self, sd: Numbers, inner: Numbers, outer: Numbers) -> Numbers:
        """L'Z'v for all effects, from the sums of v over inner and outer cells."""
        return self.inner_effects(sd, inner) + self.outer_effects(sd, outer)

    def linear(self, sd: Numbers, effects: Numbers) -> Numbers:
        """ZL times effects: the random part of each rating."""
        return self.spread(self.inner_cells(sd, effects), self.outer_cells_of(sd, effects))

    def _effects(self, sd: Numbers, cells: Numbers, turned: dict[int, sparse.csr_array]) -> Numbers:
        result = np.zeros((self.n_effects, *cells.shape[1:]))
        for term, indicator in turned.items():
            result[self.block(term)] = sd[term] * (indicator @ cells)
        return result

    def _place_inner(self, groups: Sequence[Grouping], finest: int, root: int, parts: Codes) -> None:
        size = groups[finest].size
        block = _image(groups[finest], groups[root])
        place, width, self.aligned = _places(block, parts[:size], int(parts.max(initial=0)) + 1)
        self.n_blocks, self.width = groups[root].size, width
        cell_of_group = block * width + place
        self.inner_cell = cell_of_group[groups[finest].index]
        n_cells = self.n_blocks * width
        self.inner_maps = {
            term: _indicator(cell_of_group, groups[finest], groups[term], n_cells) for term in self.inner_terms
        }
        self.shared = {}
        for term in self.inner_terms:
            group_of = np.full(n_cells, -1, dtype=np.intp)
            group_of[cell_of_group] = _image(groups[finest], groups[term])
            table = group_of.reshape(self.n_blocks, width)
            self.shared[term] = ((table[:, :, None] == table[:, None, :]) & (table[:, :, None] >= 0)).astype(np.float64)

    def _place_outer(self, groups: Sequence[Grouping], families: list[list[int]], parts: Codes) -> None:
        n_inner = int(parts.size - sum(groups[family[0]].size for family in families))
        outer_parts = parts[n_inner:]
        self.n_outer = len(outer_parts)
        order = np.argsort(outer_parts, kind="stable") if self.aligned else np.arange(self.n_outer)
        position = np.empty(self.n_outer, dtype=np.intp)
        position[order] = np.arange(self.n_outer)
        self.outer_cells: list[Codes] = []
        self.outer_maps: dict[int, sparse.csr_array] = {}
        offset = 0
        for family in families:
            head = groups[family[0]]
            cell_of_group = position[offset : offset + head.size]
            self.outer_cells.append(cell_of_group[head.index])
            for term in family:
                self.outer_maps[term] = _indicator(cell_of_group, head, groups[term], self.n_outer)
            offset += head.size
        edges = np.searchsorted(outer_parts[order], np.arange(self.width + 1))
        self._part_rows = [
            slice(int(edges[slot]), int(edges[slot + 1])) if self.aligned else slice(0, self.n_outer)
            for slot in range(self.width)
        ]

    def _place_crossings(self) -> None:
        self.slabs: list[Slab] = []
        start = 0
        for rows in self._part_rows:
            stop = start + (rows.stop - rows.start) * self.n_blocks
            self.slabs.append(Slab(rows, start, stop))
            start = stop
        self.n_crossings = start
        starts = np.array([slab.start - slab.rows.start * self.n_blocks for slab in self.slabs], dtype=np.intp)
        base = starts[self.inner_cell % self.width] + self.inner_cell // self.width
        self.crossing_places = [base + cell * self.n_blocks for cell in self.outer_cells]

    def _effects_of(self, terms: list[int]) -> Codes:
        """Where the effects of some terms stand among all effects."""
        return np.concatenate(
            [np.zeros(0, dtype=np.intp), *[np.arange(self.sizes[t]) + self.offsets[t] for t in terms]]
        )

    def _outer_sums(self, weight: Numbers | None) -> Numbers:
        """Only the diagonal where all outer terms refine one another: then no two cells share a rating."""
        if len(self.outer_cells) == 1:
            return sums_by(self.outer_cells[0], weight, self.n_outer)
        total = np.zeros(self.n_outer * self.n_outer)
        for first in self.outer_cells:
            for second in self.outer_cells:
                total += sums_by(first * self.n_outer + second, weight, len(total))
        return total.reshape(self.n_outer, self.n_outer)


def _refines(fine: Grouping, coarse: Grouping) -> bool:
    """Whether each group of the one lies within a single group of the other."""
    if fine.size < coarse.size:
        return False
    image = _image(fine, coarse)
    return bool(np.array_equal(image[fine.index], coarse.index))


def _image(fine: Grouping, coarse: Grouping) -> Codes:
    """For each fine group the coarse one of its last rating."""
    image = np.zeros(fine.size, dtype=np.intp)
    image[fine.index] = coarse.index
    return image


def _eliminated(groups: Sequence[Grouping]) -> tuple[int, int, list[int]]:
    """The finest term of the largest block-diagonal part, the term whose groups are its blocks, and all its terms."""
    finest = max(range(len(groups)), key=lambda term: groups[term].size)
    coarser = [term for term in range(len(groups)) if term != finest and _refines(groups[finest], groups[term])]
    for root in sorted(coarser, key=lambda term: -groups[term].size):
        width = int(np.bincount(_image(groups[finest], groups[root])).max())
        if width <= _WIDEST_BLOCK and groups[root].size * width**2 <= _MOST_BLOCK_NUMBERS:
            between = [term for term in coarser if term != root and _refines(groups[term], groups[root])]
            return finest, root, [finest, *between, root]
    return finest, finest, [finest]


def _families(groups: Sequence[Grouping], terms: list[int]) -> list[list[int]]:
    """The terms in families: the first of each refines the others."""
    families: list[list[int]] = []
    for term in sorted(terms, key=lambda term: -groups[term].size):
        home = next((family for family in families if _refines(groups[family[0]], groups[term])), None)
        if home is None:
            families.append([term])
        else:
            home.append(term)
    return families


def _parts(groups: Sequence[Grouping], finest: int, families: list[list[int]]) -> Codes:
    """The connected part of each inner and each outer cell: two cells are linked where a rating has both."""
    inner = groups[finest]
    if not families:
        return np.zeros(inner.size, dtype=np.intp)
    heads = [groups[family[0]] for family in families]
    starts = np.cumsum([inner.size, *[head.size for head in heads]])
    rows = np.concatenate([inner.index for _ in heads])
    columns = np.concatenate([head.index + start for head, start in zip(heads, starts, strict=False)])
    graph = sparse.coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(int(starts[-1]),) * 2)
    return np.asarray(connected_components(graph.tocsr(), directed=False)[1], dtype=np.intp)


def _places(block: Codes, part: Codes, n_parts: int) -> tuple[Codes, int, bool]:
    """A place within its block for each cell: its part's number where that is free for all, else one after another."""
    counts = np.bincount(block)
    if n_parts <= counts.max() and len(np.unique(block * n_parts + part)) == len(block):
        return part, n_parts, True
    order = np.argsort(block, kind="stable")
    place = np.empty(len(block), dtype=np.intp)
    place[order] = np.arange(len(block)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place, int(counts.max()), False


def _indicator(cell_of_group: Codes, fine: Grouping, coarse: Grouping, n_cells: int) -> sparse.csr_array:
    """`(cells, groups)`: which group of the coarse term a cell belongs to."""
    entries = (np.ones(fine.size), (cell_of_group, _image(fine, coarse)))
    return sparse.csr_array(entries, shape=(n_cells, coarse.size))
