"""Whether the array store holds what the records name, unchanged, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.files.storage import storages
from django.db.models import Model

from foundation.provenance import digest_array
from portal.catalog.models import Image, ReferenceStandard
from portal.explanations.models import Alteration, Explanation, Prediction
from portal.storage import MissingArray, get_array
from studies.models import Stimulus

FIELDS: tuple[tuple[type[Model], str], ...] = (
    (Image, "array"),
    (ReferenceStandard, "mask"),
    (Prediction, "mask"),
    (Explanation, "array"),
    (Alteration, "array"),
    (Stimulus, "display"),
)


@dataclass(frozen=True)
class StoreState:
    """Content hashes: of arrays that are missing, that have changed, and that no record names."""

    held: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    unnamed: tuple[str, ...]


def store_state() -> StoreState:
    """Read every array that a record names and compare it with its hash."""
    named = named_arrays()
    missing, changed = [], []
    for digest in sorted(named):
        try:
            if digest_array(get_array(digest)) != digest:
                changed.append(digest)
        except MissingArray:
            missing.append(digest)
        except ValueError:  # the file is there and is no array any more
            changed.append(digest)
    held = set(_held())
    return StoreState(len(held), tuple(missing), tuple(changed), tuple(sorted(held - named)))


def named_arrays() -> set[str]:
    """The content hashes that records name."""
    found: set[str] = set()
    for model, field in FIELDS:
        found.update(model._default_manager.exclude(**{field: ""}).values_list(field, flat=True))
    return found


def prune(digests: tuple[str, ...]) -> None:
    """Delete arrays that no record names."""
    for digest in digests:
        storages["arrays"].delete(f"{digest[:2]}/{digest}.npy")


def _held() -> Iterator[str]:
    store = storages["arrays"]
    if not store.exists(""):
        return
    for folder in store.listdir("")[0]:
        for name in store.listdir(folder)[1]:
            yield name.removesuffix(".npy")
