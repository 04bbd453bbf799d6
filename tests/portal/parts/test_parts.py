"""The parts table says what the registries say, and goes with them."""

from __future__ import annotations

import pytest

from evaluation.metrics import registry as metrics
from explainers.methods import registry as methods
from portal.parts.models import Part
from portal.parts.selectors import METHODS, METRICS, checked_parameters, part, parts
from portal.parts.services import sync_registry

pytestmark = pytest.mark.django_db


def test_every_part_is_written_once() -> None:
    assert sync_registry(methods) == len(methods)
    assert sync_registry(methods) == len(methods)
    assert [(found.name, found.title) for found in parts(METHODS)] == methods.choices()


def test_facts_and_parameters_are_the_classes_own() -> None:
    sync_registry(metrics)
    sync_registry(methods)
    deletion = part(METRICS, "deletion")
    assert deletion.facts["higher_is_better"] is False
    assert deletion.facts["needs"] == ["model"]
    assert deletion.reference == metrics["deletion"].reference
    control = part(METHODS, "ground-truth-mask")
    assert control.facts["control"] is control.facts["truth_derived"] is True
    (smoothness,) = part(METHODS, "random-map").parameters
    assert smoothness["name"] == "smoothness"
    assert smoothness["kind"] == "number"
    assert smoothness["help"]
    layer = next(found for found in part(METHODS, "grad-cam").parameters if found["name"] == "layer")
    assert layer["optional"]
    assert layer["default"] is None


def test_parts_that_are_gone_go() -> None:
    Part.objects.create(family=METHODS, name="old", title="Old")
    Part.objects.create(family=METRICS, name="other", title="Other")
    sync_registry(methods)
    assert not Part.objects.filter(name="old").exists()
    assert Part.objects.filter(name="other").exists(), "another family is left alone"


def test_unknown_names_get_a_hint() -> None:
    with pytest.raises(ValueError, match=r"No explanation method is known yet: run manage\.py sync_parts"):
        part(METHODS, "lrp")
    sync_registry(methods)
    with pytest.raises(ValueError, match="Did you mean grad-cam"):
        part(METHODS, "gradcam")
    with pytest.raises(ValueError, match="There are: "):
        part(METHODS, "zzzzzz")
    with pytest.raises(ValueError, match="random-map has no parameter 'colour'"):
        checked_parameters(METHODS, "random-map", {"colour": 1})
