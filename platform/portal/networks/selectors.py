"""Reading networks."""

from __future__ import annotations

from typing import Any

from portal.networks.description import Description, Preprocessing
from portal.networks.errors import UnknownNetwork
from portal.networks.models import Network


def network_of(slug: str) -> Network:
    """The network of this slug; UnknownNetwork where there is none."""
    found = Network.objects.filter(slug=slug).first()
    if found is None:
        there = ", ".join(Network.objects.values_list("slug", flat=True)) or "none"
        raise UnknownNetwork(f"There is no model {slug!r}; there are: {there}.")
    return found


def preprocessing_of(network: Network) -> Preprocessing:
    """From stored pixels to the network's input."""
    steps: dict[str, Any] = network.preprocessing
    return Preprocessing(**(steps | {"size": tuple(steps["size"])}))


def description_of(network: Network) -> Description:
    """What the network's model.json said, as far as loading needs it."""
    return Description(
        slug=network.slug,
        title=network.title,
        architecture=network.architecture,
        task=network.task,  # type: ignore[arg-type]  # the field's choices are the literal's
        classes=tuple(network.classes),
        preprocessing=preprocessing_of(network),
        arguments=network.arguments,
        target=network.target_class,
        layer=network.layer or None,
        sha256=network.weights_sha256,
    )
