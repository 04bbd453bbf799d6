"""DeepLIFT's multipliers: a network's function calls with backward passes that carry shares of differences.

The network runs on the baselines first, which are written on a tape, then on the images. Backwards, an operation that
is not linear hands on, instead of its slope, the difference of its outputs over that of its inputs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from explainers.errors import NetworkError
from explainers.interception import Call, Interception, relayed, tensors_in
from explainers.norms import Norm
from explainers.operations import (
    ACTIVATIONS,
    AVERAGES,
    CONVOLUTIONS,
    GATES,
    MOVES,
    NORMS,
    PRODUCTS,
    QUOTIENTS,
    SUMS,
    TRANSPOSED,
)

# Differences of inputs this small, relative to them, say nothing: there the slope stands for the multiplier.
LEAST = 1e-6

LINEAR = CONVOLUTIONS | TRANSPOSED | AVERAGES | MOVES | set(SUMS) | {"linear", "neg", "negative", "__neg__"}
CURVES = (
    ACTIVATIONS
    | (GATES - {"softmax"})
    | {*("exp", "log", "sqrt", "rsqrt", "square", "abs"), "reciprocal", "pow", "__pow__"}
)
PAIRS = PRODUCTS | {"matmul", "__matmul__", "bmm", "einsum"}
POOLS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {
    "max_pool2d": torch.nn.functional.max_pool2d_with_indices,
    "adaptive_max_pool2d": torch.nn.functional.adaptive_max_pool2d_with_indices,
}


class Rescaling(Interception):
    """While active, writes what operations did to the baselines, or, given such a tape, hands back multipliers."""

    def __init__(self, tape: deque[tuple[str, list[Tensor]]] | None = None) -> None:
        super().__init__()
        self.tape: deque[tuple[str, list[Tensor]]] = deque() if tape is None else tape
        self.writing = tape is None

    def called(self, call: Call) -> Any:
        """The call's value; its backward pass is the rule for what it does."""
        rule = RULES.get(call.name)
        if rule is not None:
            return rule(self, call)
        made = call.run()
        changed = call.in_place or call.name == "__setitem__"
        if call.name not in LINEAR and (changed or any(item.requires_grad for item in tensors_in(made))):
            raise no_rule(call)
        return made

    def then(self, call: Call, *values: Tensor) -> list[Tensor]:
        """What these values were for the baselines; while writing, the values themselves."""
        here = [value.detach() for value in values]
        if self.writing:
            self.tape.append((call.name, here))
            return here
        name, kept = self.tape.popleft() if self.tape else ("", [])
        if name != call.name or [item.shape for item in kept] != [item.shape for item in here]:
            raise NetworkError("The network takes another course for the baseline than for the image.")
        return kept

    def curve(self, call: Call) -> Tensor:
        """A function of each value alone: the rescale rule."""
        if len(call.tracked) > 1 or call.tracked[0] is not call.input:
            raise no_rule(call)
        value = call.on(call.input.detach())
        before, value_before = self.then(call, call.input, value)
        if self.writing:
            return relayed(lambda: value, lambda m: (m,), [call.input])
        factor = _quotient(value - value_before, call.input.detach(), before, lambda: _slope(call))
        return relayed(lambda: value, lambda m: (m * factor,), [call.input])

    def pair(self, call: Call) -> Tensor:
        """A product of two changing factors: each one's change counts at the mean of the other's two values."""
        if len(call.tracked) == 1:
            made: Tensor = call.run()
            return made
        if call.name in PRODUCTS:
            return self._paired(call, torch.mul)
        return self._paired(call, lambda *factors: call.func(*_filled(call.args, factors), **call.kwargs))

    def _paired(self, call: Call, product: Callable[..., Tensor]) -> Tensor:
        factors = call.tracked
        before = self.then(call, *factors)
        middles = [(then + now.detach()) / 2 for then, now in zip(before, factors, strict=True)]

        def spread(multiplier: Tensor) -> tuple[Tensor, ...]:
            with torch.enable_grad():
                leaves = [middle.requires_grad_() for middle in middles]
                return torch.autograd.grad(product(*leaves), leaves, multiplier)

        return relayed(lambda: product(*factors), spread, factors)

    def quotient(self, call: Call) -> Tensor:
        """Division by what changes is a product with its reciprocal."""
        first, second = call.operands
        if not (isinstance(second, Tensor) and second.requires_grad):
            made: Tensor = call.run()
            return made
        if "rounding_mode" in call.kwargs:
            raise no_rule(call)
        inverse = self.curve(Call(torch.reciprocal, "reciprocal", (second,), {}, [second]))
        factors = [item for item in (first, inverse) if isinstance(item, Tensor) and item.requires_grad]
        return self.pair(Call(torch.mul, "mul", (first, inverse), {}, factors))

    def softmax(self, call: Call) -> Tensor:
        """Exponentials (rescale rule) times the reciprocal of their sum (rescale rule): a product."""
        dim, here = call.argument(1, "dim"), call.input.detach()
        (before,) = self.then(call, here)
        highest = torch.maximum(here, before).amax(dim, keepdim=True)
        now, then = (here - highest).exp(), (before - highest).exp()
        total, total_then = now.sum(dim, keepdim=True), then.sum(dim, keepdim=True)
        factor = _quotient(now - then, here, before, lambda: now)

        def spread(multiplier: Tensor) -> tuple[Tensor]:
            by_sum = (multiplier * (now + then) / 2).sum(dim, keepdim=True) / (total * total_then)
            return (factor * (multiplier * (1 / total + 1 / total_then) / 2 - by_sum),)

        return relayed(lambda: now / total, spread, [call.input])

    def norm(self, call: Call) -> Tensor:
        """A norm by the image's own statistics is a product: centred values times their scale.

        The change of the values counts at the image's scale, the change of the scale at the baseline's values: a
        constant baseline, whose scale is without bounds, then has values of 0 for it to meet. The scale is a function
        of the mean square, that of each value: rescale rule.
        """
        norm, inputs = Norm.of(call), call.input
        if norm.across:
            raise NetworkError("DeepLIFT has no rule for norms by the statistics of a batch.")
        if norm.fixed:
            made: Tensor = call.run()
            return made
        (before,) = self.then(call, inputs)
        now, then = (_centred(norm.grouped(item.detach())) for item in (inputs, before))
        root, root_then = ((item.square().mean(-1, keepdim=True) + norm.eps).sqrt() for item in (now, then))
        by_square = -1 / (root * root_then * (root + root_then))  # of the scale, the reciprocal root

        def spread(multiplier: Tensor) -> tuple[Tensor]:
            m = norm.grouped(multiplier * norm.laid(multiplier))
            by_scale = (m * then).sum(-1, keepdim=True) * by_square
            return (_centred(m / root + by_scale * (now + then) / now.shape[-1]).reshape(inputs.shape),)

        return relayed(lambda: call.on(inputs), spread, [inputs])

    def pool(self, call: Call) -> Tensor:
        """The place of the larger of the two maxima gets the difference.

        Where that is the baseline's, which may have many such places (it may be constant), it is the image's own if
        that is among them.
        """
        with_places = POOLS[call.name]
        further = {key: item for key, item in call.kwargs.items() if key not in ("input", "return_indices")}
        inputs = call.input.detach()
        value, place = with_places(inputs, *call.args[1:], **further)
        before, value_before, place_before = self.then(call, inputs, value, place)
        among = before.flatten(2).gather(2, place.flatten(2)).view_as(value) == value_before
        place = torch.where((value >= value_before) | among, place, place_before).flatten(2)
        changed = (inputs - before).flatten(2).gather(2, place)
        factor = torch.where(changed == 0, 1, (value - value_before).flatten(2) / torch.where(changed == 0, 1, changed))

        def spread(multiplier: Tensor) -> tuple[Tensor]:
            made = torch.zeros_like(inputs).flatten(2)
            return (made.scatter_add_(2, place, factor * multiplier.flatten(2)).view_as(inputs),)

        return relayed(lambda: value, spread, [call.input])


RULES: dict[str, Callable[[Rescaling, Call], Any]] = {
    **dict.fromkeys(CURVES, Rescaling.curve),
    **dict.fromkeys(PAIRS, Rescaling.pair),
    **dict.fromkeys(QUOTIENTS, Rescaling.quotient),
    **dict.fromkeys(NORMS, Rescaling.norm),
    **dict.fromkeys(POOLS, Rescaling.pool),
    "softmax": Rescaling.softmax,
}


def no_rule(call: Call) -> NetworkError:
    """The refusal of an operation."""
    return NetworkError(f"DeepLIFT has no rule for the network's operation {call.name!r}.")


def _quotient(difference: Tensor, now: Tensor, then: Tensor, slope: Callable[[], Tensor]) -> Tensor:
    """A difference of outputs over that of inputs; the slope where the inputs hardly differ."""
    change = now - then
    alike = change.abs() <= LEAST * (now.abs() + then.abs())
    if not bool(alike.any()):
        return difference / change
    return torch.where(alike, slope(), difference / torch.where(alike, 1, change))


def _slope(call: Call) -> Tensor:
    with torch.enable_grad():
        leaf = call.input.detach().clone().requires_grad_()
        value = call.on(leaf)
        return torch.autograd.grad(value, leaf, torch.ones_like(value))[0]


def _centred(rows: Tensor) -> Tensor:
    return rows - rows.mean(-1, keepdim=True)


def _filled(args: tuple[Any, ...], factors: tuple[Tensor, ...]) -> list[Any]:
    """The arguments with their changing tensors, in order, replaced."""
    left = iter(factors)
    return [next(left) if isinstance(item, Tensor) and item.requires_grad else item for item in args]
