"""A network's function calls intercepted while it runs: another backward pass on the unchanged network.

Calls are seen wherever they come from: modules, functions, operators and methods of tensors. Nothing is hooked on to
the network, so that nothing is left behind, whatever happens on the way.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Spread = Callable[[Tensor], tuple[Tensor, ...]]

# Operators that change their first argument; `__invert__` and its like only look as if they did.
IN_PLACE = frozenset(f"__i{name}__" for name in ("add", "sub", "mul", "truediv", "matmul", "pow"))
# Methods that end like changes in place and change no values.
HARMLESS = frozenset({"requires_grad_", "detach_", "retain_grad_"})


@dataclass(frozen=True)
class Call:
    """A call of `func` by its plain name; `tracked` are those of its tensors that depend on the image.

    `in_place` says that `func` overwrites its first argument.
    """

    func: Callable[..., Any]
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    tracked: list[Tensor]
    in_place: bool = False

    def run(self) -> Any:
        """What the call gives; what it would change in place stays as it is."""
        return self.on(self.input) if self.in_place else self.func(*self.args, **self.kwargs)

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """An argument by its place or its name."""
        return self.args[place] if len(self.args) > place else self.kwargs.get(name, default)

    @property
    def input(self) -> Tensor:
        """The first argument."""
        first: Tensor = self.argument(0, "input")
        return first

    @property
    def operands(self) -> tuple[Any, Any]:
        """The two sides of an operator."""
        return self.argument(0, "input"), self.argument(1, "other")

    def on(self, inputs: Tensor) -> Tensor:
        """The same call with another first argument, which stays as it is."""
        further = {key: value for key, value in self.kwargs.items() if key != "input"}
        made: Tensor = self.func(inputs.clone() if self.in_place else inputs, *self.args[1:], **further)
        return made


class Interception(TorchFunctionMode):
    """While active, hands each call on tensors that depend on the image to `called`.

    A call that changes a tensor in place is made on a copy, and the copy stands for the tensor from then on: values
    that a rule keeps for its backward pass stay what they were.
    """

    def __init__(self) -> None:
        super().__init__()
        # By id; the tensor itself is kept, so that its id stays its own.
        self._replaced: dict[int, tuple[Tensor, Tensor]] = {}

    @abstractmethod
    def called(self, call: Call) -> Any:
        """The value of a call, with the backward pass that it should have."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do the call, or hand it to `called` if it has to do with the image."""
        kwargs = kwargs or {}
        if self._replaced:
            args, kwargs = self._current(args), self._current(kwargs)
        tracked = [item for item in tensors_in((args, kwargs)) if item.requires_grad]
        if not tracked:
            return func(*args, **kwargs)
        name = name_of(func)
        if kwargs.get("inplace"):
            kwargs = {**kwargs, "inplace": False}
            first = args[0] if args else kwargs["input"]
        elif name in IN_PLACE or (name[-1] == "_" and name[-2] != "_" and name not in HARMLESS):
            first = args[0]
        else:
            return self.called(Call(func, name, args, kwargs, tracked))
        made = self.called(Call(func, name, args, kwargs, tracked, in_place="inplace" not in kwargs))
        self._replaced[id(first)] = (first, made)
        return made

    def of_network(self, model: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        """The network's output, its calls intercepted."""
        with self:
            output = model(images)
        made: Tensor = self._current(output)
        return made

    def _current(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            while id(value) in self._replaced:
                value = self._replaced[id(value)][1]
            return value
        if isinstance(value, dict):
            return {key: self._current(item) for key, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self._current(item) for item in value)
        return value


class _Relay(torch.autograd.Function):
    """A call with its own value forwards; backwards `spread` says what each input gets."""

    @staticmethod
    def forward(ctx: Any, compute: Callable[[], Tensor], spread: Spread, *inputs: Tensor) -> Tensor:
        ctx.spread = spread
        return compute()

    @staticmethod
    def backward(ctx: Any, *received: Tensor) -> tuple[Tensor | None, ...]:
        return (None, None, *ctx.spread(received[0]))


def relayed(compute: Callable[[], Tensor], spread: Spread, inputs: list[Tensor]) -> Tensor:
    """What `compute` gives; in the backward pass the inputs get what `spread` makes of what the output got."""
    made: Tensor = _Relay.apply(compute, spread, *inputs)  # type: ignore[no-untyped-call]
    return made


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in an argument, which may be a list of them."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [item for part in value for item in tensors_in(part)]
    return []


@lru_cache(maxsize=4096)
def name_of(func: Callable[..., Any]) -> str:
    """A function's plain name, the same for `torch.add`, `Tensor.add` and the module's own."""
    name = torch.overrides.resolve_name(func) or getattr(func, "__name__", repr(func))
    return name.rsplit(".", 1)[-1]
