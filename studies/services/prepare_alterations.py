"""The altered image of a case and what the network says of it, for counterfactual simulation."""

from __future__ import annotations

from portal.explanations.models import Alteration
from portal.networks.models import Network
from studies.errors import StudyNotReady
from studies.protocol import Problem
from studies.services.preparation import Facts, Material, prepares
from studies.tasks.counterfactual_simulation import CounterfactualSimulation


@prepares("alteration")
def alteration(material: Material) -> Facts:
    """The newest one by the network's present weights, with the task's way of filling."""
    task = material.block.task
    fill = task.fill if isinstance(task, CounterfactualSimulation) else "tissue"
    weights = Network.objects.values_list("weights_sha256", flat=True).get(slug=material.network)
    made = Alteration.objects.filter(network__slug=material.network, image=material.image, fill=fill)
    found = made.filter(weights_sha256=weights).order_by("-id").first()
    if found is None:
        missing = f"No altered image of '{material.image.case.slug}' for network '{material.network}'."
        raise StudyNotReady([Problem("error", None, missing)])
    return {"altered": found.array, "box": found.box, "before": found.before, "after": found.after}
