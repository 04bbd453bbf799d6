"""AI-aided read: the AI's output in view, no map."""

from __future__ import annotations

from dataclasses import dataclass

from studies.tasks import registry
from studies.tasks.reads import Read


@registry.register
@dataclass(frozen=True)
class AidedRead(Read):
    """Arms are `none` (the AI's output) and, to see what it changes, `unaided`."""

    name = "aided-read"
    title = "Read with the AI's output"
    reference = "Obuchowski & Rockette 1995, Commun Stat Simul Comput 24:285; Gallas & Brown 2008"
    summary = "The reader judges the image with the AI's probability beside it, and may mark where the finding is."
    aids = frozenset({"unaided", "ai"})
    seconds = 25
    shows = frozenset({"image", "ai"})
