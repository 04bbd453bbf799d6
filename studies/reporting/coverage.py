"""Which of the twelve properties of an explanation this report speaks to, and which nothing here has tested."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from studies.reporting import blocks
from studies.reporting.blocks import Block
from studies.reporting.metric_blocks import FAMILIES, MetricFacts

#: Co-12: Nauta et al. 2023, doi:10.1145/3583558, in our words.
CO12 = {
    "correctness": "Is it true to what the network does?",
    "completeness": "Does it cover all that the network uses?",
    "consistency": "Do equal inputs and equal networks get equal explanations?",
    "continuity": "Do similar inputs get similar explanations?",
    "contrastivity": "Does it tell this answer from another one?",
    "covariate complexity": "Are its building blocks understandable to people?",
    "compactness": "Is it short enough to take in?",
    "composition": "Is its form of presentation a good one?",
    "confidence": "Does it say how sure it and the network are?",
    "context": "Does it serve what its users want to do?",
    "coherence": "Does it agree with what people know of the matter?",
    "controllability": "Can its users steer or question it?",
}

#: What readers' answers speak to, by task. Ratings and preferences are of plausibility, which is coherence.
TASKS = {"usefulness": "coherence", "preference": "coherence", "diagnosis": "context"}
TASK_TITLES = {"usefulness": "ratings", "preference": "preferences", "diagnosis": "readings with and without maps"}
NOTHING = "not tested"


def coverage_blocks(metrics: Iterable[MetricFacts], tasks: Iterable[str]) -> list[Block]:
    """The twelve properties by what tested them, and a sentence that names the gaps."""
    known, asked = list(metrics), [task for task in TASKS if task in set(tasks)]
    families = [family for family in FAMILIES if any(metric.family == family for metric in known)]
    rows, named, gaps = [], [], list[str]()
    for name, question in CO12.items():
        speaking = [metric for metric in known if name in metric.co12]
        readers = [TASK_TITLES[task] for task in asked if TASKS[task] == name]
        row = {"Property": name}
        row |= {family: str(sum(metric.family == family for metric in speaking) or "·") for family in families}
        by = [*(metric.title for metric in speaking), *(f"readers' {words}" for words in readers)]
        rows.append(row | {"readers": str(len(readers) or "·"), "tested": "yes" if by else "no"})
        named.append({"Property": name, "It asks": question, "Tested by": ", ".join(by) or NOTHING})
        gaps += [] if by else [name]
    said = f"Nothing in this report tests: {', '.join(gaps)}." if gaps else "Each property was tested by something."
    return [
        blocks.text(
            "Twelve properties make up a good explanation (Co-12, Nauta et al. 2023). The numbers say how many metrics "
            "of each family, and how many of the readers' tasks, speak to each of them here. To be spoken to is not to "
            "be fulfilled: that is what the results say."
        ),
        blocks.text(said, "warning" if gaps else ""),
        blocks.table("Co-12 coverage", pd.DataFrame(rows).set_index("Property")),
        blocks.table("What each property asks", pd.DataFrame(named).set_index("Property"), prose=True),
    ]
