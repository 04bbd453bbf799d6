"""The explainers: one a file, found by name in `registry`."""

from explainers.base import Explainer
from foundation.registry import Registry

registry: Registry[Explainer] = Registry("explainers.methods", Explainer)

__all__ = ["registry"]
