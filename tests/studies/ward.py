"""A small study with everything in it, made without computing anything: images, maps, networks, three blocks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from django.test import Client

from foundation.seeds import derive
from portal.accounts.models import User
from portal.catalog.models import Approval, Case, Dataset, Image, ReferenceStandard
from portal.explanations.models import Alteration, Explanation, Prediction
from portal.networks.models import Network, NetworkTask
from portal.storage.arrays import put_array
from studies.models import Enrolment, RunKind, Study
from studies.selectors import consent_hash, consent_in_force
from studies.services.design import launch_study, load_protocol, lock_study
from studies.services.enrol import enrol_reader, give_consent
from studies.services.unblind import ask_unblinding, confirm_unblinding
from studies.tasks import registry
from tests.studies.rating_blocks import MASK_BLOCKS, RATING_BLOCKS
from tests.studies.reading_blocks import READING_BLOCKS

ROWS, COLUMNS = 48, 40
METHODS = ("grad-cam", "random-map", "kernel-shap")
NETWORKS = ("lung-net", "shortcut-net")

BLOCKS = {
    "usefulness": """
  - name: rate
    task: usefulness
    network: lung-net
    methods: [grad-cam, random-map, kernel-shap]
    design: {name: latin-square, longest_run: 3, apart: 1}
    cases: [ward-001, ward-002, ward-003]
    practice: [ward-010]
    finding: nodule
    instructions: {en: "Look at the lungs.", de: "Sehen Sie auf die Lungen."}
""",
    "preference": """
  - name: compare
    task: preference
    network: lung-net
    methods: [grad-cam, random-map, kernel-shap]
    design: {name: paired}
    cases: [ward-004, ward-005, ward-006]
    finding: nodule
""",
    "diagnosis": """
  - name: read
    task: diagnosis
    network: shortcut-net
    methods: [none, grad-cam]
    design: {name: latin-square}
    cases: [ward-007, ward-008]
    finding: nodule
""",
}
USUAL = ("usefulness", "preference", "diagnosis")

PROTOCOL = """
study: {slug}
title: Do highlights help?
question: Do highlights cover what readers look at?
seed: 7
languages: [en, de]
consent:
  version: "1"
  contact: Dr. Ada Example, ada@example.org
  ethics: EK 12/2026
  text: {{en: "You read images.\\n\\nYou may stop.", de: "Sie lesen Bilder."}}
dataset: wards
readers: {{planned: 6, session_minutes: 40}}
blocks:{blocks}
"""


@dataclass(frozen=True)
class Ward:
    """The study and its researcher."""

    study: Study
    researcher: User


def make_study(researcher: User, *, tasks: tuple[str, ...] = USUAL, slug: str = "ward-study") -> Ward:
    """A live study of these tasks on ten cases."""
    if not Dataset.objects.filter(slug="wards").exists():
        make_records()
    known = BLOCKS | RATING_BLOCKS | MASK_BLOCKS | READING_BLOCKS
    outcome = "coverage" if "usefulness" in tasks else registry[tasks[0]]().steps[0].questions[0].name
    source = PROTOCOL.format(slug=slug, blocks="".join(known[task] for task in tasks))
    source += f"analysis: {{outcome: {outcome}}}\n"
    load_protocol(source=source, actor=researcher)
    study = Study.objects.get(slug=slug)
    lock_study(study=study, actor=researcher)
    study = launch_study(study=study, actor=researcher)
    return Ward(study, researcher)


def make_records(rows: int = ROWS, columns: int = COLUMNS) -> None:
    """Ten cases, two networks, three maps of each case and network, and the networks' calls."""
    dataset = Dataset.objects.create(slug="wards", title="Wards", is_phantom=True)
    networks = [
        Network.objects.create(
            slug=slug,
            title=slug,
            task=NetworkTask.CLASSIFICATION,
            architecture="DenseNet121",
            classes=["clear", "nodule"],
            weights=f"{slug}.safetensors",
            weights_sha256=hashlib.sha256(slug.encode()).hexdigest(),
        )
        for slug in NETWORKS
    ]
    for number in range(1, 11):
        image = _case(dataset, number, (rows, columns))
        for network in networks:
            _network_on(network, image, number)


def _case(dataset: Dataset, number: int, size: tuple[int, int]) -> Image:
    rng = np.random.default_rng(number)
    case = Case.objects.create(
        dataset=dataset, slug=f"ward-{number:03d}", is_phantom=True, approval=Approval.APPROVED, modality="DX"
    )
    pixels = rng.integers(0, 4096, (1, *size), dtype=np.uint16)
    mask = np.zeros(size, dtype=bool)
    mask[10:20, 8:16] = number % 2 == 0
    ReferenceStandard.objects.create(case=case, name="nodule", label=int(number % 2 == 0), mask=put_array(mask))
    return Image.objects.create(case=case, array=put_array(pixels), rows=size[0], columns=size[1], bits=12)


def _network_on(network: Network, image: Image, number: int) -> None:
    Prediction.objects.create(
        network=network,
        image=image,
        weights_sha256=network.weights_sha256,
        predicted=number % 2,
        probability=0.25 + 0.05 * number,
        outputs=[0.0, 1.0],
    )
    changed = np.random.default_rng(derive(number, "altered", network.slug)).integers(0, 4096, (1, ROWS, COLUMNS))
    Alteration.objects.create(
        network=network,
        image=image,
        weights_sha256=network.weights_sha256,
        fill="tissue",
        box=[4, 4, 12, 12],
        array=put_array(changed.astype(np.uint16)),
        before=0.25 + 0.05 * number,
        after=0.1,
        predicted=0,
    )
    for method in METHODS:
        rng = np.random.default_rng(derive(number, method, network.slug))
        saliency = rng.random((image.rows, image.columns)).astype(np.float32)
        Explanation.objects.create(
            key=hashlib.sha256(f"{network.slug}/{method}/{number}".encode()).hexdigest(),
            network=network,
            image=image,
            method=method,
            method_version="1",
            label=method,
            is_control=method == "random-map",
            array=put_array(saliency),
            seconds=0.1,
            provenance={"weights_sha256": network.weights_sha256},
        )


def enrolled(ward: Ward, user: User, *, consented: bool = True, run_kind: str = RunKind.LIVE) -> Enrolment:
    """Make this person a reader of the study."""
    enrolment = enrol_reader(study=ward.study, user=user, run_kind=run_kind)
    if consented:
        give_consent(enrolment=enrolment, text_hash=consent_hash(consent_in_force(enrolment)))
    return Enrolment.objects.get(pk=enrolment.pk)


def signed_in(user: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def unblind(study: Study, asker: User, second: User) -> None:
    """Tell analysts the methods, as two people do."""
    asked = ask_unblinding(study=study, reason="All answers are in.", actor=asker)
    confirm_unblinding(unblinding=asked, actor=second)
