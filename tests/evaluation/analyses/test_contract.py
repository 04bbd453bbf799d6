from __future__ import annotations

import io
import json
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.analyses import Analysis, AnalysisContext, AnalysisResult, Finding, registry
from evaluation.analyses.result import Interval
from evaluation.statistics import ThinData
from tests.evaluation.analyses.study import whole_table

# What changes without single readers and cases takes long and has tests of its own (test_changes.py).
CONTEXT = AnalysisContext(directions={"deletion": False, "srg": True}, bootstrap=200, leave_out=False)
PARTS = list(registry)
#: These describe scores of maps, which are there whoever read them.
OF_MAPS = {"metric-table", "metric-agreement", "display-effect"}
#: These describe and claim nothing.
DESCRIPTIVE = {"benchmark", "metric-table", "questionnaires", "annotation", "reason-codes", "shortcut"}
DESCRIPTIVE |= {"segmentation-review"}
NAMES = [part.name for part in PARTS]


@cache
def table() -> pd.DataFrame:
    return whole_table().assign(**{"displayed.srg": lambda rows: 0.9 * rows["metric.srg"]})


@cache
def result(name: str) -> AnalysisResult:
    return registry[name]().analyse(table(), seed=1, context=CONTEXT)


def test_the_walks_analyses_are_there() -> None:
    assert set(NAMES) >= {
        "agreement",
        "association",
        "benchmark",
        "preference",
        "quadrant",
        "reliance",
        "trust-calibration",
        "usefulness-model",
    }


@pytest.mark.parametrize("part", PARTS, ids=NAMES)
def test_it_states_its_facts(part: type[Analysis]) -> None:
    assert part.__doc__
    for fact in (part.title, part.question, part.assumptions, part.reference):
        assert len(fact) > 10
    assert part.question.endswith("?")


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_with_tables_and_intervals(name: str) -> None:
    found = result(name)
    assert found.tables
    assert all(len(frame) for frame in found.tables.values())
    assert any("low" in column for frame in found.tables.values() for column in frame.columns)
    assert found.findings or found.open_questions or name in DESCRIPTIVE


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_is_carried_by_its_interval(name: str) -> None:
    for finding in result(name).findings:
        assert finding.low > finding.null or finding.high < finding.null
        assert finding.low <= finding.estimate <= finding.high
        assert finding.statement.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_result_and_leaves_the_table_alone(name: str) -> None:
    data = table().copy()
    again = registry[name]().analyse(data, seed=1, context=CONTEXT)
    assert again.to_json() == result(name).to_json()
    pd.testing.assert_frame_equal(data, table())


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_rows_does_not_change_the_estimates(name: str) -> None:
    shuffled = registry[name]().analyse(table().sample(frac=1, random_state=3), seed=1, context=CONTEXT)
    first, second = result(name).tables, shuffled.tables
    for key, frame in first.items():
        columns = [
            c for c in frame.columns if c in ("alpha", "mean", "estimate", "spearman", "auc", "worth", "usefulness")
        ]
        np.testing.assert_allclose(frame[columns].astype(float), second[key][columns].astype(float), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_it_survives_json(name: str) -> None:
    text = json.dumps(result(name).to_json(), allow_nan=False)
    back = AnalysisResult.from_json(json.loads(text))
    assert back.findings == result(name).findings
    assert list(back.tables) == list(result(name).tables)
    assert back.to_json() == result(name).to_json()


THIN = {
    "no rows": lambda data: data.iloc[:0],
    "one row of each task": lambda data: data.groupby("task").head(1),
    "one reader": lambda data: data[data["reader"] == "r00"],
    "one case": lambda data: data[data["case"] == "c01"],
    "one method": lambda data: data[
        (data["method"] == "ig") & ((data["method_b"] == "lime") | data["method_b"].isna())
    ],
    "one score": lambda data: data.assign(
        score=3.0, answer=data["answer"].where(data["task"] == "ranking", "first"), initial=80.0, final=80.0
    ),
    "no scores": lambda data: data.assign(score=np.nan, answer=None, initial=np.nan, final=np.nan),
    "constant metrics": lambda data: data.assign(**{"metric.deletion": 0.5, "metric.srg": 0.5}),
    "no metrics": lambda data: data.drop(columns=["metric.deletion", "metric.srg"]),
    "all excluded": lambda data: data.assign(excluded_by="too fast"),
    "four readers": lambda data: data[data["reader"].isin(["r00", "r01", "r02", "r03"])],
}


@pytest.mark.parametrize("thin", THIN)
@pytest.mark.parametrize("name", NAMES)
def test_thin_data_are_said_to_be_thin(name: str, thin: str) -> None:
    data = THIN[thin](table())
    found = registry[name]().analyse(data, context=AnalysisContext(directions=CONTEXT.directions, bootstrap=50))
    json.dumps(found.to_json(), allow_nan=False)
    if name == "benchmark" and thin == "no scores":
        assert "no scored answers" in " ".join(found.warnings)
    elif name in OF_MAPS:
        assert found.warnings or thin not in ("no rows", "one case", "no metrics", "all excluded")
        assert not found.findings or thin not in ("no rows", "one case", "no metrics")
    elif thin in ("no rows", "one row of each task", "one case", "no scores", "all excluded"):
        assert found.warnings
        assert not found.findings
    if thin in ("one reader", "four readers") and name not in {"benchmark", *OF_MAPS}:
        assert found.warnings
        assert not found.findings


@pytest.mark.parametrize("name", NAMES)
def test_a_table_read_back_from_csv_gives_the_same_result(name: str) -> None:
    text = io.StringIO(table().to_csv(index=False))
    found = registry[name]().analyse(pd.read_csv(text, low_memory=False), seed=1, context=CONTEXT)
    again = found.to_json()
    assert again["warnings"] == result(name).to_json()["warnings"]
    for key, frame in result(name).tables.items():
        values = frame.select_dtypes("number")
        np.testing.assert_allclose(found.tables[key][values.columns].astype(float), values.astype(float), atol=1e-6)


def test_an_arm_without_advice_is_left_out_of_reliance() -> None:
    data = table()
    unaided = data[data["task"] == "diagnosis"].assign(arm="none", advice=np.nan, final=np.nan, method=None)
    found = registry["reliance"]().analyse(pd.concat([data, unaided]), seed=1, context=CONTEXT)
    pd.testing.assert_frame_equal(found.tables["reliance"], result("reliance").tables["reliance"])


def test_the_same_case_of_two_networks_makes_two_cases() -> None:
    data = table()[table()["task"] == "usefulness"].assign(network="densenet")
    other = data.assign(network="resnet", **{"metric.srg": data["metric.srg"] + 1.0})
    found = registry["benchmark"]().analyse(pd.concat([data, other]), seed=1, context=CONTEXT)
    assert found.tables["benchmark"].set_index("method").loc["ig", "maps"] == 32


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_column_gets_one_clear_sentence(name: str) -> None:
    with pytest.raises(ValueError, match="no column 'reader'"):
        registry[name]().analyse(table().drop(columns="reader"))


@pytest.mark.parametrize("name", NAMES)
def test_excluded_rows_do_not_count(name: str) -> None:
    extra = table().assign(score=1.0, answer="second", initial=90.0, final=10.0, excluded_by="too fast")
    extra["metric.srg"] = 0.0
    found = registry[name]().analyse(pd.concat([table(), extra]), seed=1, context=CONTEXT)
    assert {key: frame.to_json() for key, frame in found.tables.items()} == {
        key: frame.to_json() for key, frame in result(name).tables.items()
    }
    assert any("left out by exclusion rules" in warning for warning in found.warnings)


def test_a_finding_that_its_interval_does_not_carry_cannot_be_stated() -> None:
    with pytest.raises(ValueError, match="does not carry"):
        Finding("Maps help.", "gain", 0.2, -0.1, 0.5)
    with pytest.raises(ValueError, match="does not carry"):
        Finding("Maps help.", "gain", 0.2, float("nan"), float("nan"))
    assert Finding("Maps help.", "gain", 0.2, 0.1, 0.3).null == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_every_comparison_is_kept_as_a_test(name: str) -> None:
    found = result(name)
    assert {finding.measure for finding in found.findings} <= {each.measure for each in found.tests}
    for each in found.tests:
        assert np.isnan(each.p) or 0 <= each.p <= 1
        if each.low > each.null or each.high < each.null:
            assert np.isnan(each.p) or each.p < 0.06


def test_the_p_of_an_interval_is_that_of_the_comparison_alone() -> None:
    """Normal bounds for one, and for ten comparisons at once: z = 2.5 either way."""
    p = 2 * stats.norm.sf(2.5)
    for comparisons in (1, 10):
        reach = stats.norm.isf(0.025 / comparisons)
        assert Interval(2.5, 2.5 - reach, 2.5 + reach, comparisons=comparisons).p == pytest.approx(p)
    assert np.isnan(Interval(1.0, float("nan"), float("nan")).p)


def test_thin_data_are_wrong_arguments_too() -> None:
    assert issubclass(ThinData, ValueError)


def test_analyses_need_neither_torch_nor_django() -> None:
    code = (
        "import sys; sys.path.insert(0, 'platform'); from evaluation.analyses import registry; list(registry);"
        "assert not {'torch', 'django'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
