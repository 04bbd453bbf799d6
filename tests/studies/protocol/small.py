"""A small protocol and a small world that it fits."""

from __future__ import annotations

from studies.protocol import CaseFacts, MethodFacts, World

PROTOCOL = """\
study: small-study
title: A small study
question: Does it work?
seed: 7
consent:
  version: 1.10
  contact: someone@example.org
  ethics: EK-1
  text: You may stop at any time.
readers:
  planned: 12
dataset: phantoms
blocks:
  - name: reading
    task: diagnosis
    finding: nodule
    network: clean
    methods: [none, grad-cam]
    design: latin-square
    cases: {count: 4}
    practice: [case-01]
  - name: rating
    task: usefulness
    finding: nodule
    network: clean
    methods:
      - grad-cam
      - random-map
      - ground-truth-mask
    design: {name: latin-square, rounds: 2}
    cases: [case-02, case-03]
"""

CASES = [f"case-{number:02}" for number in range(1, 11)]
METHODS = {
    "grad-cam": MethodFacts("Grad-CAM"),
    "grad-cam++": MethodFacts("Grad-CAM++"),
    "lrp": MethodFacts("LRP"),
    "random-map": MethodFacts("Random map", is_control=True),
    "ground-truth-mask": MethodFacts("Truth", is_control=True, truth_derived=True),
}


def world(**quarantined: str) -> World:
    """Ten cases, the even ones with a nodule; every map and prediction there."""
    return World(
        methods=METHODS,
        metrics=frozenset({"deletion", "pointing-game"}),
        analyses=frozenset({"usefulness-model"}),
        networks=frozenset({"clean", "shortcut"}),
        datasets={
            "phantoms": {
                slug: CaseFacts(quarantined.get(slug.replace("-", "_"), "approved"), {"nodule": number % 2})
                for number, slug in enumerate(CASES)
            }
        },
        explanations=frozenset(
            (network, label, case) for network in ("clean", "shortcut") for label in METHODS for case in CASES
        ),
        predictions=frozenset((network, case) for network in ("clean", "shortcut") for case in CASES),
    )


def line_of(text: str, part: str) -> int:
    """The line, from 1, on which this part first stands."""
    return text[: text.index(part)].count("\n") + 1
