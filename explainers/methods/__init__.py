"""The explainers: one a file, found by name in `registry`."""

from explainers.base import Explainer
from foundation.registry import Registry

# The base is abstract on purpose; mypy wants a concrete class wherever a class is handed on (mypy issue 4717).
registry: Registry[Explainer] = Registry("explainers.methods", Explainer)  # type: ignore[type-abstract]

__all__ = ["registry"]
