"""What readers filled in, examined for the report: each place of the study by itself."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evaluation.analyses import registry as analyses
from foundation.seeds import derive
from studies.models import ProtocolVersion
from studies.reporting.anonymity import marginal_counts
from studies.reporting.document import Examined
from studies.reporting.questionnaires import profile_answers, scale_items
from studies.selectors import protocol_of


def examined_questionnaires(version: ProtocolVersion, run_kinds: Sequence[str]) -> list[Examined]:
    """The scales of each place; a scale asked twice is never pooled over the places."""
    kind = analyses["questionnaires"]
    found = []
    for where, rows in scale_items(version, run_kinds).groupby("where", sort=False):
        seed = derive(version.document["seed"], "analysis", kind.name, str(where)) % 2**32
        result = kind().analyse(rows.drop(columns=["where", "weight"]), seed=seed)
        facts = {"model": kind.model, "fragile": kind.fragile}
        found.append(Examined(result, str(where), False, kind.assumptions, kind.reference, **facts))
    return found


def profile_counts(version: ProtocolVersion, run_kinds: Sequence[str]) -> pd.DataFrame:
    """Who took part, by their own account; values that few share are taken together."""
    frame, fields, _identifying = profile_answers(version, run_kinds)
    return marginal_counts(frame, fields, protocol_of(version).questionnaires.smallest_cell)
