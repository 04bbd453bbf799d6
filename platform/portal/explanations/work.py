"""Explaining with torch: what every image of a run needs, and one map after another. For jobs and commands only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from django.conf import settings
from django.db import transaction
from torch import Tensor, nn

from explainers.base import Explainer
from explainers.methods import registry as methods
from foundation.provenance import digest_of
from foundation.registry import parameter_values, parameters_of
from foundation.seeds import derive
from portal.catalog.models import Image
from portal.catalog.selectors import approved_images, reference_mask
from portal.explanations.errors import MapsMissing, NoDonor, NothingToExplain, UnknownTruth
from portal.explanations.models import Explanation, Run
from portal.explanations.predicting import predict
from portal.explanations.regions import PREDICTED, Region
from portal.explanations.targets import Aim, aim_of
from portal.jobs.registry import Progress
from portal.networks.models import Network
from portal.networks.preprocessing import prepare_mask
from portal.networks.work import default_device, load_network, prepare
from portal.storage import has_array, put_array

#: Raised when this module would make other maps from the same request; part of every map's key.
RECIPE = "2"


@dataclass(frozen=True, eq=False)
class Subject:
    """An image as one network sees it: its input `(1, C, H, W)`, its target, its true mask `(1, H, W)` if known."""

    image: Image
    tensor: Tensor
    aim: Aim
    mask: Tensor | None
    output: Tensor

    def aimed(self, network: Network, region: Region) -> Subject:
        """The same, with the target over a region of what the network predicts."""
        return replace(self, aim=aim_of(network, self.output, region, self.mask)) if region != PREDICTED else self


@dataclass(frozen=True)
class Planned:
    """A method under the label that a run gave to it."""

    label: str
    method: Explainer
    region: Region = PREDICTED


def explain_run(run: Run, progress: Progress | None = None, *, part: int = 0, parts: int = 1) -> int:
    """Make all maps of a run that do not exist yet, and all predictions; how many maps were made.

    Of several `parts`, every one takes each `parts`-th image, from `part` on. Maps that a method refuses to make do
    not keep the others from being made; MapsMissing names them at the end.
    """
    everything = list(approved_images(run.dataset))
    if not everything:
        raise NothingToExplain(f"The dataset {run.dataset.slug!r} has no approved cases.")
    images = everything[part::parts]
    planned = planned_methods(run.network, run.methods)
    _require_masks(images, planned)
    donors = Donors(run.network, everything, run.seed)
    total, done, made, refusals = len(images) * len(planned), 0, 0, []
    started = time.monotonic()
    for subject, model in subjects(run.network, images):
        for plan in planned:
            try:
                made += explain_one(run.network, model, subject, plan, run.seed, donors)
            except ValueError as refusal:  # of this map alone: the others are made, and what is missing is told
                refusals.append(f"{plan.label} on {subject.image.case.slug}: {refusal}")
            done += 1
            if progress:
                rate = made / len(planned) / max(time.monotonic() - started, 1e-9)
                progress(done, total, f"{subject.image.case.slug} {plan.label}, {rate:.2f} images/s")
    if refusals:
        raise MapsMissing.of(refusals)
    return made


def planned_methods(network: Network, plan: list[dict[str, Any]]) -> list[Planned]:
    """The methods of a plan, built; a CAM method without a layer of its own gets the network's."""
    return [
        Planned(
            entry["label"],
            _built(network, entry["method"], entry["parameters"]),
            Region.read(entry["region"]) if "region" in entry else PREDICTED,
        )
        for entry in plan
    ]


def subjects(network: Network, images: list[Image]) -> Iterator[tuple[Subject, nn.Module]]:
    """Each image prepared for the network, its prediction stored on the way."""
    device = default_device()
    model = load_network(network, device)
    for image in images:
        tensor = prepare(image, network, device)
        with torch.inference_mode():
            output = model(tensor)
        predict(network, image, output)
        yield Subject(image, tensor, aim_of(network, output), _true_mask(image, tensor), output), model


def explain_one(
    network: Network, model: nn.Module, subject: Subject, plan: Planned, seed: int, donors: Donors | None = None
) -> bool:
    """Make and store one map; False where it exists already. Without `donors`, methods that need some are refused."""
    subject = subject.aimed(network, plan.region)
    ingredients = ingredients_of(network, subject, plan, seed)
    if donors is not None and "donors" in plan.method.needs:
        ingredients["donor_sha256"] = donors.image_for(subject.image).array
    key = digest_of(ingredients)
    stored = Explanation.objects.filter(key=key).first()
    if stored is not None and has_array(stored.array):
        return False
    own = own_seed(seed, subject.image)
    started = time.perf_counter()
    made = plan.method.explain_with_record(
        model,
        subject.tensor,
        subject.aim.target,
        masks=subject.mask,
        donors=donors.map_for(subject.image, model, plan.method) if donors and "donors" in plan.method.needs else None,
        seed=own,
        memory_mb=settings.MEMORY_MB,
    )
    values = made.maps[0].cpu().numpy().astype(np.float32)  # copying waits for the device
    seconds = time.perf_counter() - started
    with transaction.atomic():
        _, created = Explanation.objects.get_or_create(
            key=key,
            defaults={
                "network": network,
                "image": subject.image,
                "method": plan.method.name,
                "method_version": plan.method.version,
                "label": plan.label,
                "parameters": parameter_values(plan.method),
                "target": subject.aim.described,
                "is_control": plan.method.control,
                "truth_derived": plan.method.truth_derived,
                "seed": seed,
                "array": put_array(values),
                "seconds": seconds,
                "warning": str(made.record[0].get("warning", ""))[:300],
                "provenance": ingredients | _circumstances(subject, made.record[0], seconds),
            },
        )
    return created


@dataclass(frozen=True)
class Donors:
    """Whose map is laid over an image where a control wants another case's: all images in one circle, by the seed."""

    network: Network
    images: list[Image]
    seed: int

    def image_for(self, image: Image) -> Image:
        """The next image in the circle that is not the very same picture."""
        circle = sorted(self.images, key=lambda other: (derive(self.seed, "donor", other.array), other.pk))
        at = next(place for place, other in enumerate(circle) if other.pk == image.pk)
        for donor in [*circle[at + 1 :], *circle[:at]]:
            if donor.array != image.array:
                return donor
        raise NoDonor(f"Another case's map is needed for {image.case.slug}, and the dataset has no other image.")

    def map_for(self, image: Image, model: nn.Module, control: Explainer) -> Tensor:
        """The donor's map `(1, H, W)` by the method that the control is made from, with its default parameters."""
        donor = self.image_for(image)
        tensor = prepare(donor, self.network, default_device())
        with torch.inference_mode():
            output = model(tensor)
        method = _built(self.network, str(parameter_values(control)["of"]), {})
        target, own = aim_of(self.network, output).target, own_seed(self.seed, donor)
        return method.explain_with_record(model, tensor, target, seed=own, memory_mb=settings.MEMORY_MB).maps


def own_seed(seed: int, image: Image) -> int:
    """Each image draws for itself: one random map for all cases would show readers that it is one."""
    return derive(seed, image.array)


def ingredients_of(network: Network, subject: Subject, plan: Planned, seed: int) -> dict[str, Any]:
    """Everything that decides a map's values (and the label it is found by), as plain data."""
    return {
        "recipe": RECIPE,
        "network": network.slug,
        "architecture": network.architecture,
        "arguments": network.arguments,
        "weights_sha256": network.weights_sha256,
        "preprocessing": network.preprocessing,
        "image": subject.image.pk,
        "image_sha256": subject.image.array,
        "method": plan.method.name,
        "method_version": plan.method.version,
        "parameters": parameter_values(plan.method),
        "label": plan.label,
        "target": subject.aim.described,
        "mask": _mask_digest(subject) if "masks" in plan.method.needs else None,
        "seed": seed,
    }


def _circumstances(subject: Subject, record: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What does not decide the values: the grid, the time, the machine, and what the method says of its own making."""
    height, width = subject.tensor.shape[2:]
    device = subject.tensor.device
    return {
        "grid": {"rows": height, "columns": width, "of": "network input"},
        "seconds": seconds,
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "record": _plain(record),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Tensor):
        return _plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _built(network: Network, name: str, parameters: dict[str, Any]) -> Explainer:
    method = methods.build(name, parameters)
    names = {parameter.name for parameter in parameters_of(type(method))}
    if network.layer and "layer" in names and not parameters.get("layer"):
        return methods.build(name, parameters | {"layer": network.layer})
    return method


def _true_mask(image: Image, tensor: Tensor) -> Tensor | None:
    mask = reference_mask(image)
    if mask is None:
        return None
    height, width = tensor.shape[2:]
    return torch.from_numpy(prepare_mask(mask, (height, width)))[None].to(tensor.device)


def _mask_digest(subject: Subject) -> str | None:
    standard = subject.image.case.reference_standards.first()
    return (standard.mask or "empty") if standard else None


def _require_masks(images: list[Image], planned: list[Planned]) -> None:
    wanting = [plan.label for plan in planned if "masks" in plan.method.needs]
    for image in images if wanting else []:
        if reference_mask(image) is None:
            raise UnknownTruth(f"{wanting[0]} needs the reference mask, and the case {image.case.slug!r} has none.")
