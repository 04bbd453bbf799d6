from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from evaluation.statistics import cohen_kappa, fleiss_kappa, gwet_ac
from tests.evaluation.statistics.conftest import Validate
from tests.evaluation.statistics.test_krippendorff import NAMES, published

# Ten units, fourteen raters, five categories: the worked example of many textbooks, kappa .210.
CHOICES = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def two_raters() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    first = random.integers(1, 5, 90)
    return first, np.clip(first + random.integers(-1, 2, 90), 1, 4)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_cohen_equals_statsmodels_with_its_error(weights: str | None, validate: Validate) -> None:
    first, second = two_raters()
    table = pd.crosstab(first, second).to_numpy()
    oracle = cohens_kappa(table, wt={None: None, "linear": "linear", "quadratic": "quadratic"}[weights])
    found = cohen_kappa(first, second, weights=weights)
    theirs = [oracle.kappa, np.sqrt(oracle.var_kappa)]
    validate("cohen_kappa and its error", "statsmodels", [found.estimate, found.se], theirs, within=1e-12)


def test_fleiss_equals_statsmodels_and_the_worked_example(validate: Validate) -> None:
    found = fleiss_kappa(CHOICES)
    assert found.estimate == pytest.approx(0.210, abs=5e-4)
    validate("fleiss_kappa", "statsmodels", found.estimate, statsmodels_fleiss(np.array(CHOICES)), within=1e-12)
    share = np.array(CHOICES).sum(axis=0) / 140
    weight = share * (1 - share)
    assert found.estimate == pytest.approx(float((found.categories * weight).sum() / weight.sum()), abs=1e-12)


def test_the_kappa_of_a_category_is_that_of_category_against_the_rest() -> None:
    counts = np.array(CHOICES)
    for category in range(5):
        rest = np.column_stack([counts[:, category], 14 - counts[:, category]])
        assert fleiss_kappa(CHOICES).categories[category] == pytest.approx(statsmodels_fleiss(rest), abs=1e-12)


def test_the_error_of_fleiss_is_the_spread_under_chance() -> None:
    random = np.random.default_rng(1)
    drawn = [fleiss_kappa(random.multinomial(14, [0.2, 0.3, 0.5], size=60)).estimate for _ in range(800)]
    typical = fleiss_kappa(random.multinomial(14, [0.2, 0.3, 0.5], size=60)).se
    assert np.std(drawn) == pytest.approx(typical, rel=0.1)


def test_gwet_equals_the_published_example(validate: Validate) -> None:
    """Gwet 2014, four raters and twelve units with gaps: AC1 .775444, standard error .142950."""
    found = gwet_ac(published(), **NAMES)
    validate("gwet_ac and its error", "Gwet 2014", [found.estimate, found.se], [0.775444, 0.142950], within=5e-7)
    assert gwet_ac(published(), **NAMES, weights="quadratic").estimate == pytest.approx(0.914001, abs=5e-7)


def test_skewed_answers_lower_kappa_and_not_gwets_coefficient() -> None:
    """118 of 125 units both rated 1, none both 2, seven differ: worked by hand."""
    first = [1] * 118 + [1] * 5 + [2] * 2
    second = [1] * 118 + [2] * 5 + [1] * 2
    share = (123 + 120) / 250
    by_chance = 2 * share * (1 - share)
    data = pd.DataFrame({"unit": list(range(125)) * 2, "rater": [0] * 125 + [1] * 125, "score": first + second})
    assert gwet_ac(data, **NAMES).estimate == pytest.approx((118 / 125 - by_chance) / (1 - by_chance), abs=1e-12)
    assert gwet_ac(data, **NAMES).estimate == pytest.approx(0.9408, abs=5e-5)
    assert cohen_kappa(first, second).estimate == pytest.approx(-0.0234, abs=5e-5)


def test_order_of_units_and_names_of_categories_do_not_matter() -> None:
    first, second = two_raters()
    order = np.random.default_rng(5).permutation(90)
    named = {1: "d", 2: "a", 3: "c", 4: "b"}
    found = cohen_kappa(first, second)
    other = cohen_kappa([named[x] for x in first[order]], [named[x] for x in second[order]])
    assert other.estimate == pytest.approx(found.estimate, abs=1e-12)
    assert other.se == pytest.approx(found.se, abs=1e-12)


def test_wrong_input_gets_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="same answer throughout"):
        cohen_kappa([1, 1], [1, 1])
    with pytest.raises(ValueError, match="weights cannot be 'cubic'"):
        cohen_kappa([1, 2], [1, 2], weights="cubic")
    with pytest.raises(ValueError, match="numbers"):
        cohen_kappa(["a", "b"], ["a", "b"], weights="linear")
    with pytest.raises(ValueError, match="same number of ratings"):
        fleiss_kappa([[1, 2], [2, 2]])
    with pytest.raises(ValueError, match="All ratings are equal"):
        gwet_ac(published().assign(score=1), **NAMES)
