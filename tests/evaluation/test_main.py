from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.__main__ import main
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
