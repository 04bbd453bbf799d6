"""Statistics of reader studies: plain functions of tidy data frames, each with a frozen result."""

from evaluation.statistics.appropriate_reliance import Reliance, reliance, reliance_intervals
from evaluation.statistics.association import association
from evaluation.statistics.bootstrap import group_means
from evaluation.statistics.cumulative_link import CumulativeLinkFit, clmm
from evaluation.statistics.errors import StatisticsError, ThinData
from evaluation.statistics.krippendorff import Alpha, krippendorff_alpha

__all__ = [
    "Alpha",
    "CumulativeLinkFit",
    "Reliance",
    "StatisticsError",
    "ThinData",
    "association",
    "clmm",
    "group_means",
    "krippendorff_alpha",
    "reliance",
    "reliance_intervals",
]
