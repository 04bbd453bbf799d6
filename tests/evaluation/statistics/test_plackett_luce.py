from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.conditional_models import ConditionalLogit

from evaluation.statistics import bradley_terry, plackett_luce
from tests.evaluation.statistics.conftest import Validate

ITEMS = ("a", "b", "c", "d")


def drawn(count: int = 120, seed: int = 0) -> list[list[str]]:
    """Complete and partial rankings from known worths."""
    random = np.random.default_rng(seed)
    worth = np.array([0.0, 0.5, 1.0, -0.5])
    rankings = []
    for index in range(count):
        order = [ITEMS[place] for place in np.argsort(-(worth + random.gumbel(size=4)))]
        rankings.append(order if index % 3 else order[: 2 + index % 2])
    return rankings


def test_it_equals_a_conditional_logit_of_the_choices(validate: Validate) -> None:
    """Independent source: statsmodels' ConditionalLogit on every stage as a choice of its own."""
    chosen, design, stage_of, stage = [], [], [], 0
    for ranking in drawn():
        for start in range(len(ranking) - 1):
            for item in ranking[start:]:
                chosen.append(float(item == ranking[start]))
                design.append([float(item == other) for other in ITEMS[1:]])
                stage_of.append(stage)
            stage += 1
    other = ConditionalLogit(np.array(chosen), np.array(design), groups=np.array(stage_of))
    found = plackett_luce(drawn())
    point = found.coefficients.to_numpy()
    assert found.log_likelihood == pytest.approx(other.loglike(point), abs=1e-8)
    assert other.score(point) == pytest.approx(np.zeros(3), abs=1e-6)
    errors = np.sqrt(np.diagonal(np.linalg.inv(-other.hessian(point))))
    source = "statsmodels, conditional logit"
    validate("plackett_luce, errors", source, found.standard_errors, errors, within=1e-5)
    validate("plackett_luce, log-likelihood", source, found.log_likelihood, other.loglike(point), within=1e-8)


def test_rankings_of_two_are_paired_comparisons() -> None:
    pairs = [ranking[:2] for ranking in drawn()]
    table = pd.DataFrame(pairs, columns=["first", "second"]).assign(won=1, lost=0)
    other = bradley_terry(table, first="first", second="second", first_wins="won", second_wins="lost")
    found = plackett_luce(pairs)
    pd.testing.assert_series_equal(found.coefficients, other.coefficients, atol=1e-8)
    pd.testing.assert_series_equal(found.standard_errors, other.standard_errors, atol=1e-8)


def test_ranks_in_a_frame_are_the_same_rankings() -> None:
    rankings = drawn()
    ranks = pd.DataFrame([{item: place + 1 for place, item in enumerate(ranking)} for ranking in rankings])
    pd.testing.assert_series_equal(plackett_luce(ranks[list(ITEMS)]).coefficients, plackett_luce(rankings).coefficients)


def test_the_reference_shifts_all_worths_alike() -> None:
    one, other = plackett_luce(drawn()), plackett_luce(drawn(), reference="c")
    assert other.coefficients["b"] == pytest.approx(one.coefficients["b"] - one.coefficients["c"], abs=1e-8)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-8)
    pd.testing.assert_frame_equal(one.contrasts(), other.contrasts(), atol=1e-7)


def test_readers_who_repeat_themselves_widen_the_errors() -> None:
    rankings = drawn(60)
    repeated = [ranking for ranking in rankings for _ in range(4)]
    readers = [index for index in range(60) for _ in range(4)]
    naive, robust = plackett_luce(repeated), plackett_luce(repeated, readers=readers)
    honest = plackett_luce(rankings, readers=list(range(60)))
    assert (robust.standard_errors > 1.7 * naive.standard_errors).all()
    assert robust.standard_errors.to_numpy() == pytest.approx(honest.standard_errors.to_numpy(), rel=1e-6)


@pytest.mark.parametrize(
    ("rankings", "sentence"),
    [
        ([["a", "b"], ["a", "c"], ["b", "c"]], "no worth is finite"),
        ([["a", "a"]], "twice in one ranking"),
        ([["a"]], "two items"),
        (pd.DataFrame({"a": [1], "b": [1]}), "share a rank"),
    ],
)
def test_rankings_that_carry_no_worth_are_refused(rankings: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        plackett_luce(rankings)  # type: ignore[arg-type]


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="not among the items"):
        plackett_luce(drawn(), reference="z")
