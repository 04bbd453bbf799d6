from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from evaluation.__main__ import main
from evaluation.statistics import PowerGrid, crossed_design, planned_power, power_grid
from evaluation.statistics.power_plan import USUAL_VARIANCES

SMALL = ["--simulations", "4", "--variance", "rater=0.5", "--variance", "case=0.5"]
GRID = ["power", "--readers", "4", "6", "--cases", "5", "--methods", "ig", "lime", "--effect", "lime=1.5", *SMALL]


def test_it_prints_a_row_for_each_point(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(GRID) == 0
    text = capsys.readouterr().out
    assert "Power to find method[lime], 4 simulated studies a point" in text
    assert len(text.strip().splitlines()) == 5


def test_json_holds_the_grid_and_what_confirms_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = PowerGrid.confirm
    monkeypatch.setattr(PowerGrid, "confirm", lambda grid, *point: usual(grid, *point, simulations=3))
    assert main([*GRID, "--json", "--confirm", "6x5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(point["readers"], point["cases"], point["ratings"]) for point in found["points"]] == [
        (4, 5, 40),
        (6, 5, 60),
    ]
    assert found["confirmed"]["simulations"] == 3
    assert 0 <= found["confirmed"]["low"] <= found["confirmed"]["power"] <= found["confirmed"]["high"] <= 1


def test_a_planned_design_is_read_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "planned.csv"
    design = crossed_design(5, 6, ["ig", "lime"]).rename(columns={"rater": "reader"})
    design[(design["reader"] + design["case"]) % 2 == 0].to_csv(path, index=False)
    assert main(["power", "--design", str(path), "--effect", "lime=1", *SMALL, "--json"]) == 0
    point = json.loads(capsys.readouterr().out)["points"][0]
    assert (point["readers"], point["cases"], point["ratings"]) == (5, 6, 30)


def test_plain_names_ask_for_the_same_as_the_grid() -> None:
    plain = planned_power(effects={"b": 1.0}, readers=[5], cases=[6], methods=["a", "b"], simulations=5, seed=3)
    full = power_grid(
        effects={"method[b]": 1.0},
        variances=USUAL_VARIANCES,
        readers=[5],
        cases=[6],
        methods=["a", "b"],
        simulations=5,
        seed=3,
    )
    pd.testing.assert_frame_equal(plain.table, full.table)


def test_the_reference_may_be_any_method() -> None:
    found = planned_power(
        effects={"a": -2.5}, readers=[8], cases=[8], methods=["a", "b", "c"], reference="c", simulations=6, seed=1
    )
    assert found.effect == "method[a]"
    assert found.table["power"].item() > 0.8


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["power"], "Name the methods and the numbers"),
        (["power", "--methods", "a", "b", "--effect", "b=1"], "The grid has no number of readers."),
        (["power", "--readers", "4", "--cases", "4", "--methods", "a", "b"], "Name the effect to find"),
        ([*GRID, "--effect", "shap=1"], "'shap' is none of the methods: ig, lime."),
        ([*GRID, "--effect", "ig=1"], "'ig' is what the other methods are compared with"),
        ([*GRID, "--effect", "lime"], "--effect 'lime' must read NAME=NUMBER."),
        ([*GRID, "--variance", "rater=much"], "--variance 'rater=much' must read NAME=NUMBER."),
        ([*GRID, "--variance", "desk=1"], "'desk' is no variance of a study"),
        ([*GRID, "--variance", "rater=-1"], "The variance of 'rater' must be at least 0."),
        ([*GRID, "--readers", "few"], "invalid int value"),
        ([*GRID, "--alpha", "5"], "alpha must lie between 0 and 1"),
        ([*GRID, "--simulations", "0"], "At least one simulation is needed."),
        ([*GRID, "--confirm", "many"], "must read READERSxCASES"),
        ([*GRID, "--confirm", "9x9"], "The grid has no point of 9 readers and 9 cases."),
        ([*GRID, "--reference", "shap"], "The reference 'shap' is none of the methods"),
        ([*GRID, "--design", "nowhere.csv"], "There is no file nowhere.csv."),
        ([*GRID, "--design", __file__], "is not a CSV table|A design says itself"),
    ],
)
def test_a_mistake_gets_one_clear_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert any(part in captured.err for part in sentence.split("|"))


def test_a_design_without_a_column_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "planned.csv"
    crossed_design(3, 3, ["a", "b"]).drop(columns="case").to_csv(path, index=False)
    assert main(["power", "--design", str(path), "--effect", "b=1"]) == 2
    assert "no column 'case'" in capsys.readouterr().err
