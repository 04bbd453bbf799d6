"""Families of techniques by plain names, as readers may guess them; the same list for everybody, in a fixed order."""

from __future__ import annotations

from studies.tasks.questions import Option

UNKNOWN = "unknown"
TECHNIQUES = (
    Option("activation", "Activity of the network's late layers"),
    Option("gradient", "Sensitivity of the output to each pixel"),
    Option("path", "Sensitivity summed up from a blank image to this one"),
    Option("relevance", "The output handed back through the layers"),
    Option("shapley", "Fair shares of image regions, as in a game"),
    Option("covering", "Covering parts of the image and watching the output"),
    Option("surrogate", "A simple model fitted around this image"),
    Option("none", "Not made from the AI at all: noise, edges or a drawing"),
    Option(UNKNOWN, "I don't know"),
)
FAMILIES: dict[str, tuple[str, ...]] = {
    "activation": (
        *("grad-cam", "grad-cam++", "score-cam", "layer-cam", "hires-cam", "xgrad-cam", "eigen-cam", "ablation-cam"),
        "guided-grad-cam",
    ),
    "gradient": ("saliency", "smooth-grad", "input-x-gradient"),
    "path": ("integrated-gradients",),
    "relevance": ("lrp", "deep-lift"),
    "shapley": ("kernel-shap", "permutation-shap", "partition-shap", "gradient-shap"),
    "covering": ("occlusion", "rise"),
    "surrogate": ("lime",),
    "none": ("random-map", "edge-map", "centre-map", "uniform-map", "ground-truth-mask"),
}
"""Methods by family. Controls that are derived from another method's map, and maps made elsewhere, have none."""


def family_of(method: str | None) -> str | None:
    """The family of a registered method; None where a guess could be neither right nor wrong."""
    return next((family for family, methods in FAMILIES.items() if method in methods), None)
