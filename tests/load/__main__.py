"""`make load`: 300 readers at once on PostgreSQL and two gunicorn workers; how long a submit takes, and when too long.

A reader loads the page, the image and the maps, thinks for 8 to 20 seconds and answers. After the first stage
everybody thinks for less and less, until nineteen of twenty submits take more than 300 ms. Each acknowledged answer is
looked for in the database at the end. The generator runs beside the server, as does the database.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.load.crowd import THINK, Crowd
from tests.load.room import environment, scratch_database, served
from tests.load.stages import MOST, Stage, crossing, stage

DATABASE = "postgresql://postgres@127.0.0.1:5432/postgres"
PACES = (0.6, 0.4, 0.3, 0.22, 0.16, 0.12, 0.08, 0.05)
"""Shares of the thinking time, one stage each."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Set everything up, let the crowd read, and count."""
    with (
        tempfile.TemporaryDirectory(prefix="heatproof-load-") as folder,
        scratch_database(options.database) as database,
    ):
        os.environ.update(environment(Path(folder), database))
        import django
        from django.core.management import call_command

        django.setup()
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        from tests.load.study import make_room, stored_keys, take_seats

        say(f"Preparing {options.readers} readers ...")
        seats = take_seats(make_room(), options.readers)
        with served() as url:
            crowd = Crowd(url, seats)
            stages = run(crowd, options)
        return result(crowd, stages, stored_keys())


def run(crowd: Crowd, options: argparse.Namespace) -> list[Stage]:
    """The stages, one after the other, until a submit takes too long."""
    crowd.sit_down()
    time.sleep(sum(THINK) / 2 + THINK[1])  # everybody has come, and has answered once
    found = [observed(crowd, options.seconds)]
    for pace in PACES if options.ramp else ():
        if found[-1].p95 > MOST:
            break
        crowd.pace = pace
        time.sleep(THINK[1] * pace)
        found.append(observed(crowd, options.step))
    crowd.leave()
    return found


def observed(crowd: Crowd, seconds: float) -> Stage:
    """One stage."""
    begun = time.perf_counter()
    time.sleep(seconds)
    found = stage(list(crowd.submits), begun, time.perf_counter())
    say(
        f"{found.rate:6.1f} submits/s: median {1000 * found.median:5.0f} ms, p95 {1000 * found.p95:5.0f} ms, "
        f"{len(crowd.errors)} errors so far, {crowd.finished} readers at the end"
    )
    return found


def result(crowd: Crowd, stages: list[Stage], stored: list[str]) -> dict[str, Any]:
    """What is promised, as numbers; an answer whose reader left before its receipt came may be stored besides."""
    acknowledged = {each.key for each in crowd.submits}
    rate, reached = crossing(stages)
    return {
        "readers": len(crowd.seats),
        "submits": len(crowd.submits),
        "errors": crowd.errors[:20],
        "error_count": len(crowd.errors),
        "lost": len(acknowledged - set(stored)),
        "doubled": len(stored) - len(set(stored)),
        "p95_ms": 1000 * stages[0].p95,
        "median_ms": 1000 * stages[0].median,
        "rate": stages[0].rate,
        "crossing": rate,
        "crossed": reached,
        "stages": [vars(each) for each in stages],
    }


def say(words: str) -> None:
    """To whoever waits, beside the result."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def main() -> int:
    """Print what was measured; status 1 where it is not what is promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--readers", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60, help="of the first stage")
    parser.add_argument("--step", type=float, default=15, help="seconds of each further stage")
    parser.add_argument("--no-ramp", dest="ramp", action="store_false", help="the first stage alone")
    parser.add_argument("--database", default=os.environ.get("LOAD_DATABASE_URL", DATABASE))
    found = measure(parser.parse_args())
    sys.stdout.write(f"{json.dumps(found)}\n")
    failed = found["error_count"] or found["lost"] or found["doubled"] or found["p95_ms"] > 1000 * MOST
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
