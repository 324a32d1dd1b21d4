"""The questions that frameworks read: their ids, phases, answers and wording, from `frameworks/items.toml`.

What an answer means (true, unknown, false), in one phase or in any, is decided here and nowhere else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from fl_estimate.errors import IndicatorFault, not_one_of
from fl_estimate.indicators.logic import FALSE, TRUE, UNKNOWN, Value, any_of, at_most_unknown
from fl_estimate.schema.answer_sets import split
from fl_estimate.words.languages import LANGUAGES, is_language, words_of

NO = "no"
MISSING = "missing"
"""What a null cell is."""
UNKNOWN_ANSWERS: tuple[str, ...] = ("dk", "ref", MISSING, "not_asked")
AGE = "age"
"""The one field that is a parameter of `explain` and has a column of its own choice in a table."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in the three languages; where a language is missing, English stands in."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}

    en: str
    fr: str = ""
    es: str = ""

    def of(self, language: str) -> str:
        """The text in one language, or in that of a tag such as ``es-MX``; in English where it has none of it.

        Raises
        ------
        IndicatorFault
            FL-IND-14: there are no words in this language.
        """
        if not is_language(language):
            raise not_one_of("FL-IND-14", "this language", language, LANGUAGES, IndicatorFault)
        return self.texts.get(words_of(language)) or self.en

    @property
    def texts(self) -> dict[str, str]:
        """The texts that there are, by language."""
        return {name: text for name, text in (("en", self.en), ("fr", self.fr), ("es", self.es)) if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question of a questionnaire.

    Attributes
    ----------
    id : str
        Its name, and the name of its column (``<id>@<phase>`` where the phase was asked).
    kind : str
        recruitment, vulnerability, involuntariness, condition or coercion.
    phases : tuple of str
        The phases it can have; items with one phase carry no ``@``.
    true_answers : tuple of str
        The answers that count as true.
    asks_phase : bool
        Whether its answers may carry a phase.
    question : Wording
    reversed : bool
        Whether yes is the harmless answer: the frameworks read such an item under `not`.
    """

    id: str
    kind: str
    phases: tuple[str, ...]
    true_answers: tuple[str, ...]
    asks_phase: bool
    question: Wording
    reversed: bool = False

    @property
    def allowed(self) -> tuple[str, ...]:
        """Every answer that the item may hold, without its phase."""
        return (*self.true_answers, NO, *UNKNOWN_ANSWERS)

    @property
    def harmless(self) -> str:
        """The answer of somebody to whom the circumstance did not happen."""
        return self.true_answers[0] if self.reversed else NO

    def value(self, answer: str) -> Value:
        """What one allowed answer means."""
        if answer in self.true_answers:
            return TRUE
        return FALSE if answer == NO else UNKNOWN

    def read(self, phase: str | None, unphased: Value | None, phased: Mapping[str, Value]) -> Value:
        """Combine what was answered without a phase with what was answered for each phase.

        A true answer whose phase was not asked is true where the phase is ignored (`phase` None), and unknown in a
        single phase unless the item has that phase only. A phase the item cannot have is false.
        """
        if phase is None:
            return any_of([*([unphased] if unphased else []), *phased.values()])
        if phase not in self.phases:
            return FALSE
        answers = [phased[phase]] if phase in phased else []
        if unphased is not None:
            answers.append(unphased if len(self.phases) == 1 else at_most_unknown(unphased))
        return any_of(answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One fact about the person or the work that is tested by code or by number.

    Attributes
    ----------
    id : str
        Its name in the frameworks, such as ``state.penalty``.
    column : str
        Its column in a table, such as ``state_penalty``.
    table : str
        Where the common schema keeps it.
    codes : tuple of str or None
        Its codes; None for a number.
    question : Wording
    several : bool
        Whether it is a set: several codes may be true at once.
    details : str
        Of a single condition: the field that says of all of them together whether they were met.
    """

    id: str
    column: str
    table: str
    codes: tuple[str, ...] | None
    question: Wording
    several: bool = False
    details: str = ""

    @property
    def is_number(self) -> bool:
        return self.codes is None

    @property
    def allowed(self) -> tuple[str, ...]:
        """Every code the field may hold; "no" says none of the codes."""
        return (*dict.fromkeys((*(self.codes or ()), NO)), *UNKNOWN_ANSWERS)

    @property
    def block(self) -> str:
        """The argument of `explain` that gives it: state, child, … ("" where it stands alone)."""
        block, dot, _ = self.id.partition(".")
        return block if dot else ""

    def value(self, answer: str, wanted: tuple[str, ...]) -> Value:
        """What one allowed code (of a set: codes with separators between them) means where `wanted` is tested."""
        if self.several:
            # a code that is there decides, whatever is unknown beside it
            held = split(answer)
            return TRUE if set(held) & set(wanted) else UNKNOWN if set(held) & set(UNKNOWN_ANSWERS) else FALSE
        if answer in wanted:
            return TRUE
        return UNKNOWN if answer in UNKNOWN_ANSWERS else FALSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Every item and field, by id."""

    items: Mapping[str, Item]
    fields: Mapping[str, Field]
    phases: tuple[str, ...]
    phase_labels: Mapping[str, Wording]
    answer_labels: Mapping[str, Wording]
    true_answers: Mapping[str, tuple[str, ...]]

    def with_own(self, own: Iterable[Item]) -> Items:
        """These, and items of somebody's own; the same where there are none."""
        added = {item.id: item for item in own}
        return replace(self, items={**self.items, **added}) if added else self


@cache
def known_items() -> Items:
    """Every item and field of `frameworks/items.toml`."""
    text = files("fl_estimate.indicators").joinpath("frameworks", "items.toml").read_text(encoding="utf-8")
    return _items(tomllib.loads(text))


def _items(table: Mapping[str, Any]) -> Items:
    true_answers = {kind: tuple(answers) for kind, answers in table["true_answers"].items()}
    return Items(
        items={entry["id"]: _item(entry, true_answers) for entry in table["items"]},
        fields={entry["id"]: _field(entry) for entry in table["fields"]},
        phases=tuple(table["phases"]),
        phase_labels={phase: Wording(**text) for phase, text in table["phase_labels"].items()},
        answer_labels={answer: Wording(**text) for answer, text in table["answer_labels"].items()},
        true_answers=true_answers,
    )


def own_item(raw: object) -> Item:
    """Read an item of a national file: id, kind, phases, answers (binary, coercion, witness) and question.

    Raises
    ------
    ValueError
        A key is missing or unknown, or a phase or kind of answers is.
    """
    if isinstance(raw, Item):
        return raw
    entry: dict[str, Any] = dict(raw) if isinstance(raw, Mapping) else {}  # pyright: ignore[reportUnknownArgumentType]
    wanted = {"id", "kind", "phases", "answers", "question"}
    if set(entry) != wanted:
        raise ValueError(
            f"an item has the keys {', '.join(sorted(wanted))}; given: {', '.join(sorted(entry)) or 'none'}"
        )
    known = known_items()
    strange = [phase for phase in entry["phases"] if phase not in known.phases]
    if entry["answers"] not in known.true_answers or strange or not entry["phases"]:
        raise ValueError(
            f"answers is one of {', '.join(known.true_answers)}, and phases holds some of {', '.join(known.phases)}"
        )
    if entry["answers"] == "binary" and len(entry["phases"]) > 1:
        raise ValueError("an item answered by yes or no has one phase")
    if entry["id"] in known.items or entry["id"] in known.fields:
        raise ValueError(f"the package has an item {entry['id']}; choose another id")
    return _item(entry, known.true_answers)


def _item(entry: Mapping[str, Any], true_answers: Mapping[str, tuple[str, ...]]) -> Item:
    return Item(
        id=entry["id"],
        kind=entry["kind"],
        phases=tuple(entry["phases"]),
        true_answers=true_answers[entry["answers"]],
        asks_phase=entry["answers"] != "binary",
        question=Wording(**entry["question"]),
        reversed=entry.get("reversed", False),
    )


def _field(entry: Mapping[str, Any]) -> Field:
    codes: dict[str, tuple[str, ...] | None] = {
        "number": None,
        "binary": ("yes", NO),
        "codes": tuple(entry.get("codes", ())),
    }
    return Field(
        id=entry["id"],
        column=entry["column"],
        table=entry["table"],
        codes=codes[entry["answers"]],
        question=Wording(**entry["question"]),
        several=entry.get("several", False),
        details=entry.get("details", ""),
    )
