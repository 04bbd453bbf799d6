"""What follows a layer, run alone: the output of a network for other feature maps in the layer's place.

The network's own code runs again, whatever it is, but each torch function up to the layer's end is answered from a
recording instead of being computed: the shapes are right, and of the values only those are kept that are still
referred to when the layer ends, because nothing else can be read after it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from explainers.errors import LayerError
from foundation.forwards import CACHE_MB, LARGEST_CHUNK, SMALLEST_CHUNK

# How far the output of a tail may lie from that of the whole network for the same feature maps, relative to the
# largest logit: rounding only.
EQUAL_VALUED = 1e-5


class OutOfStep(RuntimeError):
    """The network made other calls for several copies of an image than for the image alone."""


class Tail:
    """The rest of a network behind the last call of a layer, for one image `(1, C, H, W)`.

    `activation` `(1, c, h, w)` is the layer's output for the image, `output` the network's. `alone` says whether the
    tail runs alone; where that does not give the network's own values, the whole network runs each time.
    """

    def __init__(self, model: nn.Module, image: Tensor, layer: str) -> None:
        self.model, self.image, self.layer = model, image, layer
        recorder = _Recorder()
        kept: list[Tensor] = []

        def note(module: nn.Module, arguments: tuple[object, ...], output: object) -> None:
            with torch._C.DisableTorchFunction():  # what follows is not the network's own doing
                if not isinstance(output, Tensor) or output.ndim != 4:
                    raise LayerError(f"The output of layer {layer!r} is no stack of feature maps (B, c, h, w).")
                kept.append(output.detach().clone())
                recorder.reach(output)

        with torch.no_grad(), _hooked(model.get_submodule(layer), note), recorder:
            self.output: Tensor = model(image)
        if not kept:
            raise LayerError(f"Layer {layer!r} takes no part in the network's forward pass.")
        self.activation, self._calls = kept[-1], len(kept)
        self._answers, self._sizes = recorder.answers, recorder.sizes
        self._run = self._chosen()

    @property
    def alone(self) -> bool:
        """Whether only what follows the layer is computed."""
        return self._run != self._whole

    def __call__(self, maps: Tensor) -> Tensor:
        """The network's output for feature maps `(n, c, h, w)` in the layer's place."""
        with torch.no_grad():
            return self._run(maps)

    def chunk(self, memory_mb: float) -> int:
        """How many copies to run at once within `memory_mb` MiB: as `foundation.forwards.chunk_size`, for the tail."""
        own = self.activation.numel() * self.activation.element_size()
        sizes = [own, *self._sizes]
        useful = LARGEST_CHUNK.get(self.image.device.type, 32)
        if self.image.device.type == "cpu":
            useful = max(SMALLEST_CHUNK, int(CACHE_MB * 2**20 / max(sizes)))
        return max(1, min(useful, int(memory_mb * 2**20 / (sum(sizes) + 2 * own))))

    def _chosen(self) -> Callable[[Tensor], Tensor]:
        """The quickest way that gives the network's own output, tried with two copies of the layer's own maps."""
        twice = self.activation.expand(2, -1, -1, -1)
        for run in (self._replayed, self._replayed_on_copies):
            try:
                with torch.no_grad():
                    found = run(twice.clone())
            except (RuntimeError, IndexError):
                continue
            same = found.shape[0] == 2 and found.shape[1:] == self.output.shape[1:]
            if same and bool(((found - self.output).abs() <= EQUAL_VALUED * self.output.abs().max()).all()):
                return run
        return self._whole

    def _replayed(self, maps: Tensor) -> Tensor:
        return self._with_maps(maps, _Replay(self._answers, len(maps), copies=False))

    def _replayed_on_copies(self, maps: Tensor) -> Tensor:
        """For networks that write into what they had computed before the layer."""
        return self._with_maps(maps, _Replay(self._answers, len(maps), copies=True))

    def _whole(self, maps: Tensor) -> Tensor:
        return self._with_maps(maps, None)

    def _with_maps(self, maps: Tensor, replay: _Replay | None) -> Tensor:
        calls = 0

        def put(module: nn.Module, arguments: tuple[object, ...], output: object) -> Tensor | None:
            nonlocal calls
            calls += 1
            if calls < self._calls:
                return None
            if replay is not None:
                replay.end()
            return maps

        images = self.image.expand(len(maps), -1, -1, -1)
        with _hooked(self.model.get_submodule(self.layer), put):
            if replay is None:
                return self.model(images)  # type: ignore[no-any-return]
            with replay:
                return self.model(images)  # type: ignore[no-any-return]


class _Answer:
    """What a torch function returned: its tensors by weak reference, until the layer ends."""

    def __init__(self, function: Callable[..., Any], result: Any) -> None:
        self.function = function
        self.several = isinstance(result, (tuple, list))
        self.kind = type(result)
        self.tensors = [_Slot(item) for item in (result if self.several else [result]) if isinstance(item, Tensor)]
        self.live = not self.tensors or (self.several and len(self.tensors) < len(result))

    def given(self, count: int, copies: bool) -> Any:
        tensors = [slot.given(count, copies) for slot in self.tensors]
        return self.kind(tensors) if self.several else tensors[0]


class _Slot:
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


class _Recorder(TorchFunctionMode):
    """Notes each call of a torch function; `answers` are those up to the layer's end, `sizes` bytes made after it."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[_Answer] = []
        self.answers: list[_Answer] = []
        self.sizes: list[int] = []
        self.reached = False

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        self.noted.append(_Answer(function, result))
        if self.reached:
            self.sizes += [item.numel() * item.element_size() for item in _tensors(result)]
        return result

    def reach(self, output: Tensor) -> None:
        """The layer has ended, perhaps not for the last time."""
        self.answers, self.sizes, self.reached = list(self.noted), [], True
        for answer in self.answers:
            for slot in answer.tensors:
                slot.settle(output)


class _Replay(TorchFunctionMode):
    """Answers from the recording until the layer ends."""

    def __init__(self, answers: list[_Answer], count: int, *, copies: bool) -> None:
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


@contextmanager
def _hooked(module: nn.Module, hook: Callable[..., Any]) -> Iterator[None]:
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
