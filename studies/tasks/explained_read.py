"""Explained read: the AI's output and, depending on the arm, its map."""

from __future__ import annotations

from dataclasses import dataclass

from studies.tasks import registry
from studies.tasks.reads import Read


@registry.register
@dataclass(frozen=True)
class ExplainedRead(Read):
    """The difference to the arm `none` is the effect of the explanation; each case is read in one arm only."""

    name = "explained-read"
    title = "Read with the AI's output and its map"
    reference = "Obuchowski & Rockette 1995, Commun Stat Simul Comput 24:285; Jin et al. 2023, arXiv:2202.10553"
    summary = "The reader judges the image with the AI's probability and, in some arms, a map of what it rests on."
    aids = frozenset({"unaided", "ai", "explained"})
    seconds = 30
    shows = frozenset({"image", "ai", "map"})
