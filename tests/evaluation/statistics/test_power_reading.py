from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from evaluation.statistics import crossed_design, expected_area, mrmc, mrmc_power, power
from evaluation.statistics.power_reading import ReadingStudy
from evaluation.statistics.power_studies import standard_deviations
from evaluation.statistics.reader_study import Components

VARIANCES = {"rater": 0.05, "case": 0.4, "rater:method": 0.08, "case:method": 0.2, "rater:case": 0.2, "residual": 0.4}
EFFECTS = {"truth": 1.2, "method[b]": 0.7}


def planned(readers: int, cases: int, methods: str = "ab") -> pd.DataFrame:
    return crossed_design(readers, cases, list(methods)).assign(truth=lambda frame: frame["case"] % 2)


def reading(design: pd.DataFrame) -> ReadingStudy:
    return ReadingStudy(design, EFFECTS, standard_deviations(VARIANCES), VARIANCES["residual"] ** 0.5)


def expected_difference() -> float:
    return expected_area(1.9, VARIANCES) - expected_area(1.2, VARIANCES)


def closed_form(readers: int, cases: int, pilots: int = 40) -> float:
    """`mrmc_power` with the mean components of pilots drawn by the same model, each of 40 readers and 100 cases."""
    design = planned(40, 100)
    study = reading(design)
    found = [
        mrmc(
            design.assign(rating=study.draw(np.random.default_rng([9, pilot]))),
            reader="rater",
            case="case",
            modality="method",
            truth="truth",
            rating="rating",
        ).components
        for pilot in range(pilots)
    ]
    names = ["error", "cov1", "cov2", "cov3", "reader", "modality_reader"]
    means = {name: float(np.mean([getattr(each, name) for each in found])) for name in names}
    pilot = Components(**means, n_readers=40, n_cases=100)
    return mrmc_power(pilot, difference=expected_difference(), n_readers=readers, n_cases=cases).power


def test_areas_of_drawn_ratings_are_those_expected() -> None:
    """scikit-learn's area of one reader each, over many readers and cases."""
    design = planned(60, 800)
    study = reading(design)
    data = design.assign(rating=study.draw(np.random.default_rng(2)))
    for method, separation in (("a", 1.2), ("b", 1.9)):
        rows = data[data["method"] == method]
        areas = [roc_auc_score(part["truth"], part["rating"]) for _, part in rows.groupby("rater")]
        assert np.mean(areas) == pytest.approx(expected_area(separation, VARIANCES), abs=0.04)


def test_the_simulated_power_is_that_of_the_closed_form() -> None:
    """Hillis, Obuchowski & Berbaum 2011, within the Monte Carlo error (99.9 %)."""
    found = power(
        planned(6, 60), model="mrmc", effects=EFFECTS, variances=VARIANCES, simulations=250, seed=3, level=0.999
    )
    expected = closed_form(6, 60)
    assert 0.2 < expected < 0.9
    assert found.low < expected < found.high
    assert found.effect == "method[b]"
    assert found.effects.loc["method[b]", "mean"] == pytest.approx(expected_difference(), abs=0.015)


@pytest.mark.simulation
def test_two_thousand_studies_have_the_power_of_the_closed_form() -> None:
    found = power(planned(6, 60), model="mrmc", effects=EFFECTS, variances=VARIANCES, simulations=2000, seed=4)
    assert found.power == pytest.approx(closed_form(6, 60, pilots=60), abs=0.05)


@pytest.mark.simulation
def test_the_type_one_error_of_a_reader_study() -> None:
    """2,000 studies without an effect: Hillis's degrees of freedom keep 5 % within [.035, .065]."""
    found = power(
        planned(6, 60),
        model="mrmc",
        effects={"truth": 1.5, "method[b]": 0.0},
        variances=VARIANCES,
        simulations=2000,
        seed=5,
    )
    assert 0.035 <= found.power <= 0.065
    assert found.failed == 0


def test_a_shift_of_readers_for_one_truth_only_moves_areas() -> None:
    """Random terms are drawn for either truth: two readers of a design without other terms differ in their areas."""
    design = planned(2, 4000)
    study = ReadingStudy(design, {"truth": 1.0}, {"rater": 1.0}, 0.5)
    data = design.assign(rating=study.draw(np.random.default_rng(0)))
    one = data[data["method"] == "a"]
    areas = [roc_auc_score(part["truth"], part["rating"]) for _, part in one.groupby("rater")]
    assert abs(areas[0] - areas[1]) > 0.05


def test_each_method_is_compared_with_the_first() -> None:
    found: Any = power(
        planned(4, 40, "abc"),
        model="mrmc",
        effects={"method[c]": 2.0},
        variances={"case": 0.3},
        simulations=10,
        seed=0,
    )
    assert list(found.effects.index) == ["method[b]", "method[c]"]
    assert found.effects.loc["method[c]", "mean"] > 0.05 > abs(found.effects.loc["method[b]", "mean"])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"design": crossed_design(3, 6, ["a", "b"])}, "no column 'truth'"),
        ({"design": planned(3, 6).assign(truth=2)}, "must hold 0 and 1"),
        ({"design": planned(3, 6).assign(truth=lambda frame: frame["rater"] % 2)}, "both diseased and not"),
        ({"design": pd.concat([planned(3, 6), planned(3, 6)])}, "same case twice"),
        ({"design": planned(3, 6, "a")}, "one method only"),
        ({"design": planned(1, 6)}, "two or more readers"),
        ({"effects": {"method[z]": 1.0}}, "no effect of this design"),
        ({"effects": {"truth": 1.0}}, "at least one effect"),
        ({"variances": {"desk": 1.0}}, "no column 'desk'"),
    ],
)
def test_wrong_designs_get_one_clear_sentence(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "design": planned(3, 6),
        "model": "mrmc",
        "effects": {"method[b]": 0.5},
        "variances": {"case": 0.3},
        "simulations": 2,
        "seed": 0,
    }
    with pytest.raises(ValueError, match=message):
        power(**{**given, **change})
