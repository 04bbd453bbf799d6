"""Which way is up: the direction of a metric as the context states it."""

from __future__ import annotations

from evaluation.analyses.base import Setting
from evaluation.analyses.result import Draft


def higher_is_better(name: str, draft: Draft, setting: Setting) -> bool:
    """The direction of a metric; one that nobody stated is warned about and taken as it is."""
    if name not in setting.context.directions:
        draft.warn(f"The direction of the metric {name!r} is not stated; higher is taken to be better.")
    return bool(setting.context.directions.get(name, True))
