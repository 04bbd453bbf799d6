"""A small language over a trial's answers: whether a question is asked.

    expression = either {"or" either}
    either     = negation {"and" negation}
    negation   = "not" negation | comparison
    comparison = operand [("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in") operand]
    operand    = number | 'text' | name | step.name | none | "[" operand {"," operand} "]" | "(" expression ")"

A name stands for the answer to a question of this step or of an earlier one (`step.name` where two steps use a name);
it is `none` while there is no answer. Numbers written as text count as numbers, since forms send text. Only numbers
have an order; values that do not compare are unequal. The pages evaluate the same language (conditions.js); both are
held to one table of cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

LONGEST = 500
DEEPEST = 20
TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d{1,15}(?:\.\d{1,15})?)(?![\w.])"
    r"|(?P<text>'[^'\\]*'|\"[^\"\\]*\")"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|(?P<mark>==|!=|<=|>=|<|>|\(|\)|\[|\]|,))",
    re.ASCII,
)
NUMERIC = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
WORDS = frozenset({"and", "or", "not", "in", "none"})
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in"})

Value = Any
Meaning = Callable[[Mapping[str, Any]], Value]


class WrongCondition(ValueError):
    """The expression cannot be read; the message says where."""


@dataclass(frozen=True)
class Condition:
    """A parsed expression: its text, the names that it uses, and what it means for given answers."""

    text: str
    names: frozenset[str]
    meaning: Meaning

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Whether it is true of these answers: by question, and by `step.question` for earlier steps."""
        return _is_true(self.meaning(answers))


@cache
def condition(text: str) -> Condition:
    """The condition that this text says; WrongCondition where it says none. An empty text always holds."""
    if not text.strip():
        return Condition(text, frozenset(), lambda answers: True)
    if len(text) > LONGEST:
        raise WrongCondition(f"A condition has at most {LONGEST} characters.")
    parser = _Parser(_tokens(text))
    meaning = parser.expression(0)
    parser.expect_end()
    return Condition(text, frozenset(parser.names), meaning)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    end = len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise WrongCondition(f"The condition cannot be read from character {place + 1} on: {text[place:][:20]!r}.")
        kind, word = match.lastgroup, match.group(match.lastgroup)
        kind = "word" if kind == "name" and word in WORDS else kind
        found.append(_Token(kind, word, match.start(match.lastgroup) + 1))
        place = match.end()
    return found


class _Parser:
    """Recursive descent; each rule gives a function from answers to a value."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self.tokens = list(tokens)
        self.names: set[str] = set()

    def expression(self, depth: int) -> Meaning:
        """Sides of `or`, the first true one decides."""
        return self._joined("or", self._either, depth, any)

    def expect_end(self) -> None:
        """Nothing may be left over."""
        if self.tokens:
            raise WrongCondition(f"{self.tokens[0].text!r} at character {self.tokens[0].at} was not expected.")

    def _either(self, depth: int) -> Meaning:
        return self._joined("and", self._negation, depth, all)

    def _joined(
        self, word: str, part: Callable[[int], Meaning], depth: int, decide: Callable[[list[bool]], bool]
    ) -> Meaning:
        parts = [part(depth)]
        while self._take(word):
            parts.append(part(depth))
        if len(parts) == 1:
            return parts[0]
        return lambda answers: decide([_is_true(each(answers)) for each in parts])

    def _negation(self, depth: int) -> Meaning:
        if not self._take("not"):
            return self._comparison(depth)
        inner = self._negation(self._deeper(depth))
        return lambda answers: not _is_true(inner(answers))

    def _comparison(self, depth: int) -> Meaning:
        left = self._operand(depth)
        sign = self._sign()
        if sign is None:
            return left
        right = self._operand(depth)
        return lambda answers: _compare(sign, left(answers), right(answers))

    def _sign(self) -> str | None:
        if len(self.tokens) > 1 and (self.tokens[0].text, self.tokens[1].text) == ("not", "in"):
            del self.tokens[:2]
            return "not in"
        if self.tokens and self.tokens[0].kind in {"mark", "word"} and self.tokens[0].text in COMPARISONS:
            return self.tokens.pop(0).text
        return None

    def _operand(self, depth: int) -> Meaning:
        if not self.tokens:
            raise WrongCondition("The condition ends too early.")
        token = self.tokens.pop(0)
        if token.kind == "number":
            return _constant(float(token.text))
        if token.kind == "text":
            return _constant(token.text[1:-1])
        if token.kind == "name":
            self.names.add(token.text)
            return lambda answers: answers.get(token.text)
        if token.text == "none":
            return _constant(None)
        if token.text == "(":
            inner = self.expression(self._deeper(depth))
            self._close(")")
            return inner
        if token.text == "[":
            return self._list(self._deeper(depth))
        raise WrongCondition(f"{token.text!r} at character {token.at} was not expected.")

    def _list(self, depth: int) -> Meaning:
        items = [self._operand(depth)]
        while self._take(","):
            items.append(self._operand(depth))
        self._close("]")
        return lambda answers: [item(answers) for item in items]

    def _take(self, text: str) -> bool:
        if self.tokens and self.tokens[0].kind in {"mark", "word"} and self.tokens[0].text == text:
            self.tokens.pop(0)
            return True
        return False

    def _close(self, text: str) -> None:
        if not self._take(text):
            raise WrongCondition(f"The condition lacks a {text!r}.")

    def _deeper(self, depth: int) -> int:
        if depth >= DEEPEST:
            raise WrongCondition("The condition is nested too deeply.")
        return depth + 1


def _constant(value: Value) -> Meaning:
    return lambda answers: value


def _compare(sign: str, left: Value, right: Value) -> bool:
    if sign in {"in", "not in"}:
        held = isinstance(right, (list, tuple)) and any(_equal(left, item) for item in right)
        return held == (sign == "in")
    if sign in {"==", "!="}:
        return _equal(left, right) == (sign == "==")
    first, second = _plain(left), _plain(right)
    if not (isinstance(first, float) and isinstance(second, float)):
        return False
    return {"<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second}[sign]


def _equal(left: Value, right: Value) -> bool:
    first, second = _plain(left), _plain(right)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_equal, first, second))
    return type(first) is type(second) and first == second


def _plain(value: Value) -> Value:
    """Numbers as floats, those written as text too; truth values, texts and lists as they are."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str) and NUMERIC.fullmatch(value):
        return float(value)
    return list(value) if isinstance(value, tuple) else value


def _is_true(value: Value) -> bool:
    plain = _plain(value)
    return bool(plain) if isinstance(plain, (bool, float, str, list)) else plain is not None
