from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.analyses import AnalysisContext, AnalysisResult, registry
from evaluation.statistics import auc, mrmc
from tests.evaluation.analyses.study import diagnosis_table

CONTEXT = AnalysisContext(directions={"srg": True}, bootstrap=500)


def analyse(name: str, table: pd.DataFrame, **parameters: object) -> AnalysisResult:
    return registry.build(name, dict(parameters)).analyse(table, seed=1, context=CONTEXT)


def planted(wrong: tuple[float, float], right: tuple[float, float], seed: int = 0) -> pd.DataFrame:
    """Decisions that follow the AI with known chances: `wrong` and `right` AI, unfaithful and faithful maps."""
    random = np.random.default_rng(seed)
    rows = []
    for reader in range(20):
        for case in range(60):
            faithful, truth, good = case % 2, case // 2 % 2, case % 3 > 0
            advice = truth if good else 1 - truth
            follows = random.random() < (right if good else wrong)[faithful]
            rows.append(
                {
                    "reader": f"r{reader}", "case": f"c{case}", "method": "grad-cam", "task": "diagnosis",
                    "question": "decision", "truth": truth, "advice": advice, "initial": truth,
                    "final": advice if follows else 1 - advice, "metric.srg": 0.5 * faithful + 0.001 * case,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_shares_are_those_of_the_four_cells() -> None:
    """Oracle: pandas group means."""
    table = planted((0.5, 0.2), (0.7, 0.9))
    found = analyse("faithful-reliance", table).tables["reliance"].set_index(["ai", "map"])
    middle = table.drop_duplicates("case")["metric.srg"].median()
    groups = table.assign(
        ai=np.where(table["advice"] == table["truth"], "right", "wrong"),
        map=np.where(table["metric.srg"] >= middle, "faithful", "unfaithful"),
        follows=table["final"] == table["advice"],
    ).groupby(["ai", "map"])["follows"]
    assert found["estimate"].to_dict() == pytest.approx(groups.mean().to_dict())
    assert found["decisions"].to_dict() == groups.size().to_dict()


def test_a_planted_effect_is_found_with_its_sign() -> None:
    found = analyse("faithful-reliance", planted((0.6, 0.2), (0.7, 0.9)))
    claims = " ".join(finding.statement for finding in found.findings)
    assert "Faithful maps lower reliance on a wrong AI" in claims
    assert "Faithful maps raise reliance on a right AI" in claims
    estimates = found.tables["contrasts"]["estimate"].tolist()
    assert estimates == pytest.approx([-0.4, 0.2, 0.6], abs=0.08)


def test_no_effect_is_left_open() -> None:
    found = analyse("faithful-reliance", planted((0.4, 0.4), (0.8, 0.8)))
    assert not found.findings
    assert len(found.open_questions) == 3


def test_a_metric_that_is_better_when_lower_is_turned() -> None:
    table = planted((0.6, 0.2), (0.7, 0.9))
    turned = table.assign(**{"metric.srg": -table["metric.srg"]})
    found = registry["faithful-reliance"]().analyse(
        turned, seed=1, context=AnalysisContext(directions={"srg": False}, bootstrap=500)
    )
    pd.testing.assert_frame_equal(found.tables["contrasts"], analyse("faithful-reliance", table).tables["contrasts"])


def test_an_unknown_metric_names_those_there_are() -> None:
    found = analyse("faithful-reliance", planted((0.6, 0.2), (0.7, 0.9)), metric="road")
    assert any("'road'; there are: srg" in warning for warning in found.warnings)


def crossed(gain: float, seed: int = 0) -> pd.DataFrame:
    """Twelve readers read forty cases in both arms; the second arm's maps help by `gain`."""
    random = np.random.default_rng(seed)
    rows = []
    for reader in range(12):
        for case in range(40):
            truth = case % 2
            initial = 50 + 15 * (truth - 0.5) + 12 * random.normal()
            for arm, shift in (("ai", 0.0), ("ai+xai", gain)):
                final = np.clip(initial + shift * (truth - 0.5) + 4 * random.normal(), 0, 100)
                rows.append((f"r{reader}", f"c{case}", arm, truth, truth, np.clip(initial, 0, 100), final))
    table = pd.DataFrame(rows, columns=["reader", "case", "arm", "truth", "advice", "initial", "final"])
    return table.assign(task="diagnosis", question="decision", method="grad-cam")


def test_crossed_arms_are_compared_as_the_statistic_does() -> None:
    table = crossed(gain=20.0)
    found = analyse("reader-study", table)
    long = pd.concat(
        [
            table.drop_duplicates(["reader", "case"]).assign(modality="first answer", rating=lambda t: t["initial"]),
            table.assign(modality=table["arm"], rating=table["final"]),
        ]
    )
    other = mrmc(long, reader="reader", case="case", modality="modality", truth="truth", rating="rating").contrasts()
    pd.testing.assert_frame_equal(found.tables["contrasts"], other)
    assert any("more accurate with ai+xai than with ai:" in finding.statement for finding in found.findings)


def test_split_designs_compare_first_and_final_answers() -> None:
    found = analyse("reader-study", diagnosis_table())
    assert any("Arms cannot be compared with the readers crossed" in warning for warning in found.warnings)
    assert found.tables["contrasts"][["first", "second"]].to_numpy().tolist() == [["final answer", "first answer"]]


def test_no_gain_is_left_open() -> None:
    found = analyse("reader-study", crossed(gain=0.0))
    assert not [finding for finding in found.findings if "ai+xai" in finding.statement and " ai:" in finding.statement]
    assert any("differs between" in question for question in found.open_questions)


def test_readers_of_different_cases_are_compared_over_all_readings() -> None:
    table = crossed(gain=25.0).query("arm == 'ai+xai'")
    apart = table[table.groupby("case").cumcount() % 6 == table["case"].str[1:].astype(int) // 2 % 6]
    found = analyse("reader-study", apart)
    assert any("No case was read by all readers" in warning for warning in found.warnings)
    row = found.tables["contrasts"].iloc[0]
    areas = [auc(apart["truth"].to_numpy(), apart[name].to_numpy()).estimate for name in ("final", "initial")]
    assert row["estimate"] == pytest.approx(areas[0] - areas[1], abs=1e-12)
    assert row["low"] < row["estimate"] < row["high"]
