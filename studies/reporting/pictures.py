"""Cases worth a look: maps that readers liked and that a faithfulness metric does not bear out."""

from __future__ import annotations

import pandas as pd

from portal.catalog.models import Image
from portal.catalog.pictures import overlay_of
from portal.storage import get_array
from studies.models import ProtocolVersion, Stimulus
from studies.reporting import blocks
from studies.reporting.blocks import Block

MOST = 4
FAITHFULNESS = {"srg": 1, "insertion": 1, "deletion": -1}
"""Metrics that may stand for faithfulness, the first one known is taken; 1 where higher is better."""


def striking_cases(version: ProtocolVersion, table: pd.DataFrame) -> tuple[Block, ...]:
    """Pictures of the maps with the widest gap between their rank by rating and their rank by faithfulness."""
    ranked = striking_maps(table)
    sign = version.document["presentation"]["sign"]
    stimuli = {
        (stimulus.arm.code, stimulus.case.slug): stimulus
        for stimulus in Stimulus.objects.filter(version=version, case__slug__in=ranked["case"].unique()).select_related(
            "arm", "case"
        )
    }
    drawn = []
    for number, row in enumerate(ranked.to_dict("records"), start=1):
        stimulus = stimuli[(row["arm"], row["case"])]
        image = Image.objects.get(case=stimulus.case, index=0)
        shown = f"{row['method']} on {row['case']} ({row['network']})"
        words = f"{shown}: mean rating {row['score']:.1f} of 5, {row['name']} {row['metric']:.3g}."
        if stimulus.case.is_phantom:
            words += " A synthetic phantom, not a patient."
        png = overlay_of(image, get_array(stimulus.display), sign, side=360)
        drawn.append(blocks.picture(f"case-{number}", png, words, f"The image under its saliency map. {words}"))
    return tuple(drawn)


def striking_maps(table: pd.DataFrame) -> pd.DataFrame:
    """Rated maps of explanations (no controls): columns `network case method arm score metric name`, widest gap first.

    A map is striking where its rank by rating is high and its rank by faithfulness low, within its network.
    """
    rated = table[(table["task"] == "usefulness") & (table["question"] == "coverage") & ~table["control"].astype(bool)]
    known = [name for name in FAITHFULNESS if f"metric.{name}" in rated]
    if rated.empty or not known:
        return pd.DataFrame(columns=["network", "case", "method", "arm", "score", "metric", "name"])
    maps = rated.groupby(["network", "case", "method"], as_index=False).agg(
        arm=("arm", "first"), score=("score", "mean"), metric=(f"metric.{known[0]}", "first")
    )
    maps = maps.dropna().assign(name=known[0])
    within = maps.groupby("network")
    maps["gap"] = within["score"].rank(pct=True) - FAITHFULNESS[known[0]] * within["metric"].rank(pct=True)
    return maps.sort_values("gap", ascending=False).head(MOST)
