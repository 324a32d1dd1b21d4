"""An explanation in words. The words are in the catalogues, the questions and labels in the files of the frameworks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fl_estimate.indicators.changes import MOST
from fl_estimate.indicators.items import Items
from fl_estimate.words.languages import words_of
from fl_estimate.words.periods import period
from fl_estimate.words.say import say
from fl_estimate.words.spaces import with_spaces

if TYPE_CHECKING:
    from fl_estimate.indicators.explained import CriterionReading, Explained


def describe(explanation: Explained, language: str) -> str:
    """Write an explanation: the class, whom it is about, the dimensions, then the criteria by their value."""
    return "\n".join(_lines(explanation, language))


def _lines(explanation: Explained, language: str) -> Iterator[str]:
    framework = explanation.framework
    title = framework.title.of(language)
    colon = _colon(language)
    for outcome in framework.outcomes:
        label = explanation.outcomes[outcome.id]
        words = next((value.label.of(language) for value in outcome.values if value.id == label), "")
        if outcome.type in ("count", "ratio") and explanation.in_scope:
            yield f"{outcome.label.of(language)}{colon} {label}"
        else:
            yield f"{outcome.label.of(language)}{colon} {words or _say('out_of_scope', language)} ({label})"
    yield f"{_say('framework', language)}{colon} {title}"
    date = period(framework.date, language) or framework.date
    yield f"  {framework.id}, {date}; {_say('rule', language)}{colon} {_say(framework.verification, language)}"
    age = explanation.age if not isinstance(explanation.age, str) else _say("unknown_age", language)
    scope = "in_scope" if explanation.in_scope else "out_of_scope"
    yield f"{_say('age', language)}{colon} {age}, {_say(scope, language)}"
    if explanation.in_scope:
        yield from _decision(explanation, language)


def _decision(explanation: Explained, language: str) -> Iterator[str]:
    """The dimensions, the criteria by their value, and the sources that their numbers stand for."""
    colon = _colon(language)
    if explanation.dimensions:
        yield _say("dimensions", language)
    for dimension in explanation.framework.dimensions:
        yield f"  {dimension.label.of(language)}{colon} {_say(explanation.dimensions[dimension.id], language)}"
    sources: dict[str, int] = {}
    for value in ("true", "unknown", "false"):
        chosen = [criterion for criterion in explanation.criteria if criterion.value == value]
        yield f"{_say(value, language)}{colon} {len(chosen)}"
        for criterion in chosen:
            number = sources.setdefault(_source(criterion, language), len(sources) + 1)
            yield from _criterion(criterion, explanation.framework.id, number, explanation.framework.known, language)
    yield from _otherwise(explanation, language)
    yield _say("sources", language)
    yield from (f"  [{number}] {source}" for source, number in sources.items())


def _otherwise(explanation: Explained, language: str) -> Iterator[str]:
    """Which unknown answers matter, what it would take to change the class, and what was answered for nothing."""
    colon, known = _colon(language), explanation.framework.known
    questions = explanation.open_questions()
    if questions:
        yield f"{_say('open', language)}{colon}"
        yield from (f"  {question_text(question, known, language)}" for question in questions)
    changes = explanation.changes()
    if changes:
        yield f"{_say('changes', language)}{colon}"
    headline = explanation.framework.outcomes[0]
    labels = {value.id: value.label.of(language) for value in headline.values}
    for label, ways in changes.items():
        some = f" ({_say('among', language)})" if len(ways) >= MOST[headline.type] else ""
        yield f"  {labels[label]} ({label}){some}{colon}"
        for position, groups in enumerate(alternatives(ways)):
            if position:
                yield f"   {_say('or', language)}"
            yield from _choices(groups, known, language)
    unused = explanation.unused
    if unused:
        yield f"{_say('unused', language)}{colon}"
        yield from (f"  {_answered(question, answer, known, language)}" for question, answer in unused.items())


def alternatives(ways: Sequence[Mapping[str, str]]) -> list[list[list[tuple[str, str]]]]:
    """Sets of answers, written as choices: one answer of each group. Several such lists are ways apart.

    Answers that can stand for each other in every set make one group.
    """
    every = [frozenset(way.items()) for way in ways]
    sets = set(every)
    context: dict[tuple[str, str], frozenset[frozenset[tuple[str, str]]]] = {}
    for answer in dict.fromkeys(answer for way in ways for answer in way.items()):
        context[answer] = frozenset(way - {answer} for way in sets if answer in way)
    alike: dict[frozenset[frozenset[tuple[str, str]]], list[tuple[str, str]]] = {}
    for answer, rest in context.items():
        alike.setdefault(rest, []).append(answer)
    groups = {answer: tuple(members) for members in alike.values() for answer in members}
    # Of one length in the order in which they are met: that of a set is another in every process.
    met = {group: (len(group), position) for position, group in enumerate(dict.fromkeys(groups.values()))}
    shapes = dict.fromkeys(tuple(sorted({groups[answer] for answer in way}, key=met.__getitem__)) for way in every)
    return [[list(group) for group in shape] for shape in shapes]


def _choices(groups: Sequence[Sequence[tuple[str, str]]], known: Items, language: str) -> Iterator[str]:
    """The groups of answers of one way: one answer of each."""
    colon = _colon(language)
    sure = [answer for group in groups if len(group) == 1 for answer in group]
    listed = [sure] if sure else []
    for position, group in enumerate([*listed, *(group for group in groups if len(group) > 1)]):
        alone = position == 0 and bool(sure)
        of_one = _say("this", language) if len(group) == 1 else ""
        head = of_one if alone else _say("one_of", language, n=len(group))
        if position:
            head = f"{_say('and', language)} {head}"
        if head:
            yield f"    {head}{colon}"
        yield from (f"      {_answered(question, answer, known, language)}" for question, answer in group)


def question_text(question: str, known: Items, language: str) -> str:
    """A question in its own words, with its phase where it names one; ids mean nothing to who reads an explanation."""
    name, _, phase = question.partition("@")
    wording = known.items[name].question if name in known.items else known.fields[name].question
    text = wording.of(language)
    return f"{text} ({_say(phase, language)})" if phase else text


def _answered(question: str, answer: str, known: Items, language: str) -> str:
    """A question and an answer, in words as far as the answer has some."""
    texts = [_answer(part, known, language) for part in answer.split(", ")]
    text = question_text(question, known, language)
    mark = " " if text.endswith("?") else f"{_colon(language)} "
    return f"{text}{mark}{', '.join(texts)}"


def _answer(answer: str, known: Items, language: str) -> str:
    status, mark, phase = answer.partition("@")
    label = known.answer_labels.get(status)
    words = label.of(language) if label is not None else status
    return f"{words} ({_say(phase, language)})" if mark else words


def _criterion(criterion: CriterionReading, framework: str, number: int, known: Items, language: str) -> Iterator[str]:
    """One criterion with the number of its source, and the questions that speak for it."""
    name = criterion.id if criterion.framework == framework else f"{criterion.framework}.{criterion.id}"
    marks = [_say(mark, language) for mark in (criterion.strength, criterion.phase) if mark]
    told = f" [{', '.join(marks)}]" if marks else ""
    yield f"  {name}  {criterion.label.of(language)}{told} [{number}]"
    yield from (f"      {question_text(item, known, language)}" for item in criterion.items)


def _source(criterion: CriterionReading, language: str) -> str:
    where = ", ".join(part for part in (criterion.document, criterion.paragraph) if part)
    return f"{where}{_colon(language)} {_say(criterion.verified, language)}"


def _say(word: str, language: str, **parameters: int) -> str:
    return say("explain", word, language, **parameters)


def _colon(language: str) -> str:
    """A colon as it stands behind a word."""
    return with_spaces("a:", words_of(language)).removeprefix("a")
