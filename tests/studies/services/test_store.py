"""The store is checked array by array, as after a restore."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from portal.catalog.models import Image
from portal.storage import has_array, put_array
from studies.services.store import store_state
from tests.studies.ward import Ward

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def test_a_whole_store_is_whole(ward: Ward) -> None:
    state = store_state()
    assert state.missing == ()
    assert state.changed == ()


def test_a_lost_and_a_changed_array_are_found(ward: Ward) -> None:
    lost, forged = sorted(set(Image.objects.values_list("array", flat=True)))[:2]
    store = storages["arrays"]
    names = {digest: f"{digest[:2]}/{digest}.npy" for digest in (lost, forged)}
    kept = {digest: Path(store.path(name)).read_bytes() for digest, name in names.items()}
    for name in names.values():
        store.delete(name)
    store.save(names[forged], ContentFile(b"not an array"))
    try:
        state = store_state()
        assert state.missing == (lost,)
        assert state.changed == (forged,)
        with pytest.raises(CommandError, match="not whole"):
            call_command("check_store", stdout=io.StringIO())
    finally:
        store.delete(names[forged])
        for digest, name in names.items():
            store.save(name, ContentFile(kept[digest]))


def test_pruning_takes_only_what_no_record_names(ward: Ward) -> None:
    stray = put_array(np.arange(7))
    call_command("check_store", "--prune", stdout=io.StringIO())
    assert not has_array(stray)
    assert all(has_array(digest) for digest in Image.objects.values_list("array", flat=True))
