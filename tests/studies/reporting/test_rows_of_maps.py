"""Where several maps are judged at once, each has a row of its own in the long table, with its own method."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from portal.accounts.models import User
from studies.models import RunKind, Trial
from studies.reporting.table import long_table
from tests.studies.ward import METHODS, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def test_each_map_of_a_set_has_its_row(researcher: User, transactional_db: None) -> None:
    ward = make_study(researcher, tasks=("usefulness", "ranking", "best-worst"))
    call_command("simulate_readers", ward.study.slug, readers=2, seed=1, verbosity=0)
    table = long_table(ward.study.versions.get(), [RunKind.BOT])
    table = table[table["task"] != "usefulness"]
    assert len(table) == 2 * (2 * 3 + 3), "two readers rank three maps of two cases, and name the ends of another three"
    for pk, rows in table.astype({"trial": str}).groupby("trial"):
        trial = Trial.objects.get(pk=str(pk))
        assert list(rows["method"]) == [stimulus.arm.method for stimulus in trial.stimuli]
        assert list(rows["displayed_map"]) == [stimulus.display for stimulus in trial.stimuli]
        assert set(rows["method"]) == set(METHODS)
        assert sorted(rows["place"]) == [1, 2, 3]
        assert rows[["method_b", "method_c", "method_d"]].isna().all(axis=None)
    assert set(table.loc[table["control"], "method"]) == {"random-map"}
