"""What would change the conclusion, computed from the data: margins, readers and cases left out, exclusions undone.

The conclusion is that of each comparison: one side is claimed to be larger, or it is left open. It is tried by leaving
out each reader and each case, by counting what exclusion rules took out, and by asking how far the estimate would have
to move while its error stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from evaluation.analyses.result import Draft, Interval, excludes, figure

#: Beyond so many readers or cases a single one seldom matters, and leaving out each takes long.
MOST_LEFT_OUT = 200
_NAMED = 5

Comparisons = Mapping[str, Interval]


def tell_margins(draft: Draft) -> None:
    """How far the weakest claim is from being lost, and the open comparison nearest to one from being made."""
    known = {name: each for name, each in draft.compared.items() if excludes_something(each)}
    claims = {name: each for name, each in known.items() if conclusion(each)}
    others = {name: each for name, each in known.items() if not conclusion(each)}
    if claims:
        name, each = min(claims.items(), key=lambda item: _spare(item[1]) / _size(item[1]))
        draft.changes.append(
            f"The weakest claim is {name}, {figure(each.estimate)}: it would be lost were the true difference "
            f"overstated by {figure(_spare(each))}, {100 * _spare(each) / _size(each):.2g} % of it."
        )
    if others:
        name, each = max(others.items(), key=lambda item: _size(item[1]) / _reach(item[1]))
        draft.changes.append(
            f"The open comparison that is nearest to a claim is {name}, {figure(each.estimate)}: with this spread it "
            f"would take a difference of {figure(_reach(each))}."
        )


def tell_left_out(draft: Draft, what: str, without: Iterable[tuple[str, Comparisons]]) -> None:
    """Which comparisons end otherwise without a single reader (or case); the table `left-out` has their range."""
    rows, turned, tried = [], dict[str, list[str]](), 0
    for level, comparisons in without:
        tried += 1
        for name, whole in draft.compared.items():
            found = _with_bounds(comparisons.get(name), whole)
            ends = "unknown" if found is None else _word(found)
            changed = ends != _word(whole)
            if changed:
                turned.setdefault(f"{name} {_ending(_word(whole), ends)}", []).append(level)
            rows.append((name, level, found.estimate if found else math.nan, changed))
    if not tried:
        return
    _tabulate(draft, what, pd.DataFrame(rows, columns=["comparison", "level", "estimate", "changed"]))
    if not turned:
        draft.changes.append(
            f"No single {what} decides: leaving out any one of {tried} changes none of the conclusions."
        )
    for ending, levels in turned.items():
        draft.changes.append(f"Without {what} {_listed(levels)} {ending}.")


def _tabulate(draft: Draft, what: str, tried: pd.DataFrame) -> None:
    """For each comparison the lowest and the highest estimate, without whom, and how many change its conclusion."""
    rows = []
    for name, part in tried.groupby("comparison", sort=False):
        row = {"comparison": name, "left_out": what, "tried": len(part), "changed": int(part["changed"].sum())}
        known = part.dropna(subset=["estimate"])
        for end, at in (("lowest", "idxmin"), ("highest", "idxmax")):
            place = getattr(known["estimate"], at)() if len(known) else None
            row[end] = math.nan if place is None else float(known.loc[place, "estimate"])
            row[f"{end}_without"] = "" if place is None else str(known.loc[place, "level"])
        rows.append(row)
    before = [draft.tables["left-out"]] if "left-out" in draft.tables else []
    draft.add_table("left-out", pd.concat([*before, pd.DataFrame(rows)], ignore_index=True))


def tell_included(draft: Draft, excluded: int, comparisons: Comparisons) -> None:
    """Whether counting the rows that exclusion rules took out would end any comparison otherwise."""
    turned = [
        f"{name} {_ending(_word(whole), _word(found))}"
        for name, whole in draft.compared.items()
        if (found := _with_bounds(comparisons.get(name), whole)) and _word(found) != _word(whole)
    ]
    many = f"the {excluded} rows that exclusion rules took out" if excluded > 1 else "the row that a rule took out"
    if turned:
        draft.changes.append(f"With {many} counted {'; '.join(turned)}.")
    else:
        draft.changes.append(f"Counting {many} would change none of the conclusions.")


def _with_bounds(found: Interval | None, whole: Interval) -> Interval | None:
    """Where bounds come by resampling, which is not done again, those of the whole are moved along."""
    if found is None or not math.isfinite(found.estimate):
        return None
    if excludes_something(found) or not excludes_something(whole):
        return found
    shift = found.estimate - whole.estimate
    return replace(found, low=whole.low + shift, high=whole.high + shift)


def conclusion(each: Interval) -> int:
    """1 or -1 where the larger side is claimed, 0 where it is open."""
    if not excludes(each.low, each.high, each.null):
        return 0
    return 1 if each.estimate > each.null else -1


def excludes_something(each: Interval) -> bool:
    """Whether there are bounds with a width, so that some value is left out."""
    return each.high > each.low and excludes(each.low, each.high, each.high + 1.0)


def few_enough(levels: Iterable[object]) -> bool:
    """Whether each of them can be left out in turn."""
    return sum(1 for _ in levels) <= MOST_LEFT_OUT


def _word(each: Interval) -> str:
    return {1: "first larger", -1: "second larger", 0: "open"}[conclusion(each)]


def _ending(before: str, after: str) -> str:
    if after in ("open", "unknown"):
        return "would be left open" if after == "open" else "could not be compared"
    return "would become a claim" if before == "open" else "would turn round"


def _size(each: Interval) -> float:
    return abs(each.estimate - each.null)


def _spare(each: Interval) -> float:
    """How far the nearer bound is from the value of no effect."""
    return min(abs(each.low - each.null), abs(each.high - each.null))


def _reach(each: Interval) -> float:
    """How far the bounds reach from the estimate, on the side of no effect."""
    return each.estimate - each.low if each.estimate >= each.null else each.high - each.estimate


def _listed(levels: list[str]) -> str:
    if len(levels) == 1:
        return levels[0]
    shown = ", ".join(levels[:_NAMED])
    return (
        f"{shown} (each alone)" if len(levels) <= _NAMED else f"{shown} or {len(levels) - _NAMED} others (each alone)"
    )
