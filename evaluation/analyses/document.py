"""docs/statistics.md: every registered analysis with its facts; `python -m evaluation.analyses.document`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from evaluation.analyses.base import Analysis
from evaluation.analyses.columns import COLUMNS, COMMON
from foundation.registry import Parameter, parameters_of

START, END = "<!-- validations -->", "<!-- end of validations -->"
OPENING = """# The statistics

<!-- The analyses are written by `python -m evaluation.analyses.document` from the registry, the table of validations by
     the tests (`WRITE_VALIDATIONS=1 make test TESTS=tests/evaluation/statistics`): change those, not this page. -->

What the platform asks of a study's long table, how it answers, and what it was held against. Each analysis runs on an
exported table without the platform as well:

    python -m evaluation usefulness-model ratings.csv
    python -m evaluation usefulness-model --help        # the columns that it reads, and its parameters

* **Intervals first.** A claim is made where an interval leaves out the value of no effect, and else the question is
  left open. The primary analysis is named in the protocol before the first answer and guarded by Holm; all others are
  exploratory, adjusted by Benjamini and Hochberg, and labelled so.
* **Readers and cases vary.** Nothing treats ratings of one reader, or of one case, as independent: models have terms
  for both, bootstraps resample both (Owen 2007). No p-value is computed over single ratings.
* **Few readers, few cases.** Under ten of either the intervals are likely too narrow; under five nothing is claimed.
* **What would change the conclusion** is computed where an analysis compares: how far the weakest claim is from being
  lost, each reader and each case left out in turn, excluded rows counted, the other model. Assumptions are held against
  the data, with a sentence each.
* **No difference** needs a bound that was set beforehand (`tost`), never a large p-value.
* **Missing answers** are counted and left out; likelihood models take them to be missing at random.
"""
PLANNING = """## Planning

How many readers and cases a study needs is found by simulation: draw the planned study many times, analyse each as it
will be analysed, count the claims. Every power comes with Wilson's bounds for the number of simulations. Readers and
cases each cap the power (Westfall, Kenny & Judd 2014): more cases for few readers soon gain nothing, and neither do
more readers of few cases.

    python -m evaluation power --readers 8 12 20 --cases 20 40 --methods gradcam ig lime --effect ig=0.5 --confirm 12x40
    python -m evaluation power --help           # a design from a CSV file, variances, seed, JSON

| question | function | analysed by |
|---|---|---|
| ratings, one design | `power(design, model="clmm")`, `model="lmm"` | the ordinal model, the linear one; both by t |
| ratings, many sizes | `power_grid(readers=..., cases=...)` | scores by the linear model; then 200 ordinal fits |
| the same in plain words | `planned_power(methods=..., effects=...)` | as above; usual variances by default |
| accuracy of readers | `power(design, model="mrmc")` | Obuchowski and Rockette, readers and cases random |
| the same from a pilot | `mrmc_power(pilot.components, ...)` | closed form (Hillis, Obuchowski & Berbaum 2011) |
| over-reliance between arms | `reliance_power(design, over_reliance=...)` | shares, two-way clustered jackknife |

A grid draws ratings from the ordinal model and reads them as scores, since the linear model is fitted about three times
as fast (20 readers, 40 cases, 5 methods); the chosen point is confirmed on the same simulated ratings:

    from evaluation import statistics
    grid = statistics.power_grid(
        readers=(8, 12, 20), cases=(20, 40), methods=["gradcam", "ig", "lime"], effects={"method[ig]": 0.5},
        variances={"rater": 0.6, "case": 1.0, "rater:method": 0.3, "case:method": 0.4}, simulations=1000, seed=1,
    )
    grid.table                # readers cases ratings power low high failed
    grid.confirm(12, 40)      # the ordinal model, 200 fits

Effects are log odds ratios and variances those of the latent scale; take them from a pilot's `clmm`, and leave out no
term that the analysis will have. A difference that is just worth knowing is a better effect than the one that a small
pilot happened to show.

### Which test keeps its level

The share of claims in 2,000 simulated studies without any effect, with 95 % bounds; a test of 5 % is taken to keep its
level where the share lies within [.035, .065]. Five categories; variances .6 (reader), 1 (case), .3 (reader:method) and
.4 (case:method) of the logit, all four in the model; the effect of one method of three. The tests of a
design read the same studies, drawn by `type_one_error(design, variances=..., simulations=2000, seed=...)` with the
seeds 41 and 42; it does the same for any other design.

| test | 12 readers x 20 cases | 6 readers x 10 cases |
|---|---|---|
| Wald, normal | .062 [.053, .074] | .088 [.077, .102] |
| Wald, t | .053 [.044, .064] | .057 [.048, .068] |
| likelihood ratio, chi-squared | .056 [.047, .067] | .076 [.065, .088] |
| likelihood ratio, F | .047 [.039, .057] | .043 [.035, .052] |
| scores, t | .049 [.040, .059] | .041 [.033, .050] |

With twelve readers all of them do, though the interval of Wald's z reaches .074. With six readers Wald's z, the test
of R's `clmm`, and the likelihood ratio against chi-squared claim too often. The degrees of freedom that the linear
model of the scores finds by Satterthwaite's method mend both; the scores themselves keep their level as well.

**The analyses compare by t** with these degrees of freedom ("Wald, t"): it needs no fit but the one that is there and
its bounds say what its p-values say. In the function it is `contrasts("method", reference_distribution="t")`; the
default there is `"normal"`, since that is what R prints. Terms that the rule of the default model leaves out count for
the degrees of freedom all the same. The analysis as it runs, with that rule, all pairs of 3 methods and Bonferroni's
bounds, in 2,000 studies without any effect:

| design | t, one pair | t, any pair | z, one pair | z, any pair |
|---|---|---|---|---|
| 6 readers x 10 cases | .057 [.048, .068] | .049 [.040, .059] | .089 [.077, .102] | .091 [.079, .104] |
| 12 readers x 20 cases (1,000) | .051 [.039, .066] | .054 [.042, .070] | .061 [.048, .078] | .082 [.067, .101] |

Bootstrap tests of the ordinal model were not simulated.

Other designs, 2,000 studies without an effect each:

| design | test | claims |
|---|---|---|
| 8 readers x 10 cases, 3 methods, normal scores | linear model, Satterthwaite | in [.035, .065] (a test asks) |
| 6 readers x 60 cases, 2 methods | Obuchowski and Rockette, Hillis's df | .045 [.037, .055] |

The simulated power of a reader study, .478 [.456, .499], is that of the closed form, .475.

### Reliance

Resampling readers and cases together counts the noise of single decisions about three times (Owen 2007): both draws
repeat it. Where readers and cases differ little beside that noise, as in decisions, bounds by this bootstrap are nearly
twice as wide as they need be; a comparison of arms by it claimed in .004 of the studies without a difference, and found
a fall of over-reliance from .35 to .20 in .37. Differences between arms therefore have two-way clustered errors: the
variance that leaving out each reader says, and each case, less that of leaving out each pair of them, against t with
the degrees of freedom of the rarer of both. Shares of a single arm keep the bootstrap's bounds, which are wide.
Over-reliance .35 in both of two arms, 2,000 studies, variances .5 (reader, case) and .2 (reader:arm, case:arm) of the
logit, four fifths of first answers right:

| design | claims | where it falls to .20 |
|---|---|---|
| 20 readers x 20 cases, each case in one arm for a reader | .061 [.051, .072] | .73 [.70, .76] |
| 30 readers x 6 cases, likewise | .045 [.037, .055] | |
| 20 readers x 20 cases, each reader in one arm | .046 [.038, .056] | |
| 10 readers x 10 cases, each reader in one arm | .060 [.050, .071] | |
| 10 readers x 10 cases, each case in one arm for a reader | .068 [.057, .079] | |
| 10 readers x 10 cases, each case in both arms | .069 [.058, .080] | |

With ten readers and ten cases it claims slightly too often where readers meet both arms: the estimate lies above .065.
"""


def document(before: str = "", parts: Iterable[type[Analysis]] | None = None) -> str:
    """The whole page as Markdown; the table of validations is kept as `before` has it."""
    from evaluation.analyses import registry

    own = [part for part in registry if part.__module__.startswith(f"{registry.package}.")]
    chosen = own if parts is None else list(parts)
    lines = [OPENING, "## Analyses\n", *_overview(chosen), *map(_section, chosen)]
    lines += [PLANNING, "## Columns\n", f"{columns_table()}\n", "## Validations\n"]
    lines.append(
        "What each function was held against, and the largest difference seen. R is no dependency: its values are"
        "\ngolden files with the script that made them beside the tests.\n"
    )
    lines.append(f"{START}\n{validations(before)}{END}")
    return "\n".join(lines).rstrip() + "\n"


def validations(page: str) -> str:
    """The table of validations that a page holds."""
    return page.partition(f"{START}\n")[2].partition(END)[0]


def _overview(parts: list[type[Analysis]]) -> Iterator[str]:
    yield "| analysis | question |\n|---|---|"
    for part in parts:
        yield f"| [{part.name}](#{part.title.lower().replace(' ', '-').replace(',', '')}) | {part.question} |"
    yield ""


def _section(part: type[Analysis]) -> str:
    optional = [name for name in dict.fromkeys((*part.uses, *COMMON)) if name not in part.needs]
    lines = [
        f"### {part.title}",
        "",
        f"`{part.name}` · {part.reference}",
        "",
        f"**Asks:** {part.question}",
        f"**Model:** {part.model}",
        f"**Assumes:** {part.assumptions}",
        f"**Would change the conclusion:** {part.fragile}",
        "",
        f"Reads {_columns(part.needs)}; where they are there also {_columns(optional)}.",
        "",
        *_parameters(parameters_of(part)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _parameters(parameters: Iterable[Parameter]) -> list[str]:
    rows = [
        f"| `{parameter.name}` | {_kind(parameter)} | `{parameter.default}` | {parameter.help} |"
        for parameter in parameters
    ]
    return ["| parameter | is | default | meaning |", "|---|---|---|---|", *rows] if rows else []


def _kind(parameter: Parameter) -> str:
    return ", ".join(f"`{choice}`" for choice in parameter.choices) or parameter.kind


def columns_table() -> str:
    """The columns of the long table and their meanings, as Markdown."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in sorted(COLUMNS.items())]
    return "\n".join(["| column | meaning |", "|---|---|", *rows])


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.analyses.document", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=Path("docs/statistics.md"), help="the file to write")
    path: Path = parser.parse_args().path
    if not path.parent.is_dir():
        sys.stderr.write(f"There is no folder {path.parent}.\n")
        return 2
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    path.write_text(document(before), encoding="utf-8")
    sys.stdout.write(f"{path} written.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
