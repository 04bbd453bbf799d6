"""Which function a kind of job names; loaded by the worker alone, so that the web never imports torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from django.utils.module_loading import import_string

KINDS = {
    "explain": "portal.explanations.jobs.explain",
    "score": "portal.explanations.jobs.score",
    "report": "studies.jobs.report",
    "remind": "studies.jobs.remind",
    "power": "studies.jobs.power",
}
DAILY = ("remind",)
"""Kinds that an idle worker queues once a day by itself."""


class Progress(Protocol):
    """What a job tells while it works; each call also renews its lease."""

    def __call__(self, done: int, total: int, message: str = "") -> None:
        """`done` of `total` steps are finished."""


class UnknownKind(ValueError):
    """No job is called so."""


def work_of(kind: str) -> Callable[..., Any]:
    """The function behind a kind: called with the payload as keywords and `progress`."""
    if kind not in KINDS:
        raise UnknownKind(f"There is no job called {kind!r}; there are: {', '.join(sorted(KINDS))}.")
    work: Callable[..., Any] = import_string(KINDS[kind])
    return work
