"""Statistics of reader studies: plain functions of tidy data frames, each with a frozen result."""

from evaluation.statistics.cumulative_link import CumulativeLinkFit, clmm
from evaluation.statistics.errors import StatisticsError
from evaluation.statistics.krippendorff import Alpha, krippendorff_alpha

__all__ = ["Alpha", "CumulativeLinkFit", "StatisticsError", "clmm", "krippendorff_alpha"]
