"""Whether an order can keep its limits at all: proofs by counting, before anything is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from studies.designs.base import DesignError, Limits, Planned


def require_apart(cases: int, rounds: int, apart: int) -> None:
    """DesignError where a case would have to come again sooner than `apart` trials.

    Any `apart` trials in a row would be of as many different cases; this is also enough, for the rounds may all have
    the same order.
    """
    if rounds > 1 and apart > cases:
        raise DesignError(
            f"With apart {apart}, any {apart} trials in a row are of {apart} different cases, and there are {cases}: "
            f"the same case can come again after {cases} trials at most."
        )


def require_runs(trials: Sequence[Planned], limits: Limits) -> None:
    """DesignError where an arm has more trials than the others can part into runs that are short enough."""
    most = limits.longest_run
    counts = Counter(trial.key for trial in trials)
    if most is None or len(counts) < 2:
        return  # a single arm has nothing to be parted by: the limit says nothing
    key, count = counts.most_common(1)[0]
    rest = len(trials) - count
    if count > most * (rest + 1):
        raise DesignError(
            f"{count} of {len(trials)} trials are of {' and '.join(sorted(key))}; the {rest} others part them into "
            f"{rest + 1} runs at most, which hold {most * (rest + 1)} if none is longer than {most}."
        )


def require_turns(cases: int, arms: int, rounds: int, limits: Limits) -> None:
    """DesignError for the one case in which two limits that can be kept alone cannot be kept together.

    Two arms that alternate (`longest_run` 1) over an even number of cases: a round that starts with the first arm ends
    with the second, so the next round must start with the first; but there each case has the other arm, so its order
    cannot be that of the round before, and with `apart` equal to the number of cases it would have to be.
    """
    if (limits.longest_run, arms, rounds) == (1, 2, 2) and cases % 2 == 0 and limits.apart == cases:
        raise DesignError(
            f"With apart {cases} both rounds have the same order of {cases} cases; the last trial of the first round "
            f"and the first of the second are then of the same arm, and longest_run 1 forbids it; apart {cases - 1} "
            "can be kept."
        )
