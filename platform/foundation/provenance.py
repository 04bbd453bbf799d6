"""Content hashes: what a result was made from, written so that two makers agree on it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN: equal data, equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(value: Any) -> str:
    """SHA-256 (hexadecimal) of plain data, by way of its canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def digest_bytes(data: bytes) -> str:
    """SHA-256 (hexadecimal) of bytes."""
    return hashlib.sha256(data).hexdigest()


def digest_array(array: NDArray[Any]) -> str:
    """SHA-256 (hexadecimal) of an array's dtype, shape and values in little-endian C order."""
    array = np.ascontiguousarray(array)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    head = f"{little.dtype.str}{list(little.shape)}".encode()
    return hashlib.sha256(head + little.tobytes()).hexdigest()
