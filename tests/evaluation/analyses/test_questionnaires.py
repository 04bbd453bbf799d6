from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.analyses import registry
from evaluation.statistics import cronbach_alpha, scale_score
from tests.evaluation.analyses.study import questionnaire_table


def test_scores_and_their_bounds_are_those_of_the_instrument() -> None:
    """Oracle: the statistic on a pivoted table, scipy's t interval."""
    table = questionnaire_table()
    found = registry["questionnaires"]().analyse(table).tables
    sus = table[table["instrument"] == "sus"].pivot(index="reader", columns="item", values="score")
    scores = scale_score("sus", sus)
    row = found["scores"].query("instrument == 'sus' and part == 'score'").iloc[0]
    low, high = stats.t.interval(0.95, len(scores) - 1, scores.mean(), stats.sem(scores))
    assert row[["mean", "low", "high"]].tolist() == pytest.approx([scores.mean(), low, high])
    toast = found["scores"].query("instrument == 'toast'")
    assert toast["part"].tolist() == ["score", "understanding", "performance"]


def test_consistency_is_that_of_turned_items() -> None:
    table = questionnaire_table()
    found = registry["questionnaires"]().analyse(table).tables["consistency"].set_index("instrument")
    sus = table[table["instrument"] == "sus"].pivot(index="reader", columns="item", values="score")
    turned = sus.copy()
    turned[[2, 4, 6, 8, 10]] = 6 - turned[[2, 4, 6, 8, 10]]
    assert found.loc["sus", "alpha"] == pytest.approx(cronbach_alpha(turned).estimate)
    assert found["alpha"].min() > 0.7


def test_readers_may_be_parted_by_a_column() -> None:
    table = questionnaire_table().assign(arm=lambda rows: np.where(rows["reader"] < "r06", "with maps", "without"))
    found = registry.build("questionnaires", {"by": "arm"}).analyse(table).tables["scores"]
    assert set(found["group"]) == {"with maps", "without"}
    assert set(found["n"]) == {6}


def test_a_reader_who_answers_an_item_twice_is_refused() -> None:
    table = questionnaire_table()
    with pytest.raises(ValueError, match="answered an item of System Usability Scale twice"):
        registry["questionnaires"]().analyse(pd.concat([table, table.iloc[:1]]))
