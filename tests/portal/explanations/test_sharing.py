"""Two processes share a run's images: every map once, the second time nothing, a failure told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.catalog.models import Dataset
from portal.explanations.models import Explanation
from portal.explanations.services import plan_run
from portal.explanations.work import explain_run
from portal.networks.models import Network
from portal.parts.services import sync_registry

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_two_processes_make_each_map_once(tmp_path: Path) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.config.settings.base",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'shared.sqlite3'}",
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "tests.portal.explanations.share", str(tmp_path / "networks")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["maps"] == found["scores"] == 2 * 5 * 2
    assert found["same"]
    assert found["last"] == [40, 40]
    assert found["expected"] == found["present"] == 40
    assert found["complaint"]


@pytest.mark.django_db
def test_the_parts_make_up_the_whole(classifier: Network, phantoms: Dataset) -> None:
    from explainers.methods import registry

    sync_registry(registry)
    run = plan_run(network=classifier, dataset=phantoms, methods=["edge-map"])
    assert explain_run(run, part=0, parts=3) == 2
    seen = set(Explanation.objects.values_list("image", flat=True))
    assert explain_run(run, part=1, parts=3) == 1
    assert explain_run(run, part=2, parts=3) == 1
    assert len(seen) == 2
    assert Explanation.objects.values("image").distinct().count() == 4
    assert explain_run(run) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [("1", "--part=2", "--parts=2"), ("99", "--part=0", "--parts=1")])
def test_a_wrong_part_is_a_mistake(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("run_part", *arguments)
    assert caught.value.returncode == 2
