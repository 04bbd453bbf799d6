"""What models of worth share: when their estimates are finite, and errors that let a reader's answers hang together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from evaluation.statistics.errors import NotIdentified, TooFew
from evaluation.statistics.tidy import Codes, Numbers


def require_finite(above: Codes, below: Codes, items: Sequence[Any], otherwise: str) -> None:
    """Raise unless from every item a chain of being preferred leads to every other.

    `above` was preferred to `below`, each a place among the items; `otherwise` ends the sentence that begins with the
    items that are apart. Source: Ford 1957 for pairs; Hunter 2004, assumption 1, for rankings.
    """
    graph = csr_matrix((np.ones(len(above)), (above, below)), shape=(len(items), len(items)))
    count, groups = connected_components(graph, directed=True, connection="strong")
    if count > 1:
        smallest = min(range(count), key=lambda group: int((groups == group).sum()))
        names = ", ".join(str(item) for item, group in zip(items, groups, strict=True) if group == smallest)
        raise NotIdentified(f"{names} {otherwise}")


def robust(scores: Numbers, bread: Numbers, cluster: Codes) -> Numbers:
    """The sandwich over clusters with the factor G / (G - 1), from scores per row and the inverse information."""
    count = int(cluster.max()) + 1
    if count < 2:
        raise TooFew("Cluster-robust errors need two readers.")
    sums = np.zeros((count, scores.shape[1]))
    np.add.at(sums, cluster, scores)
    return np.asarray(bread @ (sums.T @ sums) @ bread * count / (count - 1), dtype=np.float64)
