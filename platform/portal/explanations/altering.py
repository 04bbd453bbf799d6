"""What a network really says once a region is taken out of an image. For jobs and commands only: torch."""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor, nn

from foundation.seeds import derive
from portal.catalog.models import Dataset, Image
from portal.catalog.selectors import approved_images, reference_mask
from portal.explanations.alterations import Fill, altered, region_for
from portal.explanations.errors import NothingToExplain
from portal.explanations.models import Alteration
from portal.explanations.predicting import said_of
from portal.jobs.registry import Progress
from portal.networks.models import Network
from portal.networks.work import default_device, load_network, prepare
from portal.storage import get_array, has_array, put_array


def alter_images(
    network: Network, dataset: Dataset, fill: Fill, seed: int = 0, progress: Progress | None = None
) -> int:
    """Alter every approved single picture once and run the network on it again; how many were new."""
    images = [image for image in approved_images(dataset) if image.slices == 1 and image.index == 0]
    if not images:
        raise NothingToExplain(f"The dataset {dataset.slug!r} has no approved single pictures.")
    model = load_network(network, default_device())
    made = 0
    for number, image in enumerate(images, start=1):
        made += _alter(network, model, image, fill, seed)
        if progress:
            progress(number, len(images), image.case.slug)
    return made


def _alter(network: Network, model: nn.Module, image: Image, fill: Fill, seed: int) -> bool:
    known = Alteration.objects.filter(
        network=network, image=image, weights_sha256=network.weights_sha256, fill=fill, seed=seed
    ).first()
    if known is not None and has_array(known.array):
        return False
    box = region_for(reference_mask(image), image.rows, image.columns, derive(seed, "alteration", image.array))
    changed = copy(image)
    changed.array = put_array(altered(get_array(image.array)[0], box, fill)[None])
    (_call, before), (call, after) = (_said(network, model, each) for each in (image, changed))
    Alteration.objects.update_or_create(
        network=network,
        image=image,
        weights_sha256=network.weights_sha256,
        fill=fill,
        seed=seed,
        defaults={
            "box": list(box),
            "array": changed.array,
            "before": before,
            "after": after,
            "predicted": call,
        },
    )
    return True


def _said(network: Network, model: nn.Module, image: Image) -> tuple[int, float]:
    tensor = prepare(image, network, default_device())
    with torch.inference_mode():
        output: Tensor = model(tensor)
    return said_of(network, output)
