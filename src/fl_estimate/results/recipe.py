"""The recipe of a result: of what and whom it speaks, what it takes for granted and what made it. Joined in one place."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from fl_estimate.errors import EstimateFault
from fl_estimate.inputs.wording import SurveyWording, each_named, joined_wording
from fl_estimate.results.codes import Assumption, each_once
from fl_estimate.results.provenance import Provenance

_DAYS = re.compile(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)")
_YEARS = re.compile(r"(\d{4})\s*[-–/]\s*(\d{4})")
_YEAR = re.compile(r"\d{4}")
_ROLLING = re.compile(r"the (?:(\d+) months|month) before the interview")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(year|month|week|day)")


@dataclass(frozen=True)
class Period:
    """A reference period, read from the text in which a result carries it.

    Attributes
    ----------
    text : str
        As it was given.
    first, last : datetime.date or None
        Its first and last day, where the text says them: "2021-03-01 to 2021-05-31", "2013", "2010–2015".
    months : int or None
        Of a period that ends with each interview.

    Examples
    --------
    >>> from fl_estimate.results.recipe import Period
    >>> Period("2010-2015").years, Period("the 12 months before the interview").months, Period("lifetime").years
    (6.0, 12, None)
    """

    text: str = ""
    first: dt.date | None = field(init=False, default=None)
    last: dt.date | None = field(init=False, default=None)
    months: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        text = self.text.strip()
        if days := _DAYS.fullmatch(text):
            self._set(first=_day(days[1]), last=_day(days[2]))
        elif (span := _YEARS.fullmatch(text)) and "0000" not in span.groups():
            self._set(first=dt.date(int(span[1]), 1, 1), last=dt.date(int(span[2]), 12, 31))
        elif _YEAR.fullmatch(text) and text != "0000":
            self._set(first=dt.date(int(text), 1, 1), last=dt.date(int(text), 12, 31))
        elif rolling := _ROLLING.fullmatch(text):
            self._set(months=int(rolling[1] or 1))

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text

    @property
    def by_day(self) -> bool:
        """Whether the text names its first and last day."""
        return _DAYS.fullmatch(self.text.strip()) is not None

    @property
    def years(self) -> float | None:
        """Its length in years, where its days are known: whole calendar years are counted, other days are 365.25 to one."""
        if self.first is None or self.last is None:
            return None
        if self.by_day:
            return ((self.last - self.first).days + 1) / 365.25
        return self.last.year - self.first.year + 1.0

    @property
    def length(self) -> str:
        """How long it is in words, where the text says so: rounds are of different years, but of the same length."""
        if self.first is not None and not self.by_day:
            return f"{self.years:g} years"
        if match := _LENGTH.search(self.text):
            return f"{match[1]} {match[2]}s"
        return ""


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:  # a 31st of February: no length is known of it
        return None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Of what a result speaks, and what made it.

    Attributes
    ----------
    measure : str
        "stock", "flow" or "" where nobody has said.
    population : str
        Whom the figures speak of.
    period : Period
        What time they speak of.
    assumptions : tuple of Assumption
    provenance : Provenance
    wording : Wording
    """

    measure: str = ""
    population: str = ""
    period: Period = field(default_factory=Period)
    assumptions: tuple[Assumption, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    wording: SurveyWording = field(default_factory=SurveyWording)

    @property
    def reference_period(self) -> str:
        """The period as text."""
        return self.period.text

    @property
    def context(self) -> dict[str, str]:
        """What a row says of whence it is: country, source, period and unit; "" what nobody has said."""
        return context_told(self.wording, self.provenance, self.period.text)

    def then(
        self, call: str, arguments: Mapping[str, Any], assumptions: Iterable[Assumption] = (), *, direct: bool = False
    ) -> Recipe:
        """What a further step makes of it: the same people and time, other assumptions, from the same file.

        Parameters
        ----------
        call : str
            The function.
        arguments : mapping
            Its arguments.
        assumptions : iterable of Assumption
            Those of the step, and what it carries on of `assumptions`.
        direct : bool, default False
            Whether the arguments are to hold those of the step before as `direct`.
        """
        told = {**arguments, "direct": dict(self.provenance.arguments)} if direct else dict(arguments)
        before = self.provenance
        made = Provenance(call=call, arguments=told, source_name=before.source_name, source_sha256=before.source_sha256)
        return replace(self, assumptions=tuple(assumptions), provenance=made)

    @staticmethod
    def of(result: Any) -> Recipe:
        """The recipe of a result; an empty one where plain numbers were given."""
        found = getattr(result, "recipe", None)
        return found if isinstance(found, Recipe) else Recipe()

    def without(self, *codes: str) -> tuple[Assumption, ...]:
        """Its assumptions but for these."""
        return tuple(assumption for assumption in self.assumptions if assumption.code not in codes)


def context_told(wording: SurveyWording, provenance: Provenance, period: str) -> dict[str, str]:
    """Country, source, period and unit of a result, as its rows say them."""
    return {
        "country": wording.country, "source": wording.survey or provenance.source_name, "period": period,
        "unit": wording.unit,
    }  # fmt: skip


class Described(Protocol):
    """What says of what it speaks: `Estimates`, and recipes."""

    @property
    def measure(self) -> str: ...
    @property
    def population(self) -> str: ...
    @property
    def reference_period(self) -> str: ...


def shared_text(results: Sequence[Described], about: str, word: str | None = None) -> str:
    """What all results say of themselves, where any says it; refuse where two say different things.

    Parameters
    ----------
    results : sequence of Estimates or Recipe
    about : str
        measure, population or reference_period.
    word : str, optional
        What the caller says that all of them mean.

    Raises
    ------
    EstimateFault
        FL-EST-25.
    """
    if word is not None:
        return word
    found = list(dict.fromkeys(str(getattr(result, about)) for result in results if getattr(result, about)))
    if len(found) > 1:
        raise EstimateFault(
            "FL-EST-25",
            f"the results speak of different things: {about.replace('_', ' ')}",
            found="; ".join(found),
            fix=f"put together what belongs together, or say what all of them mean with {about}=",
        )
    return found[0] if found else ""


def joined(
    parts: Sequence[Recipe],
    *,
    call: str,
    arguments: Mapping[str, Any],
    assumptions: Iterable[Assumption] | None = None,
    measure: str | None = None,
    population: str | None = None,
    reference_period: str | None = None,
    one_sample: bool = False,
) -> Recipe:
    """The recipe of a result that is made of several.

    Parameters
    ----------
    parts : sequence of Recipe
    call, arguments
        What joins them.
    assumptions : iterable of Assumption, optional
        Those of the whole; by default those of all parts, each once.
    measure, population, reference_period : str, optional
        What all of them mean, where their own descriptions differ in words.
    one_sample : bool, default False
        Whether the parts are estimates of one sample: then the whole shares the errors of that file, whose sha256 it keeps.

    Returns
    -------
    Recipe
        Its source is named after every file that a part was made from.

    Raises
    ------
    EstimateFault
        FL-EST-25: parts speak of different measures, populations or times.

    Examples
    --------
    >>> from fl_estimate.results.recipe import Period, Recipe, joined
    >>> joined([Recipe(measure="stock"), Recipe(period=Period("2023"))], call="sum", arguments={}).measure
    'stock'
    """
    names = list(dict.fromkeys(p.provenance.source_name for p in parts if p.provenance.source_name))
    wording = joined_wording(part.wording for part in parts)
    if wording.survey:
        wording = replace(wording, survey=each_named(part.context["source"] for part in parts))
    first = parts[0].provenance.source_sha256 if parts else ""
    return Recipe(
        measure=shared_text(parts, "measure", measure),
        population=shared_text(parts, "population", population),
        period=Period(shared_text(parts, "reference_period", reference_period)),
        assumptions=each_once(a for part in parts for a in part.assumptions)
        if assumptions is None
        else tuple(assumptions),
        provenance=Provenance(
            call=call,
            arguments=dict(arguments),
            source_name=", ".join(names),
            source_sha256=first if one_sample else "",
        ),
        wording=wording,
    )
