"""The colour-vision screening: what readers say of themselves, and what they see on three plates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from studies.questionnaires.base import Answers, Questionnaire
from studies.questionnaires.plates import FIGURES, PLATES

REPORTED = {"red-green", "other"}
"""Self-reports that are a flag by themselves."""
UNSEEN = "cannot-look"


@dataclass(frozen=True)
class ColourVision(Questionnaire):
    """A screening, not a diagnosis: its outcome is a flag for analyses, and never sends anybody away."""

    kind: ClassVar[str] = "colour-vision"

    def outcome(self, answers: Answers, seed: int) -> dict[str, Any]:
        """How many plates were seen rightly, how many could not be looked at, and whether that is a flag."""
        given = [answers.get(f"plate-{number}") for number in range(1, len(PLATES) + 1)]
        seen = sum(answer == figure for answer, figure in zip(given, figures(seed), strict=True))
        skipped = given.count(UNSEEN)
        flagged = answers.get("own-report") in REPORTED or seen + skipped < len(given)
        return {"seen": seen, "of": len(given), "skipped": skipped, "flag": flagged}


def figures(seed: int) -> tuple[str, ...]:
    """The figures hidden in a reader's plates, each plate with another one."""
    drawn = np.random.default_rng(seed).permutation(len(FIGURES))[: len(PLATES)]
    return tuple(FIGURES[place] for place in drawn)
