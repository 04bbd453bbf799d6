"""A worker that is killed in the middle is followed by another, without double rows, over either kind of broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests.capabilities import redis_url

ROOT = Path(__file__).resolve().parents[3]


def crash(folder: Path, broker: str) -> None:
    """Oracle: the rows that the database holds after a SIGKILL and a second worker."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.config.settings.base",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "VAR_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'crash.sqlite3'}",
        "BROKER_URL": broker,
        "JOB_LEASE_SECONDS": "2",
        "OMP_NUM_THREADS": "1",
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "tests.portal.jobs.crash"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False)
    log = folder / "worker.log"
    assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
    found = json.loads(done.stdout)
    assert 4 <= found["at_death"] < found["total"], "the worker was killed in the middle"
    assert found["state_at_death"] == "running"
    assert found["kept"]
    assert found["maps"] == found["distinct"] == found["scores"] == found["total"]
    assert found["jobs"] == [["explain", "done"], ["score", "done"]]
    assert found["attempts"] == 2


@pytest.mark.slow
def test_over_the_embedded_folder(tmp_path: Path) -> None:
    crash(tmp_path, "filesystem://")


@pytest.mark.slow
@pytest.mark.redis
def test_over_redis(tmp_path: Path) -> None:
    address = f"{redis_url().rstrip('/')}/9"
    with redis.Redis.from_url(address) as server:
        server.flushdb()
    crash(tmp_path, address)
