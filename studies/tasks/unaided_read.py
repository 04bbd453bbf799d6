"""Unaided read: the case alone."""

from __future__ import annotations

from dataclasses import dataclass

from studies.tasks import registry
from studies.tasks.reads import Read


@registry.register
@dataclass(frozen=True)
class UnaidedRead(Read):
    """The baseline that every aid is held against; its one arm is `unaided`."""

    name = "unaided-read"
    title = "Unaided read"
    reference = "Obuchowski & Rockette 1995, Commun Stat Simul Comput 24:285; Chakraborty 2006 (JAFROC)"
    summary = "The reader judges the image alone, nothing of the AI in view, and may mark where the finding is."
    aids = frozenset({"unaided"})
    seconds = 25
    shows = frozenset({"image"})
