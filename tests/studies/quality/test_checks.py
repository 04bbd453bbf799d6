"""Each check on readings made for it: what it must flag, and what it must leave alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from studies.quality import Quality, flags_of, registry
from studies.quality.base import COLUMNS

GOOD: dict[str, Any] = {
    "block": "rate",
    "purpose": "ordinary",
    "done": True,
    "seconds": 12.0,
    "side": None,
    "away": 0.05,
    "overlay_due": True,
    "overlay_shown": True,
    "gaps": False,
    "width": 1440.0,
    "pixel_ratio": 1.0,
    "quiz_failed": False,
    "colour_failed": False,
}


def reader(name: str, trials: int = 24, seed: int = 0, **changes: Any) -> pd.DataFrame:
    """A reader beyond reproach, with what is changed; a change may be a list, a value a trial."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, 5, trials)
    frame = pd.DataFrame(
        {
            "reader": name,
            "trial": np.arange(trials) + 1000 * (abs(hash(name)) % 1000),
            "position": np.arange(trials),
            "condition": [f"c{number}" for number in range(trials)],
            "level": steps / 4,
            "answers": [f"{step} {number % 7}" for number, step in enumerate(steps)],
            "account": f"{name}@example.org",
        }
    ).assign(**GOOD)
    return frame.assign(**changes)[list(COLUMNS)]


def flagged(*readers: pd.DataFrame, **limits: Any) -> dict[str, dict[str, int]]:
    """Reader to the checks that flag any of their trials, with how many."""
    readings = pd.concat(readers, ignore_index=True)
    found: dict[str, dict[str, int]] = {}
    for name, flags in flags_of(readings, Quality(**limits)).by_check.items():
        assert flags.dtype == bool
        assert len(flags) == len(readings)
        for who, count in readings.loc[flags.to_numpy(), "reader"].value_counts().items():
            found.setdefault(str(who), {})[name] = int(count)
    return found


def test_a_careful_reader_is_not_flagged() -> None:
    assert flagged(reader("one", seed=1), reader("two", seed=2), reader("three", seed=3)) == {}


def values(normal: Any, odd: Any, count: int, trials: int = 24) -> list[Any]:
    return [odd] * count + [normal] * (trials - count)


@pytest.mark.parametrize(
    ("check", "count", "changes"),
    [
        ("too-fast", 3, {"seconds": values(12.0, 1.9, 3)}),
        ("too-fast", 2, {"seconds": values(20.0, 3.9, 2)}),
        ("too-slow", 1, {"seconds": values(20.0, 601.0, 1)}),
        ("failed-quiz", 24, {"quiz_failed": True}),
        ("failed-colour-check", 24, {"colour_failed": True}),
        ("failed-catch", 24, {"purpose": values("ordinary", "catch", 2), "level": values(0.0, 0.75, 2)}),
        ("overlay-never-shown", 2, {"overlay_shown": values(True, False, 2)}),
        ("straight-lining", 12, {"answers": values("x", "4 4", 12)[:12] + [f"a{n}" for n in range(12)]}),
        ("straight-lining", 24, {"answers": "3 3"}),
        ("side-bias", 24, {"side": values("second", "first", 23)}),
        ("focus-loss", 4, {"away": values(0.1, 0.21, 4)}),
        ("small-screen", 24, {"width": 767.0}),
        ("small-screen", 24, {"pixel_ratio": 0.8}),
        ("event-gaps", 5, {"gaps": values(False, True, 5)}),
        ("incomplete", 24, {"done": values(True, False, 1)}),
        ("order-trend", 24, {"level": list(np.linspace(0.1, 0.9, 24))}),
        ("block-drift", 24, {"level": values(0.9, 0.1, 8)}),
    ],
)
def test_each_check_flags_what_it_is_for(check: str, count: int, changes: dict[str, Any]) -> None:
    others = [reader(f"other-{number}", seed=number + 40) for number in range(12)]
    found = flagged(reader("odd", **changes), *others)
    assert found.get("odd", {}).get(check) == count
    assert [name for name in found if check in found[name]] == ["odd"]


def test_unknown_values_flag_nothing() -> None:
    unknown: dict[str, Any] = {"seconds": np.nan, "away": np.nan, "overlay_shown": None, "gaps": None, "level": np.nan}
    assert flagged(reader("silent", width=np.nan, pixel_ratio=np.nan, answers=None, account="", **unknown)) == {}


def test_repeats_are_compared_with_their_own_first_answers() -> None:
    rng = np.random.default_rng(3)
    levels = rng.integers(0, 5, 20) / 4
    first = reader("same", 20, level=levels)
    again = first.head(4).assign(purpose="repeat", position=range(20, 24), trial=range(90_000, 90_004))
    assert flagged(pd.concat([first, again])) == {}
    turned = again.assign(level=1 - levels[:4].round(), reader="turned")
    opposed = pd.concat([first.assign(reader="turned", level=levels.round(), account="t@x.org"), turned])
    assert flagged(opposed)["turned"] == {"repeat-disagreement": 24}


def test_two_accounts_of_one_person() -> None:
    one, two = reader("one", seed=1, account="ada@x.org"), reader("two", seed=2, account="ada@x.org")
    assert flagged(one, two, reader("three", seed=3)) == {
        "one": {"duplicate-account": 24},
        "two": {"duplicate-account": 24},
    }
    copied = reader("one", seed=1), reader("two", seed=1)
    assert flagged(*copied)["two"] == {"duplicate-account": 24}


def test_one_side_by_lot_is_no_bias() -> None:
    rng = np.random.default_rng(1)
    for seed in range(20):
        sides = list(rng.choice(["first", "second", "tie"], 24))
        assert "side-bias" not in flagged(reader("fair", seed=seed, side=sides)).get("fair", {})


def test_limits_are_the_protocols() -> None:
    slow = reader("slow", seconds=30.0)
    assert flagged(slow, min_seconds=31.0)["slow"] == {"too-fast": 24}
    assert flagged(reader("wide", width=1000.0), min_width=1001)["wide"] == {"small-screen": 24}


def test_drift_is_rarely_found_where_there_is_none() -> None:
    """Both checks together flag fewer than one in twelve of readers whose answers are noise."""
    found = flagged(*(reader(f"r{seed}", seed=seed) for seed in range(120)))
    assert sum(bool({"order-trend", "block-drift"} & set(names)) for names in found.values()) <= 10


def test_every_check_says_what_it_is() -> None:
    for check in registry:
        assert check.title
        assert check.level in ("trial", "reader")
        assert check.__doc__
