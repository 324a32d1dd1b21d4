"""The answers of one respondent, checked: what each says of an item or a field, in one phase or in any."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from fl_estimate.errors import IndicatorFault, labels_shown, nearest
from fl_estimate.indicators.criteria import FieldWithin
from fl_estimate.indicators.items import AGE, NO, UNKNOWN_ANSWERS, Item, Items, known_items
from fl_estimate.indicators.logic import FALSE, TRUE, UNKNOWN, Value, any_of
from fl_estimate.schema.answer_sets import SEPARATOR, split

Answer = str | Sequence[str]
Number = int | float | str
BLOCKS: tuple[str, ...] = ("child", "state")
"""Blocks of fields that are arguments of `explain`."""
PARAMETERS: tuple[str, ...] = (AGE, "act", "other_purpose")


class AnswerReading:
    """The answers of one respondent, checked. Everything not given takes the default."""

    def __init__(
        self,
        answers: Mapping[str, Answer | Number],
        *,
        age: Number,
        default: str,
        child: Mapping[str, Answer] | None,
        act: str | None,
        state: Mapping[str, Answer] | None,
        other_purpose: str | None,
        known: Items | None = None,
        instrument: Collection[str] | None = None,
    ) -> None:
        self._known = known or known_items()
        if default not in (NO, *UNKNOWN_ANSWERS):
            raise _fault("default", "it is not one of the answers that can stand for all", (NO, *UNKNOWN_ANSWERS))
        self._default = default
        self._instrument = None if instrument is None else frozenset(instrument)
        self._has_state = state is not None
        self._numbers: dict[str, Number] = {AGE: _number(AGE, age)}
        self._items: dict[str, list[tuple[str, str | None]]] = {}
        given: dict[str, Answer | None] = {"act": act, "other_purpose": other_purpose}
        given |= {f"child.{name}": code for name, code in (child or {}).items()}
        given |= {f"state.{name}": code for name, code in (state or {}).items()}
        self._codes = {name: self._code(name, code) for name, code in given.items() if code is not None}
        for name, answer in answers.items():
            self._take(name, answer)

    def item(self, item: str, phase: str | None, /) -> Value:
        """Whether an item is true, in one phase or (None) in any."""
        if not self.has(item):
            return FALSE
        entry = self._known.items[item]
        given = self._items.get(item, [])
        unphased = [entry.value(answer) for answer, at in given if at is None]
        phased = {at: any_of(entry.value(answer) for answer, where in given if where == at) for at in entry.phases}
        mentioned = {at for _, at in given}
        if unphased:
            # an answer without a phase was given about every phase that has none of its own
            return entry.read(phase, any_of(unphased), {at: value for at, value in phased.items() if at in mentioned})
        # "no" to everything not given is the harmless answer
        default = entry.value(entry.harmless if self._default == NO else self._default)
        return entry.read(phase, None, {at: value if at in mentioned else default for at, value in phased.items()})

    def codes(self, field: str, codes: tuple[str, ...], /) -> Value:
        """Whether a field holds one of the codes; false for the state block where there is none."""
        if not self.has(field):
            return FALSE
        return self._known.fields[field].value(self._codes.get(field, self._default), codes)

    @property
    def given(self) -> dict[str, str]:
        """What was answered, by the id of the item or field: the answers as they were given, joined by commas."""
        items = {name: ", ".join(f"{a}@{p}" if p else a for a, p in each) for name, each in self._items.items()}
        numbers = {name: f"{number}" for name, number in self._numbers.items() if name != AGE}
        return items | {name: ", ".join(split(code)) for name, code in self._codes.items()} | numbers

    def within(self, test: FieldWithin, /) -> Value:
        """Whether a number is inside the limits; "no" is outside."""
        if test.field != AGE and not self.has(test.field):
            return FALSE
        number = self._numbers.get(test.field, self._default)
        if isinstance(number, str):
            return UNKNOWN if number in UNKNOWN_ANSWERS else FALSE
        return TRUE if test.holds(number) else FALSE

    def number(self, field: str) -> float | None:
        """A number as it was given; None where it is unknown. "no" is 0."""
        number = self._numbers.get(field, self._default)
        if isinstance(number, str):
            return None if number in UNKNOWN_ANSWERS else 0.0
        return float(number)

    def has(self, name: str, /) -> bool:
        """Every question belongs to the instrument unless it is told which do; the state block does where one was given.

        The conditions of an exception, one by one, belong to it where one of them was given; the question on all of
        them together does unless that is so and it was not given itself.
        """
        if self._instrument is not None:
            return name in self._instrument
        field = self._known.fields.get(name)
        if field is None or field.block != "state":
            return True
        apart = any(self._known.fields[code].details == (field.details or name) for code in self._codes)
        if field.details:
            return self._has_state and apart
        return self._has_state and (name in self._codes or not apart)

    def keep(self, value: Value, /) -> Value:
        """A value of one respondent needs no storing."""
        return value

    def _take(self, name: str, answer: Answer | Number) -> None:
        known = self._known
        if name in known.items:
            answers = [answer] if isinstance(answer, str) or not isinstance(answer, Sequence) else answer
            self._items[name] = [_answer(known.items[name], entry) for entry in answers]
            return
        entry = known.fields.get(name)
        if entry is None or name in PARAMETERS or entry.block in BLOCKS:
            raise _fault(name, "no item or number is called so", (), near=nearest(name, list(known.items)))
        if not entry.is_number:
            self._codes[name] = self._code(name, answer)
        elif isinstance(answer, int | float | str):
            self._numbers[name] = _number(name, answer)
        else:
            raise _fault(name, "a number is needed", UNKNOWN_ANSWERS)

    def _code(self, name: str, code: object) -> str:
        """One code of a field of a block, or of a field that stands alone."""
        fields = self._known.fields
        entry = fields.get(name)
        if entry is None:
            block = name.partition(".")[0]
            near = [other.partition(".")[2] for other in fields if other.startswith(f"{block}.")]
            raise _fault(name, "no field is called so", tuple(near), near=nearest(name.partition(".")[2], near))
        codes = _codes(code) if entry.several else [code]
        if not codes or any(not isinstance(each, str) or each not in entry.allowed for each in codes):
            raise _fault(name, "its code is not known", entry.allowed)
        return SEPARATOR.join(map(str, codes))


def _codes(given: object) -> list[object]:
    """The codes of a set: a list, or one text with separators between them."""
    if isinstance(given, str):
        return list(split(given))
    return list(cast("Collection[object]", given)) if isinstance(given, list | tuple | set) else []


def _answer(item: Item, answer: object) -> tuple[str, str | None]:
    """One answer and its phase (None: not said)."""
    if not isinstance(answer, str):
        raise _fault(
            item.id, "an answer is a text in quotes (an unquoted yes is something else in some files)", item.allowed
        )
    status, mark, phase = answer.partition("@")
    if status not in item.allowed:
        raise _fault(item.id, "its answer is not known", item.allowed)
    if mark and not item.asks_phase:
        raise _fault(item.id, "this item has one fixed phase; its answers carry no @", item.allowed)
    if mark and phase not in item.phases:
        raise _fault(item.id, "the phase after @ is not one that the item can have", item.phases)
    return status, phase if mark else None


def _number(name: str, number: object) -> Number:
    """A number that is not negative, or why it is unknown; "no" says none."""
    if isinstance(number, str) and number in (NO, *UNKNOWN_ANSWERS):
        return number
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < math.inf:
        raise _fault(name, "a number of at least 0 is needed", UNKNOWN_ANSWERS)
    return number


def _fault(name: str, what: str, allowed: tuple[str, ...], *, near: str = "") -> IndicatorFault:
    fix = f"did you mean {near!r}? " if near else ""
    fix += f"one of: {', '.join(allowed)}" if allowed else "ids are those of items.toml"
    text = ".".join(labels_shown([part]) for part in name.split(".", 1))
    return IndicatorFault("FL-IND-11", f"{text}: {what}", found=f"in the answer to {text}", fix=fix)
