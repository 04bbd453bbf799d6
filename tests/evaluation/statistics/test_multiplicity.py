from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics import families


def made(primary: list[float], others: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"p": primary + others, "named": [True] * len(primary) + [False] * len(others)})


def test_holm_and_benjamini_hochberg_by_hand() -> None:
    """Holm: .01 x 3, max(.02 x 2, .03), max(.04, .04); BH: p x m / rank, running minimum from the largest."""
    found = families(made([0.01, 0.02, 0.04], [0.01, 0.04, 0.03, 0.5]), p="p", primary="named")
    assert found["p_adjusted"].tolist() == pytest.approx([0.03, 0.04, 0.04, 0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert found["holds"].tolist() == [True, True, True, True, False, False, False]
    assert found["adjustment"].tolist() == ["Holm"] * 3 + ["Benjamini-Hochberg"] * 4


def test_the_families_do_not_touch_each_other() -> None:
    alone = families(made([0.01, 0.02], []), p="p", primary="named")["p_adjusted"]
    together = families(made([0.01, 0.02], [0.9] * 50), p="p", primary="named")["p_adjusted"]
    assert together[:2].tolist() == alone.tolist()


def test_a_missing_p_stays_missing_and_does_not_count() -> None:
    found = families(made([0.01, np.nan], []), p="p", primary="named")
    assert found["p_adjusted"][0] == 0.01
    assert np.isnan(found["p_adjusted"][1])
    assert not found["holds"][1]


def test_what_is_no_p_value_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        families(made([1.2], []), p="p", primary="named")
    with pytest.raises(ValueError, match="no column 'q'"):
        families(made([0.1], []), p="q", primary="named")
