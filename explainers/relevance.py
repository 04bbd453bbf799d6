"""Layer-wise relevance propagation: the network's function calls with backward passes that carry relevance.

Operations that only move values (views, concatenation, slicing, max pooling) keep their own backward pass, which
moves relevance likewise; autograd adds up what reaches a tensor from several uses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from explainers import relevance_rules
from explainers.errors import NetworkError
from explainers.interception import Call, Interception, relayed, tensors_in
from explainers.norms import Norm
from explainers.operations import (
    ACTIVATIONS,
    AVERAGES,
    CONVOLUTIONS,
    GATES,
    MAXIMA,
    MOVES,
    NORMS,
    PRODUCTS,
    QUOTIENTS,
    SUMS,
    TRANSPOSED,
    TURNED,
)
from explainers.relevance_rules import Layer, Ledger, stabilised

LINEAR_RULES = {
    "zplus": relevance_rules.zplus,
    "epsilon": relevance_rules.epsilon,
    "gamma": relevance_rules.gamma,
}


class Relevance(Interception):
    """While active, calls on tensors that depend on the image carry relevance backwards by the ledger's rule."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger = ledger

    def called(self, call: Call) -> Any:
        """The call's value; its backward pass is the rule for what it does."""
        rule = RULES.get(call.name)
        if rule is not None:
            return rule(self, call)
        made = call.run()
        results = [item for item in tensors_in(made) if item.requires_grad]
        if call.name not in MOVES | MAXIMA and (results or call.in_place or call.name == "__setitem__"):
            raise no_rule(call)
        if any(_is_gate(item) for item in call.tracked):
            for item in results:
                _as_gate(item)
        return made

    def linear(self, call: Call) -> Tensor:
        """A convolution or a dense layer; it is remembered, since a norm behind it may turn its signs."""
        weight, bias = call.argument(1, "weight"), call.argument(2, "bias")
        if weight.requires_grad:
            raise NetworkError("Relevance propagation has no rule for weights that depend on the image.")
        layer, spread = Layer.of(call, weight, bias), LINEAR_RULES[self.ledger.rule]
        if layer.dense and self.ledger.rule == "zplus":
            spread = relevance_rules.dense
        out = relayed(call.run, lambda r: (spread(layer, r, self.ledger),), [call.input])
        out._made_by = layer  # type: ignore[attr-defined]
        return out

    def norm(self, call: Call) -> Tensor:
        """A norm y = a x + c is linear, its statistics fixed: x gets all relevance; by epsilon, a x / y of it."""
        inputs, norm = call.input, Norm.of(call)
        value, still = call.on(inputs.detach()), inputs.detach()
        layer = getattr(inputs, "_made_by", None)
        if self.ledger.rule == "epsilon":
            part = norm.scale(still) * still / stabilised(value, self.ledger.epsilon)
            return relayed(lambda: value, lambda r: (self._all_but_kept(r * part, r),), [inputs])
        if layer is not None and norm.weight is not None and norm.name != "layer_norm":
            layer.sign = torch.where(norm.weight < 0, -1.0, 1.0).to(still.dtype)
        return relayed(lambda: value, lambda r: (r,), [inputs])

    def _all_but_kept(self, spread: Tensor, relevance: Tensor) -> Tensor:
        self.ledger.keep(relevance - spread)
        return spread

    def activation(self, call: Call) -> Tensor:
        """An activation passes on what it gets."""
        return relayed(lambda: call.on(call.input), lambda r: (r,), [call.input])

    def gate(self, call: Call) -> Tensor:
        """A gate says how much of a signal passes; it gets relevance only where there is no signal."""
        return _as_gate(relayed(lambda: call.on(call.input), lambda r: (r,), [call.input]))

    def average(self, call: Call) -> Tensor:
        """A sum with fixed weights that are not negative."""
        one = call.input.new_ones(())
        layer = Layer(lambda x, _: call.on(x), call.input.detach(), one, None, relevance_rules.along_rows)
        spread = relevance_rules.epsilon if self.ledger.rule == "epsilon" else relevance_rules.same_sign
        made = relayed(lambda: call.on(call.input), lambda r: (spread(layer, r, self.ledger),), [call.input])
        return _as_gate(made) if _is_gate(call.input) else made

    def sum(self, call: Call) -> Tensor:
        """Two signals share the relevance of their sum; what is no signal gets none."""
        if "alpha" in call.kwargs or len(call.args) > 2:
            raise no_rule(call)
        (first, second), sign = call.operands, SUMS[call.name]
        if call.name in TURNED:
            first, second = second, first
        signals = _tracked(first, second)
        if len(signals) == 1:
            made = relayed(lambda: first + sign * second, lambda r: (r.sum_to_size(signals[0].shape),), signals)
            return _as_gate(made) if _is_gate(signals[0]) else made
        terms = [first.detach(), sign * second.detach()]

        def spread(relevance: Tensor) -> tuple[Tensor, ...]:
            parts = relevance_rules.shares(terms, relevance, self.ledger)
            return tuple(part.sum_to_size(term.shape) for part, term in zip(parts, terms, strict=True))

        return relayed(lambda: first + sign * second, spread, signals)

    def product(self, call: Call) -> Tensor:
        """A gate passes all relevance to the signal it gates; two signals get half each."""
        first, second = call.operands
        signals = _tracked(first, second)
        if len(signals) == 2 and _is_gate(first) != _is_gate(second):
            signals = [item for item in signals if not _is_gate(item)]

        def spread(relevance: Tensor) -> tuple[Tensor, ...]:
            return tuple((relevance / len(signals)).sum_to_size(item.shape) for item in signals)

        made = relayed(lambda: first * second, spread, signals)
        return _as_gate(made) if all(_is_gate(item) for item in signals) else made

    def quotient(self, call: Call) -> Tensor:
        """Division by what is no signal."""
        first, second = call.operands
        if len(call.tracked) > 1 or call.tracked[0] is not first or "rounding_mode" in call.kwargs:
            raise no_rule(call)
        made = relayed(lambda: torch.div(first, second), lambda r: (r.sum_to_size(first.shape),), [first])
        return _as_gate(made) if _is_gate(first) else made


RULES: dict[str, Callable[[Relevance, Call], Any]] = {
    **dict.fromkeys(CONVOLUTIONS | TRANSPOSED | {"linear"}, Relevance.linear),
    **dict.fromkeys(NORMS, Relevance.norm),
    **dict.fromkeys(ACTIVATIONS, Relevance.activation),
    **dict.fromkeys(GATES, Relevance.gate),
    **dict.fromkeys(AVERAGES, Relevance.average),
    **dict.fromkeys(SUMS, Relevance.sum),
    **dict.fromkeys(PRODUCTS, Relevance.product),
    **dict.fromkeys(QUOTIENTS, Relevance.quotient),
}


def no_rule(call: Call) -> NetworkError:
    """The refusal of an operation."""
    return NetworkError(f"Relevance propagation has no rule for the network's operation {call.name!r}.")


def _tracked(*items: Any) -> list[Tensor]:
    return [item for item in items if isinstance(item, Tensor) and item.requires_grad]


def _as_gate(made: Tensor) -> Tensor:
    made._is_gate = True  # type: ignore[attr-defined]
    return made


def _is_gate(item: Any) -> bool:
    return bool(getattr(item, "_is_gate", False))
