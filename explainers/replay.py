"""A recording of a network's torch functions up to some point, and its replay for several copies of the image.

Shapes are right throughout; of the values only those are kept that something still refers to when that point is
reached, because nothing else can be read after it. All others read as not-a-number.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class OutOfStep(RuntimeError):
    """The network made other calls for several copies of an image than for the image alone."""


class Answer:
    """What a torch function returned: its tensors by weak reference, until the layer ends."""

    def __init__(self, function: Callable[..., Any], result: Any) -> None:
        self.function = function
        self.several = isinstance(result, (tuple, list))
        self.kind = type(result)
        self.tensors = [Slot(item) for item in (result if self.several else [result]) if isinstance(item, Tensor)]
        self.live = not self.tensors or (self.several and len(self.tensors) < len(result))

    def given(self, count: int, copies: bool) -> Any:
        """The same for `count` copies of the image."""
        tensors = [slot.given(count, copies) for slot in self.tensors]
        return self.kind(tensors) if self.several else tensors[0]


class Slot:
    """A tensor of the recording: its shape, and its values if anything referred to it when the layer ended."""

    def __init__(self, tensor: Tensor) -> None:
        self.reference = weakref.ref(tensor)
        self.blank = tensor.detach().new_zeros(()) if not tensor.is_floating_point() else tensor.new_full((), torch.nan)
        self.shape = tensor.shape
        self.values: Tensor | None = None

    def settle(self, replaced: Tensor) -> None:
        """Keep the values as they are now, if the tensor is alive and is not the layer's own output."""
        tensor = self.reference()
        self.values = None if tensor is None or tensor is replaced else tensor.detach().clone()

    def given(self, count: int, copies: bool) -> Tensor:
        """For `count` copies of the image; not-a-number where nobody should read."""
        values = self.blank.expand(self.shape) if self.values is None else self.values
        if not self.shape or self.shape[0] != 1:
            return values
        values = values.expand(count, *self.shape[1:])
        return values.clone() if copies and self.values is not None else values


class Recorder(TorchFunctionMode):
    """Notes each call of a torch function; `answers` are those up to the layer's end, `sizes` bytes made after it."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Answer] = []
        self.answers: list[Answer] = []
        self.sizes: list[int] = []
        self.reached = False

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        self.noted.append(Answer(function, result))
        if self.reached:
            self.sizes += [item.numel() * item.element_size() for item in _tensors(result)]
        return result

    def reach(self, output: Tensor) -> None:
        """The layer has ended, perhaps not for the last time."""
        self.answers, self.sizes, self.reached = list(self.noted), [], True
        for answer in self.answers:
            for slot in answer.tensors:
                slot.settle(output)


class Replay(TorchFunctionMode):
    """Answers from the recording until the layer ends."""

    def __init__(self, answers: list[Answer], count: int, *, copies: bool) -> None:
        super().__init__()
        self.answers, self.count, self.copies = answers, count, copies
        self.at = 0
        self.ended = False

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self.ended:
            return function(*args, **(kwargs or {}))
        if self.at >= len(self.answers) or self.answers[self.at].function != function:
            raise OutOfStep(f"Call {self.at} differs from the recorded one.")
        answer = self.answers[self.at]
        self.at += 1
        return function(*args, **(kwargs or {})) if answer.live else answer.given(self.count, self.copies)

    def end(self) -> None:
        """The layer has ended for the last time."""
        if self.at != len(self.answers):
            raise OutOfStep(f"The layer ended after {self.at} calls instead of {len(self.answers)}.")
        self.ended = True


def _tensors(result: Any) -> Iterable[Tensor]:
    items = result if isinstance(result, (tuple, list)) else [result]
    return [item for item in items if isinstance(item, Tensor)]
