"""How a linear layer hands relevance back to its inputs, by rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from explainers.interception import Call
from explainers.operations import CONVOLUTIONS

Rule = Literal["zplus", "epsilon", "gamma"]
Linear = Callable[[Tensor, Tensor], Tensor]

# Below this a sum of positive contributions counts as none.
NOTHING = 1e-30

# What keeps a dense layer's division safe in the default rule; too little to be missed in the sum.
LEAST = 1e-9


@dataclass
class Ledger:
    """How relevance is spread over `batch` images, and what became of it on the way."""

    rule: Rule
    epsilon: float
    gamma: float
    batch: int
    #: The explained relevance `(B,)`, its parts without their signs; set before it is handed back.
    explained: Tensor = field(default_factory=lambda: torch.zeros(()))
    #: The largest share `(B,)` of an image's relevance for which a single layer had no positive path.
    fallback: Tensor = field(default_factory=lambda: torch.zeros(()))
    #: The relevance `(B,)` that biases have kept, over all layers.
    kept: Tensor = field(default_factory=lambda: torch.zeros(()))

    def fell_back(self, missing: Tensor, relevance: Tensor) -> None:
        """Note what a layer had no positive path for, out of the relevance that reached it.

        A share is of the relevance at the layer or of what is explained, whichever is more: it lies between 0 and 1,
        and a side path that carries next to nothing does not count for much.
        """
        share = self._by_image(missing.abs())
        whole = torch.maximum(self._by_image(relevance.abs()), self.explained.to(share)).clamp(min=NOTHING)
        self.fallback = torch.maximum(self.fallback.to(share), share / whole)

    def keep(self, kept: Tensor) -> None:
        """Note what a layer's bias has kept."""
        total = self._by_image(kept)
        self.kept = self.kept.to(total) + total

    def _by_image(self, values: Tensor) -> Tensor:
        return values.detach().reshape(self.batch, -1).sum(1, dtype=torch.float64)


@dataclass
class Layer:
    """A linear call: `apply(inputs, weight)` without its bias. `sign` is that of a norm's scale right behind it."""

    apply: Linear
    inputs: Tensor
    weight: Tensor
    bias: Tensor | None
    #: Lays a factor for each output channel along the weight.
    along: Callable[[Tensor], Tensor]
    dense: bool = False
    sign: Tensor | None = None

    @classmethod
    def of(cls, call: Call, weight: Tensor, bias: Tensor | None) -> Layer:
        """The layer behind a call of a convolution, a transposed one or a linear map."""
        further, given = call.args[3:], {k: v for k, v in call.kwargs.items() if k not in ("input", "weight", "bias")}
        groups = further[3] if len(further) > 3 else given.get("groups", 1)  # the fourth after the bias in both kinds

        def apply(x: Tensor, w: Tensor) -> Tensor:
            made: Tensor = call.func(x, w, None, *further, **given)
            return made

        still = None if bias is None else bias.detach()
        along = _along(call.name, weight, groups)
        return cls(apply, call.input.detach(), weight.detach(), still, along, call.name == "linear")

    def signed_weight(self) -> Tensor:
        """The weight as it acts behind the norm, up to the norm's positive factor."""
        return self.weight if self.sign is None else self.weight * self.along(self.sign)

    def laid_bias(self) -> Tensor:
        """The bias laid along the output's channels; 0 if there is none."""
        if self.bias is None:
            return self.inputs.new_zeros(())
        return self.bias if self.dense else self.bias.view(-1, *[1] * (self.inputs.ndim - 2))

    def signed_bias(self) -> Tensor:
        """The bias as it acts behind the norm, up to the norm's positive factor."""
        bias = self.laid_bias()
        return bias if self.sign is None or self.bias is None else bias * self.sign.view(bias.shape)


def zplus(layer: Layer, relevance: Tensor, ledger: Ledger) -> Tensor:
    """z-plus: relevance in proportion to positive contributions, wherever there are any."""
    weight = layer.signed_weight()
    parts = [(layer.inputs.clamp(min=0), weight.clamp(min=0))]
    if bool((layer.inputs < 0).any()):
        parts.append((layer.inputs.clamp(max=0), weight.clamp(max=0)))
    spread, missing = _in_proportion(layer.apply, parts, relevance)
    if missing is None:
        return spread
    ledger.fell_back(missing, relevance)
    more, missing = _in_proportion(layer.apply, [(layer.inputs.abs(), weight.abs())], missing)
    spread = spread + more
    if missing is None:
        return spread
    more, _ = _in_proportion(layer.apply, [(torch.ones_like(layer.inputs), torch.ones_like(weight))], missing)
    return spread + more


def dense(layer: Layer, relevance: Tensor, ledger: Ledger) -> Tensor:
    """Epsilon with the bias spread evenly over the inputs (Bach et al. 2015, eq. 61): nothing is absorbed."""
    out = layer.apply(layer.inputs, layer.weight) + layer.laid_bias()
    ratio = relevance / stabilised(out, LEAST)
    spread = layer.inputs * (ratio @ layer.weight)
    if layer.bias is None:
        return spread
    return spread + (ratio * layer.bias).sum(-1, keepdim=True) / layer.inputs.shape[-1]


def epsilon(layer: Layer, relevance: Tensor, ledger: Ledger) -> Tensor:
    """Contributions over their stabilised sum; the bias keeps its share."""
    bias = layer.laid_bias()
    return _over_sum(layer.apply, [(layer.inputs, layer.weight)], bias, relevance, ledger)


def gamma(layer: Layer, relevance: Tensor, ledger: Ledger) -> Tensor:
    """Contributions with the output's own sign count 1 + gamma times; the bias keeps its share."""
    weight, bias, more = layer.signed_weight(), layer.signed_bias(), ledger.gamma
    for_it, against = weight + more * weight.clamp(min=0), weight + more * weight.clamp(max=0)
    high, low = layer.inputs.clamp(min=0), layer.inputs.clamp(max=0)
    positive = layer.apply(layer.inputs, weight) + bias >= 0
    raised, lowered = bias + more * bias.clamp(min=0), bias + more * bias.clamp(max=0)
    above = _over_sum(layer.apply, [(high, for_it), (low, against)], raised, relevance * positive, ledger)
    return above + _over_sum(layer.apply, [(high, against), (low, for_it)], lowered, relevance * ~positive, ledger)


def same_sign(layer: Layer, relevance: Tensor, ledger: Ledger) -> Tensor:
    """For averages: relevance goes to the inputs that have the output's sign; evenly where the output is 0."""
    negative = layer.apply(layer.inputs, layer.weight) < 0
    spread, missing = _in_proportion(layer.apply, [(layer.inputs.clamp(min=0), layer.weight)], relevance * ~negative)
    if bool(negative.any()):
        high = (-layer.inputs).clamp(min=0)
        below, lost = _in_proportion(layer.apply, [(high, layer.weight)], relevance * negative)
        spread = spread + below
        missing = lost if missing is None else missing if lost is None else missing + lost
    if missing is None:
        return spread
    ledger.fell_back(missing, relevance)
    even, _ = _in_proportion(layer.apply, [(torch.ones_like(layer.inputs), layer.weight)], missing)
    return spread + even


def shares(terms: list[Tensor], relevance: Tensor, ledger: Ledger) -> list[Tensor]:
    """For sums: the terms of the sum's own sign share its relevance; by epsilon, both do in proportion."""
    whole = terms[0] + terms[1]
    if ledger.rule == "epsilon":
        ratio = relevance / stabilised(whole, ledger.epsilon)
        return [term * ratio for term in terms]
    side = torch.where(whole < 0, -1, 1)
    parts = [(term * side).clamp(min=0) for term in terms]
    lost = parts[0] + parts[1] <= NOTHING
    if bool((lost & (relevance != 0)).any()):
        ledger.fell_back(relevance * lost, relevance)
    parts = [torch.where(lost, 1.0, part) for part in parts]
    ratio = relevance / (parts[0] + parts[1])
    return [part * ratio for part in parts]


def stabilised(values: Tensor, least: float) -> Tensor:
    """Values moved away from 0 by `least`, to be divided by."""
    return values + torch.where(values < 0, -least, least)


def _in_proportion(
    apply: Linear, parts: list[tuple[Tensor, Tensor]], relevance: Tensor
) -> tuple[Tensor, Tensor | None]:
    """Relevance in proportion to non-negative contributions; and what is left where there are none, or None."""
    with torch.enable_grad():
        leaves = [inputs.detach().clone().requires_grad_() for inputs, _ in parts]
        whole = apply(leaves[0], parts[0][1])
        for leaf, (_, weight) in zip(leaves[1:], parts[1:], strict=True):
            whole = whole + apply(leaf, weight)
        found = whole.detach() > NOTHING
        ratio = torch.where(found, relevance / torch.where(found, whole.detach(), 1), 0)
        gradients = torch.autograd.grad(whole, leaves, ratio)
    spread = leaves[0].detach() * gradients[0]
    for leaf, slope in zip(leaves[1:], gradients[1:], strict=True):
        spread = spread + leaf.detach() * slope
    missing = torch.where(found, 0, relevance)
    return spread, missing if bool((missing != 0).any()) else None


def _over_sum(
    apply: Linear, parts: list[tuple[Tensor, Tensor]], bias: Tensor, relevance: Tensor, ledger: Ledger
) -> Tensor:
    """Relevance in proportion to contributions of either sign, over their stabilised sum with the bias."""
    with torch.enable_grad():
        leaves = [inputs.detach().clone().requires_grad_() for inputs, _ in parts]
        whole = torch.stack([apply(leaf, weight) for leaf, (_, weight) in zip(leaves, parts, strict=True)]).sum(0)
        ratio = relevance / stabilised(whole.detach() + bias, ledger.epsilon)
        gradients = torch.autograd.grad(whole, leaves, ratio)
    ledger.keep(ratio * bias)
    return torch.stack([leaf.detach() * slope for leaf, slope in zip(leaves, gradients, strict=True)]).sum(0)


def along_rows(factor: Tensor) -> Tensor:
    """A factor for each output, laid along a matrix `(out, in)`."""
    return factor[:, None]


def _along(name: str, weight: Tensor, groups: int) -> Callable[[Tensor], Tensor]:
    if name == "linear":
        return along_rows
    ones = [1] * (weight.ndim - 2)
    if name in CONVOLUTIONS:
        return lambda sign: sign.view(-1, 1, *ones)
    inputs, outputs = weight.shape[0] // groups, weight.shape[1]
    return lambda sign: (
        sign.view(groups, 1, outputs).expand(groups, inputs, outputs).reshape(groups * inputs, outputs, *ones)
    )
