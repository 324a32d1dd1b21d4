"""`fl.codebook`: the common schema as a document, for the docs and for a survey team, written from the schema itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fl_estimate.errors import DataFault, not_one_of
from fl_estimate.schema.classifications import CLASSIFICATIONS
from fl_estimate.schema.conditions import CONDITIONS
from fl_estimate.schema.labels import LANGUAGES, label_of
from fl_estimate.schema.variables import TABLES, Table, Variable
from fl_estimate.words.languages import LANGUAGES as WORDED
from fl_estimate.words.languages import is_language

if TYPE_CHECKING:
    import pandas as pd

_KINDS = {
    "key": "text that names a record",
    "code": "code",
    "whole": "whole number",
    "number": "number",
    "weight": "weight, more than 0",
    "text": "text",
    "date": "date",
}
COLUMNS: tuple[str, ...] = ("table", "variable", "label", "kind", "unit", "limits", "codes", "rule")


def codebook(language: str = "en") -> pd.DataFrame:
    """List every variable of the common schema: what it is, its kind, unit, limits, codes and rules.

    Parameters
    ----------
    language : {"en", "fr", "es", "es-MX", …}
        Of the labels.

    Returns
    -------
    pandas.DataFrame
        One line a variable, with columns table, variable, label, kind, unit, limits, codes, rule. Item columns
        (`r_…`, `c_…@phase`) stand in `jobs` or `episodes` and are not listed one by one.

    Raises
    ------
    DataFault
        FL-DATA-04: unknown language.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> book = fl.codebook("es").set_index(["table", "variable"])
    >>> [book[column]["people", "sex"] for column in ("label", "codes")]
    ['Sexo', '1, 2, 3']
    """
    import pandas as pd

    if not is_language(language):
        raise not_one_of("FL-DATA-04", "this language", language, WORDED, DataFault)
    lines = [_line(table, variable, language) for table in TABLES.values() for variable in table.variables.values()]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _line(table: Table, variable: Variable, language: str) -> tuple[str, ...]:
    return (
        table.name,
        variable.name,
        label_of(variable.name, language),
        _KINDS[variable.kind],
        variable.unit,
        _limits(variable),
        _codes(variable),
        "; ".join(_rules(table, variable)),
    )


def _limits(variable: Variable) -> str:
    if variable.limits is None:
        return ""
    low, high = variable.limits
    return f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"


def _codes(variable: Variable) -> str:
    if variable.classification:
        return f"{variable.classification}: {CLASSIFICATIONS[variable.classification]}"
    return ", ".join(map(str, variable.codes or ()))


def _rules(table: Table, variable: Variable) -> Iterator[str]:
    if variable.name == table.key:
        yield "names the row; once in the table"
    for link, other in table.links:
        if link == variable.name:
            yield f"key of {other}"
    if variable.name in table.owners and len(table.owners) > 1:
        yield f"exactly one of {', '.join(table.owners)}"
    for condition in CONDITIONS:
        if (condition.table, condition.variable) == (table.name, variable.name):
            yield condition.rule


def markdown() -> str:
    """Compose the page of the docs: a section a table, with all three languages."""
    parts = [_HEAD]
    for table in TABLES.values():
        parts.append(f"\n## {table.name}\n\n{_OF_TABLE[table.name]}\n\n{_TABLE_HEAD}")
        parts += [_row(table, variable) for variable in table.variables.values()]
        if table.carries_items:
            parts.append(f"\n{_ITEMS}\n")
    return "".join(parts)


def _row(table: Table, variable: Variable) -> str:
    texts = " / ".join(label_of(variable.name, language) for language in LANGUAGES)
    codes = _codes(variable) or _limits(variable)
    kind = " ".join(filter(None, (_KINDS[variable.kind], f"({variable.unit})" if variable.unit else "")))
    rules = "; ".join(_rules(table, variable))
    cells = (f"`{variable.name}`", texts, kind, codes, rules)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


_HEAD = """\
# Codebook of the common schema

Six tables, one row a unit. A mapping fills those that a survey has; every check and every estimate speaks these names.
This page is written from the schema when the site is built; `fl.codebook("fr")` gives it as a frame.
"""
_TABLE_HEAD = "| variable | what it is (EN / FR / ES) | kind | codes or limits | rules |\n|---|---|---|---|---|\n"
_ITEMS = (
    "And the item columns: `r_…`, `v_…`, `w_…`, `l_…` (yes, no, dk, ref, missing, not_asked) and `c_…`, or `c_…@recruitment`,\n"
    "`c_…@work`, `c_…@leave` (experienced, threatened, witnessed, no, dk, ref, missing, not_asked), with the fields of\n"
    "work imposed by a State (`state_…`) and of children (`child_…`)."
)
_OF_TABLE = {
    "households": "One row a household.",
    "people": "One row a respondent or member of a household; the variables of the household are copied onto it.",
    "jobs": "One row a work activity in the reference period, of a person or of a relative that a person reported.",
    "episodes": "One row a recruitment or migration.",
    "costs": "One row a cost of an episode.",
    "relatives": "One row a relative who was reported on, not interviewed.",
}
