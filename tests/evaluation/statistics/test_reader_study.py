from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics import delong, jafroc, mrmc, mrmc_power
from evaluation.statistics.figures_of_merit import Merit
from evaluation.statistics.reader_study import Components, ReaderStudy, _compare
from tests.evaluation.statistics.conftest import Validate

# Van Dyke's reader study of aortic dissection (45 + 69 cases): the areas per treatment and reader, and the mean error
# (co)variances, derived from the published ratings.
VAN_DYKE = np.array(
    [
        [0.9196457326892109, 0.8587761674718196, 0.9038647342995169, 0.9731078904991949, 0.8297906602254428],
        [0.9478260869565217, 0.9053140096618357, 0.9217391304347826, 0.9993558776167472, 0.9299516908212561],
    ]
)
JACKKNIFE = (0.0008022882655720674, 0.00034661370944073203, 0.00034407482886088914, 0.0002390283708921538)
DELONG = (0.0007921324530765619, 0.00034200895773682836, 0.00033952653098562877, 0.00023584965323447107)


def van_dyke(covariances: tuple[float, float, float, float]) -> Merit:
    error, cov1, cov2, cov3 = covariances
    modality, reader = np.divmod(np.arange(10), 5)
    same_modality, same_reader = modality[:, None] == modality, reader[:, None] == reader
    table = np.where(same_modality, np.where(same_reader, error, cov2), np.where(same_reader, cov1, cov3))
    return Merit(VAN_DYKE, table, [1, 2], [1, 2, 3, 4, 5], 45, 69, 0)


def study(seed: int = 0, readers: int = 4, cases: int = 40, modalities: int = 2) -> pd.DataFrame:
    """Ratings from 1 to 5 with reader, case and modality effects."""
    random = np.random.default_rng(seed)
    truth = np.arange(cases) % 3 == 0
    case, skill = random.normal(size=cases), random.normal(1.2, 0.3, size=(readers, modalities))
    rows = []
    for reader, modality, index in product(range(readers), range(modalities), range(cases)):
        value = truth[index] * skill[reader, modality] + 0.6 * case[index] + random.normal()
        rows.append((reader, modality, index, int(truth[index]), int(np.clip(np.round(value + 2.5), 1, 5))))
    return pd.DataFrame(rows, columns=["reader", "modality", "case", "truth", "rating"])


def compared(data: pd.DataFrame, **options: Any) -> ReaderStudy:
    return mrmc(data, reader="reader", case="case", modality="modality", truth="truth", rating="rating", **options)


def located(data: pd.DataFrame, **options: Any) -> ReaderStudy:
    return jafroc(data, reader="reader", case="case", modality="modality", lesion="lesion", rating="rating", **options)


def kernel(rows: pd.DataFrame) -> np.ndarray:
    difference = rows.rating[rows.truth == 1].to_numpy()[:, None] - rows.rating[rows.truth == 0].to_numpy()
    return (difference > 0) + 0.5 * (difference == 0)


@pytest.mark.parametrize(
    ("covariances", "readers", "cases", "f", "df2", "p"),
    [
        (JACKKNIFE, "random", "random", 4.456319, 15.25967, 0.0516657),
        (DELONG, "random", "random", 4.484854, None, 0.0512330),
        (JACKKNIFE, "fixed", "random", 5.475953, np.inf, 0.0192798),
        (JACKKNIFE, "random", "fixed", 8.704, 4.0, 0.0419588),
    ],
)
def test_van_dykes_published_analyses(
    covariances: tuple[float, float, float, float],
    readers: str,
    cases: str,
    f: float,
    df2: float | None,
    p: float,
    validate: Validate,
) -> None:
    """Published by the MRMCaov project (Smith & Hillis 2020) for Van Dyke's data."""
    found = _compare(van_dyke(covariances), readers, cases, 0.95)  # type: ignore[arg-type]
    source = "MRMCaov, Van Dyke's data"
    validate(f"mrmc, readers {readers}, cases {cases}", source, [found.f, found.p], [f, p], within=1e-6)
    assert df2 is None or found.df2 == pytest.approx(df2, abs=1e-4)
    assert found.auc.mean(axis=1).tolist() == pytest.approx([0.897037, 0.940837], abs=1e-6)


def test_the_jackknife_leaves_each_case_out_in_turn(validate: Validate) -> None:
    data = study()
    left = []
    for case in sorted(data.case.unique(), key=lambda name: (name % 3 != 0, name)):
        rest = data[data.case != case]
        left.append([kernel(part).mean() for _, part in rest.groupby(["modality", "reader"])])
    count = len(left)
    covariance = np.cov(np.array(left).T) * (count - 1) ** 2 / count
    found = compared(data)
    ours = [found.components.error, found.components.cov1]
    theirs = [np.diagonal(covariance).mean(), np.diagonal(covariance, 4).mean()]
    validate("mrmc, jackknife covariance", "cases left out in turn", ours, theirs, within=1e-12)


def test_delongs_covariance_is_that_of_the_pairwise_test() -> None:
    data = study(readers=2)
    found = compared(data, covariance="delong")
    ratings = data.pivot(index="case", columns=["modality", "reader"], values="rating")
    truth = data.drop_duplicates("case").set_index("case").truth
    errors = [
        delong(truth.to_numpy(), ratings[0, reader].to_numpy(), ratings[1, reader].to_numpy()).se ** 2
        for reader in (0, 1)
    ]
    assert 2 * (found.components.error - found.components.cov1) == pytest.approx(np.mean(errors), rel=1e-9)


def test_the_unbiased_covariance_is_unbiased(validate: Validate) -> None:
    """Over all samples of 2 + 2 cases from a population of 3 + 3, its mean is the areas' true covariance."""
    scores = np.array([[[1.0, 3.0, 2.0], [0.0, 2.0, 1.0]], [[2.0, 1.0, 4.0], [1.0, 3.0, 0.0]]])
    values, errors = [], []
    for positives in product(range(3), repeat=2):
        for negatives in product(range(3), repeat=2):
            rows = [
                (reader, modality, f"{state}{place}", state, scores[modality, 1 - state, index] + 0.5 * reader * state)
                for reader, modality in product(range(2), range(2))
                for state, chosen in ((1, positives), (0, negatives))
                for place, index in enumerate(chosen)
            ]
            data = pd.DataFrame(rows, columns=["reader", "modality", "case", "truth", "rating"])
            found = compared(data, covariance="unbiased")
            values.append(found.auc.to_numpy().ravel())
            errors.append((found.components.error, found.components.cov1, found.components.cov2))
    true = np.cov(np.array(values).T, ddof=0)
    ours = np.mean([each[0] for each in errors])
    validate("mrmc, unbiased covariance", "all samples enumerated", ours, np.diagonal(true).mean(), within=1e-12)
    assert np.mean([each[1] for each in errors]) == pytest.approx((true[0, 2] + true[1, 3]) / 2, abs=1e-12)
    assert np.mean([each[2] for each in errors]) == pytest.approx((true[0, 1] + true[2, 3]) / 2, abs=1e-12)


def test_three_modalities_give_each_pair_once() -> None:
    found = compared(study(modalities=3))
    table = found.contrasts()
    assert np.isnan(found.difference)
    assert list(zip(table["first"], table["second"], strict=True)) == [(0, 1), (0, 2), (1, 2)]
    means = found.auc.mean(axis=1)
    assert table["estimate"].tolist() == pytest.approx([means[0] - means[1], means[0] - means[2], means[1] - means[2]])
    assert (table["p_adjusted"] >= table["p"]).all()


def test_two_modalities_test_and_interval_agree() -> None:
    found = compared(study())
    row = found.contrasts("none").iloc[0]
    assert row["t"] ** 2 == pytest.approx(found.f, rel=1e-9)
    assert row["p"] == pytest.approx(found.p, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((row["low"], row["high"]), rel=1e-9)


def test_cases_that_not_all_read_are_dropped_and_counted() -> None:
    data = study()
    gap = data.drop(index=data[(data.case == 5) & (data.reader == 1)].index[0])
    found = compared(gap)
    assert found.dropped == 1
    pd.testing.assert_frame_equal(found.auc, compared(data[data.case != 5]).auc)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data[data.reader == 0], "two or more readers"),
        (lambda data: data[data.truth == 1], "two diseased and two normal"),
        (lambda data: pd.concat([data, data[:1]]), "read the same case twice"),
        (lambda data: data.assign(truth=data.truth * 2), "must hold 0 and 1"),
        (lambda data: data.drop(columns="rating"), "no column 'rating'"),
    ],
)
def test_data_that_are_no_reader_study_are_refused(
    change: Callable[[pd.DataFrame], pd.DataFrame], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        compared(change(study()))


def test_both_factors_cannot_be_fixed() -> None:
    with pytest.raises(ValueError, match="cannot both be fixed"):
        compared(study(), readers="fixed", cases="fixed")


def marks(seed: int = 0) -> pd.DataFrame:
    """Three readers, two modalities, ten diseased cases with one or two lesions, twelve normal ones."""
    random = np.random.default_rng(seed)
    rows: list[tuple[Any, ...]] = []
    for reader, modality in product(range(3), range(2)):
        for case in range(10):
            for lesion in range(1 + case % 2):
                found = random.random() < 0.8
                rows.append((reader, modality, f"d{case}", f"{lesion}", random.integers(2, 6) if found else np.nan))
            if random.random() < 0.4:
                rows.append((reader, modality, f"d{case}", None, random.integers(1, 5)))
        for case in range(12):
            wrong = random.integers(0, 3)
            ratings = random.integers(1, 5, size=wrong) if wrong else [np.nan]
            rows += [(reader, modality, f"n{case}", None, rating) for rating in ratings]
    return pd.DataFrame(rows, columns=["reader", "modality", "case", "lesion", "rating"])


def merit(rows: pd.DataFrame, weights: str) -> float:
    """The definition, lesion by lesion and normal case by normal case."""
    normal = rows[rows.case.str.startswith("n")].fillna({"rating": -np.inf}).groupby("case").rating.max()
    lesions = rows[rows.lesion.notna()].fillna({"rating": -np.inf})
    counts = lesions.groupby("case").rating.transform("size") if weights == "case" else 1.0
    won = [np.mean((rating > normal) + 0.5 * (rating == normal)) for rating in lesions.rating]
    return float(np.average(won, weights=np.ones(len(won)) / counts))


@pytest.mark.parametrize("weights", ["lesion", "case"])
def test_the_figure_of_merit_and_its_jackknife_follow_the_definition(weights: str, validate: Validate) -> None:
    data = marks()
    found = located(data, weights=weights)
    direct = [merit(rows, weights) for _, rows in data.groupby(["modality", "reader"])]
    validate("jafroc, figure of merit", "the definition, lesion by lesion", found.auc, direct, within=1e-12)
    left = []
    for case in data.case.unique():
        rest = data[data.case != case]
        left.append([merit(part, weights) for _, part in rest.groupby(["modality", "reader"])])
    count = len(left)
    covariance = np.cov(np.array(left).T) * (count - 1) ** 2 / count
    assert found.components.error == pytest.approx(np.diagonal(covariance).mean(), rel=1e-9)
    assert found.n_positives == 10
    assert found.n_negatives == 12


def test_one_lesion_a_case_without_gaps_is_the_area_under_the_curve() -> None:
    data = study()
    lesions = pd.Series(["x" if truth else None for truth in data.truth], dtype=object)
    found, other = located(data.assign(lesion=lesions)), compared(data)
    pd.testing.assert_frame_equal(found.auc, other.auc)
    assert found.p == pytest.approx(other.p, rel=1e-9)


def test_more_readers_and_cases_raise_the_power() -> None:
    pilot = _compare(van_dyke(JACKKNIFE), "random", "random", 0.95).components
    small = mrmc_power(pilot, difference=0.0438, n_readers=5, n_cases=114)
    assert small.noncentrality == pytest.approx(
        4.456319, rel=1e-3
    )  # the pilot's own F where its effect is the true one
    assert small.power < mrmc_power(pilot, difference=0.0438, n_readers=10, n_cases=114).power
    assert small.power < mrmc_power(pilot, difference=0.0438, n_readers=5, n_cases=300).power
    assert mrmc_power(pilot, difference=1e-9, n_readers=5, n_cases=114).power == pytest.approx(0.05, abs=1e-6)


def test_the_power_is_the_share_of_simulated_studies_that_find_the_difference() -> None:
    """Areas drawn from Obuchowski and Rockette's model, tested with the error covariances known."""
    pilot = Components(0.0009, 0.0004, 0.0004, 0.0003, 0.0015, 0.0003, 5, 100)
    random = np.random.default_rng(4)
    r, found = 6, 0
    modality, reader = np.divmod(np.arange(2 * r), r)
    same_modality, same_reader = modality[:, None] == modality, reader[:, None] == reader
    errors = np.where(
        same_modality,
        np.where(same_reader, pilot.error, pilot.cov2),
        np.where(same_reader, pilot.cov1, pilot.cov3),
    )
    for _ in range(2000):
        theta = 0.05 * (modality == 0) + random.normal(0, pilot.reader**0.5, r)[reader]
        theta = theta + random.normal(0, pilot.modality_reader**0.5, 2 * r)
        theta = theta + random.multivariate_normal(np.zeros(2 * r), errors)
        merit_of = Merit(theta.reshape(2, r), errors, [0, 1], list(range(r)), 50, 50, 0)
        found += _compare(merit_of, "random", "random", 0.95).p < 0.05
    expected = mrmc_power(pilot, difference=0.05, n_readers=r, n_cases=100).power
    assert found / 2000 == pytest.approx(expected, abs=0.035)
