"""Wording: what tables call the units, columns, codes and outcomes of a survey, by language. Carried with data and results.

A text is a mapping of language to words. `FILE` is the key of what the file says, in whatever language that is; `ANY` that of a
text which the mapping or study gives for all languages. Reporting chooses; nothing here prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from fl_estimate.neutral import for_records

Text = Mapping[str, str]
FILE, ANY = "", "*"
Unit = Literal["persons", "households", "enterprises", "children", "episodes", "cases", "jobs"]
UNITS: tuple[str, ...] = get_args(Unit)


@dataclass(frozen=True, kw_only=True)
class ColumnWords:
    """What a column is called, and its codes: code as text → words, in the order in which they are shown.

    `ordered`: the order of `values` is meant, and is that of the rows of tables.
    """

    title: Text = field(default_factory=dict[str, str])
    values: Mapping[str, Text] = field(default_factory=dict[str, Text])
    ordered: bool = False

    def over(self, below: ColumnWords) -> ColumnWords:
        """These words, with those of another where these say nothing; the order is that of whoever meant one."""
        first, second = (below, self) if below.ordered and not self.ordered else (self, below)
        codes = dict.fromkeys([*first.values, *second.values])
        return ColumnWords(
            title={**below.title, **self.title},
            values={code: {**below.values.get(code, {}), **self.values.get(code, {})} for code in codes},
            ordered=self.ordered or below.ordered,
        )


@dataclass(frozen=True, kw_only=True)
class SurveyWording:
    """Words of a survey, or of one result of it.

    Attributes
    ----------
    unit : str
        What a row is, and a total counts: persons, households, enterprises, children, episodes, cases, jobs.
    columns : mapping of str to ColumnWords
        By the name of the column, derived columns and outcomes among them.
    population : mapping
        Whom the survey speaks of, by language.
    title, note : mapping
        Of one table: its title, and what stands under it.
    country : str
        Of which the survey is, as the mapping, study or call says it; "" where nobody has.
    survey : str
        What rows call their source where a study names it; else they have the name of the file.
    """

    unit: str = "persons"
    columns: Mapping[str, ColumnWords] = field(default_factory=dict[str, ColumnWords])
    population: Text = field(default_factory=dict[str, str])
    title: Text = field(default_factory=dict[str, str])
    note: Text = field(default_factory=dict[str, str])
    country: str = ""
    survey: str = ""

    def over(self, below: SurveyWording) -> SurveyWording:
        """These words, with those of another where these say nothing; the unit is the other's where this has the default."""
        names = dict.fromkeys([*below.columns, *self.columns])
        empty = ColumnWords()
        return SurveyWording(
            unit=self.unit if self.unit != "persons" else below.unit,
            columns={name: self.columns.get(name, empty).over(below.columns.get(name, empty)) for name in names},
            population={**below.population, **self.population},
            title={**below.title, **self.title},
            note={**below.note, **self.note},
            country=self.country or below.country,
            survey=self.survey or below.survey,
        )

    @property
    def of_origin(self) -> SurveyWording:
        """Whence it is, without words for columns and outcomes."""
        return SurveyWording(country=self.country, survey=self.survey)

    def only(self, names: Iterable[str]) -> SurveyWording:
        """The words that a result of these columns and outcomes needs; ``column=code`` and ``a/b`` need their columns."""
        wanted = {
            part for name in names for whole in name.split("/") for part in (name, whole, whole.partition("=")[0])
        }
        return replace(self, columns={name: words for name, words in self.columns.items() if name in wanted})

    def order(self, name: str) -> tuple[str, ...]:
        """Codes of a column in the order that was meant; empty where none was."""
        words = self.columns.get(name)
        return tuple(words.values) if words is not None and words.ordered else ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        columns = {
            name: {
                "title": dict(each.title),
                "values": [[c, dict(t)] for c, t in each.values.items()],
                "ordered": each.ordered,
            }
            for name, each in self.columns.items()
        }
        texts = {"population": dict(self.population), "title": dict(self.title), "note": dict(self.note)}
        return {"unit": self.unit, "columns": columns, **texts, "country": self.country, "survey": self.survey}

    @staticmethod
    def from_dict(kept: Mapping[str, Any]) -> SurveyWording:
        """Read back what `to_dict` gave; nothing where nothing was kept."""
        columns = {
            name: ColumnWords(title=each["title"], values=dict(map(tuple, each["values"])), ordered=each["ordered"])
            for name, each in kept.get("columns", {}).items()
        }
        texts = {name: kept.get(name, {}) for name in ("population", "title", "note")}
        country, survey = (str(kept.get(name, "")) for name in ("country", "survey"))
        unit = kept.get("unit", "persons")
        return SurveyWording(unit=unit, columns=columns, **texts, country=country, survey=survey)


def joined_wording(parts: Iterable[SurveyWording]) -> SurveyWording:
    """The words of several results; of two that call a column differently the first is heard. Titles are of one table only.

    Countries and surveys are named one after the other.
    """
    every = list(parts)
    result = SurveyWording()
    for part in every:
        result = result.over(replace(part, title={}, note={}))
    countries, surveys = ([getattr(part, name) for part in every] for name in ("country", "survey"))
    return replace(result, country=each_named(countries), survey=each_named(surveys))


def each_named(names: Iterable[str]) -> str:
    """Names that were given, each once, as one text."""
    return ", ".join(dict.fromkeys(each for name in names for each in name.split(", ") if each))


def in_language(text: Text, tag: str) -> str:
    """What a text says in a language; where it has nothing for the territory of a tag, what it says in the language.

    Examples
    --------
    >>> in_language({"es": "Región", "fr": "Région"}, "es-MX"), in_language({"fr": "Région"}, "es-MX")
    ('Región', '')
    """
    return for_records(text.get(tag) or text.get(tag.partition("-")[0]) or "")


def text_of(given: str | Text | None) -> dict[str, str]:
    """A text as a mapping or study writes it: one for all languages, or a table by language."""
    if given is None or given == "":
        return {}
    return {ANY: given} if isinstance(given, str) else dict(given)
