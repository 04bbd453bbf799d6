"""Every address that a reader meets needs at most eight queries, however long the study."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from studies.models import Enrolment
from tests.studies.steps import current, go_on, send

MOST = 8


def queries(act: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    return [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]


@pytest.mark.parametrize("path", ["/", "/study/{pk}/", "/study/{pk}/consent", "/study/{pk}/instructions"])
def test_pages(reading: Enrolment, browser_of_reader: Client, path: str) -> None:
    found = queries(lambda: browser_of_reader.get(path.format(pk=reading.pk)))
    assert len(found) <= MOST, found


def test_the_whole_study(reading: Enrolment, browser_of_reader: Client) -> None:
    steps = {"usefulness": ["rate"], "preference": ["compare"], "diagnosis": ["initial", "final"]}
    most: dict[str, int] = {}
    for _trial in range(reading.trials.count() - 1):
        go_on(browser_of_reader, reading)
        trial = current(reading)
        for step in steps[trial.task]:
            for name in ("", "image", "header", "overlay/a"):
                found = queries(lambda name=name, trial=trial: browser_of_reader.get(f"/s/{trial.token}/{name}"))  # type: ignore[misc]
                most[name or "page"] = max(most.get(name or "page", 0), len(found))
            if not trial.is_practice:
                found = queries(lambda step=step, trial=trial: send(browser_of_reader, trial, step))  # type: ignore[misc]
                most["answer"] = max(most.get("answer", 0), len(found))
            else:
                send(browser_of_reader, trial, step)
    assert {name: count for name, count in most.items() if count > MOST} == {}
