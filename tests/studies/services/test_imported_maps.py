"""Maps made elsewhere are read in a study like our own: chosen by a protocol, blinded, rated, in the table."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command

from evaluation.metrics import registry as metrics
from explainers.methods import registry as methods
from portal.accounts.models import User
from portal.catalog.demo import store_reading_set
from portal.explanations.services import plan_run
from portal.explanations.work import explain_run
from portal.networks.work import register_folder
from portal.parts.services import sync_registry
from studies.models import Arm, Study
from studies.reporting.table import long_table
from studies.services.design import launch_study, load_protocol, lock_study
from tests.portal.small_networks import make_folder
from tests.studies.blinding.test_nothing_leaks import crawl, leaks, words
from tests.studies.ward import Ward, enrolled, signed_in

PROTOCOL = """
study: elsewhere
title: Do maps made elsewhere help?
question: Do highlights cover what readers look at?
seed: 7
languages: [en]
consent:
  version: "1"
  contact: Dr. Ada Example, ada@example.org
  ethics: EK 12/2026
  text: {en: "You read images."}
dataset: phantoms
readers: {planned: 3, session_minutes: 40}
blocks:
  - name: rate
    task: usefulness
    network: classifier
    methods: [grad-cam, captum-ig, random-map]
    design: {name: latin-square, longest_run: 3, apart: 1}
    cases: [phantom-001, phantom-002, phantom-003]
    finding: nodule
"""


@pytest.fixture
def study(researcher: User, tmp_path: Path) -> Ward:
    """Live, with two methods of our own and one that was handed in."""
    sync_registry(methods)
    sync_registry(metrics)
    dataset = store_reading_set(cases=3, size=64, slug="phantoms")
    network = register_folder(make_folder(tmp_path / "networks", "classifier"))
    explain_run(plan_run(network=network, dataset=dataset, methods=["grad-cam", "random-map"]))
    delivery = tmp_path / "delivery"
    for number in (1, 2, 3):
        place = delivery / f"phantom-{number:03d}"
        place.mkdir(parents=True)
        np.save(place / "captum-ig.npy", np.random.default_rng(number).random((32, 32)).astype(np.float32))
    described = {"tool": "captum", "version": "0.9.0", "params": {}, "seconds": 0.2}
    (delivery / "run.json").write_text(json.dumps(described))
    both = ("--model", "classifier", "--dataset", "phantoms")
    call_command("import_maps", str(delivery), *both, stdout=io.StringIO())
    call_command("score", *both, "--metrics", "sparseness", stdout=io.StringIO())
    load_protocol(source=PROTOCOL, actor=researcher)
    found = Study.objects.get(slug="elsewhere")
    lock_study(study=found, actor=researcher)
    return Ward(launch_study(study=found, actor=researcher), researcher)


@pytest.mark.django_db
def test_they_are_read_blind_and_end_in_the_table(study: Ward, reader_user: User) -> None:
    assert set(Arm.objects.values_list("label", flat=True)) == {"grad-cam", "captum-ig", "random-map"}
    enrolment = enrolled(study, reader_user)
    found = crawl(signed_in(reader_user), enrolment)
    looked_for = words() | {"captum", "captum-ig", "imported", "elsewhere.npy"}
    assert {path: leaks(text, looked_for) for path, text in found.seen if leaks(text, looked_for)} == {}
    assert len({length for lengths in found.overlays.values() for length in lengths}) == 1
    table = long_table(study.study.versions.latest("number"))
    rated = table[(table["method"] == "captum-ig") & (table["question"] == "coverage")]
    assert rated["answer"].astype(int).tolist() == [4]
    assert rated["metric.sparseness"].notna().all()
    assert rated["seconds_to_explain"].tolist() == [0.2]
