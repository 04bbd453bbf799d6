"""What follows a layer, run alone: the output of a network for other feature maps in the layer's place.

The network's own code runs again, whatever it is, but each torch function up to the layer's end is answered from a
recording instead of being computed (see `replay`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from explainers.errors import LayerError
from explainers.replay import Recorder, Replay
from foundation.forwards import CACHE_MB, LARGEST_CHUNK, SMALLEST_CHUNK

# How far the output of a tail may lie from that of the whole network for the same feature maps, relative to the
# largest logit: rounding only.
EQUAL_VALUED = 1e-5


class Tail:
    """The rest of a network behind the last call of a layer, for one image `(1, C, H, W)`.

    `activation` `(1, c, h, w)` is the layer's output for the image, `output` the network's. `alone` says whether the
    tail runs alone; where that does not give the network's own values, the whole network runs each time.
    """

    def __init__(self, model: nn.Module, image: Tensor, layer: str) -> None:
        self.model, self.image, self.layer = model, image, layer
        recorder = Recorder()
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
        return self._with_maps(maps, Replay(self._answers, len(maps), copies=False))

    def _replayed_on_copies(self, maps: Tensor) -> Tensor:
        """For networks that write into what they had computed before the layer."""
        return self._with_maps(maps, Replay(self._answers, len(maps), copies=True))

    def _whole(self, maps: Tensor) -> Tensor:
        return self._with_maps(maps, None)

    def _with_maps(self, maps: Tensor, replay: Replay | None) -> Tensor:
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


@contextmanager
def _hooked(module: nn.Module, hook: Callable[..., Any]) -> Iterator[None]:
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
