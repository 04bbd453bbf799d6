"""Statistics of reader studies: plain functions of tidy data frames, each with a frozen result."""

from evaluation.statistics.appropriate_reliance import Reliance, reliance, reliance_contrasts, reliance_intervals
from evaluation.statistics.association import association
from evaluation.statistics.attenuation import attenuation
from evaluation.statistics.blinding_index import BlindingIndex, blinding_index
from evaluation.statistics.bootstrap import group_means
from evaluation.statistics.cumulative_link import CumulativeLinkFit, clmm
from evaluation.statistics.equivalence import Equivalence, tost
from evaluation.statistics.errors import StatisticsError, ThinData
from evaluation.statistics.intraclass import Intraclass, icc
from evaluation.statistics.kappa import Agreement, FleissKappa, cohen_kappa, fleiss_kappa, gwet_ac
from evaluation.statistics.krippendorff import Alpha, krippendorff_alpha
from evaluation.statistics.linear_mixed import LinearMixedDesign, LinearMixedFit, lmm
from evaluation.statistics.multiplicity import families
from evaluation.statistics.omega import mcdonald_omega
from evaluation.statistics.paired_comparison import PairedComparison, bradley_terry
from evaluation.statistics.plackett_luce import RankedComparison, plackett_luce
from evaluation.statistics.power import Power, power
from evaluation.statistics.power_grid import PowerGrid, crossed_design, power_grid
from evaluation.statistics.power_plan import planned_power
from evaluation.statistics.power_reading import expected_area
from evaluation.statistics.power_reference import type_one_error
from evaluation.statistics.power_reliance import reliance_power
from evaluation.statistics.proportional_odds import ProportionalOdds
from evaluation.statistics.proportions import Proportion, proportion
from evaluation.statistics.questionnaires import Instrument, instrument, instruments
from evaluation.statistics.ranks import Friedman, friedman
from evaluation.statistics.reader_study import Components, ReaderStudy, StudySize, jafroc, mrmc, mrmc_power
from evaluation.statistics.repeated_correlation import RepeatedCorrelation, repeated_measures_correlation
from evaluation.statistics.roc import Area, AreaComparison, auc, clustered_auc, clustered_delong, delong
from evaluation.statistics.scales import Consistency, cronbach_alpha, scale_score, subscale_scores

__all__ = [
    "Agreement",
    "Alpha",
    "Area",
    "AreaComparison",
    "BlindingIndex",
    "Components",
    "Consistency",
    "CumulativeLinkFit",
    "Equivalence",
    "FleissKappa",
    "Friedman",
    "Instrument",
    "Intraclass",
    "LinearMixedDesign",
    "LinearMixedFit",
    "PairedComparison",
    "Power",
    "PowerGrid",
    "Proportion",
    "ProportionalOdds",
    "RankedComparison",
    "ReaderStudy",
    "Reliance",
    "RepeatedCorrelation",
    "StatisticsError",
    "StudySize",
    "ThinData",
    "association",
    "attenuation",
    "auc",
    "blinding_index",
    "bradley_terry",
    "clmm",
    "clustered_auc",
    "clustered_delong",
    "cohen_kappa",
    "cronbach_alpha",
    "crossed_design",
    "delong",
    "expected_area",
    "families",
    "fleiss_kappa",
    "friedman",
    "group_means",
    "gwet_ac",
    "icc",
    "instrument",
    "instruments",
    "jafroc",
    "krippendorff_alpha",
    "lmm",
    "mcdonald_omega",
    "mrmc",
    "mrmc_power",
    "plackett_luce",
    "planned_power",
    "power",
    "power_grid",
    "proportion",
    "reliance",
    "reliance_contrasts",
    "reliance_intervals",
    "reliance_power",
    "repeated_measures_correlation",
    "scale_score",
    "subscale_scores",
    "tost",
    "type_one_error",
]
