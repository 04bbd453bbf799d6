"""Blocks of tasks that are about the case or the AI: read, judge, foretell."""

from __future__ import annotations

READING_BLOCKS = {
    "unaided-read": """
  - name: alone
    task: {name: unaided-read, marks: rated}
    network: lung-net
    methods: [unaided]
    design: latin-square
    cases: [ward-001]
    finding: nodule
""",
    "aided-read": """
  - name: aided
    task: aided-read
    network: lung-net
    methods: [unaided, none]
    design: latin-square
    cases: [ward-002, ward-003]
    finding: nodule
""",
    "explained-read": """
  - name: explained
    task: {name: explained-read, marks: optional}
    network: lung-net
    methods: [unaided, none, grad-cam]
    design: latin-square
    cases: [ward-004, ward-005, ward-006]
    finding: nodule
""",
    "error-detection": """
  - name: errors
    task: error-detection
    network: lung-net
    methods: [none, grad-cam]
    design: latin-square
    cases: [ward-007, ward-008]
    finding: nodule
""",
    "forward-simulation": """
  - name: foretell
    task: forward-simulation
    network: lung-net
    methods: [none, grad-cam]
    design: latin-square
    cases: [ward-009, ward-010]
    finding: nodule
""",
    "counterfactual-simulation": """
  - name: change
    task: counterfactual-simulation
    network: lung-net
    methods: [none, grad-cam]
    design: latin-square
    cases: [ward-001, ward-002]
    practice: [ward-003]
    finding: nodule
""",
}
