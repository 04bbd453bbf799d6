from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics import Instrument, instrument, instruments, scale_score, subscale_scores

SLUGS = [
    "ai-attitude",
    "explanation-satisfaction",
    "jian",
    "nasa-tlx",
    "sus",
    "system-causability",
    "toast",
    "trust",
]


def test_all_promised_instruments_are_there() -> None:
    assert [each.slug for each in instruments()] == SLUGS


@pytest.mark.parametrize("each", instruments(), ids=SLUGS)
def test_an_instrument_says_where_it_comes_from_and_how_it_is_read(each: Instrument) -> None:
    assert each.citation
    assert each.licence
    assert each.measures
    assert each.reading
    assert each.version >= 1
    assert each.has_wording or "wording" in each.licence


@pytest.mark.parametrize("each", instruments(), ids=SLUGS)
def test_the_worst_and_the_best_answers_give_the_ends_of_the_score(each: Instrument) -> None:
    """Independent of the code's path: every item at the end that speaks for, or against, what is measured."""
    low = [each.high if item.reversed else each.low for item in each.items]
    high = [each.low if item.reversed else each.high for item in each.items]
    scores = scale_score(each.slug, pd.DataFrame([low, high], dtype=float))
    assert scores.tolist() == pytest.approx([each.scoring.low, each.scoring.high])


@pytest.mark.parametrize("each", instruments(), ids=SLUGS)
def test_a_translation_has_each_item_and_turns_the_same_ones(each: Instrument) -> None:
    for translation in each.translations.values():
        assert translation.note
        assert all(item.text for item in translation.items)
        assert len(translation.items) == len(each.items)
        assert [bool(item.low_label) for item in translation.items] == [bool(item.low_label) for item in each.items]


def test_only_wording_that_may_be_translated_is() -> None:
    """Public domain, CC BY and our own; the others' translations are their publishers' matter."""
    free = ("Public domain", "CC BY", "Free to use, as this project")
    assert all(each.licence.startswith(free) for each in instruments() if each.translations)


def test_parts_are_reported_as_they_were_answered() -> None:
    trust = subscale_scores("jian", pd.DataFrame([[6.0] * 5 + [2.0] * 7]))
    assert trust.to_dict("records") == [{"distrust": 6.0, "trust": 2.0}]
    answers = pd.DataFrame([[1.0, 7, 1, 1, 7, 7, 7, 1, 7], [2.0, 4, 2, 2, 4, 4, 4, np.nan, 4]])
    toast = subscale_scores("toast", answers)
    assert toast["understanding"].tolist()[0] == 1.0
    assert toast["performance"].tolist() == [7.0, 4.0]
    assert np.isnan(toast["understanding"][1])
    assert subscale_scores("sus", pd.DataFrame([[3.0] * 10])).shape == (1, 0)


def test_an_unknown_instrument_is_refused() -> None:
    with pytest.raises(ValueError, match="scale cannot be 'sas'"):
        instrument("sas")
