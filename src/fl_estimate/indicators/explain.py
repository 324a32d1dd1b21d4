"""Explain: the class of one respondent in words: which criteria are true, false or unknown, and where they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fl_estimate.indicators.answers import Answer, AnswerReading, Number
from fl_estimate.indicators.criteria import FieldIn, FieldWithin, ItemIs
from fl_estimate.indicators.deciding import Criterion, criteria
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.explained import CriterionReading, Explained
from fl_estimate.indicators.logic import FALSE, negate
from fl_estimate.indicators.ratio import share_of_one
from fl_estimate.indicators.references import leaves, reads
from fl_estimate.indicators.wording import describe
from fl_estimate.neutral import visible

if TYPE_CHECKING:
    from pathlib import Path

    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import FrameworkOutcome

_CLASSES = {"true": "positive", "false": "negative", "unknown": "undetermined"}
OUT_OF_SCOPE = "not_applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Explained):
    """The class of one respondent under one framework, and why.

    Attributes
    ----------
    framework : Framework
    age : int, float or str
        Age in the reference period, or why it is unknown.
    in_scope : bool
        Whether the respondent is in the framework's population.
    label : str
        The value of the first outcome: ``FL``, ``not_FL``, ``undetermined``, ``not_applicable``, …; of a count its
        number or, where some are unknown, lowest and highest (``0-11``); of a ratio its number, or ``undefined``.
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

    def text(self, language: str = "en") -> str:
        """Say it in English (en), French (fr) or Spanish (es)."""
        return describe(self, language)

    def __str__(self) -> str:
        return visible(self.text())

    def __repr__(self) -> str:
        return visible(f"Explanation({self.framework.id}: {self.label})")


def explain(
    answers: Mapping[str, Answer | Number],
    framework: str | Path | Framework,
    *,
    age: Number,
    default: str = "missing",
    child: Mapping[str, Answer] | None = None,
    act: str | None = None,
    state: Mapping[str, Answer] | None = None,
    other_purpose: str | None = None,
    instrument: Collection[str] | None = None,
    allow_unverified: bool = False,
) -> Explanation:
    """Classify one respondent and say why.

    For a whole survey use `classify`: it applies the same rules to columns.

    Parameters
    ----------
    answers : mapping of str to str or list of str
        Answers by item id: yes, no, dk, ref, missing, not_asked; coercion items experienced, threatened or witnessed (or
        yes, where it was not asked which), with their phase (``"experienced@work"``, or a list of such). Fields that are no parameter here (`hours_week`,
        `is_domestic`, ``people.migrant_employee_abroad``) stand here too.
    framework : str, Path or Framework
        Id, path of a TOML file, or the framework itself.
    age : int
        Age in the reference period, in completed years; dk, ref or missing where it is unknown.
    default : {"missing", "no", "dk", "ref", "not_asked"}
        What everything not given is answered by; "no" is the harmless answer (of consent freely given it is yes).
    child, state : mapping of str to str or list of str, optional
        Fields of the child block (works_for, coercion_by, …) and of the state block (imposed_by_state, penalty, …). Some
        are sets: ``{"coercion_by": ["parents", "third_party"]}``.
        Without `state` the questionnaire had no such module: its fields are false.
    act, other_purpose : str, optional
        Whether there was an act of trafficking, and another purpose of exploitation; read by some frameworks.
    instrument : collection of str, optional
        Ids of the items and fields (``state.penalty``) that the questionnaire had: what it lacks is outside the
        definition, as in `classify`. Without it every question belongs to it.
    allow_unverified : bool, default False
        Allow a draft that the caller has completed.

    Returns
    -------
    Explanation

    Raises
    ------
    IndicatorFault
        FL-IND-01 to 04 and 16 (the framework), FL-IND-11 (an answer, an id or a phase that is not known).
    """
    from fl_estimate.indicators.choice import chosen_frameworks

    (chosen,) = chosen_frameworks([framework], allow_unverified=allow_unverified)
    reading = AnswerReading(
        answers,
        age=age,
        default=default,
        child=child,
        act=act,
        state=state,
        other_purpose=other_purpose,
        known=chosen.known,
        instrument=instrument,
    )
    evaluation = Evaluation(reading)
    in_scope = evaluation.scope(chosen).surely is True
    outcomes = {outcome.id: _label(outcome, chosen, evaluation, reading) for outcome in chosen.outcomes}
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
        reading=reading,
    )


def _label(outcome: FrameworkOutcome, framework: Framework, evaluation: Evaluation, reading: AnswerReading) -> str:
    if evaluation.scope(framework).surely is not True:
        result = outcome.value("out_of_scope")
        return result.id if result is not None else OUT_OF_SCOPE
    match outcome.type:
        case "binary":
            result = outcome.value(evaluation.outcome(framework, outcome.id).word)
            return result.id if result is not None else OUT_OF_SCOPE
        case "classes":
            labels = [value.id for value in outcome.classes]
            possible = [name for name in labels if evaluation.outcome(framework, f"{outcome.id}={name}") != FALSE]
            return possible[0] if len(possible) == 1 else outcome.undetermined(frozenset(possible))
        case "count":
            words = [value.word for value in evaluation.count_of(framework, outcome)]
            low, high = words.count("true"), len(words) - words.count("false")
            return f"{low}" if low == high else f"{low}-{high}"
        case "ratio":
            share = share_of_one(outcome, reading)
            return "undefined" if share is None else f"{share:g}"


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
        phase=criterion.phase,
        strength=criterion.strength,
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
                if criterion.framework.known.items[name].reversed:
                    answered = negate(answered)
            case FieldIn(name, codes):
                answered = reading.codes(name, codes)
            case FieldWithin(name):
                answered = reading.within(leaf)
        if answered.word == value:
            names[name] = None
    return list(names)
