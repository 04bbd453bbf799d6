"""Memory by the book: the bytes of all tensors that stand at once while something runs."""

from __future__ import annotations

import weakref
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Held(TorchDispatchMode):
    """Counts the storages that operations make until the last tensor on them is gone; `peak_mb` is the most at once.

    What stood before is not counted, nor what an operation takes within itself. Unlike the process's size it does not
    depend on what the allocator keeps, so that it is the same on every run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[int, int] = {}
        self.users: dict[int, int] = {}
        self.now = self.peak = 0

    @property
    def peak_mb(self) -> float:
        """The most that stood at once, in MiB."""
        return self.peak / 2**20

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor) and leaf.untyped_storage().data_ptr():
                self._made(leaf)
        return out

    def _made(self, tensor: Tensor) -> None:
        place = tensor.untyped_storage().data_ptr()
        if place not in self.sizes:
            self.sizes[place] = tensor.untyped_storage().nbytes()
            self.now += self.sizes[place]
            self.peak = max(self.peak, self.now)
        self.users[place] = self.users.get(place, 0) + 1
        weakref.finalize(tensor, self._gone, place)

    def _gone(self, place: int) -> None:
        self.users[place] -= 1
        if not self.users[place]:
            self.now -= self.sizes.pop(place)
            del self.users[place]
