"""Blocks of further tasks for the small study, and what a reader answers in them."""

from __future__ import annotations

from typing import Any

RATING_BLOCKS = {
    "ranking": """
  - name: rank
    task: {name: ranking, maps: 3}
    network: lung-net
    methods: [grad-cam, random-map, kernel-shap]
    design: {name: sets, size: 3}
    cases: [ward-002, ward-003]
    practice: [ward-010]
    finding: nodule
""",
    "best-worst": """
  - name: ends
    task: {name: best-worst, maps: 3}
    network: lung-net
    methods: [grad-cam, random-map, kernel-shap]
    design: {name: sets, size: 3}
    cases: [ward-004]
    finding: nodule
""",
    "reason-codes": """
  - name: faults
    task: reason-codes
    network: lung-net
    methods: [grad-cam, random-map]
    design: latin-square
    cases: [ward-002]
    practice: [ward-010]
    finding: nodule
""",
    "action": """
  - name: use
    task: action
    network: lung-net
    methods: [none, grad-cam]
    design: latin-square
    cases: [ward-004, ward-005]
    finding: nodule
""",
    "blinding-check": """
  - name: guess
    task: blinding-check
    network: lung-net
    methods: [grad-cam, random-map, kernel-shap]
    design: latin-square
    cases: [ward-001, ward-002, ward-003]
    practice: [ward-010]
    finding: nodule
""",
    "annotation": """
  - name: outline
    task: annotation
    network: lung-net
    methods: [grad-cam]
    design: latin-square
    cases: [ward-008, ward-009]
    finding: nodule
""",
    "shortcut": """
  - name: shortcut
    task: {name: shortcut, planted: tag, relying: [lung-net]}
    network: lung-net
    methods: [none, grad-cam]
    design: latin-square
    cases: [ward-002, ward-003]
    finding: nodule
""",
}
MASK_BLOCKS = {
    "segmentation-review": """
  - name: review
    task: segmentation-review
    network: lung-net
    methods: [none, grad-cam]
    design: latin-square
    cases: [ward-002, ward-004]
    finding: nodule
""",
}
"""They need masks that a segmenter drew, which the small study has none of."""
BOX = {"kind": "box", "slice": 0, "points": [[8.0, 10.0], [16.0, 20.0]]}
RATING_ANSWERS: dict[str, dict[str, Any]] = {
    "rank": {"order": ["c", "a", "b"]},
    "fault": {"verdict": "something", "reasons": ["side", "other"], "other": "It looks odd."},
    "decide": {"change": 2, "act": 4},
    "technique": {"technique": "activation", "sure": 3},
    "suspect": {"suspected": "yes", "where": [BOX], "what": "A letter."},
    "mark": {"present": "yes", "region": [BOX]},
    "choose": {"ends": {"best": "b", "worst": "a"}},
}
