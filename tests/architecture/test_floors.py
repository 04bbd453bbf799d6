"""The house stands as it is drawn: its top level, its floors, and a web that never loads torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    "manage.py", "platform", "studies", "explainers", "evaluation", "templates", "docker", "tests",
    "requirements.txt", "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml", "requirements-dev.txt",
    "requirements-bench.txt", "docs",
}  # fmt: skip

WALK = """
import sys
import django
from django.urls import URLPattern, get_resolver

django.setup()
count = 0


def walk(patterns):
    global count
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            count += 1
            pattern.callback
        else:
            walk(pattern.url_patterns)


walk(get_resolver().url_patterns)
heavy = sorted({"torch", "monai", "captum", "shap", "matplotlib", "typst"} & set(sys.modules))
print(count, heavy)
"""


def test_the_top_level_has_exactly_its_names() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {line.split("/")[0] for line in tracked.splitlines()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


def test_platform_is_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_no_address_of_the_web_loads_torch() -> None:
    done = subprocess.run([sys.executable, "-c", WALK], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", "PATH": "/usr/bin:/bin",
                               "DJANGO_SETTINGS_MODULE": "portal.config.settings.test"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    count, heavy = done.stdout.strip().split(" ", 1)
    assert int(count) > 20
    assert heavy == "[]"
