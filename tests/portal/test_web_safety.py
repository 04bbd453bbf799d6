"""What the web may import never brings torch, nor the parts that need it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB_SAFE = {"models", "services", "selectors", "errors", "admin", "urls", "views", "forms", "demo", "intake", "plans"}


def modules() -> list[str]:
    """Every module of the portal that house.md calls safe for the web."""
    portal = ROOT / "platform" / "portal"
    found = [path for path in portal.glob("*/*.py") if path.stem in WEB_SAFE]
    return sorted(".".join(path.relative_to(ROOT / "platform").with_suffix("").parts) for path in found)


def imported_by(code: str) -> set[str]:
    program = f"import django; django.setup(); {code}; import sys; print('\\n'.join(sys.modules))"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.config.settings.test",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_services_and_selectors_do_not_import_torch() -> None:
    names = modules()
    assert {"portal.catalog.services", "portal.networks.services", "portal.explanations.selectors"} <= set(names)
    loaded = imported_by(f"import {', '.join(names)}, portal.networks.description, portal.jobs.registry")
    assert "portal.explanations.services" in loaded
    assert not loaded & {"torch", "monai", "explainers.methods", "evaluation.metrics"}


@pytest.mark.parametrize("module", ["portal.explanations.jobs", "portal.networks.work"])
def test_the_test_would_notice(module: str) -> None:
    assert "torch" in imported_by(f"import {module}")
