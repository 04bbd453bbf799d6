"""300 readers at once: how long a submit takes, and the rate at which that is too long. Needs PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

from tests.bench.figures import figure

GROUP = "300 readers at once on PostgreSQL and two gunicorn workers, the generator beside them"


@cache
def found() -> dict[str, Any]:
    """One run of `make load`, from which all figures are read."""
    ran = subprocess.run([sys.executable, "-m", "tests.load"], stdout=subprocess.PIPE, check=False)
    result: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return result


@figure(GROUP, "errors, and answers lost or doubled", at_most=0)
def faults() -> float:
    """Of all requests and all acknowledged answers."""
    return float(found()["error_count"] + found()["lost"] + found()["doubled"])


@figure(GROUP, "a submit while 300 read, 95th percentile, ms", at_most=300)
def submit() -> float:
    """Everybody thinks for 8 to 20 seconds."""
    return float(found()["p95_ms"])


@figure(GROUP, "submits a second at which the 95th percentile reaches 300 ms", at_least=21)
def rate() -> float:
    """At least the rate that 300 readers make; where it was never reached, the highest rate that was seen."""
    return float(found()["crossing"])
