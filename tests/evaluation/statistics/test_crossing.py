from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics.crossing import Crossing
from evaluation.statistics.formula import Grouping, groupings, parse_formula
from evaluation.statistics.schur import Curvature
from evaluation.statistics.tidy import Numbers

GOLDEN = Path(__file__).parent / "golden"
FOUR = "y ~ (1|rater) + (1|case) + (1|rater:method) + (1|case:method)"


def crossed() -> pd.DataFrame:
    data = pd.read_csv(GOLDEN / "crossed_data.csv")
    data["desk"] = np.random.default_rng(0).integers(0, 6, len(data))
    return data.assign(room=data["desk"] // 2)


def scaled_indicators(groups: list[Grouping], sd: list[float], n_rows: int) -> Numbers:
    blocks = [np.eye(group.size)[group.index] * scale for group, scale in zip(groups, sd, strict=True)]
    return np.hstack(blocks).reshape(n_rows, -1)


@pytest.mark.parametrize(
    "formula, sd",
    [
        ("y ~ (1|rater)", [0.7]),
        ("y ~ (1|rater) + (1|case)", [0.7, 1.1]),
        (FOUR, [0.7, 1.1, 0.4, 0.6]),
        (FOUR, [0.7, 0.0, 0.0, 0.6]),
        ("y ~ (1|rater) + (1|case/method)", [0.7, 0.3, 0.6]),
        ("y ~ (1|case/method)", [0.7, 0.3]),
        ("y ~ (1|rater) + (1|case/method) + (1|desk)", [0.7, 0.3, 0.5, 0.8]),
        ("y ~ (1|rater) + (1|case) + (1|method) + (1|rater:case)", [0.7, 0.3, 0.5, 0.8]),
        ("y ~ (1|rater) + (1|case) + (1|desk) + (1|rater:method) + (1|room)", [0.7, 0.3, 0.5, 0.8, 0.3]),
    ],
)
@pytest.mark.parametrize("rows", ["all", "few", "apart"])
def test_block_elimination_equals_the_dense_matrix(formula: str, sd: list[float], rows: str) -> None:
    """Against H = I + L'Z'WZL written out, its inverse and its determinant by numpy."""
    data = crossed()
    if rows == "few":
        data = data.sample(200, random_state=1)
    if rows == "apart":
        data = data[(data["rater"] < "r07") == (data["case"] < "c10")]
    groups = groupings(parse_formula(formula), data)
    random = np.random.default_rng(3)
    weight = random.random(len(data)) + 0.1
    scaled = scaled_indicators(groups, sd, len(data))
    dense = np.eye(scaled.shape[1]) + scaled.T @ (weight[:, None] * scaled)
    inverse = np.linalg.inv(dense)
    crossing = Crossing(groups, len(data))
    curvature = Curvature(crossing, crossing.sums(weight), np.array(sd))
    right = random.random((len(dense), 3))
    assert curvature.log_determinant == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-10)
    np.testing.assert_allclose(curvature.solve(right), inverse @ right, atol=1e-11)
    np.testing.assert_allclose(curvature.solve(right[:, 0]), inverse @ right[:, 0], atol=1e-11)
    np.testing.assert_allclose(curvature.leverage(), np.einsum("ij,jk,ik->i", scaled, inverse, scaled), atol=1e-11)
    spent = [group.size - np.trace(inverse[crossing.block(t), crossing.block(t)]) for t, group in enumerate(groups)]
    np.testing.assert_allclose(curvature.shrinkage * sd, spent, atol=1e-10)
    values = random.random(len(data))
    scattered = crossing.scatter(np.array(sd), crossing.over_inner(values), crossing.over_outer(values))
    np.testing.assert_allclose(scattered, scaled.T @ values, atol=1e-11)
    np.testing.assert_allclose(crossing.linear(np.array(sd), right[:, 0]), scaled @ right[:, 0], atol=1e-11)


def test_the_terms_of_cases_are_eliminated_and_those_of_raters_remain() -> None:
    data = crossed()
    crossing = Crossing(groupings(parse_formula(FOUR), data), len(data))
    names = [crossing.names[term] for term in crossing.inner_terms]
    assert names == ["case:method", "case"]
    assert (crossing.n_blocks, crossing.width, crossing.n_outer) == (20, 5, 75)
    assert crossing.n_crossings == 15 * 5 * 20  # each rater's method meets that method of each case alone
