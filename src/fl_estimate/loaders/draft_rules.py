"""What a draft takes the columns of a file for, by the rules in `draft_rules.toml` and `draft_items.toml`. No text is written here.

A rule that a label meets is sure; a name alone is sure where the label does not speak against it. Whatever is neither is
left out: a wrong line in a draft costs more than one that is not there.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from fl_estimate.indicators.items import known_items
from fl_estimate.schema.labels import labels
from fl_estimate.schema.variables import TABLES, Variable, item_variable

SURE, LIKELY, NAMED, PARTLY = 100.0, 97.0, 80.0, 76.0
"""Scores: the label says it; a name that is listed, without a label against it; a listed name whose label says nothing of
it; the label may mean it."""
FIRM = 90.0
"""Scores from here on are written without a question mark."""
OWN_WORDING = 80.0
"""How near (rapidfuzz) a label has to be to the wording of an item that no rule is written for."""


@dataclass(frozen=True, kw_only=True)
class FileColumn:
    """A column of the file: its name, its label, and the labels of its codes."""

    name: str
    label: str
    codes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A variable of a table and the columns that it is taken from; `parts` pairs year, month and day with theirs.

    `reversed` says that yes in the file is no in the schema; `value` is what a constant beside the column would be; `join`
    are the columns that make a key of it, where it is a number within another unit.
    """

    table: str
    variable: str
    column: FileColumn
    score: float
    reversed: bool = False
    parts: tuple[tuple[str, str], ...] = ()
    value: str = ""
    join: tuple[str, ...] = ()

    @property
    def firm(self) -> bool:
        """Whether the draft writes it without a question mark."""
        return self.score >= FIRM

    @property
    def columns(self) -> tuple[str, ...]:
        """The source columns that it is made from."""
        return tuple(name for _, name in self.parts) or (self.column.name,)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A question whose yes seems to be the reverse of an item, and whose codes do not say which is which."""

    column: FileColumn
    item: str


# --- words ------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Write a text without accents, capitals, signs and the number of a question in front."""
    text = unicodedata.normalize("NFKD", text.replace("’", "'"))  # a typographic apostrophe parts words too
    text = text.encode("ascii", "ignore").decode().casefold()
    text = re.sub(r"^\s*[a-z]{0,3}\d+[a-z]?([._-]\d+)*\s*[.:)\-]\s*", "", text)
    return re.sub(r"[^a-z0-9]+", " ", text).strip()


def stem(name: str) -> str:
    """Write the name of a column as names are listed: P03_SEXO is sexo."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"^([a-z]{1,2}\d+[a-z]?_)+", "", re.sub(r"[^a-z0-9]+", "_", ascii_name)).strip("_")


_WORDS: dict[str, tuple[str, ...]] = {
    "1": ("male", "man", "men", "m", "hombre", "varon", "masculino", "homme", "masculin"),
    "2": ("female", "woman", "women", "f", "mujer", "femenino", "femme", "feminin"),
    "urban": ("urban", "urbano", "urbana", "urbain", "urbaine"),
    "rural": ("rural", "rurale", "resto rural"),
    "yes": ("yes", "si", "oui"),
    "no": ("no", "non"),
    "dk": ("don t know", "dont know", "does not know", "do not know", "no sabe", "ne sait pas", "nsp", "ns", "dk"),
    "ref": ("refused", "refuses", "refusal", "refus", "refuse", "rehusa", "rehusa responder", "no desea responder"),
    "missing": ("missing", "no answer", "no response", "no responde", "sin respuesta", "sin dato", "non reponse", "nr", "manquant"),
    "not_asked": ("not asked", "not applicable", "no aplica", "non applicable", "no corresponde", "non concerne", "na"),
    "experienced": ("experienced", "sufrido", "subi", "happened to me", "done to me", "me lo hicieron", "me ocurrio"),
    "threatened": ("threatened", "menace", "amenazado", "me amenazaron"),
    "witnessed": ("witnessed", "presenciado", "temoin", "done to others", "done to co workers before me", "done to co workers"),
}  # fmt: skip


def recode_words(codes: Mapping[str, str]) -> dict[str, set[str]]:
    """The codes of the schema that each label can stand for."""
    texts = {code: plain(label) for code, label in codes.items()}
    return {
        code: {word for word, said in _WORDS.items() if label == word.replace("_", " ") or label in said}
        for code, label in texts.items()
    }


def recode_of(variable: Variable, codes: Mapping[str, str], *, reverse: bool = False) -> dict[str, str]:
    """Guess what each code means, by its label; codes that no word is known for are left out.

    Yes to a question on coercion is `experienced`; in a question that asks the reverse, yes is no and no is yes.
    """
    allowed = [str(code) for code in variable.codes or ()]
    happened = "experienced" if "experienced" in allowed else "yes"
    swapped = {"yes": "no", "no": happened} if reverse else {"yes": happened}
    result: dict[str, str] = {}
    for code, words in recode_words(codes).items():
        meant = {swapped.get(word, word) for word in words}
        word = next((each for each in allowed if each in meant), None)
        if word is not None:
            result[code] = word
    return result


# --- rules ------------------------------------------------------------------------------------------------------

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, kw_only=True)
class _Rule:
    table: str
    variable: str
    sure: Patterns
    maybe: Patterns
    never: Patterns
    answers: str
    names: tuple[str, ...]
    label_decides: bool


@dataclass(frozen=True, kw_only=True)
class _ItemRule:
    item: str
    say: Patterns
    reverse: Patterns
    never: Patterns


def _compiled(texts: Iterable[str]) -> Patterns:
    return tuple(re.compile(text) for text in texts)


@cache
def _content(name: str) -> dict[str, Any]:
    return tomllib.loads(files("fl_estimate.loaders").joinpath(name).read_text(encoding="utf-8"))


_TABLES: tuple[str, ...] = ("people", "jobs", "episodes", "costs", "relatives")


@cache
def _rules() -> tuple[_Rule, ...]:
    content = _content("draft_rules.toml")
    words, found = content["words"], list[_Rule]()
    for name, each in content["variables"].items():
        table = next(table for table in _TABLES if name in TABLES[table].variables)
        never = [rf"\b({word})\b" for word in each.get("never", ())]
        never += [words["others"]] if each.get("other_people") else []
        never += [words["bodies"]] if each.get("bodies") else []
        label = labels().get(name)
        found.append(
            _Rule(
                table=table,
                variable=name,
                sure=_compiled(each.get("sure", ())),
                maybe=_compiled(each.get("maybe", ())),
                never=_compiled(never),
                answers=each.get("answers", ""),
                names=(name, *(label.names if label else ())),
                label_decides=bool(each.get("label_decides")),
            )
        )
    return tuple(found)


@cache
def _item_rules() -> tuple[tuple[_ItemRule, ...], dict[str, Any]]:
    content = _content("draft_items.toml")
    rules = tuple(
        _ItemRule(
            item=item,
            say=_compiled(each.get("say", ())),
            reverse=_compiled(each.get("reverse", ())),
            never=_compiled(each.get("never", ())),
        )
        for item, each in content["items"].items()
    )
    return rules, content


def _met(patterns: Patterns, text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _fits(column: FileColumn, answers: str) -> bool:
    """Whether the labels of a column's codes can be answers of a variable."""
    if not column.codes:
        return True
    words = {word for each in recode_words(column.codes).values() for word in each}
    sexes, areas, binary = {"1", "2"} <= words, {"urban", "rural"} <= words, {"yes", "no"} <= words
    match answers:
        case "sexes":
            return sexes
        case "areas":
            return areas
        case "yes_no":
            return binary
        case _:
            return not (sexes or areas or binary)


def _score(rule: _Rule, column: FileColumn, label: str, name: str) -> float:
    """How well a column fits a rule; 0 where its label speaks against it."""
    if _met(rule.never, label) and not (rule.variable == "weight_person" and re.search(r"\bsampl\w+ weight", label)):
        return 0.0
    if not _fits(column, rule.answers):
        return 0.0
    named = name in rule.names
    if _met(rule.sure, label) or (label in rule.names[1:] and not rule.label_decides):
        return SURE + named
    if _met(rule.maybe, label) or (label in rule.names[1:] and label):
        return (LIKELY if named and not rule.label_decides else PARTLY) + named
    if named and re.search(_content("draft_rules.toml")["words"]["fieldwork"], label):
        return 0.0
    if named and rule.label_decides:
        return PARTLY
    if named:
        return NAMED if label and not _says_the_name(label, rule) else LIKELY
    if rule.answers in ("sexes", "areas") and column.codes and not label:
        return PARTLY
    return 0.0


def _says_the_name(label: str, rule: _Rule) -> bool:
    """Whether a label has one of the longer names of the variable as a word: `Weight: of the module` is one of weights."""
    return any(len(name) > 3 and re.search(rf"^{re.escape(name)}\b", label) for name in rule.names)


# --- guesses ----------------------------------------------------------------------------------------------------


def guesses(columns: Sequence[FileColumn]) -> tuple[list[Guess], list[Refusal]]:
    """Pair columns and variables, the best score first; each is used once.

    Returns
    -------
    guesses : list of Guess
        In the order of the schema.
    refusals : list of Refusal
        Questions that ask the reverse of an item, in codes without labels.
    """
    refusals: list[Refusal] = []
    dated = list(_dates(columns))
    candidates = [*_of_variables(columns), *dated, *_of_items(columns, refusals)]
    taken: set[str] = set()
    used: set[str] = set()
    chosen: list[Guess] = []
    # at the same score the explicit name, then the place in the file
    for guess in sorted(candidates, key=lambda each: -each.score):
        if guess.variable in used or taken & set(guess.columns):
            continue
        used.add(guess.variable)
        taken |= set(guess.columns)
        chosen.append(guess)
    chosen += [cost for cost in _costs(columns) if cost.column.name not in taken]
    chosen = _joined(chosen, columns)
    order = {name: position for position, name in enumerate(name for t in _TABLES for name in TABLES[t].variables)}
    chosen.sort(key=lambda each: (_TABLES.index(each.table), order.get(each.variable, len(order))))
    return chosen, [each for each in refusals if each.column.name not in taken]


def _joined(chosen: Sequence[Guess], columns: Sequence[FileColumn]) -> list[Guess]:
    """Make keys of the numbers that count within a cluster and a household: alone they are not unique."""
    psu = next(rule for rule in _rules() if rule.variable == "psu")
    cluster = next((c.name for c in columns if _score(psu, c, plain(c.label), stem(c.name))), None)
    household = next((guess for guess in chosen if guess.variable == "hh_id"), None)
    numbered = household is not None and not household.firm and cluster not in (None, household.column.name)
    if household is None or cluster is None or not numbered:
        return list(chosen)
    keys: dict[str, tuple[str, ...]] = {"hh_id": (cluster, household.column.name)}
    person = next((guess for guess in chosen if guess.variable == "person_id" and not guess.firm), None)
    if person is not None and person.column.name != cluster:
        keys["person_id"] = (*keys["hh_id"], person.column.name)
    return [replace(guess, join=keys.get(guess.variable, ())) for guess in chosen]


def _of_variables(columns: Sequence[FileColumn]) -> Iterator[Guess]:
    for column in columns:
        label, name = plain(column.label), stem(column.name)
        for rule in _rules():
            score = _score(rule, column, label, name)
            if score:
                yield Guess(table=rule.table, variable=rule.variable, column=column, score=score)


def _dates(columns: Sequence[FileColumn]) -> Iterator[Guess]:
    """Dates in columns of year, month and day: those that follow each other and speak of the same event."""
    content = _content("draft_rules.toml")
    parts = {part: re.compile(text) for part, text in content["date_parts"].items()}
    others = re.compile(content["words"]["others"])
    away = re.compile(content["words"]["fieldwork"])
    for name, rule in content["dates"].items():
        table = next(table for table in _TABLES if name in TABLES[table].variables)
        event, found = re.compile(rule["of"]), dict[str, FileColumn]()
        for column in columns:
            label = plain(column.label)
            if not event.search(label) or away.search(label) or (rule.get("other_people") and others.search(label)):
                continue
            part = next((part for part, pattern in parts.items() if pattern.search(label)), None)
            if part is not None and "quarter" not in label:
                found.setdefault(part, column)
        if "year" in found and not ("day" in found and "month" not in found):
            pairs = tuple((part, found[part].name) for part in ("year", "month", "day") if part in found)
            yield Guess(table=table, variable=name, column=found["year"], score=PARTLY, parts=pairs)


def _costs(columns: Sequence[FileColumn]) -> Iterator[Guess]:
    """Costs that have a column each: what each was for is a constant beside it."""
    rules = _content("draft_rules.toml")["costs"]
    sure, never = _compiled(rules["sure"]), _compiled(rf"\b({word})\b" for word in rules["never"])
    for column in columns:
        label = plain(column.label)
        if column.codes and not _fits(column, "none"):
            continue
        if _met(sure, label) and not _met(never, label):
            item = next((item for item, text in rules["items"].items() if re.search(text, label)), "")
            if item:
                yield Guess(table="costs", variable="amount", column=column, score=LIKELY, value=item)


# --- questions on forced labour ---------------------------------------------------------------------------------


def _of_items(columns: Sequence[FileColumn], refusals: list[Refusal]) -> Iterator[Guess]:
    rules, content = _item_rules()
    never = re.compile(content["words"]["never"])
    for column in columns:
        label = plain(column.label)
        if not label or not _is_question(column):
            continue
        if stem(column.name) in known_items().items:
            yield Guess(table="jobs", variable=stem(column.name), column=column, score=SURE)
            continue
        if never.search(label):
            continue
        asked = {rule.item: way for rule in rules if (way := _way(rule, label))}
        if not asked:
            yield from _by_wording(column, label, content)
        for item, way in asked.items():
            reverse = way == "reverse"
            score = SURE if len(asked) == 1 else PARTLY
            name = _with_phase(item, label, content["phases"])
            if reverse and not {"yes", "no"} <= {w for each in recode_words(column.codes).values() for w in each}:
                refusals.append(Refusal(column=column, item=item))
                continue
            yield Guess(table="jobs", variable=name, column=column, score=score, reversed=reverse)


def _way(rule: _ItemRule, label: str) -> str:
    """Whether a label asks about an item (say), about its reverse, or not about it (empty)."""
    if _met(rule.never, label):
        return ""
    for pattern in rule.reverse:
        matched = pattern.search(label)
        # "not free to leave" holds "free to leave": the words before it decide
        if matched and not _NEGATED.search(label[: matched.start()]):
            return "reverse"
    return "say" if any(_says_plainly(pattern, label) for pattern in rule.say) else ""


def _says_plainly(pattern: re.Pattern[str], label: str) -> bool:
    """Whether a label says what a rule asks for, without a negation that the rule does not have: "did not keep" is not "keep"."""
    matched = pattern.search(label)
    return matched is not None and bool(
        _OWN_NEGATION.search(pattern.pattern.replace(r"\b", " ")) or not _ANY_NEGATION.search(label[: matched.end()])
    )


_OWN_NEGATION = re.compile(r"\b(not|no|non|pas|never|without|sans|sin|unable)\b")
_ANY_NEGATION = re.compile(
    r"\b(not|no|never|ne|n|pas|jamais|nunca|ningun[oa]?|nobody|none|without|sans|sin|(don|didn|wasn|weren|couldn|haven|hadn) t)\b"
)
_NEGATED = re.compile(r"\b(not|t|no|never|without|ne|n|pas|jamais|nunca|sin)( \w+)? $")
"""A negation among the last two words of a text; `t` is what is left of n't."""


def _is_question(column: FileColumn) -> bool:
    """Whether the codes can be those of a question: yes and no, or what happened; without labels they may be."""
    words = {word for each in recode_words(column.codes).values() for word in each}
    return not column.codes or ("no" in words and bool(words & {"yes", "experienced", "threatened", "witnessed"}))


def _with_phase(item: str, label: str, phases: Mapping[str, str]) -> str:
    """The item with the phase that the label names, where the item has it."""
    known = known_items().items[item]
    for phase, text in phases.items():
        if known.asks_phase and phase in known.phases and re.search(text, label):
            return f"{item}@{phase}"
    return item


def _by_wording(column: FileColumn, label: str, content: Mapping[str, Any]) -> Iterator[Guess]:
    """The item whose own wording is nearest, where no rule is met; never one that may be the reverse."""
    from rapidfuzz import fuzz

    free, negated = re.compile(content["words"]["free"]), re.compile(content["words"]["negated"])
    if " " not in label or not column.codes or (free.search(label) and not negated.search(label)):
        return
    best, score = "", 0.0
    for item, texts in _wordings().items():
        alike = [text for text in texts if bool(_ANY_NEGATION.search(text)) is bool(_ANY_NEGATION.search(label))]
        near = max(
            (0.6 * fuzz.token_set_ratio(label, t) + 0.4 * fuzz.token_sort_ratio(label, t) for t in alike), default=0.0
        )
        if near > score:
            best, score = item, near
    if score >= OWN_WORDING and item_variable(best) is not None:
        yield Guess(table="jobs", variable=best, column=column, score=PARTLY)


@cache
def _wordings() -> dict[str, tuple[str, ...]]:
    known = known_items()
    result: dict[str, tuple[str, ...]] = {}
    for item in known.items.values():
        for phase in item.phases if item.asks_phase else ("",):
            said = known.phase_labels[phase] if phase else None
            texts = [
                plain(f"{getattr(item.question, language)} {getattr(said, language) if said else ''}")
                for language in ("en", "fr", "es")
            ]
            result[f"{item.id}@{phase}" if phase else item.id] = tuple(texts)
    return result
