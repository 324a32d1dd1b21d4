"""The words of an explanation, in English, French and Spanish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fl_estimate.indicators.items import Wording

if TYPE_CHECKING:
    from fl_estimate.indicators.explain import CriterionReading, Explanation

_WORDS: dict[str, Wording] = {
    "colon": Wording(":", " :", ":"),
    "framework": Wording("Framework", "Cadre", "Marco"),
    "rule": Wording("rule", "règle", "regla"),
    "age": Wording("Age at the episode", "Âge au moment de l'épisode", "Edad en el episodio"),
    "unknown_age": Wording("unknown", "inconnu", "desconocida"),
    "in_scope": Wording("in scope", "dans le champ", "dentro del ámbito"),
    "out_of_scope": Wording("out of scope", "hors champ", "fuera del ámbito"),
    "dimensions": Wording("Dimensions", "Dimensions", "Dimensiones"),
    "positive": Wording("positive", "positive", "positiva"),
    "negative": Wording("negative", "négative", "negativa"),
    "undetermined": Wording("undetermined", "indéterminée", "indeterminada"),
    "true": Wording("Criteria that are true", "Critères vrais", "Criterios verdaderos"),
    "unknown": Wording("Criteria that are unknown", "Critères inconnus", "Criterios desconocidos"),
    "false": Wording("Criteria that are false", "Critères faux", "Criterios falsos"),
    "phase": Wording("phase", "phase", "fase"),
    "recruitment": Wording("at recruitment", "au recrutement", "en la contratación"),
    "work": Wording("during the work", "pendant le travail", "durante el trabajo"),
    "leave": Wording("on wanting to leave", "au moment de vouloir partir", "al querer irse"),
    "strong": Wording("strong", "fort", "fuerte"),
    "medium": Wording("medium", "moyen", "medio"),
    "weak": Wording("weak", "faible", "débil"),
    "open": Wording(
        "Unknown answers that leave the class open",
        "Réponses inconnues qui laissent la classe ouverte",
        "Respuestas desconocidas que dejan abierta la clase",
    ),
    "changes": Wording(
        "The fewest answers that would lead to another class",
        "Le plus petit nombre de réponses qui mèneraient à une autre classe",
        "El menor número de respuestas que llevaría a otra clase",
    ),
    "sources": Wording("Sources", "Sources", "Fuentes"),
    "primary": Wording("read in the document", "lu dans le document", "leído en el documento"),
    "secondary": Wording(
        "read in a text that reports it", "lu dans un texte qui le rapporte", "leído en un texto que lo recoge"
    ),
    "recalled": Wording(
        "recalled, not read in the document", "de mémoire, non lu dans le document", "de memoria, no leído en el documento"
    ),
}  # fmt: skip


def told(explanation: Explanation, language: str) -> str:
    """Write an explanation: the class, whom it is about, the dimensions, then the criteria by their value."""
    return "\n".join(_lines(explanation, language))


def _lines(explanation: Explanation, language: str) -> Iterator[str]:
    framework = explanation.framework
    colon = _say("colon", language)
    for outcome in framework.outcomes:
        label = explanation.outcomes[outcome.id]
        words = next((value.label.of(language) for value in outcome.values if value.id == label), "")
        if outcome.type in ("count", "ratio") and explanation.in_scope:
            yield f"{outcome.label.of(language)}{colon} {label}"
        else:
            yield f"{outcome.label.of(language)}{colon} {words or _say('out_of_scope', language)} ({label})"
    yield f"{_say('framework', language)}{colon} {framework.title.of(language)}"
    yield f"  {framework.id}, {framework.date}; {_say('rule', language)}{colon} {_say(framework.verification, language)}"
    age = explanation.age if not isinstance(explanation.age, str) else _say("unknown_age", language)
    scope = "in_scope" if explanation.in_scope else "out_of_scope"
    yield f"{_say('age', language)}{colon} {age}, {_say(scope, language)}"
    if explanation.in_scope:
        yield from _decision(explanation, language)


def _decision(explanation: Explanation, language: str) -> Iterator[str]:
    """The dimensions, the criteria by their value, and the sources that their numbers stand for."""
    colon = _say("colon", language)
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
            yield _criterion(criterion, explanation.framework.id, number, language)
    yield from _otherwise(explanation, language)
    yield _say("sources", language)
    yield from (f"  [{number}] {source}" for source, number in sources.items())


def _otherwise(explanation: Explanation, language: str) -> Iterator[str]:
    """Which unknown answers matter, and what it would take to change the class."""
    colon = _say("colon", language)
    questions = explanation.open_questions()
    if questions:
        yield f"{_say('open', language)}{colon} {', '.join(questions)}"
    changes = explanation.changes()
    if changes:
        yield f"{_say('changes', language)}{colon}"
    labels = {value.id: value.label.of(language) for value in explanation.framework.outcomes[0].values}
    for label, answers in changes.items():
        told = ", ".join(f"{question} = {answer}" for question, answer in answers.items())
        yield f"  {labels[label]} ({label}){colon} {told}"


def _criterion(criterion: CriterionReading, framework: str, number: int, language: str) -> str:
    """One criterion with the questions that speak for it and the number of its source."""
    name = criterion.id if criterion.framework == framework else f"{criterion.framework}.{criterion.id}"
    items = f" ({', '.join(criterion.items)})" if criterion.items else ""
    marks = [_say(mark, language) for mark in (criterion.strength, criterion.phase) if mark]
    told = f" [{', '.join(marks)}]" if marks else ""
    return f"  {name}  {criterion.label.of(language)}{told}{items} [{number}]"


def _source(criterion: CriterionReading, language: str) -> str:
    where = ", ".join(part for part in (criterion.document, criterion.paragraph) if part)
    return f"{where}{_say('colon', language)} {_say(criterion.verified, language)}"


def _say(word: str, language: str) -> str:
    return _WORDS[word].of(language)
