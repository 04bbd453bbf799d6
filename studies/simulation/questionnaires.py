"""How simulated readers fill in questionnaires: known traits again, so that scores can be checked against them.

Scales follow a reader's disposition: trusting readers agree more, lazy ones stay near the middle, and items scatter
around that. Lazy readers fail a comprehension check at their first attempt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foundation.seeds import derive
from studies.questionnaires import Item, Questionnaire
from studies.simulation.readers import SimulatedReader

AGREEMENT = {"calibrated": 0.55, "trusting": 0.8, "lazy": 0.5}
"""Where on a scale from 0 to 1 a reader's answers lie on average; reversed items are answered at the other end."""
SCATTER = 0.12
SENTENCES = (
    "The highlight helped where the finding was small.",
    "Some highlights lay on the edge of the lung; I ignored them.",
    "I looked at the image first, then at the colour.",
    "Grainy maps were tiring.",
)


def fill(
    reader: SimulatedReader,
    asked: Questionnaire,
    place: str,
    attempt: int,
    figures: Sequence[str],
    reversed_items: frozenset[str] = frozenset(),
) -> dict[str, int | float | str]:
    """Every item answered; `figures` are those of the reader's plates, `place` tells repeated scales apart."""
    found: dict[str, int | float | str] = {}
    for item in asked.items:
        rng = np.random.default_rng(derive(reader.seed, "form", reader.index, asked.name, place, item.name))
        found[item.name] = _answer(reader, item, rng, attempt, figures, item.name in reversed_items)
    return found


def _answer(
    reader: SimulatedReader,
    item: Item,
    rng: np.random.Generator,
    attempt: int,
    figures: Sequence[str],
    turned: bool,
) -> int | float | str:
    if item.kind == "plate":
        return figures[int(item.name.rsplit("-", 1)[1]) - 1]
    if item.kind == "text":
        return SENTENCES[int(rng.integers(len(SENTENCES)))]
    if item.right is not None:
        wrong = [each.value for each in item.choices if each.value != item.right]
        return wrong[0] if reader.kind == "lazy" and attempt == 1 else item.right
    if item.kind in {"scale", "slider"}:
        return _on_scale(reader, item, rng, turned)
    return item.choices[int(rng.integers(len(item.choices)))].value


def _on_scale(reader: SimulatedReader, item: Item, rng: np.random.Generator, turned: bool) -> int | float | str:
    share = float(np.clip(AGREEMENT[reader.kind] + 0.1 * reader.leniency + rng.normal(0, SCATTER), 0, 1))
    share = 1 - share if turned else share
    if item.kind == "scale":
        return item.choices[round(share * (len(item.choices) - 1))].value
    low, high, step = item.ends
    return low + step * round(share * (high - low) / step)
