"""The gallery's pictures: each method's maps over three phantoms, by the demo's networks. For commands only."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw
from skimage.segmentation import find_boundaries
from torch import Tensor

from explainers import explain_all
from explainers.base import Explainer
from explainers.methods import registry
from foundation.targets import ClassTarget, RegionTarget, Target
from portal.display import ImageHeader, Sign, Window, image_payload, native, overlay_png, render
from portal.explanations.gallery import image_name
from portal.jobs.registry import Progress
from portal.networks.loading import LoadedNetwork, load_folder
from portal.networks.preprocessing import prepare, prepare_mask
from portal.phantoms import HIGHEST, Phantom, PhantomSpec, draw

SIDE, GAP = 168, 4
QUALITY = 82
#: A clear nodule, a subtle one, and none but with the tag.
PHANTOMS = (
    PhantomSpec(20_261, 2),
    PhantomSpec(20_262, 4),
    PhantomSpec(20_263, None, tag=True),
)
#: Which network looks at which phantom.
VIEWS = (("chest-clean", 0), ("chest-clean", 1), ("chest-clean", 2), ("chest-shortcut", 2), ("nodule-unet", 0))


@dataclass(frozen=True, eq=False)
class View:
    """A phantom as one network sees it: its input `(1, C, H, W)`, the target, the true mask `(1, H, W)`."""

    phantom: Phantom
    network: LoadedNetwork
    image: Tensor
    mask: Tensor
    target: Target

    @property
    def pixels(self) -> NDArray[Any]:
        """What is shown below the map."""
        return self.phantom.pixels

    @property
    def header(self) -> ImageHeader:
        """How the pixels are to be shown."""
        return image_payload(self.pixels, window=Window((HIGHEST + 1) / 2, HIGHEST + 1)).header


def views(weights: Path) -> list[View]:
    """The gallery's five views, with the networks from the folder of the demo's weights."""
    drawn = [draw(spec, 320) for spec in PHANTOMS]
    networks = {name: load_folder(weights / name) for name in dict.fromkeys(name for name, _ in VIEWS)}
    return [_view(drawn[number], networks[name]) for name, number in VIEWS]


def write_pictures(
    folder: Path, weights: Path, parts: Iterable[type[Explainer]], progress: Progress | None = None
) -> list[str]:
    """Draw one sheet a method, and one of the phantoms; returns what a method would not explain, in its words."""
    folder.mkdir(parents=True, exist_ok=True)
    seen, refusals, chosen = views(weights), [], list(parts)
    _save([_outlined(view) for view in seen], folder / "phantoms.webp")
    for done, part in enumerate(chosen, start=1):
        tiles = []
        for number, view in enumerate(seen):
            try:
                tiles.append(_tile(view, part(), _donor(seen, number), number))
            except ValueError as refusal:
                refusals.append(f"{part.name} on {view.network.description.slug}: {refusal}")
                tiles.append(_refused(view))
        _save(tiles, folder / image_name(part))
        if progress:
            progress(done, len(chosen), part.name)
    return refusals


def _view(phantom: Phantom, network: LoadedNetwork) -> View:
    steps = network.description.preprocessing
    image = torch.from_numpy(prepare(phantom.pixels, steps))[None]
    mask = torch.from_numpy(prepare_mask(phantom.mask, steps.size))[None]
    index = network.description.target
    target: Target = ClassTarget(index)
    if network.description.task == "segmentation":
        target = RegionTarget(index).bind(network.model, image)
    return View(phantom, network, image, mask, target)


def _tile(view: View, method: Explainer, donor: View, seed: int) -> Picture.Image:
    donors = _maps(donor, registry["grad-cam"](), None, seed) if "donors" in method.needs else None
    sign: Sign = "signed" if method.signed else "positive"
    found = _maps(view, method, donors, seed)[0].numpy()
    rows, columns = view.pixels.shape
    shown = native(found, rows=rows, columns=columns, sign=sign)
    return _opened(overlay_png(view.pixels, view.header, shown.array, opacity=0.6, sign=sign, side=SIDE))


def _maps(view: View, method: Explainer, donors: Tensor | None, seed: int) -> Tensor:
    given: dict[str, Any] = {"masks": view.mask, "donors": donors, "seed": seed}
    return explain_all(view.network.model, view.image, view.target, {"": method}, **given)[""]


def _donor(seen: list[View], number: int) -> View:
    """Another phantom, seen by the same network where it sees several."""
    own = seen[number]
    others = [view for view in seen if view.phantom is not own.phantom]
    return next((view for view in others if view.network is own.network), others[0])


def _outlined(view: View) -> Picture.Image:
    picture = render(view.pixels, view.header)
    picture[find_boundaries(view.phantom.mask, mode="outer")] = (255, 200, 60)
    return Picture.fromarray(picture).resize((SIDE, SIDE), Picture.Resampling.BOX)


def _refused(view: View) -> Picture.Image:
    picture = Picture.fromarray(render(view.pixels, view.header)).resize((SIDE, SIDE), Picture.Resampling.BOX)
    dimmed = picture.point(lambda value: value // 3)
    ImageDraw.Draw(dimmed).text((SIDE // 2, SIDE // 2), "not for this network", anchor="mm", fill="white")
    return dimmed


def _opened(png: bytes) -> Picture.Image:
    return Picture.open(io.BytesIO(png)).convert("RGB")


def _save(tiles: list[Picture.Image], path: Path) -> None:
    sheet = Picture.new("RGB", (len(tiles) * (SIDE + GAP) - GAP, SIDE), "white")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number * (SIDE + GAP), 0))
    sheet.save(path, quality=QUALITY, method=6)
