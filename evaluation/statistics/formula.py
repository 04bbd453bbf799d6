"""Model formulae as in R, `outcome ~ a * b + (1|group) + (1|group:a)`, and the matrices that they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from evaluation.statistics.errors import NotIdentified, TooFew, WrongFormula
from evaluation.statistics.tidy import Codes, Numbers, numbers, require_columns

_RANDOM = re.compile(r"\(([^()|]*)\|([^()|]*)\)")
_NAME = re.compile(r"[^\W\d][\w.]*")

Term = tuple[str, ...]


@dataclass(frozen=True)
class Formula:
    """A formula taken apart: fixed terms and grouping factors, each a tuple of variables (longer: an interaction)."""

    outcome: str
    terms: tuple[Term, ...]
    groups: tuple[Term, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables on the right-hand side, each once."""
        return tuple(dict.fromkeys(name for term in (*self.terms, *self.groups) for name in term))


@dataclass(frozen=True)
class Factor:
    """A categorical variable with treatment coding: the first level is the reference."""

    name: str
    levels: tuple[Any, ...]

    def codes(self, data: pd.DataFrame) -> Codes:
        """The place of each row's level."""
        values = data[self.name].to_numpy(dtype=object)
        result = np.zeros(len(data), dtype=np.intp)
        for place, level in enumerate(self.levels[1:], start=1):
            result[values == level] = place
        return result


@dataclass(frozen=True)
class FixedEffects:
    """The fixed part without intercept: what each column of the design matrix stands for."""

    terms: tuple[Term, ...]
    factors: Mapping[str, Factor]
    means: Mapping[str, float]

    @property
    def columns(self) -> list[str]:
        """The names of the columns, such as `method[ig]` or `method[ig]:years`."""
        return [name for term in self.terms for name in self._names(term)]

    def columns_of(self, term: Term) -> list[int]:
        """The places of a term's columns."""
        names = set(self._names(term))
        return [place for place, name in enumerate(self.columns) if name in names]

    def reference_of(self, place: int) -> Factor | None:
        """The factor against whose first level a column compares; none for numbers and interactions."""
        term = next(term for term in self.terms if place in self.columns_of(term))
        return self.factors.get(term[0]) if len(term) == 1 else None

    def matrix(self, data: pd.DataFrame) -> Numbers:
        """The design matrix of a frame: `(n, columns)`."""
        blocks = [self._block(data, term) for term in self.terms]
        return np.hstack(blocks) if blocks else np.zeros((len(data), 0))

    def grid(self, variable: str) -> tuple[list[Any], Numbers]:
        """The levels of a factor and, for each, its row averaged over the other factors, numbers at their mean."""
        factor = self.factors[variable]
        others = [found for name, found in self.factors.items() if name != variable]
        rows = []
        for value in factor.levels:
            cells = [
                dict(zip([other.name for other in others], combination, strict=True))
                for combination in product(*[other.levels for other in others])
            ]
            frame = pd.DataFrame([{variable: value, **cell, **self.means} for cell in cells])
            rows.append(self.matrix(frame).mean(axis=0))
        return list(factor.levels), np.array(rows).reshape(len(rows), -1)

    def _names(self, term: Term) -> list[str]:
        parts = [
            [f"{name}[{value}]" for value in self.factors[name].levels[1:]] if name in self.factors else [name]
            for name in term
        ]
        return [":".join(combination) for combination in product(*parts)]

    def _block(self, data: pd.DataFrame, term: Term) -> Numbers:
        block = np.ones((len(data), 1))
        for name in term:
            block = (block[:, :, None] * self._main(data, name)[:, None, :]).reshape(len(data), -1)
        return block

    def _main(self, data: pd.DataFrame, name: str) -> Numbers:
        if name not in self.factors:
            return numbers(data, name)[:, None]
        factor = self.factors[name]
        return np.eye(len(factor.levels))[:, 1:][factor.codes(data)]


@dataclass(frozen=True)
class Grouping:
    """A random intercept: its name as in the formula, the group of each row, and how many groups there are."""

    name: str
    index: Codes
    size: int


def parse_formula(text: str) -> Formula:
    """Read a formula; random terms are intercepts, `(1|group)`, `(1|a:b)` or nested `(1|a/b)`."""
    outcome, separator, right = text.partition("~")
    if not separator or not _NAME.fullmatch(outcome.strip()):
        raise WrongFormula(f"The formula {text!r} must read 'outcome ~ terms'.")
    groups: list[Term] = []
    for effect, group in _RANDOM.findall(right):
        if effect.strip() != "1":
            raise WrongFormula(
                f"Random slopes are not supported: write (1|group:{effect.strip()}) for ({effect}|{group})."
            )
        groups += _nested(group, text)
    terms: list[Term] = []
    for part in _RANDOM.sub("", right).split("+"):
        if part.strip() not in ("", "1"):
            terms += _crossed(part, text)
    ordered = sorted(dict.fromkeys(terms), key=len)
    formula = Formula(outcome.strip(), tuple(ordered), tuple(dict.fromkeys(groups)))
    if not formula.variables:
        raise WrongFormula(f"The formula {text!r} has nothing on its right-hand side.")
    return formula


def fixed_effects(formula: Formula, data: pd.DataFrame, reference: Mapping[str, Any] | None) -> FixedEffects:
    """The coding of the fixed part; `reference` names the level against which a factor's others are estimated."""
    wanted = dict(reference or {})
    names = dict.fromkeys(name for term in formula.terms for name in term)
    factors: dict[str, Factor] = {}
    means: dict[str, float] = {}
    for name in names:
        if _is_number(data[name]):
            means[name] = float(numbers(data, name).mean())
        else:
            factors[name] = Factor(name, _levels(data[name], name, wanted.pop(name, None)))
    if wanted:
        raise WrongFormula(f"{next(iter(wanted))!r} is not a categorical variable of the formula's fixed part.")
    for term in formula.terms:
        _require_margins(term, formula.terms)
    return FixedEffects(formula.terms, factors, means)


def groupings(formula: Formula, data: pd.DataFrame) -> list[Grouping]:
    """The random intercepts of a formula in the order in which it names them."""
    return [_grouping(group, data) for group in formula.groups]


def require_variables(formula: Formula, data: pd.DataFrame, *, outcome: bool = True) -> None:
    """Raise unless the frame has the formula's variables, complete on the right-hand side."""
    require_columns(data, *([formula.outcome] if outcome else []), *formula.variables)
    for name in formula.variables:
        missing = int(data[name].isna().sum())
        if missing:
            raise WrongFormula(f"Column {name!r} lacks {missing} values; a model needs it complete.")


def require_full_rank(design: Numbers, names: list[str]) -> None:
    """Raise where a column of a design without intercept is a combination of the others and a constant."""
    if design.shape[1] == 0:
        return
    if len(design) <= design.shape[1]:
        raise TooFew("There are fewer ratings than effects to estimate.")
    centred = np.column_stack([np.ones(len(design)), design])
    triangle = np.abs(np.diagonal(np.linalg.qr(centred, mode="r")))
    scale = np.linalg.norm(centred, axis=0)
    dependent = np.flatnonzero(triangle < 1e-9 * np.maximum(scale, 1.0))
    if len(dependent):
        raise NotIdentified(f"The effect {names[dependent[0] - 1]!r} is a combination of the others in these data.")


def _term(part: str, text: str) -> Term:
    names = [name.strip() for name in part.split(":")]
    for name in names:
        if not _NAME.fullmatch(name):
            raise WrongFormula(f"{part.strip()!r} in the formula {text!r} is not a variable or an interaction.")
    return tuple(names)


def _crossed(part: str, text: str) -> list[Term]:
    """`a * b` is `a + b + a:b`."""
    factors = [_term(factor, text) for factor in part.split("*")]
    sizes = range(1, len(factors) + 1)
    return [sum(chosen, ()) for size in sizes for chosen in combinations(factors, size)]


def _nested(group: str, text: str) -> list[Term]:
    """`a / b` is `a` and `a:b`."""
    levels = [_term(level, text) for level in group.split("/")]
    return [sum(levels[: depth + 1], ()) for depth in range(len(levels))]


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _levels(column: pd.Series[Any], name: str, reference: Any) -> tuple[Any, ...]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        present = set(column.unique())
        levels = [value for value in column.cat.categories if value in present]
    else:
        levels = sorted(column.unique().tolist())
    if len(levels) < 2:
        raise TooFew(f"The variable {name!r} has one level only.")
    if reference is None:
        return tuple(levels)
    if reference not in levels:
        raise WrongFormula(f"{reference!r} is not a level of {name!r}; it has: {', '.join(map(str, levels))}.")
    return (reference, *[value for value in levels if value != reference])


def _require_margins(term: Term, terms: tuple[Term, ...]) -> None:
    """Treatment coding of an interaction means what it says only beside its main effects."""
    known = {frozenset(other) for other in terms}
    for size in range(1, len(term)):
        for part in combinations(term, size):
            if frozenset(part) not in known:
                raise WrongFormula(f"The interaction {':'.join(term)} needs {':'.join(part)} in the formula as well.")


def _grouping(group: Term, data: pd.DataFrame) -> Grouping:
    name = ":".join(group)
    index = data.groupby(list(group), sort=True, observed=True).ngroup().to_numpy().astype(np.intp)
    size = int(index.max()) + 1 if len(index) else 0
    if size < 2:
        raise TooFew(f"The random term (1|{name}) has fewer than two groups.")
    if size >= len(index):
        raise TooFew(f"The random term (1|{name}) has as many groups as there are ratings.")
    return Grouping(name, index, size)
