"""The demo's protocols fit the demo's cases, and their size is what the demo's time allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.phantoms import reading_set
from studies.protocol import CaseFacts, MethodFacts, Protocol, World, check, read, settled

DEMO = Path(__file__).parents[3] / "studies" / "demo"
CONTROLS = ("random-map", "edge-map", "centre-map", "ground-truth-mask", "randomised-model")
METHODS = ("grad-cam", "grad-cam++", "score-cam", "lrp", "kernel-shap", *CONTROLS)
NETWORKS = ("chest-clean", "chest-shortcut", "nodule-unet")
CASES = {
    f"phantom-{number:03d}": CaseFacts("approved", {"nodule": int(spec.positive)}, {"split": spec.split})
    for number, spec in enumerate(reading_set(20_261_123), start=1)
}
WORLD = World(
    methods={name: MethodFacts(name, name in CONTROLS, name == "ground-truth-mask") for name in METHODS},
    networks=frozenset(NETWORKS),
    datasets={"phantom-reading": CASES},
    explanations=frozenset((network, name, case) for network in NETWORKS for name in METHODS for case in CASES),
    predictions=frozenset((network, case) for network in NETWORKS for case in CASES),
)


def demo(name: str) -> Protocol:
    protocol, lines = read((DEMO / f"{name}.yaml").read_text(encoding="utf-8"))
    assert check(protocol, WORLD, lines, "lock") == []
    return settled(protocol, CASES)


def trials(protocol: Protocol, task: str = "") -> int:
    return sum(
        block.design.length(len(block.cases.include), len(block.arms))
        for block in protocol.blocks
        if task in ("", block.task.name)
    )


def test_the_finished_study_is_sound_and_neither_small_nor_long() -> None:
    protocol = demo("finished")
    assert 60 <= trials(protocol) <= 80
    assert 900 <= 16 * trials(protocol, "usefulness") <= 1500
    assert {block.task.name for block in protocol.blocks} == {"diagnosis", "usefulness", "preference"}


def test_its_diagnosis_has_present_and_absent_findings_of_every_split() -> None:
    chosen = demo("finished").block("reading").cases.include
    assert {(CASES[slug].labels["nodule"], CASES[slug].attributes["split"]) for slug in chosen} == {
        (label, split) for label in (0, 1) for split in ("aligned", "conflicting", "absent")
    }


def test_the_open_study_takes_about_five_minutes() -> None:
    protocol = demo("open")
    practice = sum(block.task.seconds * len(block.practice) for block in protocol.blocks)
    seconds = practice + sum(
        block.task.seconds * block.design.length(len(block.cases.include), len(block.arms)) for block in protocol.blocks
    )
    assert 240 <= seconds <= 360


@pytest.mark.parametrize("name", ["finished", "open"])
def test_practice_cases_of_rating_blocks_show_the_finding(name: str) -> None:
    for block in demo(name).blocks:
        if not block.task.diagnostic:
            assert all(CASES[slug].labels["nodule"] == 1 for slug in block.practice)
