from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.analyses.default_model import INTERCEPTS, TERMS, fit_default
from evaluation.statistics import clmm, lmm


def ratings(seed: int = 1, readers: int = 10, cases: int = 16) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    shape = (range(readers), range(cases), range(3))
    reader, case, method = (part.ravel() for part in np.meshgrid(*shape, indexing="ij"))
    eta = np.array([0.0, 0.7, -0.4])[method] + 0.8 * random.normal(size=readers)[reader]
    eta = eta + random.normal(size=cases)[case] + 0.7 * random.normal(size=(readers, 3))[reader, method]
    eta = eta + 0.8 * random.normal(size=(cases, 3))[case, method] + random.logistic(size=len(reader))
    names = np.array(["grad-cam", "ig", "lime"])[method]
    score = np.digitize(eta, [-1.5, 0.0, 1.5]) + 1
    return pd.DataFrame({"reader": reader, "case": case, "method": names, "score": score})


def test_all_four_terms_stay_where_the_data_carry_them() -> None:
    found = fit_default(ratings())
    assert list(found.fit.random_sd.index) == list(TERMS)
    assert found.reasons == ()
    assert found.fit.converged


def test_intercepts_alone_make_the_errors_smaller() -> None:
    full, narrow = fit_default(ratings()), fit_default(ratings(), INTERCEPTS)
    assert list(narrow.fit.random_sd.index) == list(INTERCEPTS)
    assert (narrow.fit.standard_errors < 0.8 * full.fit.standard_errors).all()


def test_a_term_without_variance_is_left_out_and_named() -> None:
    table = ratings()
    random = np.random.default_rng(0)
    table["score"] = table.groupby(["reader", "case"])["score"].transform(random.permutation)
    found = fit_default(table)
    gone = [term for term in TERMS if term not in found.fit.random_sd.index]
    assert gone
    named = {reason.split()[4] for reason in found.reasons if reason.endswith("its standard deviation is 0.")}
    assert named == set(gone)
    assert (found.fit.random_sd > 0).all()


def test_terms_that_were_left_out_still_limit_the_degrees_of_freedom() -> None:
    table = ratings()
    random = np.random.default_rng(0)
    table["score"] = table.groupby(["reader", "case"])["score"].transform(random.permutation)
    found, formula = fit_default(table), "score ~ method + (1|reader) + (1|case) + (1|reader:method) + (1|case:method)"
    assert len(found.fit.random_sd) < 4
    np.testing.assert_allclose(found.fit.degrees, lmm(formula, table).degrees.iloc[1:], rtol=1e-6)


@pytest.mark.parametrize("rating", [1, 4])
def test_a_method_rated_alike_throughout_is_left_out_and_named(rating: int) -> None:
    table = ratings()
    table.loc[table["method"] == "lime", "score"] = rating
    found = fit_default(table)
    assert found.reasons[0].startswith("Fallback: the method lime is left out of the model because all its ratings are")
    assert list(found.fit.coefficients.index) == ["method[ig]"]
    rest = table[table["method"] != "lime"].rename(columns={"score": "usefulness"})
    assert found.fit.log_likelihood == pytest.approx(clmm(found.fit.formula, rest).log_likelihood, abs=1e-6)


def test_where_nothing_converges_the_interactions_go_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def never(formula: str, data: pd.DataFrame) -> object:
        tried.append(formula)
        return replace(clmm(formula, data), singular=(), converged=False)

    monkeypatch.setattr("evaluation.analyses.default_model.clmm", never)
    found = fit_default(ratings())
    assert [formula.count("(1|") for formula in tried] == [4, 3, 2]
    assert [reason.split()[4] for reason in found.reasons] == ["case:method", "reader:method"]
    assert list(found.fit.random_sd.index) == ["reader", "case"]


def test_methods_that_never_differ_are_refused() -> None:
    table = ratings().assign(score=lambda frame: np.where(frame["method"] == "lime", 1, 4))
    with pytest.raises(ValueError, match="so there is nothing to compare"):
        fit_default(table)
