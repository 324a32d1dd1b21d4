"""Expression texts: what mappings derive columns with and what ``where=`` takes. Text in, narwhals expressions out.

The grammar is in `schema.grammar`, its meaning on columns in `schema.evaluation`; this is the door to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import narwhals as nw

from fl_estimate.errors import ExpressionFault, shown
from fl_estimate.schema import evaluation, grammar
from fl_estimate.schema.evaluation import Schema, missing

__all__ = ["Expression", "Schema", "cut", "missing", "parse"]


@dataclass(frozen=True)
class Expression:
    """An expression that was read and found to be inside the grammar.

    Attributes
    ----------
    text : str
        The text as it was written.
    names : frozenset of str
        The columns it needs.

    Notes
    -----
    Three values, after Kleene: a comparison is unknown where one side is null or NaN; ``and`` is false where any
    part is false, ``or`` true where any part is true, both whatever the unknown parts are. A number used as a
    truth is true at 1, false at 0 and unknown otherwise, so that a code list with 2 for "no" is not misread.
    Numbers are compared as 64-bit floats. Division by zero is unknown. A date is compared with an ISO text.
    Ordered classes (of ``cut``, ``case`` or an ordered column) are compared by their order. ``case`` gives the value of
    the first condition that is true, and is unknown where a condition before it is unknown: begin with ``missing(name)``
    where unknown answers have a value of their own.
    """

    text: str
    names: frozenset[str]
    tree: grammar.Node = field(repr=False, compare=False)

    def truth(self, schema: Schema) -> tuple[nw.Expr, nw.Expr]:
        """Say where it is true and where it is false: two Booleans without nulls; unknown is neither.

        Parameters
        ----------
        schema : mapping of str to dtype
            The columns of the frame, as `narwhals` gives them (``frame.collect_schema()``).

        Raises
        ------
        ExpressionFault
            FL-EXPR-03 (columns are not there), FL-EXPR-04 (text with a number), FL-EXPR-05 (a column of a type
            that cannot be used), FL-EXPR-06 (a text that is no date), FL-EXPR-07 (a text that is none of the classes).
        """
        self._require(schema)
        return evaluation.truth(self.tree, schema)

    def value(self, schema: Schema, *, ordered: bool = True) -> nw.Expr:
        """Give it as a column: Float64 (1 and 0 for true and false, or the number), text, classes or date; null where unknown.

        Classes of ``cut`` and ``case`` are an Enum in the order that they were written in: an ordered categorical in
        pandas, an Enum in polars and DuckDB.

        Parameters
        ----------
        schema : mapping of str to dtype
            The columns of the frame.
        ordered : bool, default True
            False: classes are plain text, for engines that have no type with an order of its own (Spark).

        Raises
        ------
        ExpressionFault
            As `truth`.
        """
        self._require(schema)
        return evaluation.value(self.tree, schema, ordered=ordered)

    @property
    def gives_text(self) -> bool | None:
        """Whether it gives texts or classes (True) or numbers (False); None where its columns decide."""
        return grammar.gives_text(self.tree)

    def _require(self, schema: Schema) -> None:
        absent = sorted(self.names - set(schema))
        if absent:
            raise evaluation.absent_columns(absent, schema)


def parse(text: str) -> Expression:
    """Read an expression text.

    Use it for what a mapping derives and for `where=`. It never runs the text as Python.

    Parameters
    ----------
    text : str
        Names of columns (``column("any name")`` where a name is no identifier; ``c_docs@work`` is a name),
        numbers, texts in quotes, ``== != < <= > >=``, chains of them, ``in [..]``, ``not in [..]``,
        ``and or not``, ``+ - * /``, ``missing(name)``, ``cut(x, [breaks], [labels])``,
        ``case(condition, value, …, otherwise)``, ``coalesce(a, b)``, ``year(d) month(d) day(d)``,
        ``years_between(d, e)`` (and months, days), ``True``, ``False``, parentheses.

    Returns
    -------
    Expression

    Raises
    ------
    ExpressionFault
        FL-EXPR-01 (cannot be read), FL-EXPR-02 (holds something that is not part of the grammar), with the place.

    Examples
    --------
    >>> import narwhals as nw, pandas as pd
    >>> frame = nw.from_native(pd.DataFrame({"status": [8, 1, None]}))
    >>> unemployed = parse("status in [8, 9]")
    >>> frame.select(unemployed.value(frame.schema).alias("unemployed")).to_native()["unemployed"].tolist()
    [1.0, 0.0, nan]
    >>> ages = nw.from_native(pd.DataFrame({"age": [15, 24, 70]}))
    >>> groups = parse("cut(age, [15, 25, 65])")
    >>> ages.select(groups.value(ages.schema).alias("group")).to_native()["group"].tolist()
    ['15–24', '15–24', '65+']
    """
    tree = grammar.read(text)
    return Expression(text=text, names=grammar.columns_of(tree), tree=tree)


def cut(of: str, breaks: Sequence[float], labels: Sequence[str] | None = None) -> Expression:
    """Ordered classes of a number: each from its break up to the next, the last without end.

    Use it in `SurveyData.assign` and `Classification.assign`. It is the expression ``cut(of, [breaks], [labels])``.

    Parameters
    ----------
    of : str
        A column, or an expression that gives a number.
    breaks : sequence of float
        Upwards.
    labels : sequence of str, optional
        One more than breaks, the first being that of what lies below the first break; or as many, and what lies below has
        no class. Without it classes are called by their breaks: <15, 15–24, 25–64, 65+.

    Returns
    -------
    Expression

    Raises
    ------
    ExpressionFault
        FL-EXPR-02: breaks that do not rise, or another number of labels.

    Examples
    --------
    >>> cut("age", [15, 25, 65]).text
    'cut(age, [15, 25, 65])'
    """
    # What is passed by mistake is a column, and a text made of it would be printed: it is looked at first.
    try:
        points = [float(each) for each in breaks]
    except (TypeError, ValueError):
        raise _no_cut(f"breaks: {shown(breaks)}") from None
    if not isinstance(of, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _no_cut(f"of: {shown(of)}")
    if labels is not None and len(labels) not in (len(points), len(points) + 1):
        raise _no_cut(f"{len(points)} breaks, labels: {shown(labels)}")
    numbers = "[" + ", ".join(str(int(each)) if each.is_integer() else repr(each) for each in points) + "]"
    told = "" if labels is None else f", [{', '.join(repr(str(label)) for label in labels)}]"
    return parse(f"cut({of}, {numbers}{told})")


def _no_cut(found: str) -> ExpressionFault:
    return ExpressionFault(
        "FL-EXPR-02", "cut takes a column or an expression, breaks, and a label for each class", found=found,
        fix='cut("age", [15, 25, 65]), cut("age", [15, 25], ["child", "young", "older"])',
    )  # fmt: skip
