"""Importing maps that were made elsewhere, all or none. For commands only: the network says what it predicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from explainers.methods import registry
from foundation.provenance import digest_array, digest_of
from portal.accounts.models import User
from portal.audit.services import record
from portal.catalog.models import Dataset, Image
from portal.catalog.selectors import approved_images
from portal.explanations.deliveries import (
    IMPORTED,
    Delivered,
    DeliveryError,
    Described,
    map_files,
    read_description,
    read_map,
)
from portal.explanations.models import Explanation
from portal.explanations.work import subjects
from portal.jobs.registry import Progress
from portal.networks.models import Network
from portal.networks.selectors import preprocessing_of
from portal.storage import put_array


@dataclass(frozen=True)
class Imported:
    """What an import did, or would do: how many maps, of which methods, of how many of the dataset's cases."""

    maps: int
    methods: tuple[str, ...]
    cases: int
    approved: int


def import_maps(
    *,
    folder: Path,
    network: Network,
    dataset: Dataset,
    dry_run: bool = False,
    actor: User | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Check a folder of maps for a network and a dataset, and make explanations of them.

    Everything is checked before anything is written; DeliveryError says what is wrong in one sentence.
    """
    described = read_description(folder)
    _check_weights(described, network)
    images = {image.case.slug: image for image in approved_images(dataset) if image.index == 0}
    files = map_files(folder)
    _check_names(described, {method for _, method, _ in files})
    grid = preprocessing_of(network).size
    delivered = []
    for done, (case, method, path) in enumerate(files, start=1):
        if case not in images:
            raise DeliveryError(f"The dataset {dataset.slug!r} has no approved case {case!r}.")
        delivered.append(read_map(case, method, path, grid))
        if progress:
            progress(done, len(files), f"{case} {method}")
    _check_new(delivered, network, images)
    if not dry_run:
        _write(delivered, described, network, dataset, images, actor)
    methods = sorted({item.method for item in delivered})
    return Imported(len(delivered), tuple(methods), len({item.case for item in delivered}), len(images))


def _check_weights(described: Described, network: Network) -> None:
    if described.weights_sha256 not in (None, network.weights_sha256):
        raise DeliveryError(f"These maps are of other weights than those of the model {network.slug!r}.")


def _check_names(described: Described, methods: set[str]) -> None:
    for method in sorted(name for name in methods if name in registry or name == IMPORTED):
        raise DeliveryError(
            f"{method!r} is a name of our own: give the files another, for example {method}-elsewhere.npy."
        )
    for method in sorted(set(described.methods) - methods):
        raise DeliveryError(f"run.json describes the method {method!r}, of which there is no map.")


def _check_new(delivered: list[Delivered], network: Network, images: dict[str, Image]) -> None:
    there = set(
        Explanation.objects.filter(
            network=network,
            image__in=[image.pk for image in images.values()],
            label__in={item.method for item in delivered},
            provenance__weights_sha256=network.weights_sha256,
        ).values_list("label", "image__case__slug")
    )
    for item in delivered:
        if (item.method, item.case) in there:
            raise DeliveryError(f"There is a map {item.method!r} of {item.case} already; name new maps otherwise.")


@transaction.atomic
def _write(
    delivered: list[Delivered],
    described: Described,
    network: Network,
    dataset: Dataset,
    images: dict[str, Image],
    actor: User | None,
) -> None:
    by_image: dict[int, list[Delivered]] = {}
    for item in delivered:
        by_image.setdefault(images[item.case].pk, []).append(item)
    concerned = [image for image in images.values() if image.pk in by_image]
    for subject, _model in subjects(network, concerned):  # which also stores what the network predicts
        for item in by_image[subject.image.pk]:
            made = _explanation(item, described, network, subject.image, subject.aim.described)
            made.full_clean(exclude=["parameters"])
            made.save()
    methods = sorted({item.method for item in delivered})
    facts = {"tool": described.tool, "version": described.version, "methods": methods, "maps": len(delivered)}
    record(actor=actor, action="maps.imported", subject=network, dataset=dataset.slug, **facts)


def _explanation(
    item: Delivered, described: Described, network: Network, image: Image, target: dict[str, Any]
) -> Explanation:
    making, (rows, columns) = described.making(item.method), item.values.shape
    ingredients = {
        "origin": IMPORTED,
        "tool": described.tool,
        "version": described.version,
        "parameters": making.params,
        "label": item.method,
        "network": network.slug,
        "weights_sha256": network.weights_sha256,
        "weights_stated": described.weights_sha256 is not None,
        "image": image.pk,
        "image_sha256": image.array,
        "target": target,
        "map_sha256": digest_array(item.values),
    }
    circumstances = {"grid": {"rows": rows, "columns": columns, "of": "network input"}, "seconds": making.seconds}
    return Explanation(
        key=digest_of(ingredients),
        network=network,
        image=image,
        method=IMPORTED,
        method_version=described.version[:16],
        label=item.method,
        parameters=making.params,
        target=target,
        is_control=making.control,
        truth_derived=making.truth_derived,
        array=put_array(item.values),
        seconds=making.seconds,
        provenance=ingredients | circumstances,
    )
