"""A run shared by two processes; says as JSON what it left. Run as a program by test_sharing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command


def main(folder: Path) -> dict[str, Any]:
    """Seed, share, share again; then a network whose weights are gone."""
    django.setup()
    call_command("migrate", verbosity=0)
    from django.core.files.storage import default_storage

    from evaluation.metrics import registry as metrics
    from explainers.methods import registry as methods
    from portal.catalog.demo import store_reading_set
    from portal.explanations.models import Explanation, Score
    from portal.explanations.services import plan_run
    from portal.explanations.sharing import expected, present, share_runs
    from portal.networks.work import register_folder
    from portal.parts.services import sync_registry
    from tests.portal.small_networks import make_folder

    sync_registry(methods)
    sync_registry(metrics)
    dataset = store_reading_set(cases=5, size=64, slug="shared")
    networks = [register_folder(make_folder(folder, slug, seed=seed)) for seed, slug in enumerate(("one", "two"))]
    runs = [
        plan_run(network=network, dataset=dataset, methods=["grad-cam", "edge-map"], metrics=["sparseness"])
        for network in networks
    ]
    told: list[tuple[int, int]] = []
    share_runs(runs, processes=2, progress=lambda done, total, message="": told.append((done, total)))
    first = set(Explanation.objects.values_list("pk", flat=True))
    share_runs(runs, processes=2)
    same = first == set(Explanation.objects.values_list("pk", flat=True))
    default_storage.delete(networks[0].weights)
    try:
        share_runs(runs, processes=1)
        complaint = ""
    except ValueError as error:
        complaint = str(error)
    return {
        "maps": len(first),
        "same": same,
        "scores": Score.objects.count(),
        "last": told[-1],
        "expected": sum(map(expected, runs)),
        "present": sum(map(present, runs)),
        "complaint": complaint,
    }


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1])), sys.stdout)
