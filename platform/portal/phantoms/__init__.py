"""Chest-radiograph phantoms with known truth: pure numpy, drawn from a seed."""

from portal.phantoms.drawing import draw, draw_all
from portal.phantoms.sets import ladder_set, reading_set, tagged, training_set
from portal.phantoms.spec import (
    FIELD_OF_VIEW_MM,
    FINDINGS,
    HIGHEST,
    LADDER,
    PHANTOM_NOTES,
    PHANTOM_TITLE,
    SPLITS,
    Finding,
    Level,
    Phantom,
    PhantomError,
    PhantomSpec,
    Photometric,
    Split,
)

__all__ = [
    "FIELD_OF_VIEW_MM",
    "FINDINGS",
    "HIGHEST",
    "LADDER",
    "PHANTOM_NOTES",
    "PHANTOM_TITLE",
    "SPLITS",
    "Finding",
    "Level",
    "Phantom",
    "PhantomError",
    "PhantomSpec",
    "Photometric",
    "Split",
    "draw",
    "draw_all",
    "ladder_set",
    "reading_set",
    "tagged",
    "training_set",
]
