"""What may be loaded, and the sentence with which everything else is refused."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from portal.networks.architectures import build, names
from portal.networks.description import DESCRIPTION_FILE, WEIGHTS_FILE, Preprocessing, parse_description
from portal.networks.errors import ArchitectureError, DescriptionError, NetworkError, WeightsError
from portal.networks.loading import load_folder
from portal.networks.preprocessing import PreprocessingError, prepare, prepare_mask, resample
from portal.networks.weightfiles import inspect_weights

ARGUMENTS = {
    "block": "basic",
    "layers": [1, 1, 1, 1],
    "block_inplanes": [4, 4, 8, 8],
    "n_input_channels": 1,
    "num_classes": 2,
}
DESCRIPTION: dict[str, Any] = {
    "slug": "small",
    "title": "Small",
    "architecture": "monai:ResNet",
    "arguments": ARGUMENTS,
    "task": "classification",
    "classes": ["no", "yes"],
    "layer": "layer4",
    "preprocessing": {"size": [64, 64], "highest": 4095},
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    (folder / DESCRIPTION_FILE).write_text(json.dumps(DESCRIPTION))
    save_file(build("monai:ResNet", ARGUMENTS).state_dict(), folder / WEIGHTS_FILE)
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "model"))


def _rewrite(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    state = load_file(folder / WEIGHTS_FILE)
    change(state)
    save_file(state, folder / WEIGHTS_FILE)


def _describe(folder: Path, **changes: object) -> None:
    (folder / DESCRIPTION_FILE).write_text(json.dumps(DESCRIPTION | changes))


def test_it_loads_what_it_is_given(folder: Path) -> None:
    network = load_folder(folder)
    assert not network.model.training
    stored = load_file(folder / WEIGHTS_FILE)
    assert all(torch.equal(tensor, stored[name]) for name, tensor in network.model.state_dict().items())
    assert network.sha256 == inspect_weights(folder / WEIGHTS_FILE).sha256


def test_it_leaves_the_random_state_alone(folder: Path) -> None:
    before = torch.random.get_rng_state()
    load_folder(folder)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl", ".bin", ".onnx", ".pt2", ".h5", ".ckpt"])
def test_every_other_format_is_refused_by_name(folder: Path, suffix: str) -> None:
    other = folder / f"weights{suffix}"
    (folder / WEIGHTS_FILE).rename(other)
    with pytest.raises(WeightsError, match=f"weights{suffix} is refused: .* safetensors only"):
        load_folder(folder)
    with pytest.raises(WeightsError, match="safetensors only"):
        inspect_weights(other)


class _Trap:
    """Unpickling this leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_under_the_right_name_is_refused_unread(folder: Path, protocol: int) -> None:
    mark = folder / "ran"
    (folder / WEIGHTS_FILE).write_bytes(pickle.dumps(_Trap(mark), protocol=protocol))
    with pytest.raises(WeightsError, match=r"pickle|not a safetensors file"):
        load_folder(folder)
    assert not mark.exists()


def test_a_torch_archive_under_the_right_name_is_refused(folder: Path) -> None:
    with zipfile.ZipFile(folder / WEIGHTS_FILE, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    with pytest.raises(WeightsError, match="zip archive under another name"):
        load_folder(folder)


def test_a_header_of_128_bytes_is_no_pickle(tmp_path: Path) -> None:
    """Its length begins with the byte that pickles begin with."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode().ljust(128)
    (tmp_path / WEIGHTS_FILE).write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    assert inspect_weights(tmp_path / WEIGHTS_FILE).shapes == {"a": (1,)}


@pytest.mark.parametrize("content", [b"", b"1234", b"\x00" * 100, b"\xff" * 8 + b"{}", b"\x02" + b"\x00" * 7 + b"{}"])
def test_what_is_no_safetensors_file_is_refused(folder: Path, content: bytes) -> None:
    (folder / WEIGHTS_FILE).write_bytes(content)
    with pytest.raises(WeightsError):
        load_folder(folder)


def test_a_file_cut_off_is_refused(folder: Path) -> None:
    whole = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(whole[:-100])
    with pytest.raises(WeightsError, match="damaged"):
        load_folder(folder)


def test_a_file_too_large_is_refused(folder: Path) -> None:
    with pytest.raises(WeightsError, match="at most 1,000"):
        load_folder(folder, largest=1000)


def test_a_link_is_refused(folder: Path) -> None:
    (folder / WEIGHTS_FILE).rename(folder / "elsewhere.safetensors")
    (folder / WEIGHTS_FILE).symlink_to(folder / "elsewhere.safetensors")
    with pytest.raises(WeightsError, match="not an ordinary file"):
        load_folder(folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda state: state.pop("fc.bias"), "fc.bias is missing"),
        (lambda state: state.update(extra=torch.zeros(1)), "extra is unknown"),
        (lambda state: state.update({"fc.bias": torch.zeros(3)}), r"fc.bias is \(3,\), not \(2,\)"),
        (lambda state: state.update({"fc.bias": torch.full((2,), torch.nan)}), "fc.bias are not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    folder: Path, change: Callable[[dict[str, Tensor]], object], sentence: str
) -> None:
    _rewrite(folder, change)
    with pytest.raises(WeightsError, match=sentence):
        load_folder(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"architecture": "os:system"}, "not registered"),
        ({"architecture": "monai:Conv"}, "not registered"),
        ({"arguments": ARGUMENTS | {"spatial_dims": 3}}, "two dimensions"),
        ({"arguments": ARGUMENTS | {"pretrained": True}}, "pretrained"),
        ({"arguments": ARGUMENTS | {"depth": 3}}, "cannot be built"),
        ({"arguments": ARGUMENTS | {"block_inplanes": [4096] * 4}}, "at most 300,000,000"),
        ({"layer": "layer9"}, "no layer 'layer9'"),
        ({"classes": ["a", "b", "c"]}, r"answers \(1, 2\)"),
        ({"task": "segmentation"}, "call for"),
        ({"task": "divination"}, "not one of"),
        ({"sha256": "0" * 64}, "SHA-256 differs"),
        ({"colour": "red"}, "no field 'colour'"),
        ({"slug": "../up"}, "slug"),
        ({"target": 2}, "target"),
        ({"preprocessing": {"size": [64, 64], "highest": 0}}, "above 0"),
        ({"preprocessing": {"size": [64, 64], "highest": 1, "channels": 3}}, "cannot read images"),
    ],
)
def test_a_description_that_does_not_hold_is_refused(folder: Path, changes: dict[str, Any], sentence: str) -> None:
    _describe(folder, **changes)
    with pytest.raises(NetworkError, match=sentence) as caught:
        load_folder(folder)
    assert "\n" not in str(caught.value)


def test_a_description_that_is_missing_or_no_json_is_refused(folder: Path) -> None:
    (folder / DESCRIPTION_FILE).write_text("{")
    with pytest.raises(DescriptionError, match="not JSON"):
        load_folder(folder)
    (folder / DESCRIPTION_FILE).unlink()
    with pytest.raises(DescriptionError, match=r"no model\.json"):
        load_folder(folder)


def test_a_description_survives_its_own_json() -> None:
    found = parse_description(DESCRIPTION)
    assert parse_description(found.as_json()) == found


def test_monais_planar_networks_are_registered() -> None:
    assert {"monai:DenseNet121", "monai:BasicUNet", "monai:SEResNet50", "monai:SwinUNETR"} <= set(names())


@pytest.mark.parametrize(
    ("architecture", "arguments"),
    [
        ("monai:DenseNet121", {"in_channels": 1, "out_channels": 3}),
        ("monai:SEResNet50", {"in_channels": 1, "num_classes": 3}),
        ("monai:EfficientNetBN", {"model_name": "efficientnet-b0", "in_channels": 1, "num_classes": 3}),
    ],
)
def test_it_builds_them_in_two_dimensions(architecture: str, arguments: dict[str, Any]) -> None:
    with torch.no_grad():
        assert build(architecture, arguments)(torch.zeros(1, 1, 64, 64)).shape == (1, 3)


def test_a_transformer_that_returns_its_hidden_states_gives_its_logits_alone() -> None:
    arguments = {
        "in_channels": 1, "img_size": 32, "patch_size": 8, "hidden_size": 12, "mlp_dim": 24, "num_layers": 1,
        "num_heads": 3, "classification": True, "num_classes": 3,
    }  # fmt: skip
    assert build("monai:ViT", arguments)(torch.zeros(2, 1, 32, 32)).shape == (2, 3)


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ArchitectureError, match="'house' is not registered"):
        build("house", {})


def test_resampling_keeps_a_plane_and_the_mean() -> None:
    rows, columns = np.mgrid[0:64, 0:64].astype(np.float32)
    plane = 2 * rows + 3 * columns + 5
    small = resample(plane, (16, 16))
    expected = 2 * (np.arange(16)[:, None] * 4 + 1.5) + 3 * (np.arange(16) * 4 + 1.5) + 5
    assert np.allclose(small[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-3)
    assert resample(plane, (64, 64)) is plane


def test_preparation_scales_and_arranges() -> None:
    steps = Preprocessing(size=(8, 8), highest=100.0, mean=0.5, std=0.25)
    assert np.allclose(prepare(np.full((16, 16), 75, np.uint16), steps), np.ones((1, 8, 8)))
    colour = np.stack([np.full((8, 8), value, np.uint8) for value in (0, 50, 100)], 2)
    assert np.allclose(prepare(colour, steps), np.zeros((1, 8, 8)))
    three = Preprocessing(size=(8, 8), highest=100.0, channels=3)
    assert prepare(np.zeros((8, 8), np.uint8), three).shape == (3, 8, 8)
    with pytest.raises(PreprocessingError):
        prepare(np.zeros((2, 8, 8, 3), np.uint8), steps)


def test_a_small_mask_is_never_lost() -> None:
    mask = np.zeros((64, 64), bool)
    mask[10, 50] = True
    small = prepare_mask(mask, (8, 8))
    assert np.argwhere(small).tolist() == [[1, 6]]
