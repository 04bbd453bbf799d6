"""Explanations of networks: saliency maps in pure torch, and the controls they are judged against."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Load `explain_all` on first use, so that naming this package does not import torch."""
    if name == "explain_all":
        from explainers.plan import explain_all

        return explain_all
    raise AttributeError(f"module 'explainers' has no attribute {name!r}")
