"""Judging explanations: metrics of maps, statistics of ratings, analyses that join the two."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Load `score_all` on first use, so that `from evaluation import statistics` stays light."""
    if name == "score_all":
        from evaluation.metrics.plan import score_all

        return score_all
    raise AttributeError(f"module 'evaluation' has no attribute {name!r}")
