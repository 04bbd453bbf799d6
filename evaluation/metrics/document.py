"""docs/metrics.md: every registered metric with its facts and parameters; `python -m evaluation.metrics.document`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from evaluation.metrics.base import Metric
from foundation.registry import Parameter, parameters_of

FAMILIES = {
    "faithfulness": "Does the map say what the network goes by?",
    "robustness": "Does the map stay when the image hardly changes?",
    "randomisation": "Does the map change when the network or the question does?",
    "localisation": "Does the map point where the truth is?",
    "complexity": "Is the map short enough to read?",
}
NEEDS = {"model": "the network", "mask": "the true region", "explain": "the method itself, to make maps anew"}
OPENING = """# The metrics

<!-- Written by `python -m evaluation.metrics.document` from the registry: change the metrics, not this page. -->

Every metric that comes with Heatproof: what it measures, how it is known to fail, and its parameters. `x` is an image,
`f(x)` the output that is explained (a logit unless `scale` says otherwise; of a segmenter the logits of a region,
summed). A score is one number for one map of one image.

* **One reading of a map.** Its pixels are contributions: the predicted effect of removing a region is the map's sum
  over it. What is removed is a pixel with all its channels. How the sign is read is the parameter `sign`.
* **Ties** share what they tie for. A constant map never scores by the order of its pixels.
* **Undefined is NaN**, with a reason, never a number that looks like a result.
* **Independent.** A score depends on its own image and the seed, not on the batch, its size or the memory budget.
* **Chance.** A metric with chance gives another score for another seed. `Metric.score_with_errors` returns the Monte
  Carlo standard error of each score, `evaluation.metrics.monte_carlo.draws_needed` how many draws bring it below 0.02,
  and `evaluation.metrics.reliability.reliability` how much of the scores' variance lies between images.
* **Controls.** `evaluation.metrics.controls.control_scores` scores maps with the same values in other places: laid out
  as smoothly as the map, or at random. A score is worth what it exceeds them by.
* **No metric is the truth.** Metrics of one family often rank methods differently (Tomsett et al. 2020,
  arXiv:1912.01451; Klein et al. 2024, arXiv:2409.16756): report several, and where they disagree say so.

Properties are those of Co-12 (Nauta et al. 2023, doi:10.1145/3583558). A metric of your own: see
[extending.md](extending.md).
"""


def own_metrics() -> list[type[Metric]]:
    """The metrics of this project, without those that other installed packages bring."""
    from evaluation.metrics import registry

    return [part for part in registry if part.__module__.startswith(f"{registry.package}.")]


def document(parts: Iterable[type[Metric]] | None = None) -> str:
    """The whole page as Markdown."""
    chosen = own_metrics() if parts is None else list(parts)
    lines = [OPENING, *_overview(chosen)]
    for family, question in FAMILIES.items():
        members = [part for part in chosen if part.family == family]
        if members:
            lines += [f"## {family.capitalize()}\n", f"{question}\n", *map(_section, members)]
    return "\n".join(lines).rstrip() + "\n"


def _overview(parts: list[type[Metric]]) -> Iterator[str]:
    yield "| metric | family | better | needs | chance |\n|---|---|---|---|---|"
    for part in parts:
        anchor = part.title.lower().translate(str.maketrans(" ", "-", "()"))
        needs = ", ".join(sorted(part.needs)) or "the map alone"
        yield (
            f"| [{part.name}](#{anchor}) | {part.family} | {_direction(part)} | {needs} "
            f"| {'yes' if part.stochastic else 'no'} |"
        )
    yield ""


def _section(part: type[Metric]) -> str:
    lines = [
        f"### {part.title}",
        "",
        f"`{part.name}` · {part.reference}",
        "",
        f"**Measures:** {part.summary}",
        "",
        f"**Fails:** {part.caveat}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {_cell(value)} |" for name, value in _facts(part)),
        "",
        *_parameters(parameters_of(part)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _facts(part: type[Metric]) -> Iterator[tuple[str, str]]:
    yield "formula", part.formula
    yield "range", part.span
    yield "better", _direction(part)
    yield "Co-12", ", ".join(part.co12)
    yield "needs", ", ".join(NEEDS[need] for need in sorted(part.needs)) or "nothing but the map"
    yield "undefined", part.undefined_when
    if part.stochastic:
        yield "chance", part.precision


def _direction(part: type[Metric]) -> str:
    return "higher" if part.higher_is_better else "lower"


def _parameters(parameters: Iterable[Parameter]) -> list[str]:
    rows = [
        f"| `{parameter.name}` | {_kind(parameter)} | {_plain(parameter.default)} | {_cell(parameter.help)} |"
        for parameter in parameters
    ]
    return ["| parameter | is | default | meaning |", "|---|---|---|---|", *rows] if rows else ["No parameters."]


def _kind(parameter: Parameter) -> str:
    kind = ", ".join(f"`{choice}`" for choice in parameter.choices) or parameter.kind
    return f"{kind} or nothing" if parameter.optional else kind


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value)
    return "nothing" if value is None else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Write the page, or print it where no file is named."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.metrics.document", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=Path("docs/metrics.md"), help="the file to write")
    path: Path = parser.parse_args().path
    if not path.parent.is_dir():
        sys.stderr.write(f"There is no folder {path.parent}.\n")
        return 2
    path.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{path} written.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
