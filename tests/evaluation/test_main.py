from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.__main__ import main
from evaluation.analyses import registry
from foundation.registry import parameters_of
from tests.evaluation.analyses.study import usefulness_table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tables") / "ratings.csv"
    usefulness_table().to_csv(path, index=False)
    return str(path)


def test_it_prints_tables_and_sentences(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", table, "--bootstrap", "50"]) == 0
    text = capsys.readouterr().out
    assert "[agreement]" in text
    assert "Findings:" in text


def test_it_prints_json_with_parameters_and_directions(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["quadrant", table, "--json", "--bootstrap", "50", "--lower", "deletion", "--set", "metric=deletion"]
    assert main([*options, "--set", "line=2.5"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["name"] == "quadrant"
    assert data["warnings"] == []
    columns = data["tables"]["quadrant"]["columns"]
    assert {row[columns.index("usefulness_line")] for row in data["tables"]["quadrant"]["rows"]} == {2.5}


def test_it_lists_the_analyses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert "usefulness-model:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["agrement", "TABLE"], "Did you mean agreement"),
        (["agreement", "nowhere.csv"], "There is no file nowhere.csv."),
        (["agreement"], "Name the CSV file to analyse."),
        (["agreement", "TABLE", "--sed", "3"], "Unrecognized arguments: --sed 3"),
        (["agreement", "TABLE", "--seed", "x"], "invalid int value"),
        (["agreement", "TABLE", "--set", "floor"], "must read NAME=VALUE"),
        (["agreement", "TABLE", "--set", "floor=high"], "floor cannot be 'high'"),
        (["benchmark", "TABLE", "--lower", "road"], "no metric 'road'"),
        (["preference", __file__], "is not a CSV table|no column"),
    ],
)
def test_a_mistake_gets_one_clear_sentence_and_status_2(
    arguments: list[str], message: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([table if argument == "TABLE" else argument for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert any(part in captured.err for part in message.split("|"))


def test_it_runs_as_a_module(table: str) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "evaluation", "agreement", table, "--bootstrap", "20"],
        cwd=root,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "alpha" in done.stdout


@pytest.mark.parametrize("name", [part.name for part in registry])
def test_help_names_the_columns_and_the_parameters(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    part = registry[name]
    assert all(f"  {column}: " in text for column in (*part.needs, *part.uses))
    assert all(f"  {parameter.name}=" in text for parameter in parameters_of(part))


MISTAKES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a missing column": (lambda data: data.drop(columns="score"), "no column 'score'"),
    "one reader": (lambda data: data[data["reader"] == "r00"], "Only 1 reader"),
    "text in a score column": (lambda data: data.assign(score="good"), "not a number"),
    "all answers equal": (lambda data: data.assign(score=3.0), "All"),
    "an empty table": (lambda data: data.iloc[:0], "no rows|no answers"),
    "no answers given": (lambda data: data.assign(score=np.nan), "no"),
    "another task's table": (lambda data: data.assign(task="preference"), "no answers of the task 'usefulness'"),
    "all rows excluded": (lambda data: data.assign(excluded_by="too fast"), "There are no rows to analyse."),
    "an infinite score": (lambda data: data.assign(score=np.inf), "infinite"),
    "a comma for the decimal point": (lambda data: data.assign(score="3,5"), "not a number"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", ["agreement", "usefulness-model"])
def test_a_mistake_in_the_data_gets_a_clear_sentence(
    name: str, mistake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, sentence = MISTAKES[mistake]
    path = tmp_path / "ratings.csv"
    change(usefulness_table()).to_csv(path, index=False)
    status = main([name, str(path), "--bootstrap", "20"])
    captured = capsys.readouterr()
    said = captured.err if status else captured.out.partition("Warnings:")[2]
    assert any(part in said for part in sentence.split("|")), captured
    assert "Traceback" not in captured.err
    assert status == 0 or captured.err.count("\n") == 1
