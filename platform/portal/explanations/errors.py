"""What can be wrong with a request for explanations or scores."""

from __future__ import annotations


class ExplanationError(ValueError):
    """These explanations cannot be made."""


class NothingToExplain(ExplanationError):
    """The dataset has no approved cases."""


class NothingToScore(ExplanationError):
    """There are no maps to score."""


class UnknownTruth(ExplanationError):
    """The method needs the reference standard's mask, and a case has none."""
