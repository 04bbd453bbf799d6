"""Writing networks: a checked description beside weights in the file storage."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from portal.accounts.models import User
from portal.audit.services import record
from portal.networks.description import Description
from portal.networks.errors import NetworkInUse
from portal.networks.models import Network


@transaction.atomic
def store_network(
    *,
    description: Description,
    weights: Path,
    sha256: str,
    performance: dict[str, Any] | None = None,
    actor: User | None = None,
) -> Network:
    """Write a network whose weights were loaded and tried (see `work.register_folder`).

    The same description and weights again change nothing. Other weights under a slug that has explanations already
    are refused: a model that changed is another model.
    """
    if actor is not None and not actor.is_researcher:
        raise PermissionDenied("Only researchers may register models.")
    found = Network.objects.select_for_update().filter(slug=description.slug).first()
    if found and found.weights_sha256 != sha256 and (found.explanations.exists() or found.predictions.exists()):
        raise NetworkInUse(
            f"The model {description.slug!r} has results with other weights; register this one under another slug."
        )
    network = found or Network(slug=description.slug)
    before = _state(network) if found else None
    _fill(network, description, sha256)
    network.performance = performance or {}
    if found and _state(network) == before:
        _put_weights(weights, network.weights)
        return network
    _put_weights(weights, network.weights)
    network.full_clean()
    network.save()
    action = "network.changed" if found else "network.registered"
    record(actor=actor, action=action, subject=network, slug=network.slug, weights_sha256=sha256)
    return network


def _fill(network: Network, description: Description, sha256: str) -> None:
    network.title = description.title
    network.description = description.notes
    network.task = description.task
    network.architecture = description.architecture
    network.arguments = description.arguments
    network.classes = list(description.classes)
    network.target_class = description.target
    steps = dataclasses.asdict(description.preprocessing)
    network.preprocessing = steps | {"size": list(description.preprocessing.size)}
    network.layer = description.layer or ""
    network.weights = f"weights/{sha256[:2]}/{sha256}.safetensors"
    network.weights_sha256 = sha256


def _state(network: Network) -> dict[str, object]:
    return {field.name: getattr(network, field.name) for field in network._meta.fields if field.name != "created_at"}


def _put_weights(source: Path, name: str) -> None:
    if not default_storage.exists(name):
        with source.open("rb") as file:
            default_storage.save(name, File(file))
