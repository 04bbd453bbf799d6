"""Forward passes: the network left as it was found, and many perturbed copies streamed under a memory budget."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from foundation.folding import prepared
from foundation.probing import Probe, probe
from foundation.remembered import Remembered, content_keys
from foundation.targets import Target

# Perturbed copies sent through the network at once, at most: beyond these, larger chunks no longer pay.
LARGEST_CHUNK = {"cpu": 32, "cuda": 512}

# On a CPU a chunk is fastest while the largest layer's output stays about this small (it fits the cache), but a few
# images together are always faster than one. Measured on ResNet-18 and DenseNet-121 at 224 x 224 and on small ResNets
# and U-Nets at 160 x 160: from 4 to 16 images differ by a few per cent, 32 cost up to a third more.
CACHE_MB = 8
SMALLEST_CHUNK = 8

# Copies of an image that are charged for while it is perturbed, recognised, gathered into a chunk and laid out: at most
# eight stand at once, and the allocator keeps some that are gone.
COPIES = 10

# The longest row of logits that is remembered as it is; of larger outputs the target's value is.
LONGEST_ROW = 64

# The part of the memory budget that remembered outputs may take, and the targets whose values are remembered.
REMEMBERED_SHARE = 1 / 16
REMEMBERED_TARGETS = 8

Perturb = Callable[[Tensor, Tensor], Tensor]


@contextmanager
def untouched(model: nn.Module) -> Iterator[nn.Module]:
    """The network in evaluation mode, without weight gradients; on leaving it is exactly as it was found.

    Mode, `requires_grad`, `.grad` and buffers are restored, also after an error. Hooks are the caller's to remove.
    """
    modes = [(module, module.training) for module in model.modules()]
    parameters = [(parameter, parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    try:
        model.eval()
        for parameter, _, _ in parameters:
            parameter.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad():
            yield model
    finally:
        for module, training in modes:
            module.training = training
        for parameter, requires, gradient in parameters:
            parameter.requires_grad_(requires)
            parameter.grad = gradient
        with torch.no_grad():
            for buffer, before in buffers:
                if not torch.equal(buffer, before):
                    buffer.copy_(before)


def chunk_size(
    model: nn.Module, images: Tensor, memory_mb: float, seen: Probe | None = None, *, keeps: bool = True
) -> int:
    """How many images a pass may hold within `memory_mb` MiB, at least one.

    An image is charged with ten copies of itself (perturbing it makes some) and with what the network makes of it:
    all of it where a backward pass `keeps` it, else the most that stands at once. `seen` is the network's probe by the
    first image where the caller has one.
    """
    seen = probe(model, images[:1]) if seen is None else seen
    charged = (seen.made if keeps else seen.live) + COPIES * images[:1].numel() * images.element_size()
    useful = LARGEST_CHUNK.get(images.device.type, 32)
    if images.device.type == "cpu":
        useful = min(useful, max(SMALLEST_CHUNK, int(CACHE_MB * 2**20 / max(seen.largest, 1))))
    return max(1, min(useful, int(memory_mb * 2**20 / charged)))


class Forwards:
    """Forward passes of one network for images of one shape, without gradients, under a memory budget in MiB.

    The network is in evaluation mode; what runs is its prepared copy (see `prepared`). Values do not depend on the
    budget beyond the rounding of float32.

    **Each distinct input is sent through the network once**, however many calls of `stream` ask for it: keep one
    `Forwards` for all the methods or metrics that work on the same network, and hand it the same bound target. An
    input is known by its pixels, so it does not matter who perturbed the image, or how. Logits `(B, K)` of up to 64
    classes are remembered as they are and serve every target and image; of larger outputs (segmentation) the value
    is remembered for the very target object (`is`, not `==`; the last eight of them) and the image's place in what
    that target is bound to. Unknown inputs are gathered into full chunks, so a remembered value may differ from a
    fresh one by rounding. What is remembered takes at most a sixteenth of the budget; the oldest is forgotten first.
    """

    def __init__(self, model: nn.Module, images: Tensor, memory_mb: float = 1024) -> None:
        seen = probe(model, images[:1])
        self.network, self.layout = prepared(model, images, seen)
        self.size = chunk_size(model, images, memory_mb * (1 - REMEMBERED_SHARE), seen, keeps=False)
        self.whole_rows = seen.output.ndim == 2 and seen.output.shape[1] <= LONGEST_ROW
        width = seen.output.shape[1] if self.whole_rows else 1
        self.known = Remembered(memory_mb * 2**20 * REMEMBERED_SHARE, width)
        self._targets: dict[int, Target] = {}

    def stream(
        self, images: Tensor, target: Target, count: int, perturb: Perturb, *, places: Tensor | None = None
    ) -> Tensor:
        """Target values of `count` perturbed copies of each image: `(B, count)`, without ever holding them all.

        `perturb(image, item)` gets two LongTensors `(n,)`, the indices of the images and of their perturbations, and
        returns `(n, C, H, W)`. `target` is bound to `images`; or, where these are but some of the images that it is
        bound to, `places (B,)` says which.
        """
        batch = len(images)
        if count == 0:
            return images.new_zeros((batch, 0))
        places = torch.arange(batch, device=images.device) if places is None else places.to(images.device)
        asked = _Asked(self, target, places.repeat_interleave(count))
        with torch.no_grad():
            for start in range(0, batch * count, self.size):
                index = torch.arange(start, min(start + self.size, batch * count), device=images.device)
                asked.add(perturb(index // count, index % count))
            return asked.values().view(batch, count)

    def token(self, target: Target) -> int:
        """What stands for a target in the keys of remembered values; 0 where whole rows of logits are remembered."""
        if self.whole_rows:
            return 0
        for token, known in self._targets.items():
            if known is target:
                return token
        token = max(self._targets, default=0) + 1
        self._targets[token] = target
        if len(self._targets) > REMEMBERED_TARGETS:
            del self._targets[min(self._targets)]
        return token


class _Asked:
    """The perturbed copies of one call of `stream`: what is known is answered at once, the rest runs in full chunks.

    `places` says for each copy, in the order in which they are added, whose it is in what the target is bound to.
    """

    def __init__(self, forwards: Forwards, target: Target, places: Tensor) -> None:
        self.forwards, self.target, self.places = forwards, target, places
        self.token = forwards.token(target)
        self.added = 0
        self.waiting: dict[Hashable, list[int]] = {}  # the copies that wait for each input that is yet to run
        self.inputs: list[Tensor] = []  # those inputs, in the same order
        # One stretch for all answers, not a small tensor a chunk: between the large ones, which come and go, small ones
        # that stay would break up the allocator's memory until it holds many times what is in use.
        self.answers: Tensor | None = None

    def add(self, copies: Tensor) -> None:
        """Answer the copies that are known; run those that are not as soon as they fill a chunk."""
        keys = self._keys(copies)
        known, new = [], []
        for row, key in enumerate(keys):
            if key in self.forwards.known:
                known.append(row)
            elif key in self.waiting:
                self.waiting[key].append(self.added + row)
            else:
                self.waiting[key] = [self.added + row]
                new.append(row)
        if known:
            self._answer([self.added + row for row in known], self.forwards.known.recall([keys[row] for row in known]))
        if new:
            self.inputs.append(copies if len(new) == len(keys) else copies[new])
        self.added += len(keys)
        while len(self.waiting) >= self.forwards.size:
            self._run(self.forwards.size)

    def values(self) -> Tensor:
        """The target values of all copies, in the order in which they were added."""
        if self.waiting:
            self._run(len(self.waiting))
        if self.answers is None:
            raise ValueError("No perturbed copies were added.")
        return self.answers

    def _keys(self, copies: Tensor) -> list[Hashable]:
        contents = content_keys(copies)
        if self.forwards.whole_rows:
            return list(contents)
        places = self.places[self.added : self.added + len(contents)].tolist()
        return [(self.token, place, content) for place, content in zip(places, contents, strict=True)]

    def _run(self, count: int) -> None:
        inputs = self.inputs[0] if len(self.inputs) == 1 else torch.cat(self.inputs)
        self.inputs = [inputs[count:]] if len(inputs) > count else []
        keys = list(itertools.islice(self.waiting, count))
        waiting = [self.waiting.pop(key) for key in keys]
        rows = self.forwards.network(inputs[:count].contiguous(memory_format=self.forwards.layout))
        if not self.forwards.whole_rows:
            rows = self._taken([positions[0] for positions in waiting])(rows)[:, None]
        self.forwards.known.keep(keys, rows)
        copies = [row for row, positions in enumerate(waiting) for _ in positions]
        rows = rows if len(copies) == count else rows[copies]
        self._answer([position for positions in waiting for position in positions], rows)

    def _answer(self, positions: list[int], rows: Tensor) -> None:
        values = self._taken(positions)(rows) if self.forwards.whole_rows else rows[:, 0]
        if self.answers is None:
            self.answers = values.new_empty(len(self.places))
        self.answers[torch.tensor(positions, device=values.device)] = values

    def _taken(self, positions: list[int]) -> Target:
        return self.target.take(self.places[torch.tensor(positions, device=self.places.device)])


def stream(
    model: nn.Module, images: Tensor, target: Target, count: int, perturb: Perturb, *, memory_mb: float = 1024
) -> Tensor:
    """`Forwards.stream` for a single use: target values `(B, count)` of perturbed copies."""
    return Forwards(model, images, memory_mb).stream(images, target, count, perturb)


def input_gradient(model: nn.Module, images: Tensor, target: Target) -> tuple[Tensor, Tensor]:
    """`(values (B,), gradient (B, C, H, W))` of the target by the images; the images' own graph is left alone."""
    leaf = images.detach().clone().requires_grad_()
    values = target(model(leaf))
    (gradient,) = torch.autograd.grad(values.sum(), leaf)
    return values.detach(), gradient
