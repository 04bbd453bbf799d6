"""A model's folder becomes a network that really loads, or nothing at all."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from torch.nn import functional

from portal.audit.models import Entry
from portal.catalog.models import Dataset
from portal.catalog.selectors import approved_images, image_pixels
from portal.explanations.models import Prediction
from portal.networks.architectures import build
from portal.networks.models import Network
from portal.networks.work import as_map, load_network, on_image_grid, prepare, register_folder
from tests.portal.small_networks import CLASSIFIER, make_folder

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def test_it_registers_and_loads_the_same_weights(tmp_path: Path) -> None:
    """Oracle: the file's tensors, read by safetensors itself."""
    from safetensors.torch import load_file

    folder = make_folder(tmp_path, "mine", layer="features.denseblock2")
    output = io.StringIO()
    call_command("register_model", str(folder), stdout=output)
    assert "Registered mine" in output.getvalue()
    network = Network.objects.get()
    assert (network.slug, network.task, network.target_class) == ("mine", "classification", 1)
    assert network.layer == "features.denseblock2"
    state = load_network(network).state_dict()
    for name, tensor in load_file(folder / "weights.safetensors").items():
        assert torch.equal(state[name], tensor)
    assert default_storage.exists(network.weights)
    assert Entry.objects.filter(action="network.registered", subject=f"network:{network.pk}").exists()


def test_registering_again_changes_nothing(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "mine")
    first = register_folder(folder)
    entries = Entry.objects.count()
    assert register_folder(folder) == first
    assert Entry.objects.count() == entries


def test_a_corrected_title_keeps_the_network(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "mine")
    first = register_folder(folder)
    described = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(described | {"title": "Better"}))
    assert register_folder(folder).pk == first.pk
    assert Network.objects.get().title == "Better"


def test_other_weights_under_a_slug_with_results_are_refused(tmp_path: Path, phantoms: Dataset) -> None:
    network = register_folder(make_folder(tmp_path, "mine"))
    register_folder(make_folder(tmp_path / "second", "mine", seed=1))
    network.refresh_from_db()
    image = approved_images(phantoms)[0]
    Prediction.objects.create(
        network=network, image=image, weights_sha256=network.weights_sha256, predicted=1, probability=0.5
    )
    with pytest.raises(ValueError, match="has results with other weights"):
        register_folder(make_folder(tmp_path / "third", "mine", seed=2))


def test_measured_performance_comes_along(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "mine")
    sha256 = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    estimate = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 40}
    measured = {
        "sha256": sha256,
        "seed": 1,
        "auroc": estimate,
        "sensitivity": estimate,
        "by_level": {"2": estimate},
        "splits": {"aligned": {"accuracy": estimate}},
        "drop": {"value": 0.31, "low": 0.2, "high": 0.42, "n": 40},
    }
    (folder / "performance.json").write_text(json.dumps(measured))
    performance = register_folder(folder).performance
    told = [(row["measure"], row["on"]) for row in performance["rows"]]
    assert told == [
        ("AUROC", "all unseen cases"),
        ("Sensitivity", "all unseen cases"),
        ("Fall in accuracy", "aligned to conflicting markers"),
        ("Sensitivity", "level 2"),
        ("Accuracy", "aligned markers"),
    ]
    assert performance["rows"][0] | {"measure": "", "on": ""} == {
        "measure": "", "on": "", "n": 40, "estimate": 0.9, "low": 0.8, "high": 0.95
    }  # fmt: skip
    assert performance["notes"][0].startswith("accuracy falls by 31 points (95 % interval 20 to 42)")
    assert performance["measured"] == measured


def test_a_performance_of_other_weights_is_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "mine")
    (folder / "performance.json").write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(ValueError, match="measured with other weights"):
        register_folder(folder)
    assert not Network.objects.exists()


def pickled(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(pickle.dumps({"weight": [1.0]}))


def only_a_checkpoint(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()
    torch.save(build(*CLASSIFIER).state_dict(), folder / "model.pt")


def other_architecture(folder: Path) -> None:
    described = json.loads((folder / "model.json").read_text())
    described["arguments"]["init_features"] = 8
    (folder / "model.json").write_text(json.dumps(described))


def unregistered(folder: Path) -> None:
    described = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(described | {"architecture": "os:system"}))


def no_description(folder: Path) -> None:
    (folder / "model.json").unlink()


@pytest.mark.parametrize("spoil", [pickled, only_a_checkpoint, other_architecture, unregistered, no_description])
def test_a_bad_folder_writes_nothing(tmp_path: Path, spoil: object) -> None:
    folder = make_folder(tmp_path, "mine")
    spoil(folder)  # type: ignore[operator]  # one of the functions above
    with pytest.raises(CommandError) as caught:
        call_command("register_model", str(folder))
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert not Network.objects.exists()
    assert not Entry.objects.exists()


def test_prepared_images_are_scaled_as_described(classifier: Network, phantoms: Dataset) -> None:
    """Oracle: block means, which antialiased halving by a triangle keeps, within the filter's overlap."""
    image = approved_images(phantoms)[0]
    tensor = prepare(image, classifier)
    assert tensor.shape == (1, 1, 32, 32)
    pixels = torch.from_numpy(image_pixels(image).astype(np.float32))[None]
    expected = functional.interpolate(pixels, size=(32, 32), mode="bilinear", antialias=True, align_corners=False)
    torch.testing.assert_close(tensor, (expected / 4095 - 0.5) / 0.25, atol=2e-3, rtol=1e-3)


def test_a_stack_of_slices_is_refused(classifier: Network, phantoms: Dataset) -> None:
    image = approved_images(phantoms)[0]
    image.slices = 5
    with pytest.raises(ValueError, match="single pictures, and phantom-001 has 5 slices"):
        prepare(image, classifier)


def test_maps_return_to_the_images_grid(phantoms: Dataset) -> None:
    """Oracle: a linear ramp stays linear under bilinear interpolation with pixel centres at half steps."""
    image = approved_images(phantoms)[0]
    ramp = (torch.arange(16) + 0.5).expand(16, 16)
    expected = ((torch.arange(64) + 0.5) / 4).clamp(0.5, 15.5)
    torch.testing.assert_close(on_image_grid(ramp[None, None], image)[0, 0, 7], expected)
    np.testing.assert_allclose(as_map(ramp.numpy(), 64, 64)[7], expected.numpy(), rtol=1e-6)
