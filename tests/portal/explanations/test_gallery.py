"""The gallery says of every method what the registry says, and shows every one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from PIL import Image

from explainers.base import Explainer
from explainers.methods import registry
from foundation.registry import parameters_of
from portal.explanations.gallery import IMAGES, document, image_name, own_methods
from portal.explanations.gallery_pictures import GAP, SIDE, VIEWS, write_pictures

DOCS = settings.BASE_DIR / "docs"
WEIGHTS = settings.BASE_DIR / "platform" / "portal" / "networks" / "weights"
REMEDY = "Run `python manage.py gallery` and commit what it writes."


def section(part: type[Explainer]) -> str:
    """What the page in docs/ says of one method."""
    page = (DOCS / "explainers.md").read_text(encoding="utf-8")
    begins = page.find(f"### {part.title}\n")
    assert begins >= 0, f"docs/explainers.md does not show {part.name}. {REMEDY}"
    ends = page.find("\n#", begins + 5)
    return page[begins : ends if ends > 0 else None]


@pytest.mark.parametrize("part", own_methods(), ids=lambda part: part.name)
def test_the_page_says_what_the_registry_says(part: type[Explainer]) -> None:
    text = section(part)
    for fact in (part.summary, part.caveat, part.reference, f"`{part.name}`"):
        assert fact in text, f"docs/explainers.md is behind {part.name}. {REMEDY}"
    for parameter in parameters_of(part):
        row = next((line for line in text.splitlines() if line.startswith(f"| `{parameter.name}` |")), "")
        assert parameter.help
        assert parameter.help.replace("|", "\\|") in row, f"docs/explainers.md is behind {part.name}. {REMEDY}"


def test_the_page_is_what_the_command_writes() -> None:
    assert (DOCS / "explainers.md").read_text(encoding="utf-8") == document(), REMEDY


@pytest.mark.parametrize("part", own_methods(), ids=lambda part: part.name)
def test_every_method_has_its_picture(part: type[Explainer]) -> None:
    path = DOCS / IMAGES / image_name(part)
    assert path.exists(), f"{path.name} is missing. {REMEDY}"
    with Image.open(path) as picture:
        assert picture.size == (len(VIEWS) * (SIDE + GAP) - GAP, SIDE)


def test_pictures_are_of_methods_that_there_are_and_small_together() -> None:
    there = {path.name: path.stat().st_size for path in (DOCS / IMAGES).iterdir()}
    assert set(there) == {"phantoms.webp", *(image_name(part) for part in own_methods())}
    assert sum(there.values()) < 1_500_000


def test_a_method_of_another_package_has_no_place_on_the_page() -> None:
    foreign = [part for part in registry if not part.__module__.startswith("explainers.methods.")]
    assert not any(f"### {part.title}\n" in document() for part in foreign)


def test_a_picture_shows_the_map_over_the_phantom(tmp_path: Path) -> None:
    """The truth's own map lights up the nodule and nothing else; where there is none, the tile is the phantom."""
    assert write_pictures(tmp_path, WEIGHTS, [registry["ground-truth-mask"]]) == []
    with Image.open(tmp_path / "ground-truth-mask.webp") as shown, Image.open(tmp_path / "phantoms.webp") as plain:
        lit = [shown.crop(tile(number)).getpixel((139, 107)) for number in (0, 2)]
        dark = [plain.crop(tile(number)).getpixel((139, 107)) for number in (0, 2)]
    assert colourfulness(lit[0]) > 60 > 20 > colourfulness(lit[1])
    assert colourfulness(dark[0]) < 20


def test_a_method_that_refuses_is_named_and_its_tile_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("It does not apply.")

    method = registry["uniform-map"]
    monkeypatch.setattr(method, "compute", refuse)
    refusals = write_pictures(tmp_path, WEIGHTS, [method])
    assert len(refusals) == len(VIEWS)
    assert refusals[0] == "uniform-map on chest-clean: It does not apply."


@pytest.mark.parametrize("wrong", [["--only", "grad-camm"], ["--out", "/nowhere"]])
def test_a_wrong_argument_is_one_sentence(wrong: list[str]) -> None:
    with pytest.raises(CommandError) as error:
        call_command("gallery", *wrong)
    assert error.value.returncode == 2


def test_the_page_alone(tmp_path: Path) -> None:
    call_command("gallery", "--out", str(tmp_path), "--no-pictures", verbosity=0)
    assert (tmp_path / "explainers.md").read_text(encoding="utf-8") == document()
    assert not (tmp_path / "images").exists()


def tile(number: int) -> tuple[int, int, int, int]:
    left = number * (SIDE + GAP)
    return left, 0, left + SIDE, SIDE


def colourfulness(pixel: object) -> int:
    assert isinstance(pixel, tuple)
    return max(pixel) - min(pixel)
