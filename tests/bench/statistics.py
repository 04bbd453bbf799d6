"""The mixed models beside R's on the same data, and at the sizes that R does not reach.

Both run in a process of their own with one thread; only the fit counts, reading the data does not. Where Rscript with
`ordinal` and `lmerTest` is not installed, the figures beside it are left out, and a line says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluation.statistics import LinearMixedDesign, power_grid
from tests.bench.figures import figure, seconds

GROUP = "Mixed models of ratings, 5 methods, one thread"
LARGE = "A million ratings: 500 raters, 4,000 cases, 5 methods, two terms, two cores"
POWER = "Power by simulation: 20 raters, 40 cases, 5 methods"
TWO = "(1|rater) + (1|case)"
FOUR = TWO + " + (1|rater:method) + (1|case:method)"
ROOT = Path(__file__).resolve().parents[2]

_OURS = """
import json, resource, sys, time
import pandas as pd
from evaluation import statistics
data = pd.read_csv(sys.argv[1])
cpu, wall = time.process_time(), time.perf_counter()
fit = getattr(statistics, sys.argv[2])(sys.argv[3], data)
spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
spent["gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({**spent, "log_likelihood": fit.log_likelihood, "converged": fit.converged}))
"""

_R = """
suppressMessages({library(ordinal); library(lmerTest)})
given <- commandArgs(TRUE)
data <- read.csv(given[1], stringsAsFactors = TRUE)
if (given[2] == "clmm") data$usefulness <- factor(data$usefulness, ordered = TRUE)
fitted <- if (given[2] == "clmm") function() ordinal::clmm(as.formula(given[3]), data = data, Hess = TRUE) else
  function() coef(summary(lmerTest::lmer(as.formula(given[3]), data = data)))
spent <- system.time(fitted())
cat(spent[["user.self"]] + spent[["sys.self"]])
"""


def ratings(raters: int, cases: int, share: float = 1.0, seed: int = 1) -> pd.DataFrame:
    """Crossed ratings on five points with all four random terms; `share` of the cells are rated."""
    random = np.random.default_rng(seed)
    cell = np.flatnonzero(random.random(raters * cases * 5) < share)
    rater, case, method = np.unravel_index(cell, (raters, cases, 5))
    eta = np.array([0.0, 0.3, 0.6, 0.9, -0.4])[method]
    eta = eta + 0.8 * random.normal(size=raters)[rater] + random.normal(size=cases)[case]
    eta = (
        eta + 0.5 * random.normal(size=(raters, 5))[rater, method] + 0.6 * random.normal(size=(cases, 5))[case, method]
    )
    usefulness = np.digitize(eta + random.logistic(size=len(eta)), [-2.0, -0.5, 0.8, 2.2]) + 1
    names = np.array(["gradcam", "ig", "lime", "random", "shap"])
    return pd.DataFrame(
        {
            "rater": np.char.add("r", rater.astype(str)),
            "case": np.char.add("c", case.astype(str)),
            "method": names[method],
            "usefulness": usefulness,
        }
    )


@cache
def has_r() -> bool:
    """Whether Rscript and the packages that we compare with are here."""
    if shutil.which("Rscript") is None:
        return False
    asked = 'for (name in c("ordinal", "lmerTest")) if (!requireNamespace(name, quietly = TRUE)) quit(status = 1)'
    return subprocess.run(["Rscript", "-e", asked], capture_output=True, check=False).returncode == 0


def ours(data: Path, model: str, terms: str, threads: int = 1) -> dict[str, Any]:
    """What our fit of a file takes: seconds of process and of wall time, GB at the most."""
    command = [sys.executable, "-c", _OURS, str(data), model, f"usefulness ~ method + {terms}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=_environment(threads))
    found: dict[str, Any] = json.loads(done.stdout)
    if not found["converged"]:
        raise RuntimeError("The model that is timed did not converge.")
    return found


def theirs(data: Path, model: str, terms: str) -> float:
    """Seconds of process time that R's fit of a file takes, standard errors included."""
    with tempfile.NamedTemporaryFile("w", suffix=".R") as script:
        script.write(_R)
        script.flush()
        command = ["Rscript", script.name, str(data), model, f"usefulness ~ method + {terms}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=_environment(1))
    return float(done.stdout)


def beside_r(model: str, raters: int, cases: int, terms: str) -> float:
    """R's seconds over ours on the same file."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "ratings.csv"
        ratings(raters, cases).to_csv(data, index=False)
        return theirs(data, model, terms) / float(ours(data, model, terms)["cpu"])


def _environment(threads: int) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}


@cache
def million() -> dict[str, Any]:
    """The large fit, once for all figures that read it."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "ratings.csv"
        ratings(500, 4000, 0.1).to_csv(data, index=False)
        return ours(data, "clmm", TWO, threads=2)


@figure(LARGE, "the ordinal model, minutes", at_most=5.0)
def million_minutes() -> float:
    """Wall time of the fit with its standard errors."""
    return float(million()["wall"]) / 60.0


@figure(LARGE, "the ordinal model, GB at the most", at_most=8.0)
def million_memory() -> float:
    """The process with the data."""
    return float(million()["gb"])


@figure(POWER, "1,000 fits of the linear model with four terms, minutes", at_most=2.0)
def power_minutes() -> float:
    """Process time of 100 simulated outcomes and their fits on one design, times ten."""
    design = LinearMixedDesign(f"usefulness ~ method + {FOUR}", ratings(20, 40))
    random = np.random.default_rng(1)
    sd = {"rater": 0.4, "case": 0.5, "rater:method": 0.2, "case:method": 0.2}

    def simulate() -> None:
        for _ in range(100):
            design.fit(design.simulate({"method[ig]": 0.3}, sd, 1.0, random))

    return seconds(simulate) * 10.0 / 60.0


@figure(POWER, "a grid's point of 1,000 studies, ratings as scores, minutes", at_most=2.0)
def grid_minutes() -> float:
    """Process time of 100 studies of one point of a grid, times ten: drawing ordinal ratings, four terms."""

    def simulate() -> None:
        power_grid(
            readers=[20],
            cases=[40],
            methods=["gradcam", "ig", "lime", "random", "shap"],
            effects={"method[ig]": 0.4},
            variances={"rater": 0.6, "case": 1.0, "rater:method": 0.3, "case:method": 0.4},
            simulations=100,
            seed=1,
        )

    return seconds(simulate) * 10.0 / 60.0


if has_r():

    @figure(GROUP, "ordinal, 4,000 ratings, two terms: R's clmm over ours", at_least=15.0)
    def ordinal_two() -> float:
        """Intercepts of raters and cases."""
        return beside_r("clmm", 20, 40, TWO)

    @figure(GROUP, "ordinal, 4,000 ratings, four terms: R's clmm over ours", at_least=5.0)
    def ordinal_four() -> float:
        """The default model."""
        return beside_r("clmm", 20, 40, FOUR)

    @figure(GROUP, "ordinal, 64,000 ratings, two terms: R's clmm over ours", at_least=50.0)
    def ordinal_large() -> float:
        """80 raters and 160 cases; R takes minutes."""
        return beside_r("clmm", 80, 160, TWO)

    @figure(GROUP, "linear, 4,000 ratings, four terms: R's lmer over ours", at_least=1.0)
    def linear_four() -> float:
        """With Satterthwaite's degrees of freedom on both sides."""
        return beside_r("lmm", 20, 40, FOUR)

    @figure(GROUP, "linear, 64,000 ratings, two terms: R's lmer over ours", at_least=1.0)
    def linear_large() -> float:
        """With Satterthwaite's degrees of freedom on both sides."""
        return beside_r("lmm", 80, 160, TWO)

else:
    print("Figures beside R's mixed models are left out: Rscript with ordinal and lmerTest is not installed.")
