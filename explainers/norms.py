"""What normalisation layers do: their arguments, their statistics, and the scale that they give each value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from explainers.base import Request
from explainers.interception import Call, Interception

# The order of the arguments, by function.
ARGUMENTS = {
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
    "instance_norm": ("input", "running_mean", "running_var", "weight", "bias", "use_input_stats", "momentum", "eps"),
    "group_norm": ("input", "num_groups", "weight", "bias", "eps"),
    "layer_norm": ("input", "normalized_shape", "weight", "bias", "eps"),
}


@dataclass(frozen=True)
class Norm:
    """A call `y = weight * (x - mean) / sqrt(variance + eps) + bias`."""

    name: str
    given: dict[str, Any]

    @classmethod
    def of(cls, call: Call) -> Norm:
        """The norm behind a call."""
        return cls(call.name, {**dict(zip(ARGUMENTS[call.name], call.args, strict=False)), **call.kwargs})

    @property
    def weight(self) -> Tensor | None:
        """The learned scale `(C,)`, or None."""
        weight: Tensor | None = self.given.get("weight")
        return None if weight is None else weight.detach()

    @property
    def eps(self) -> float:
        """What keeps the division safe."""
        return float(self.given.get("eps", 1e-5))

    @property
    def fixed(self) -> bool:
        """Whether the statistics are running ones, the same for every image."""
        if self.name == "batch_norm":
            return not self.given.get("training", False)
        return self.name == "instance_norm" and not self.given.get("use_input_stats", True)

    @property
    def across(self) -> bool:
        """Whether the statistics are taken over the images of a batch."""
        return self.name == "batch_norm" and not self.fixed

    def grouped(self, values: Tensor) -> Tensor:
        """Values `(..., n)`: each row has one mean and one variance of its own."""
        if self.name == "layer_norm":
            return values.flatten(-len(self.given["normalized_shape"]))
        groups = self.given["num_groups"] if self.name == "group_norm" else values.shape[1]
        return values.reshape(len(values), groups, -1)

    def laid(self, values: Tensor) -> Tensor | float:
        """The learned scale, broadcast against values; 1 if there is none."""
        if self.weight is None:
            return 1.0
        return self.weight if self.name == "layer_norm" else self.weight.view(1, -1, *[1] * (values.ndim - 2))

    def scale(self, inputs: Tensor) -> Tensor:
        """The factor in `y = factor * x + constant`, its statistics taken as constants; as large as the input."""
        if self.fixed:
            spread = self.given["running_var"].view(1, -1, *[1] * (inputs.ndim - 2)).expand_as(inputs)
        elif self.across:
            spread = inputs.transpose(0, 1).flatten(1).var(1, unbiased=False)
            spread = spread.view(1, -1, *[1] * (inputs.ndim - 2)).expand_as(inputs)
        else:
            rows = self.grouped(inputs)
            spread = rows.var(-1, unbiased=False, keepdim=True).expand_as(rows).reshape(inputs.shape)
        return self.laid(inputs) / (spread + self.eps).sqrt()


def normalises_images(request: Request) -> bool:
    """Whether the network has norms by an image's own statistics over places, seen in one forward pass of one image.

    Norms of single tokens do not count: they stand behind a sum with the tokens' positions.
    """
    return request.shared("normalises images", lambda: _seen(request))


def _seen(request: Request) -> bool:
    watch = _Watch()
    watch.of_network(request.model, request.images[:1].clone().requires_grad_())
    return watch.own


class _Watch(Interception):
    def __init__(self) -> None:
        super().__init__()
        self.own = False

    def called(self, call: Call) -> Any:
        if call.name in ("instance_norm", "group_norm") and not Norm.of(call).fixed:
            self.own = True
        return call.run()
