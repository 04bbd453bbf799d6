"""Statistics of reader studies: plain functions of tidy data frames, each with a frozen result."""

from evaluation.statistics.appropriate_reliance import Reliance, reliance, reliance_contrasts, reliance_intervals
from evaluation.statistics.association import association
from evaluation.statistics.bootstrap import group_means
from evaluation.statistics.cumulative_link import CumulativeLinkFit, clmm
from evaluation.statistics.errors import StatisticsError, ThinData
from evaluation.statistics.krippendorff import Alpha, krippendorff_alpha
from evaluation.statistics.paired_comparison import PairedComparison, bradley_terry
from evaluation.statistics.proportions import Proportion, proportion
from evaluation.statistics.ranks import Friedman, friedman
from evaluation.statistics.roc import Area, AreaComparison, auc, clustered_auc, delong

__all__ = [
    "Alpha",
    "Area",
    "AreaComparison",
    "CumulativeLinkFit",
    "Friedman",
    "PairedComparison",
    "Proportion",
    "Reliance",
    "StatisticsError",
    "ThinData",
    "association",
    "auc",
    "bradley_terry",
    "clmm",
    "clustered_auc",
    "delong",
    "friedman",
    "group_means",
    "krippendorff_alpha",
    "proportion",
    "reliance",
    "reliance_contrasts",
    "reliance_intervals",
]
