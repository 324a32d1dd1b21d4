"""The domains of a result: which rows a label asks for, and by-columns as a reader has them, with labels and their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, missing_columns
from fl_estimate.inputs.wording import ANY, FILE, ColumnWords, SurveyWording, in_language
from fl_estimate.neutral import for_records
from fl_estimate.results.columns import CONTEXT, margin_columns

TELLING: tuple[str, ...] = ("term", "outcome", "quantity", "bound", "period", "country", "source")
"""Fixed columns that a row can be asked for by where no domain has the label, in the order in which they are tried."""
_NOTHING = ColumnWords()


class NotStated(str):
    """The level of a by-column that holds those who did not state it. It is the text "not stated", and there is one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_STATED"

    def __reduce__(self) -> str:
        return "NOT_STATED"


NOT_STATED: Final = NotStated("not stated")
"""The level of a by-column that holds those who did not state it: ``estimates[fl.NOT_STATED]``."""


def places_of(frame: pd.DataFrame, by: Sequence[str], wording: SurveyWording, key: Any) -> list[int]:
    """Rows that a label asks for; see `Estimates.__getitem__`.

    Raises
    ------
    EstimateFault
        FL-EST-297: no row has the label; FL-EST-299: domains of several by-columns have it.
    """
    parts = _parts(key)
    if not all(isinstance(part, str | int | float | np.generic) for part in parts):
        raise _no_row(frame, by, wording, f"a key of type {type(key).__name__}")
    domains = [_domain(record, by) for record in frame[["margin", *by]].to_dict("records")]
    for reading in (_of_margin, _of_source, _of_both):
        for alike in (_equal, _as_text, _by_label, _not_stated):
            found = [
                position
                for position, domain in enumerate(domains)
                if _fits(reading(domain), parts, lambda name, value, part, a=alike: a(wording, name, value, part))
            ]
            if found:
                _require_one_margin(frame, found, key)
                return found
    if len(parts) == 1:
        for name in TELLING:
            told = frame[name] == str(key)
            if str(key) and told.any():
                return [int(position) for position in np.flatnonzero(told.to_numpy())]
    raise _no_row(frame, by, wording, repr(key))


def _parts(key: Any) -> tuple[Any, ...]:
    return tuple(key) if isinstance(key, tuple) else (key,)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _no_row(frame: pd.DataFrame, by: Sequence[str], wording: SurveyWording, found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-297", "no row has this label", found=found, fix=f"there are: {_there_is(frame, by, wording)}"
    )


Domain = tuple[tuple[tuple[str, Any], ...], tuple[tuple[str, Any], ...]]
"""Of a row: the columns that divide it, with their values; those that name the result it was stacked from."""


def _domain(record: Mapping[Any, Any], by: Sequence[str]) -> Domain:
    margin = margin_columns(record)
    inside = tuple((name, NOT_STATED if pd.isna(record[name]) else record[name]) for name in margin if name in by)
    return inside, tuple((name, record[name]) for name in by if name not in margin and not pd.isna(record[name]))


def _of_margin(domain: Domain) -> tuple[tuple[str, Any], ...]:
    return domain[0]


def _of_source(domain: Domain) -> tuple[tuple[str, Any], ...]:
    return domain[1]


def _of_both(domain: Domain) -> tuple[tuple[str, Any], ...]:
    return (*domain[1], *domain[0])


def _fits(domain: tuple[tuple[str, Any], ...], parts: tuple[Any, ...], alike: Callable[[str, Any, Any], bool]) -> bool:
    """Whether a domain has as many values as are asked for, and these."""
    return 0 < len(domain) == len(parts) and all(
        alike(name, value, part) for (name, value), part in zip(domain, parts, strict=True)
    )


def _equal(_: SurveyWording, __: str, value: Any, part: Any) -> bool:
    if value is NOT_STATED or part is NOT_STATED:
        return value is part
    return isinstance(part, str) == isinstance(value, str) and bool(value == part)


def _as_text(_: SurveyWording, __: str, value: Any, part: Any) -> bool:
    if value is NOT_STATED or part is NOT_STATED:
        return value is part
    return str(value) == str(part)


def _by_label(wording: SurveyWording, name: str, value: Any, part: Any) -> bool:
    if value is NOT_STATED or part is NOT_STATED:
        return value is part
    return str(value) == str(part) or part in set(_words(wording, name, value).values())


def _not_stated(wording: SurveyWording, name: str, value: Any, part: Any) -> bool:
    """A frame with labels gives the level as plain text; it is taken so where nothing else is called by it."""
    return bool(part == value) if value is NOT_STATED else _by_label(wording, name, value, part)


def _require_one_margin(frame: pd.DataFrame, found: Sequence[int], key: Any) -> None:
    margins = list(dict.fromkeys(frame["margin"].iloc[list(found)]))
    if len(margins) > 1 and all(margins):
        raise EstimateFault(
            "FL-EST-299", "domains of several by-columns have this label", found=f"{key!r} in {listed(margins)}",
            fix=f"say which: estimates.select({margins[0].split(' × ')[0]}=…)",
        )  # fmt: skip


def _there_is(frame: pd.DataFrame, by: Sequence[str], wording: SurveyWording) -> str:
    """What can be asked for, in words."""
    found = [
        f"{name}: {listed((repr(label) for label in labelled(frame, wording, name).cat.categories), most=12)}"
        for name in by
    ]
    crossed = [margin for margin in dict.fromkeys(frame["margin"]) if " × " in margin]
    if crossed:
        found.append(f"{listed(crossed)} (a tuple, in this order)")
    for name in TELLING:
        if name in CONTEXT and (name in by or frame[name].nunique() < 2):
            continue  # of all rows the same, it tells none from others
        values = [value for value in dict.fromkeys(frame[name]) if value]
        found += [f"{name}: {listed((repr(str(value)) for value in values), most=12)}"] if values else []
    return "; ".join([*found, "the nation is .national"] if (frame["margin"] == "").any() else found)


def a_label(frame: pd.DataFrame, by: Sequence[str], wording: SurveyWording) -> str:
    """A label that some rows have, as it is written; what a message gives as an example."""
    for name in by:
        levels = labelled(frame, wording, name).cat.categories
        if len(levels):
            return repr(levels[0])
    told = [name for name in TELLING if frame[name].nunique() > 1]
    return repr(str(frame[told[0]].iloc[0])) if told else "'label'"


def labelled(
    frame: pd.DataFrame, wording: SurveyWording, name: str, *, codes: bool = False, language: str = "en"
) -> pd.Series[Any]:
    """A by-column as an ordered categorical of labels in the order of the source.

    Missing where the row is not divided by the column; `NOT_STATED`, the last level, where it is and people did not say.
    Codes stand where there are no labels, where `codes` asks for them, and where two codes have one label.
    """
    divided = np.array([name in margin_columns({"margin": margin}) for margin in frame["margin"]], dtype=bool)
    column = frame[name]
    stated = column.notna().to_numpy(dtype=bool)
    met = list(dict.fromkeys(column[stated]))
    order = {code: position for position, code in enumerate(wording.order(name))}
    # What the source put in an order comes in it; what it did not, in the order of the rows.
    met.sort(key=lambda value: order.get(_code(value), len(order)))
    words = {value: value for value in met} if codes else _labels(wording, name, met, language)
    words = {value: for_records(word) if isinstance(word, str) else word for value, word in words.items()}
    words = {value: f"{word} (answer)" if str(word) == NOT_STATED else word for value, word in words.items()}
    silent = divided & ~stated
    levels: list[Any] = [*words.values(), *([NOT_STATED] if silent.any() else [])]
    place_of = {value: position for position, value in enumerate(words)}
    at = [
        place_of[value] if known else len(words) if quiet else -1
        for value, known, quiet in zip(column, stated, silent, strict=True)
    ]
    index: Any = pd.Index(levels, dtype=None if levels else object)
    made: Any = pd.Categorical.from_codes(at, categories=index, ordered=True)
    return pd.Series(made, index=frame.index, name=name)


def _labels(wording: SurveyWording, name: str, values: Sequence[Any], language: str) -> dict[Any, Any]:
    """The label of each code; the codes where none has one, or two have the same."""
    found = {value: _label(_words(wording, name, value), language) or str(value) for value in values}
    plain = all(label == str(value) for value, label in found.items())
    return {value: value for value in values} if plain or len(set(found.values())) < len(found) else found


def _label(text: Mapping[str, str], language: str) -> str:
    """What is said in a language or for all, else by the file, else in any."""
    said = in_language(text, language) or text.get(ANY) or text.get(FILE)
    return said or next((each for each in text.values() if each), "")


def _words(wording: SurveyWording, name: str, value: Any) -> Mapping[str, str]:
    return wording.columns.get(name, _NOTHING).values.get(_code(value), {})


def _code(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def in_domain(frame: pd.DataFrame, wording: SurveyWording, name: str, wanted: Any) -> npt.NDArray[np.bool_]:
    """Rows whose by-column has a value: a code, or else a label; `NOT_STATED`; None where the row is not divided by it."""
    column = frame[name]
    silent = column.isna().to_numpy(dtype=bool)
    divided = np.array([name in margin_columns({"margin": margin}) for margin in frame["margin"]], dtype=bool)
    if wanted is None:
        return silent & ~divided
    if wanted is not NOT_STATED:
        result = (column == wanted).fillna(False).to_numpy(dtype=bool)
        if result.any():
            return result
        result = np.array(
            [not quiet and _by_label(wording, name, value, wanted) for value, quiet in zip(column, silent, strict=True)]
        )
        if result.any():
            return result
    return silent & divided & bool(wanted == NOT_STATED)


def populations_of(
    frame: pd.DataFrame, by: Sequence[str], wording: SurveyWording, population: pd.DataFrame
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Rows and their populations, by codes or labels; rows of those who did not state a column only where it is given.

    Raises
    ------
    EstimateFault
        FL-EST-24: a column, or the population of a row, is missing.
    """
    needed = [*by, "population"]
    absent = [name for name in needed if name not in population.columns]
    if absent:
        raise missing_columns("FL-EST-24", absent, [str(name) for name in population.columns], EstimateFault)
    known = {_key(row[:-1]): float(row[-1]) for row in population[needed].itertuples(index=False)}
    coded, named = ([labelled(frame, wording, name, codes=codes) for name in by] for codes in (True, False))
    keys = [[_key(column.iloc[row] for column in form) for form in (coded, named)] for row in range(len(frame))]
    found = [next((known[key] for key in each if key in known), None) for each in keys]
    lost = {str(key) for (key, _), each in zip(keys, found, strict=True) if each is None and NOT_STATED not in key}
    if lost:
        raise EstimateFault(
            "FL-EST-24", "the population of some rows is not given", found=listed(sorted(lost)),
            fix="add a row for each; the nation's row has every by-column missing",
        )  # fmt: skip
    kept = [position for position, each in enumerate(found) if each is not None]
    return np.array(kept, dtype=np.intp), np.array([found[position] for position in kept], dtype=float)


def _key(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(None if value is pd.NA or value is None or value != value else value for value in values)


def with_labels(
    frame: pd.DataFrame, by: Sequence[str], wording: SurveyWording, *, codes: bool = False, language: str = "en"
) -> pd.DataFrame:
    """The table with its by-columns as `labelled` gives them."""
    made: dict[str, Any] = {name: labelled(frame, wording, name, codes=codes, language=language) for name in by}
    return frame.assign(**made)


def pivoted(frame: pd.DataFrame, by: Sequence[str], index: str, columns: str | None, values: Any) -> pd.DataFrame:
    """A table across; see `Estimates.pivot`. `frame` has its by-columns labelled.

    Raises
    ------
    EstimateFault
        FL-EST-21: no such column; FL-EST-300: several rows for one place, or none at all.
    """
    asked = [name for name in (index, columns) if name is not None and name in by]
    nation = (frame["margin"] == "").to_numpy(dtype=bool)
    if asked:
        kept = frame[[_inside(margin, by) == set(asked) for margin in frame["margin"]]]
    else:
        kept = frame[nation] if nation.any() else frame
    stacked = [name for name in asked if not any(name in _inside(margin, by) for margin in frame["margin"])]
    if stacked:  # names of results, which divide nobody
        margin = set(asked) - set(stacked)
        kept = frame[[_inside(each, by) == margin for each in frame["margin"]]]
    keys = [index] if columns is None else [index, columns]
    if kept.empty or kept.duplicated(keys).any():
        several = "no row" if kept.empty else f"{int(kept.duplicated(keys).sum())} more rows than places"
        margins = listed((repr(margin) for margin in dict.fromkeys(frame["margin"])), most=8)
        apart = [name for name in (*TELLING, *by) if name not in keys and kept[name].nunique() > 1]
        raise EstimateFault(
            "FL-EST-300", "these rows do not make a table across", found=f"{several}; margins: {margins}",
            fix=f"name other columns, or pick rows first by {listed(apart)}" if apart else "name the columns of a margin",
        )  # fmt: skip
    if columns is None:
        return kept.set_index(index)[[values] if isinstance(values, str) else list(values)]
    return kept.pivot(index=index, columns=columns, values=values)


def _inside(margin: str, by: Sequence[str]) -> set[str]:
    return {name for name in margin_columns({"margin": margin}) if name in by}
