"""Explain: the class of one respondent in words: which criteria are true, false or unknown, and where they stand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fl_estimate.errors import IndicatorFault, nearest
from fl_estimate.indicators.criteria import FieldIn, FieldWithin, ItemIs
from fl_estimate.indicators.deciding import Criterion, criteria
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.items import AGE, NO, UNKNOWN_ANSWERS, Field, Item, Wording, known_items
from fl_estimate.indicators.logic import FALSE, TRUE, UNKNOWN, Value, any_of
from fl_estimate.indicators.references import leaves, reads
from fl_estimate.indicators.wording import told

if TYPE_CHECKING:
    from pathlib import Path

    from fl_estimate.indicators.framework import Framework, Outcome

Answer = str | Sequence[str]
Number = int | float | str
_CLASSES = {"true": "positive", "false": "negative", "unknown": "undetermined"}
OUT_OF_SCOPE = "not_applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionReading:
    """One criterion as it turned out for one respondent.

    Attributes
    ----------
    framework, id : str
        The file it stands in, and its id there.
    label : Wording
    kind, dimension : str
        What the rules count it as; "" where the file says nothing.
    value : {"true", "false", "unknown"}
    items : tuple of str
        The questions that make it true, or unknown.
    document, paragraph, verified : str
        Where it is taken from, and how well that was read (primary, secondary, recalled).
    """

    framework: str
    id: str
    label: Wording
    kind: str
    dimension: str
    value: str
    items: tuple[str, ...]
    document: str
    paragraph: str
    verified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The class of one respondent under one framework, and why.

    Attributes
    ----------
    framework : Framework
    age : int, float or str
        Age at the episode, or why it is unknown.
    in_scope : bool
        Whether the respondent is in the framework's population.
    label : str
        The value of the first outcome: ``FL``, ``not_FL``, ``undetermined``, ``not_applicable``, …
    outcomes : mapping of str to str
        The value of every outcome.
    dimensions : mapping of str to str
        positive, negative or undetermined, by dimension; empty out of scope.
    count : (int, int)
        Indicators that are true, and indicators that are true or unknown; (0, 0) out of scope.
    criteria : tuple of CriterionReading
        Every criterion of the framework, then those of the files that it refers to.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> answers = {"w_other_employer": "yes", "c_rights": "threatened@work"}
    >>> told = fl.explain(answers, "icls2018_adult", age=30, default="no")
    >>> told.label, dict(told.dimensions), told.count
    ('FL', {'involuntary_work': 'positive', 'coercion': 'positive'}, (2, 2))
    """

    framework: Framework
    age: Number
    in_scope: bool
    label: str
    outcomes: Mapping[str, str]
    dimensions: Mapping[str, str]
    count: tuple[int, int]
    criteria: tuple[CriterionReading, ...] = field(default=())

    def text(self, language: str = "en") -> str:
        """Say it in English (en), French (fr) or Spanish (es)."""
        return told(self, language)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Explanation({self.framework.id}: {self.label})"


def explain(
    answers: Mapping[str, Answer | Number],
    framework: str | Path | Framework,
    *,
    age: Number,
    default: str = "missing",
    child: Mapping[str, str] | None = None,
    act: str | None = None,
    state: Mapping[str, str] | None = None,
    other_purpose: str | None = None,
    allow_unverified: bool = False,
) -> Explanation:
    """Classify one respondent and say why.

    For a whole survey use `classify`: it applies the same rules to columns.

    Parameters
    ----------
    answers : mapping of str to str or list of str
        Answers by item id: yes, no, dk, ref, missing, not_asked; coercion items experienced, threatened or witnessed,
        with their phase (``"experienced@work"``, or a list of such). Numbers such as `hours_week` stand here too.
    framework : str, Path or Framework
        Id, path of a TOML file, or the framework itself.
    age : int
        Age at the episode, in completed years; dk, ref or missing where it is unknown.
    default : {"missing", "no", "dk", "ref", "not_asked"}
        What everything not given is answered by.
    child, state : mapping of str to str, optional
        Fields of the child block (works_for, coercion_by, …) and of the state block (imposed_by_state, penalty, …).
        Without `state` the questionnaire had no such module: its fields are false.
    act, other_purpose : str, optional
        Whether there was an act of trafficking, and another purpose of exploitation; read by some frameworks.
    allow_unverified : bool, default False
        Allow a draft that the caller has completed.

    Returns
    -------
    Explanation

    Raises
    ------
    IndicatorFault
        FL-IND-01 to 04 (the framework), FL-IND-11 (an answer, an id or a phase that is not known).
    """
    from fl_estimate.indicators.choice import chosen_frameworks

    (chosen,) = chosen_frameworks([framework], allow_unverified=allow_unverified)
    reading = AnswerReading(
        answers, age=age, default=default, child=child, act=act, state=state, other_purpose=other_purpose
    )
    evaluation = Evaluation(reading)
    in_scope = evaluation.scope(chosen).surely is True
    outcomes = {
        outcome.id: _label(outcome, evaluation.outcome(chosen, outcome.id), in_scope) for outcome in chosen.outcomes
    }
    indicators = [evaluation.indicator(chosen, indicator).word for indicator in chosen.indicators] if in_scope else []
    dimensions = [entry.id for entry in chosen.dimensions] if in_scope else []
    return Explanation(
        framework=chosen,
        age=age,
        in_scope=in_scope,
        label=outcomes[chosen.outcomes[0].id],
        outcomes=outcomes,
        dimensions={name: _CLASSES[evaluation.dimension(chosen, name).word] for name in dimensions},
        count=(indicators.count("true"), len(indicators) - indicators.count("false")),
        criteria=tuple(_criterion(entry, evaluation, reading) for entry in criteria(chosen) if _asked(entry, reading)),
    )


class AnswerReading:
    """The answers of one respondent, checked. Everything not given takes the default."""

    def __init__(
        self,
        answers: Mapping[str, Answer | Number],
        *,
        age: Number,
        default: str,
        child: Mapping[str, str] | None,
        act: str | None,
        state: Mapping[str, str] | None,
        other_purpose: str | None,
    ) -> None:
        if default not in (NO, *UNKNOWN_ANSWERS):
            raise _fault("default", "it is not one of the answers that can stand for all", (NO, *UNKNOWN_ANSWERS))
        self._default = default
        self._has_state = state is not None
        self._numbers: dict[str, Number] = {AGE: _number(AGE, age)}
        self._items: dict[str, list[tuple[str, str | None]]] = {}
        for name, answer in answers.items():
            self._take(name, answer)
        given = {"act": act, "other_purpose": other_purpose}
        given |= {f"child.{name}": code for name, code in (child or {}).items()}
        given |= {f"state.{name}": code for name, code in (state or {}).items()}
        self._codes = {name: _code(name, code) for name, code in given.items() if code is not None}

    def item(self, item: str, phase: str | None, /) -> Value:
        """Whether an item is true, in one phase or (None) in any."""
        entry = known_items().items[item]
        given = self._items.get(item, [])
        unphased = [entry.value(answer) for answer, at in given if at is None]
        phased = {at: any_of(entry.value(answer) for answer, where in given if where == at) for at in entry.phases}
        mentioned = {at for _, at in given}
        if unphased:
            # an answer without a phase was given about every phase that has none of its own
            return entry.read(phase, any_of(unphased), {at: value for at, value in phased.items() if at in mentioned})
        default = entry.value(self._default)
        return entry.read(phase, None, {at: value if at in mentioned else default for at, value in phased.items()})

    def codes(self, field: str, codes: tuple[str, ...], /) -> Value:
        """Whether a field holds one of the codes; false for the state block where there is none."""
        if not self.has(field):
            return FALSE
        return known_items().fields[field].value(self._codes.get(field, self._default), codes)

    def within(self, test: FieldWithin, /) -> Value:
        """Whether a number is inside the limits; "no" is outside."""
        number = self._numbers.get(test.field, self._default)
        if isinstance(number, str):
            return UNKNOWN if number in UNKNOWN_ANSWERS else FALSE
        return TRUE if test.holds(number) else FALSE

    def has(self, name: str, /) -> bool:
        """Every question belongs to the instrument, but for the state block where none was given."""
        field = known_items().fields.get(name)
        return field is None or field.block != "state" or self._has_state

    def keep(self, value: Value, /) -> Value:
        """A value of one respondent needs no storing."""
        return value

    def _take(self, name: str, answer: Answer | Number) -> None:
        known = known_items()
        if name in known.items:
            answers = [answer] if isinstance(answer, str) or not isinstance(answer, Sequence) else answer
            self._items[name] = [_answer(known.items[name], entry) for entry in answers]
            return
        entry = known.fields.get(name)
        if entry is None or not entry.is_number or name == AGE or entry.block:
            raise _fault(name, "no item or number is called so", (), near=nearest(name, list(known.items)))
        if not isinstance(answer, int | float | str):
            raise _fault(name, "a number is needed", UNKNOWN_ANSWERS)
        self._numbers[name] = _number(name, answer)


def _label(outcome: Outcome, value: Value, in_scope: bool) -> str:
    found = outcome.value(value.word if in_scope else "out_of_scope")
    return found.id if found is not None else OUT_OF_SCOPE


def _asked(criterion: Criterion, reading: AnswerReading) -> bool:
    return any(reading.has(name) for name in reads(criterion.framework, criterion.node))


def _criterion(criterion: Criterion, evaluation: Evaluation, reading: AnswerReading) -> CriterionReading:
    value = criterion.value(evaluation).word
    return CriterionReading(
        framework=criterion.framework.id,
        id=criterion.id,
        label=criterion.label,
        kind=criterion.kind,
        dimension=criterion.dimension,
        value=value,
        items=tuple(_speaking(criterion, value, reading)),
        document=criterion.document,
        paragraph=criterion.paragraph,
        verified=criterion.verified,
    )


def _speaking(criterion: Criterion, value: str, reading: AnswerReading) -> list[str]:
    """The questions whose own value is that of the criterion; for a false one there is nothing to name."""
    if value == "false":
        return []
    names: dict[str, None] = {}
    for leaf in leaves(criterion.framework, criterion.node):
        match leaf:
            case ItemIs(name, phase):
                answered = reading.item(name, phase)
            case FieldIn(name, codes):
                answered = reading.codes(name, codes)
            case FieldWithin(name):
                answered = reading.within(leaf)
        if answered.word == value:
            names[name] = None
    return list(names)


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


def _code(name: str, code: object) -> str:
    """One code of a field of a block, or of act and other_purpose."""
    entry: Field | None = known_items().fields.get(name)
    if entry is None:
        block = name.partition(".")[0]
        near = [other.partition(".")[2] for other in known_items().fields if other.startswith(f"{block}.")]
        raise _fault(name, "no field is called so", tuple(near), near=nearest(name.partition(".")[2], near))
    if not isinstance(code, str) or code not in entry.allowed:
        raise _fault(name, "its code is not known", entry.allowed)
    return code


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
    return IndicatorFault("FL-IND-11", f"{name}: {what}", found=f"in the answer to {name}", fix=fix)
