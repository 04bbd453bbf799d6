"""A family that is asked for by two threads at once is whole for both."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from foundation.registry import Registry


class Thing:
    """The base of a made-up family."""

    name = ""


def test_the_second_thread_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "slow_family"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "late.py").write_text("import time\ntime.sleep(0.3)\nimport sys\nsys.modules[__name__].done = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry: Registry[Thing] = Registry("slow_family", Thing)
    seen: list[bool] = []

    def ask() -> None:
        len(registry)
        seen.append(hasattr(sys.modules.get("slow_family.late"), "done"))

    threads = [threading.Thread(target=ask) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4
