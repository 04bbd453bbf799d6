"""Interaction events of a trial: which are taken, and what follows from them. Pure: knows no database."""

from studies.events.batch import Batch, InvalidBatch, batch_of
from studies.events.measures import Measures, measures_of
from studies.events.timeline import Page

__all__ = ["Batch", "InvalidBatch", "Measures", "Page", "batch_of", "measures_of"]
