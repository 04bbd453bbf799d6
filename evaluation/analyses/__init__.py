"""The analyses of a study: one a file, found by name in `registry`."""

from evaluation.analyses.base import Analysis, AnalysisContext
from evaluation.analyses.result import AnalysisResult, Finding
from foundation.registry import Registry

registry: Registry[Analysis] = Registry("evaluation.analyses", Analysis)

__all__ = ["Analysis", "AnalysisContext", "AnalysisResult", "Finding", "registry"]
