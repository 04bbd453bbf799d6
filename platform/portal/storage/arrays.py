"""A content-addressed store of numpy arrays, written as .npy without pickle."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from numpy.typing import NDArray

from foundation.provenance import digest_array


class MissingArray(ValueError):
    """The array store holds nothing under this hash."""


def put_array(array: NDArray[Any]) -> str:
    """Store an array (any shape, numeric or bool) and return the SHA-256 that it is found by; storing twice is free."""
    array = np.ascontiguousarray(array)
    digest = digest_array(array)
    store = storages["arrays"]
    if not store.exists(_name(digest)):
        buffer = io.BytesIO()
        np.save(buffer, array.astype(array.dtype.newbyteorder("<"), copy=False), allow_pickle=False)
        store.save(_name(digest), ContentFile(buffer.getvalue()))
    return digest


def has_array(digest: str) -> bool:
    """Whether the store holds this hash."""
    return storages["arrays"].exists(_name(digest))


def get_array(digest: str) -> NDArray[Any]:
    """The array under this hash; MissingArray where there is none."""
    try:
        with storages["arrays"].open(_name(digest)) as file:
            array: NDArray[Any] = np.load(io.BytesIO(file.read()), allow_pickle=False)
    except FileNotFoundError:
        raise MissingArray(f"The array store holds nothing under {digest}.") from None
    return array


def _name(digest: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise MissingArray(f"{digest!r} is not a content hash.")
    return f"{digest[:2]}/{digest}.npy"
