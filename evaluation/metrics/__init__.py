"""Metrics of saliency maps: faithfulness, randomisation, localisation and complexity, one metric a file."""

from evaluation.metrics.base import Explain, Metric, MetricError, Scored
from foundation.registry import Registry

registry: Registry[Metric] = Registry("evaluation.metrics", Metric)

__all__ = ["Explain", "Metric", "MetricError", "Scored", "registry"]
