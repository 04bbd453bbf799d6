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
}
RATING_ANSWERS: dict[str, dict[str, Any]] = {
    "rank": {"order": ["c", "a", "b"]},
    "choose": {"ends": {"best": "b", "worst": "a"}},
}
