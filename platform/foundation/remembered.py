"""What a network said about perturbed images, remembered by their content within a bound."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Hashable

import numpy as np
import torch
from torch import Tensor

# Bytes that one remembered entry costs beside its numbers: the key, and its place in two tables.
ENTRY_BYTES = 256


class Remembered:
    """Rows of numbers by key, in at most `limit_bytes`; the oldest are forgotten first."""

    def __init__(self, limit_bytes: float, width: int) -> None:
        self.width = width
        self.most = int(limit_bytes // (ENTRY_BYTES + 4 * width))
        self._places: dict[Hashable, int] = {}
        self._rows = torch.empty((0, width))

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._places

    def recall(self, keys: list[Hashable]) -> Tensor:
        """The rows `(N, width)` of keys that are remembered."""
        index = torch.tensor([self._places[key] for key in keys], device=self._rows.device)
        return self._rows[index]

    def keep(self, keys: list[Hashable], rows: Tensor) -> None:
        """Remember the rows `(N, width)` under new keys."""
        keys, rows = keys[: self.most], rows[: self.most]
        if not keys:
            return
        places = []
        for key in keys:
            full = len(self._places) >= self.most
            place = self._places.pop(next(iter(self._places))) if full else len(self._places)
            self._places[key] = place
            places.append(place)
        room = self._room_for(max(places) + 1, rows)
        room[torch.tensor(places, device=room.device)] = rows

    def _room_for(self, count: int, like: Tensor) -> Tensor:
        """The table, with at least `count` rows: it doubles as it grows."""
        held = len(self._rows)
        if held < count:
            grown = like.new_empty((min(self.most, max(count, 2 * held, 64)), self.width))
            grown[:held] = self._rows.to(grown)
            self._rows = grown
        return self._rows


def content_keys(images: Tensor) -> list[bytes]:
    """128 bits for each image `(N, C, H, W)` that are equal where the pixels are, -0 and 0 counted as one.

    On a CPU these are SHA-256's first bits; elsewhere two random linear functions of the pixels modulo 2^64, which
    agree for two given different float32 images with a chance of at most 2^-64.
    """
    flat = (images.detach() + 0.0).reshape(len(images), -1)
    if flat.device.type == "cpu":
        return [hashlib.sha256(row).digest()[:16] for row in flat.view(torch.uint8).numpy()]
    words = linear_words(flat).cpu().numpy()
    return [row.tobytes() for row in words]


def linear_words(flat: Tensor) -> Tensor:
    """Two 64-bit words `(N, 2)` for each row of floating-point numbers `(N, P)`: sums of products with fixed draws."""
    symbols = flat.view(torch.int16 if flat.element_size() == 2 else torch.int32)
    return torch.stack([(symbols * weight).sum(1) for weight in _draws(symbols.shape[1], flat.device)], 1)


@functools.lru_cache(maxsize=2)
def _draws(count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    draws = np.random.Generator(np.random.PCG64(0)).integers(-(2**63), 2**63, (2, count))
    first, second = torch.from_numpy(draws | 1).to(device)
    return first, second
