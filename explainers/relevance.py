"""Layer-wise relevance propagation through an unchanged network, by interception of its function calls.

While the network runs, each call is replaced by one with the same value whose backward pass carries relevance instead
of gradients. Operations that only move values (views, concatenation, slicing, max pooling) keep their own backward
pass, which moves relevance likewise; autograd adds up what reaches a tensor from several uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from explainers.errors import NetworkError

Rule = Literal["zplus", "epsilon", "gamma"]
Spread = Callable[[Tensor], tuple[Tensor, ...]]

# Below this a sum of positive contributions counts as none.
NOTHING = 1e-30

# What keeps a dense layer's division safe in the default rule; too little to be missed in the sum.
LEAST = 1e-9

CONVOLUTIONS = {"conv1d", "conv2d", "conv3d"}
TRANSPOSED = {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
NORMS = {"batch_norm", "instance_norm", "group_norm", "layer_norm"}
ACTIVATIONS = {
    *("relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "prelu", "rrelu", "elu", "elu_", "selu", "celu"),
    *("gelu", "silu", "mish", "softplus", "hardtanh", "hardswish", "tanh", "clamp", "clip"),
}
GATES = {"sigmoid", "sigmoid_", "hardsigmoid", "softmax"}
AVERAGES = {
    *("avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"),
    *("mean", "sum", "interpolate", "upsample"),
}
SUMS = {"add": 1, "add_": 1, "__add__": 1, "__iadd__": 1, "__radd__": 1, "sub": -1, "sub_": -1, "__sub__": -1}
PRODUCTS = {"mul", "mul_", "__mul__", "__imul__", "__rmul__", "multiply"}
QUOTIENTS = {"div", "div_", "__truediv__", "__itruediv__", "true_divide"}
MOVES = {
    *("view", "view_as", "reshape", "flatten", "unflatten", "permute", "transpose", "movedim", "swapaxes", "t"),
    *("contiguous", "clone", "to", "float", "unsqueeze", "squeeze", "expand", "expand_as", "repeat", "broadcast_to"),
    *("cat", "concat", "concatenate", "stack", "split", "chunk", "unbind", "narrow", "select", "index_select"),
    *("__getitem__", "pad", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "roll", "flip", "tile"),
    *("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "identity"),
    *("max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"),
    *("max", "amax", "maximum"),
}


@dataclass
class Ledger:
    """How relevance is spread, and what share of it, image by image, found no positive path."""

    rule: Rule
    epsilon: float
    gamma: float
    batch: int
    fallback: Tensor = field(default_factory=lambda: torch.zeros(0))

    def fell_back(self, missing: Tensor, relevance: Tensor) -> None:
        """Add one layer's share of relevance without a positive path, `(B,)`."""
        share = missing.detach().abs().reshape(self.batch, -1).sum(1)
        whole = relevance.detach().abs().reshape(self.batch, -1).sum(1).clamp(min=NOTHING)
        self.fallback = share / whole + (self.fallback if self.fallback.numel() else 0)


class _Relay(torch.autograd.Function):
    """A call with its own value forwards; backwards `spread` says which relevance each input gets."""

    @staticmethod
    def forward(ctx: Any, compute: Callable[[], Tensor], spread: Spread, *inputs: Tensor) -> Tensor:
        ctx.spread = spread
        return compute()

    @staticmethod
    def backward(ctx: Any, *relevance: Tensor) -> tuple[Tensor | None, ...]:
        return (None, None, *ctx.spread(relevance[0]))


@dataclass
class _Layer:
    """A linear call: `apply(inputs, weight)` without its bias. `sign` is that of a norm's scale right behind it."""

    apply: Callable[[Tensor, Tensor], Tensor]
    inputs: Tensor
    weight: Tensor
    bias: Tensor | None
    out_dim: Callable[[Tensor], Tensor]
    sign: Tensor | None = None

    def signed_weight(self) -> Tensor:
        return self.weight if self.sign is None else self.weight * self.out_dim(self.sign)

    def laid_bias(self) -> Tensor:
        """The bias laid along the output's channels; 0 if there is none."""
        if self.bias is None:
            return self.inputs.new_zeros(())
        return self.bias if self.out_dim is _last_dim else self.bias.view(-1, *[1] * (self.inputs.ndim - 2))

    def signed_bias(self) -> Tensor:
        bias = self.laid_bias()
        return bias if self.sign is None or self.bias is None else bias * self.sign.view(bias.shape)


class Interception(TorchFunctionMode):
    """While active, calls on tensors that depend on the image carry relevance backwards by the ledger's rule."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger = ledger

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The call's value; with its own backward pass if it depends on the image."""
        kwargs = kwargs or {}
        tracked = [item for item in _tensors((args, kwargs)) if item.requires_grad]
        if not tracked:
            return func(*args, **kwargs)
        return self._intercepted(func, _name(func), args, kwargs, tracked)

    def _intercepted(
        self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any], tracked: list[Tensor]
    ) -> Any:
        if name in CONVOLUTIONS | TRANSPOSED or name == "linear":
            return self._linear(func, name, args, kwargs)
        if name in NORMS:
            return self._norm(func, name, args, kwargs)
        if name in ACTIVATIONS:
            return _relayed(
                lambda: func(tracked[0].clone(), *args[1:], **_without_input(kwargs)), lambda r: (r,), tracked[:1]
            )
        if name in GATES:
            return _as_gate(_relayed(lambda: func(*args, **kwargs), lambda r: (r,), tracked[:1]))
        if name in AVERAGES:
            return self._average(func, args, kwargs, tracked[0])
        if name in SUMS and not ("alpha" in kwargs or len(args) > 2):
            return self._sum(args[0], args[1] if len(args) > 1 else kwargs["other"], SUMS[name])
        if name in PRODUCTS:
            return self._product(args[0], args[1] if len(args) > 1 else kwargs["other"])
        if name in QUOTIENTS and len(tracked) == 1 and tracked[0] is args[0] and "rounding_mode" not in kwargs:
            other = args[1] if len(args) > 1 else kwargs["other"]
            return _relayed(lambda: torch.div(args[0], other), lambda r: (r.sum_to_size(args[0].shape),), tracked)
        made = func(*args, **kwargs)
        results = [item for item in _tensors(made) if item.requires_grad]
        if results and name not in MOVES:
            raise NetworkError(f"Relevance propagation has no rule for the network's operation {name!r}.")
        if any(_is_gate(item) for item in tracked):
            for item in results:
                _as_gate(item)
        return made

    # Linear layers

    def _linear(self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        names = ("input", "weight", "bias")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        inputs, weight, bias = (given.pop(key, None) for key in names)
        if weight.requires_grad:
            raise NetworkError("Relevance propagation has no rule for weights that depend on the image.")
        further = args[3:]

        def apply(x: Tensor, w: Tensor) -> Tensor:
            made: Tensor = func(x, w, None, *further, **given)
            return made

        groups = further[3] if len(further) > 3 else given.get("groups", 1)  # the fourth after the bias in both kinds
        still = None if bias is None else bias.detach()
        layer = _Layer(apply, inputs.detach(), weight.detach(), still, _scaler(name, weight, groups))
        rules = {"zplus": self._positive, "epsilon": self._epsilon, "gamma": self._gamma}
        spread = self._dense if name == "linear" and self.ledger.rule == "zplus" else rules[self.ledger.rule]
        out = _relayed(lambda: func(inputs, weight, bias, *further, **given), lambda r: (spread(layer, r),), [inputs])
        out._made_by = layer  # type: ignore[attr-defined]
        return out

    def _positive(self, layer: _Layer, relevance: Tensor) -> Tensor:
        """z-plus: relevance in proportion to positive contributions, wherever there are any."""
        weight = layer.signed_weight()
        parts = [(layer.inputs.clamp(min=0), weight.clamp(min=0))]
        if bool((layer.inputs < 0).any()):
            parts.append((layer.inputs.clamp(max=0), weight.clamp(max=0)))
        spread, missing = _proportional(layer.apply, parts, relevance)
        if missing is None:
            return spread
        self.ledger.fell_back(missing, relevance)
        more, missing = _proportional(layer.apply, [(layer.inputs.abs(), weight.abs())], missing)
        spread = spread + more
        if missing is None:
            return spread
        more, _ = _proportional(layer.apply, [(torch.ones_like(layer.inputs), torch.ones_like(weight))], missing)
        return spread + more

    def _dense(self, layer: _Layer, relevance: Tensor) -> Tensor:
        """Epsilon with the bias spread evenly over the inputs (Bach et al. 2015, eq. 61): nothing is absorbed."""
        out, share = layer.apply(layer.inputs, layer.weight) + layer.laid_bias(), torch.zeros(())
        ratio = relevance / _stabilised(out, LEAST)
        if layer.bias is not None:
            share = (ratio * layer.bias).sum(-1, keepdim=True) / layer.inputs.shape[-1]
        return layer.inputs * (ratio @ layer.weight) + share.to(ratio)

    def _epsilon(self, layer: _Layer, relevance: Tensor) -> Tensor:
        """Contributions over their stabilised sum; the bias keeps its share."""
        return _shared_out(
            layer.apply, [(layer.inputs, layer.weight)], layer.laid_bias(), relevance, self.ledger.epsilon
        )

    def _gamma(self, layer: _Layer, relevance: Tensor) -> Tensor:
        """Contributions with the output's own sign count 1 + gamma times; the bias keeps its share."""
        weight, bias, gamma = layer.signed_weight(), layer.signed_bias(), self.ledger.gamma
        for_it, against = weight + gamma * weight.clamp(min=0), weight + gamma * weight.clamp(max=0)
        high, low = layer.inputs.clamp(min=0), layer.inputs.clamp(max=0)
        positive = layer.apply(layer.inputs, weight) + bias >= 0
        more, less = bias + gamma * bias.clamp(min=0), bias + gamma * bias.clamp(max=0)
        epsilon = self.ledger.epsilon
        above = _shared_out(layer.apply, [(high, for_it), (low, against)], more, relevance * positive, epsilon)
        below = _shared_out(layer.apply, [(high, against), (low, for_it)], less, relevance * ~positive, epsilon)
        return above + below

    def _same_sign(self, layer: _Layer, relevance: Tensor) -> Tensor:
        """For averages: relevance goes to the inputs that have the output's sign; evenly where the output is 0."""
        negative = layer.apply(layer.inputs, layer.weight) < 0
        spread, lost = _proportional(layer.apply, [(layer.inputs.clamp(min=0), layer.weight)], relevance * ~negative)
        missing = [lost]
        if bool(negative.any()):
            below, lost = _proportional(
                layer.apply, [((-layer.inputs).clamp(min=0), layer.weight)], relevance * negative
            )
            spread = spread + below
            missing.append(lost)
        found = [part for part in missing if part is not None]
        if not found:
            return spread
        left = torch.stack(found).sum(0)
        self.ledger.fell_back(left, relevance)
        even, _ = _proportional(layer.apply, [(torch.ones_like(layer.inputs), layer.weight)], left)
        return spread + even

    # Everything else

    def _norm(self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """A norm y = a x + c is linear, its statistics fixed: x gets all relevance; by epsilon, a x / y of it."""
        inputs: Tensor = args[0] if args else kwargs["input"]
        value = func(inputs.detach(), *args[1:], **_without_input(kwargs))
        weight = _norm_weight(name, args, kwargs)
        layer = getattr(inputs, "_made_by", None)
        if layer is not None and weight is not None and name != "layer_norm" and self.ledger.rule != "epsilon":
            layer.sign = torch.where(weight.detach() < 0, -1.0, 1.0).to(inputs.dtype)
        if self.ledger.rule != "epsilon":
            return _relayed(lambda: value, lambda r: (r,), [inputs])
        still = inputs.detach()
        scale = _norm_scale(name, still, weight, args, kwargs)
        return _relayed(
            lambda: value, lambda r: (r * scale * still / _stabilised(value, self.ledger.epsilon),), [inputs]
        )

    def _average(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], inputs: Tensor
    ) -> Tensor:
        def apply(x: Tensor, _: Tensor) -> Tensor:
            made: Tensor = func(x, *args[1:], **_without_input(kwargs))
            return made

        still, one = inputs.detach(), inputs.new_ones(())
        layer = _Layer(apply, still, one, None, _last_dim)
        spread = self._epsilon if self.ledger.rule == "epsilon" else self._same_sign
        return _relayed(lambda: apply(inputs, one), lambda r: (spread(layer, r),), [inputs])

    def _sum(self, first: Any, second: Any, sign: int) -> Tensor:
        """The summands of the sum's own sign share its relevance; by epsilon, both do in proportion."""
        tracked = [item for item in (first, second) if isinstance(item, Tensor) and item.requires_grad]
        if len(tracked) == 1:
            return _relayed(lambda: first + sign * second, lambda r: (r.sum_to_size(tracked[0].shape),), tracked)
        terms = [first.detach(), sign * second.detach()]

        def spread(relevance: Tensor) -> tuple[Tensor, ...]:
            shares = self._shares(terms, relevance)
            return tuple(share.sum_to_size(term.shape) for share, term in zip(shares, terms, strict=True))

        return _relayed(lambda: first + sign * second, spread, tracked)

    def _shares(self, terms: list[Tensor], relevance: Tensor) -> list[Tensor]:
        whole = terms[0] + terms[1]
        if self.ledger.rule == "epsilon":
            ratio = relevance / _stabilised(whole, self.ledger.epsilon)
            return [term * ratio for term in terms]
        side = torch.where(whole < 0, -1, 1)
        parts = [(term * side).clamp(min=0) for term in terms]
        lost = parts[0] + parts[1] <= NOTHING
        if bool((lost & (relevance != 0)).any()):
            self.ledger.fell_back(relevance * lost, relevance)
        parts = [torch.where(lost, 1.0, part) for part in parts]
        return [part * (relevance / (parts[0] + parts[1])) for part in parts]

    def _product(self, first: Any, second: Any) -> Tensor:
        """A gate passes all relevance to the signal it gates; two signals get half each."""
        tracked = [item for item in (first, second) if isinstance(item, Tensor) and item.requires_grad]
        if len(tracked) == 2 and _is_gate(first) != _is_gate(second):
            tracked = [item for item in tracked if not _is_gate(item)]

        def spread(relevance: Tensor) -> tuple[Tensor, ...]:
            return tuple((relevance / len(tracked)).sum_to_size(item.shape) for item in tracked)

        made = _relayed(lambda: first * second, spread, tracked)
        return _as_gate(made) if all(_is_gate(item) for item in tracked) else made


def _relayed(compute: Callable[[], Tensor], spread: Spread, inputs: list[Tensor]) -> Tensor:
    made: Tensor = _Relay.apply(compute, spread, *inputs)  # type: ignore[no-untyped-call]
    return made


def _proportional(
    apply: Callable[[Tensor, Tensor], Tensor], parts: list[tuple[Tensor, Tensor]], relevance: Tensor
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


def _shared_out(
    apply: Callable[[Tensor, Tensor], Tensor],
    parts: list[tuple[Tensor, Tensor]],
    bias: Tensor,
    relevance: Tensor,
    epsilon: float,
) -> Tensor:
    """Relevance in proportion to contributions of either sign, over their stabilised sum with the bias."""
    with torch.enable_grad():
        leaves = [inputs.detach().clone().requires_grad_() for inputs, _ in parts]
        whole = torch.stack([apply(leaf, weight) for leaf, (_, weight) in zip(leaves, parts, strict=True)]).sum(0)
        gradients = torch.autograd.grad(whole, leaves, relevance / _stabilised(whole.detach() + bias, epsilon))
    return torch.stack([leaf.detach() * slope for leaf, slope in zip(leaves, gradients, strict=True)]).sum(0)


def _stabilised(values: Tensor, epsilon: float) -> Tensor:
    return values + torch.where(values < 0, -epsilon, epsilon)


def _last_dim(sign: Tensor) -> Tensor:
    return sign[:, None]


def _scaler(name: str, weight: Tensor, groups: int) -> Callable[[Tensor], Tensor]:
    """Lays a factor for each output channel along the weight's own layout."""
    if name == "linear":
        return _last_dim
    ones = [1] * (weight.ndim - 2)
    if name in CONVOLUTIONS:
        return lambda sign: sign.view(-1, 1, *ones)
    inputs, outputs = weight.shape[0] // groups, weight.shape[1]
    return lambda sign: (
        sign.view(groups, 1, outputs).expand(groups, inputs, outputs).reshape(groups * inputs, outputs, *ones)
    )


# Where a norm's weight and running variance stand among its positional arguments.
NORM_ARGUMENTS = {
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
    "instance_norm": ("input", "running_mean", "running_var", "weight", "bias", "use_input_stats", "momentum", "eps"),
    "group_norm": ("input", "num_groups", "weight", "bias", "eps"),
    "layer_norm": ("input", "normalized_shape", "weight", "bias", "eps"),
}


def _norm_arguments(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**dict(zip(NORM_ARGUMENTS[name], args, strict=False)), **kwargs}


def _norm_weight(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    return _norm_arguments(name, args, kwargs).get("weight")


def _norm_scale(
    name: str, inputs: Tensor, weight: Tensor | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Tensor:
    """The factor a in y = a x + c, broadcast against the input, with the statistics taken as constants."""
    given = _norm_arguments(name, args, kwargs)
    eps, ones = given.get("eps", 1e-5), [1] * (inputs.ndim - 2)
    if name == "layer_norm":
        dims = tuple(range(-len(given["normalized_shape"]), 0))
        spread = inputs.var(dims, unbiased=False, keepdim=True)
        return (1 if weight is None else weight.detach()) / (spread + eps).sqrt()
    fixed = {"batch_norm": not given.get("training", False), "instance_norm": not given.get("use_input_stats", True)}
    if fixed.get(name, False):
        spread = given["running_var"].view(1, -1, *ones)
    elif name == "batch_norm":
        spread = inputs.transpose(0, 1).flatten(1).var(1, unbiased=False).view(1, -1, *ones)
    else:
        groups = given["num_groups"] if name == "group_norm" else inputs.shape[1]
        by_group = inputs.reshape(len(inputs), groups, -1).var(2, unbiased=False)
        spread = by_group.repeat_interleave(inputs.shape[1] // groups, 1).view(len(inputs), -1, *ones)
    return (1 if weight is None else weight.detach().view(1, -1, *ones)) / (spread + eps).sqrt()


def _name(func: Callable[..., Any]) -> str:
    name = torch.overrides.resolve_name(func) or getattr(func, "__name__", repr(func))
    return name.rsplit(".", 1)[-1]


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [item for part in value for item in _tensors(part)]
    return []


def _without_input(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key != "input"}


def _as_gate(made: Tensor) -> Tensor:
    made._is_gate = True  # type: ignore[attr-defined]
    return made


def _is_gate(item: Any) -> bool:
    return bool(getattr(item, "_is_gate", False))
