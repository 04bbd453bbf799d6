"""Randomness as an argument: independent streams derived from one seed and names."""

from __future__ import annotations

import hashlib


def derive(seed: int, *names: str | int) -> int:
    """A seed of 63 bits for the stream called by `names`; the same for the same arguments on every machine."""
    text = "\x1f".join([str(int(seed)), *(f"{type(name).__name__}:{name}" for name in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
