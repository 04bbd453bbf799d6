"""A small phantom dataset and small networks, for all tests of the portal."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.catalog.demo import store_reading_set
from portal.catalog.models import Dataset
from portal.networks.models import Network
from portal.networks.work import register_folder
from tests.portal.small_networks import make_folder


@pytest.fixture
def phantoms(db: None) -> Dataset:
    """Four phantoms, two with a nodule."""
    return store_reading_set(cases=4, size=64, slug="phantoms")


@pytest.fixture
def classifier(db: None, tmp_path: Path) -> Network:
    """A classifier with random weights."""
    return register_folder(make_folder(tmp_path, "classifier"))


@pytest.fixture
def segmenter(db: None, tmp_path: Path) -> Network:
    """A segmenter with random weights."""
    return register_folder(make_folder(tmp_path, "segmenter", "segmentation"))
