"""The power of a planned study of ratings, asked in plain words: methods by their names, usual variances by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from evaluation.statistics.errors import TooFew, WrongChoice
from evaluation.statistics.power_grid import PowerGrid, power_grid
from evaluation.statistics.power_studies import formula_of
from evaluation.statistics.tidy import require_columns, require_share

#: Variances of the logit that stand in where no pilot has been run, those of the type-I errors in docs/statistics.md.
USUAL_VARIANCES: Mapping[str, float] = {"rater": 0.6, "case": 1.0, "rater:method": 0.3, "case:method": 0.4}


def planned_power(
    *,
    effects: Mapping[str, float],
    readers: Sequence[int] = (),
    cases: Sequence[int] = (),
    methods: Sequence[str] | None = None,
    design: pd.DataFrame | None = None,
    variances: Mapping[str, float] | None = None,
    reference: str | None = None,
    simulations: int = 1000,
    seed: int = 0,
    alpha: float = 0.05,
) -> PowerGrid:
    """The power to find a method's effect, for numbers of readers and cases or for one planned design.

    Either `readers`, `cases` and `methods`, all crossed, or a `design` with one row a planned rating and columns
    `rater` (or `reader`), `case` and `method`. `effects` are log odds ratios of a higher rating, keyed by method,
    against the `reference` (by default the first method sorted); the first is the one whose power is wanted.
    `variances` of the logit are keyed `rater`, `case`, `rater:method`, `case:method`; `power_grid` says how it is
    simulated.
    """
    require_share("alpha", alpha)
    if simulations < 1:
        raise TooFew("At least one simulation is needed.")
    if design is None and not methods:
        raise WrongChoice("Name the methods and the numbers of readers and cases, or give a design.")
    if design is not None and (methods or readers or cases):
        raise WrongChoice("A design says itself which methods, readers and cases it has: give one or the other.")
    given = dict(USUAL_VARIANCES if variances is None else variances)
    if not given:
        raise TooFew("A study of readers and cases has at least one variance, such as that of the raters.")
    unknown = [name for name in given if name not in (*USUAL_VARIANCES, "rater:case")]
    if unknown:
        raise WrongChoice(f"{unknown[0]!r} is no variance of a study; there are: {', '.join(USUAL_VARIANCES)}.")
    formula_of(given)
    frame = _design(design) if design is not None else None
    names = sorted({str(name) for name in (frame["method"] if frame is not None else methods or ())})
    base = _reference(reference, names)
    if len(names) < 2:
        raise TooFew("A comparison needs two methods.")
    wanted = _effects(effects, names, base)
    common = {"effects": wanted, "variances": given, "simulations": simulations, "seed": seed, "alpha": alpha}
    if frame is None:
        # The first level sorted is the one that the others are compared with.
        turned = [_first(name, base) for name in names]
        return power_grid(readers=readers, cases=cases, methods=turned, **common)  # type: ignore[arg-type]
    turned_frame = frame.assign(method=[_first(name, base) for name in frame["method"]])
    return power_grid(
        readers=[int(frame["rater"].nunique())],
        cases=[int(frame["case"].nunique())],
        layout=lambda _readers, _cases: turned_frame,
        **common,  # type: ignore[arg-type]
    )


def _design(design: pd.DataFrame) -> pd.DataFrame:
    named = design.rename(columns={"reader": "rater"}) if "rater" not in design else design
    require_columns(named, "rater", "case", "method")
    if named.empty:
        raise TooFew("The design has no planned ratings.")
    lacking = next((name for name in ("rater", "case", "method") if named[name].isna().any()), None)
    if lacking:
        raise WrongChoice(f"The design lacks values in its column {lacking!r}.")
    return named[["rater", "case", "method"]].assign(method=named["method"].astype(str))


def _reference(reference: str | None, names: Sequence[str]) -> str:
    if reference is None:
        return names[0] if names else ""
    if reference not in names:
        raise WrongChoice(f"The reference {reference!r} is none of the methods: {', '.join(names)}.")
    return reference


def _effects(effects: Mapping[str, float], names: Sequence[str], base: str) -> dict[str, float]:
    """Keyed as coefficients are."""
    if not effects:
        raise WrongChoice("Name the effect to find, such as ig=0.5: a method and its log odds ratio.")
    plain = {name.removeprefix("method[").removesuffix("]"): value for name, value in effects.items()}
    unknown = [name for name in plain if name not in names or name == base]
    if unknown and unknown[0] == base:
        raise WrongChoice(f"{base!r} is what the other methods are compared with, so it has no effect of its own.")
    if unknown:
        raise WrongChoice(f"{unknown[0]!r} is none of the methods: {', '.join(names)}.")
    return {f"method[{name}]": float(value) for name, value in plain.items()}


def _first(name: str, base: str) -> str:
    """The reference's name sorts before all others."""
    return f" {name}" if name == base else name
