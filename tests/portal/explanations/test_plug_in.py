"""A method from another package: the example in docs/extending.md, installed as it stands there."""

from __future__ import annotations

import io
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from scipy.ndimage import uniform_filter

from explainers.methods import registry
from foundation.registry import RegistryError
from portal.catalog.models import Dataset
from portal.catalog.selectors import approved_images
from portal.explanations.gallery import own_methods
from portal.explanations.models import Explanation
from portal.explanations.selectors import explanation_of, map_of
from portal.networks.models import Network
from portal.networks.work import prepare
from portal.panel.run_form import RunForm
from portal.parts.models import Part

GUIDE = settings.BASE_DIR / "docs" / "extending.md"


def example(language: str, holding: str) -> str:
    """The guide's block of code that holds these words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return next(block for block in blocks if holding in block)


def install(folder: Path, code: str) -> None:
    """What pip leaves of the example: the module, and metadata with its entry points."""
    project = tomllib.loads(example("toml", "heatproof-local-contrast"))
    (module,) = project["tool"]["setuptools"]["py-modules"]
    (folder / f"{module}.py").write_text(code)
    named = project["project"]
    place = folder / f"{named['name'].replace('-', '_')}-{named['version']}.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {named['name']}\nVersion: {named['version']}\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())])
        for group, entries in named["entry-points"].items()
    ]
    (place / "entry_points.txt").write_text("\n".join(groups))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of packages; what is installed there is gone from the registry afterwards."""
    known = {part.name: part for part in registry}
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(registry, "_loaded", False)
    monkeypatch.setattr(registry, "_complete", False)
    monkeypatch.setattr(registry, "_parts", dict(known))
    yield folder
    sys.modules.pop("local_contrast", None)


@pytest.mark.django_db
def test_it_is_a_method_like_any_other(classifier: Network, phantoms: Dataset, site: Path) -> None:
    """Oracle: the mean of a square by scipy, on the pixels whose square lies within the image."""
    install(site, example("python", "class LocalContrast"))
    call_command("sync_parts", stdout=io.StringIO())
    part = Part.objects.get(family="explainers.methods", name="local-contrast")
    assert part.parameters[0]["name"] == "window"
    assert "local-contrast" in {choice.part.name for choice in RunForm().methods}
    both = ("--model", "classifier", "--dataset", "phantoms")
    call_command("explain", *both, "--methods", "local-contrast", stdout=io.StringIO())
    assert Explanation.objects.count() == 4
    image = approved_images(phantoms)[1]
    made = explanation_of(classifier, image, "local-contrast")
    assert made is not None
    assert made.parameters == {"window": 9}
    pixels = prepare(image, classifier)[0, 0].numpy().astype(np.float64)
    wanted = np.abs(pixels - uniform_filter(pixels, 9))
    np.testing.assert_allclose(map_of(made)[4:-4, 4:-4], wanted[4:-4, 4:-4], atol=1e-5)


@pytest.mark.django_db
def test_its_parameters_are_checked_like_ours(classifier: Network, phantoms: Dataset, site: Path) -> None:
    install(site, example("python", "class LocalContrast"))
    with pytest.raises(ValueError, match="has no parameter 'windows'"):
        registry.build("local-contrast", {"windows": 3})
    with pytest.raises(ValueError, match="window cannot be 'wide'"):
        registry.build("local-contrast", {"window": "wide"})


def test_the_gallery_shows_ours_alone(site: Path) -> None:
    install(site, example("python", "class LocalContrast"))
    assert "local-contrast" in registry
    assert "local-contrast" not in {part.name for part in own_methods()}


def test_it_cannot_take_the_name_of_one_of_ours(site: Path) -> None:
    code = example("python", "class LocalContrast").replace('name = "local-contrast"', 'name = "occlusion"')
    install(site, code.replace("LocalContrast", "Occlusion") + "\nLocalContrast = Occlusion\n")
    with pytest.raises(RegistryError, match=r"Two parts of explainers.methods are called 'occlusion'"):
        list(registry)


@pytest.mark.parametrize("code", ["import nothing_of_this_name", "1 / 0", "class Other: pass"])
def test_one_that_cannot_be_loaded_is_named(site: Path, code: str) -> None:
    """Again and again, not only the first time: half a registry must not pass for the whole."""
    install(site, code)
    for _ in range(2):
        with pytest.raises(RegistryError, match=r"The plug-in 'local-contrast' .* cannot be loaded"):
            list(registry)


@pytest.mark.django_db
def test_a_command_says_so_in_a_sentence(classifier: Network, phantoms: Dataset, site: Path) -> None:
    install(site, "import nothing_of_this_name")
    run = ("explain", "--model", "classifier", "--dataset", "phantoms", "--methods", "edge-map")
    for arguments in (run, ("sync_parts",)):
        with pytest.raises(CommandError, match=r"The plug-in 'local-contrast' .* cannot be loaded") as caught:
            call_command(*arguments)
        assert caught.value.returncode == 2
