"""Proves that an expression text has the same three-valued answer on every engine, and that bad texts are refused."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import pickle
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from fl_estimate.errors import ExpressionFault
from fl_estimate.schema.expressions import Expression, missing, parse

NAN = float("nan")
CELLS = (0.0, 1.0, 2.0, None, NAN)
PAIRS = tuple(itertools.product(CELLS, CELLS))
DAYS = (dt.date(2020, 3, 30), dt.date(2020, 3, 31), dt.date(2020, 4, 1), None)
TIMES = (dt.datetime(2020, 3, 31), dt.datetime(2020, 3, 31, 12), dt.datetime(2020, 4, 1), None)


def _table() -> pa.Table:
    """All pairs of 0, 1, 2, null, NaN, and beside them one column of each type that occurs in surveys."""
    n = len(PAIRS)
    cycle = [(0, 1, 2, None)[k % 4] for k in range(n)]
    words = [("yes", "no", "", None)[k % 4] for k in range(n)]
    return pa.table(
        {
            "row": pa.array(range(n), pa.int64()),
            "a": pa.array([a for a, _ in PAIRS], pa.float64(), from_pandas=False),
            "b": pa.array([b for _, b in PAIRS], pa.float64(), from_pandas=False),
            "small": pa.array(cycle, pa.int8()),
            "huge": pa.array([(math.inf, -math.inf, 1.0, None)[k % 4] for k in range(n)], pa.float64()),
            "price": pa.array([None if k is None else Decimal(k) for k in cycle], pa.decimal128(9, 2)),
            "flag": pa.array([None if k is None else k == 1 for k in cycle], pa.bool_()),
            "word": pa.array(words, pa.string()),
            "kind": pa.array(words, pa.string()).dictionary_encode(),
            "day": pa.array([DAYS[k % 4] for k in range(n)], pa.date32()),
            "time": pa.array([TIMES[k % 4] for k in range(n)], pa.timestamp("us")),
            "c_docs@work": pa.array(words, pa.string()),
            "a b": pa.array(cycle, pa.int64()),
        }
    )


def _numpy(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    frame["day"] = pd.to_datetime(frame["day"])
    frame["price"] = table["price"].to_pylist()  # Python objects, as pandas keeps Decimals
    frame["flag"] = pd.Series(table["flag"].to_pylist(), dtype=object)  # and Booleans with gaps
    return frame


def _nullable(table: pa.Table) -> pd.DataFrame:
    # pandas 3.0.0 casts infinities to see whether they are whole numbers, aloud; later ones look first whether they fit.
    with np.errstate(invalid="ignore"):
        frame = _numpy(table).convert_dtypes(dtype_backend="numpy_nullable")
    frame["flag"] = pd.array(table["flag"].to_pylist(), dtype="boolean")
    frame["price"] = table["price"].to_pylist()
    return frame


def _duckdb(table: pa.Table) -> Any:
    connection = duckdb.connect()
    connection.register("source", table)
    return connection.sql("select * from source")


ENGINES: dict[str, Callable[[pa.Table], Any]] = {
    "pandas numpy": _numpy,
    "pandas nullable": _nullable,
    "pandas pyarrow": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
    "polars lazy": lambda table: pl.DataFrame(pl.from_arrow(table)).lazy(),
    "pyarrow": lambda table: table,
    "duckdb": _duckdb,
}


@pytest.fixture(params=ENGINES, scope="module")
def frame(request: pytest.FixtureRequest) -> Any:
    return nw.from_native(ENGINES[request.param](_table()))


def _collected(frame: Any, **columns: nw.Expr) -> dict[str, list[Any]]:
    out = frame.select("row", **columns)
    arrow = (out.collect() if isinstance(out, nw.LazyFrame) else out).to_arrow().sort_by("row")
    return {name: arrow[name].to_pylist() for name in columns}


def _answers(frame: Any, text: str) -> list[bool | None]:
    """The three values row by row, after checking that both Booleans are free of nulls and that value agrees."""
    expression = parse(text)
    schema = frame.collect_schema()
    yes, no = expression.truth(schema)
    got = _collected(frame, yes=yes, no=no, value=expression.value(schema))
    assert {type(flag) for flag in got["yes"] + got["no"]} == {bool}
    assert not any(y and n for y, n in zip(got["yes"], got["no"], strict=True))
    three = [True if y else False if n else None for y, n in zip(got["yes"], got["no"], strict=True)]
    assert [None if _gone(v) else v == 1.0 for v in got["value"]] == three
    return three


def _gone(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _both(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def _any(a: bool | None, b: bool | None) -> bool | None:
    return True if a or b else None if a is None or b is None else False


def _known(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    return lambda a, b: None if _gone(a) or _gone(b) else test(a, b)


def _is(code: float) -> Callable[[Any], bool | None]:
    return lambda a: None if _gone(a) else a == code


ON_PAIRS: dict[str, Callable[[Any, Any], bool | None]] = {
    "a == b": _known(lambda a, b: a == b),
    "a != b": _known(lambda a, b: a != b),
    "a < b": _known(lambda a, b: a < b),
    "a <= b": _known(lambda a, b: a <= b),
    "a > b": _known(lambda a, b: a > b),
    "a >= b": _known(lambda a, b: a >= b),
    "a > 0": lambda a, _: None if _gone(a) else a > 0,
    "1 >= a": lambda a, _: None if _gone(a) else a <= 1,
    "0 < a < 2": lambda a, _: None if _gone(a) else a == 1,
    "a in [1, 2]": lambda a, _: None if _gone(a) else a in (1, 2),
    "a not in (1, 2)": lambda a, _: None if _gone(a) else a not in (1, 2),
    "a == -1": lambda a, _: None if _gone(a) else False,
    "a == 1 and b == 1": lambda a, b: _both(_is(1)(a), _is(1)(b)),
    "a == 1 or b == 1": lambda a, b: _any(_is(1)(a), _is(1)(b)),
    "not (a == 1 or b == 1)": lambda a, b: {True: False, False: True, None: None}[_any(_is(1)(a), _is(1)(b))],
    "not a == 1 and not b == 1": lambda a, b: {True: False, False: True, None: None}[_any(_is(1)(a), _is(1)(b))],
    "a == 1 and True": lambda a, _: _is(1)(a),
    "a == 1 or True": lambda _a, _b: True,
    "missing(a)": lambda a, _: _gone(a),
    "missing(a) or a > 0": lambda a, _: _gone(a) or a > 0,
    "not missing(a) and a > 0": lambda a, _: not _gone(a) and a > 0,
    "not a": lambda a, _: {0.0: True, 1.0: False}.get(a) if not _gone(a) else None,
    "(a == 1) == (b == 1)": _known(lambda a, b: (a == 1) == (b == 1)),
    "(a == 1) + (b == 1) == 2": _known(lambda a, b: a == 1 and b == 1),
    "a + b > 2": _known(lambda a, b: a + b > 2),
    "a - b < 0": _known(lambda a, b: a - b < 0),
    "a * b == 4": _known(lambda a, b: a * b == 4),
    "a / b == 2": lambda a, b: None if _gone(a) or _gone(b) or b == 0 else a / b == 2,
    "-a == -2": lambda a, _: None if _gone(a) else a == 2,
}


@pytest.mark.parametrize("text", ON_PAIRS)
def test_numbers_follow_the_truth_table(frame: Any, text: str) -> None:
    assert _answers(frame, text) == [ON_PAIRS[text](a, b) for a, b in PAIRS]


# the columns repeat with period four: 0, 1, 2, null; yes, no, "", null; False, True, False, null; the days, the times
ON_CYCLES: dict[str, tuple[bool | None, ...]] = {
    "small == 1": (False, True, False, None),
    "small == 300": (False, False, False, None),
    "small * 100 > 127": (False, False, True, None),
    "huge > 1": (True, False, False, None),
    "huge - huge == 0": (None, None, True, None),
    "small / 0 > 1": (None, None, None, None),
    "price >= 1": (False, True, True, None),
    "price in [0, 2]": (True, False, True, None),
    "flag": (False, True, False, None),
    "not flag": (True, False, True, None),
    "flag == True": (False, True, False, None),
    "flag != 1": (True, False, True, None),
    "flag in [True]": (False, True, False, None),
    "flag and small == 1": (False, True, False, None),
    "word == 'yes'": (True, False, False, None),
    'word != "yes"': (False, True, True, None),
    "word in ['yes', 'no']": (True, True, False, None),
    "word not in ['yes', 'no']": (False, False, True, None),
    "word >= 'no'": (True, True, False, None),
    "word == kind": (True, True, True, None),
    "kind == 'yes'": (True, False, False, None),
    "kind in ['no']": (False, True, False, None),
    "missing(kind)": (False, False, False, True),
    "missing(flag) or missing(day)": (False, False, False, True),
    "c_docs@work == 'yes'": (True, False, False, None),
    "column('c_docs@work') == 'yes'": (True, False, False, None),
    "column('a b') == 2": (False, False, True, None),
    "day == '2020-03-31'": (False, True, False, None),
    "day != '2020-03-31'": (True, False, True, None),
    "day < '2020-03-31'": (True, False, False, None),
    "'2020-03-31' < day": (False, False, True, None),
    "day in ['2020-03-30', '2020-04-01']": (True, False, True, None),
    "day not in ['2020-03-30']": (False, True, True, None),
    "time <= '2020-03-31'": (True, True, False, None),
    "time == '2020-03-31'": (True, True, False, None),
    "time > '2020-03-31'": (False, False, True, None),
    "time >= '2020-03-31 12:00'": (False, True, True, None),
    "time == '2020-03-31 12:00'": (False, True, False, None),
    "time >= day": (True, True, True, None),
}


@pytest.mark.parametrize("text", ON_CYCLES)
def test_every_type_of_column_compares(frame: Any, text: str) -> None:
    assert _answers(frame, text) == [ON_CYCLES[text][k % 4] for k in range(len(PAIRS))]


def test_value_is_the_number_of_an_arithmetic_expression(frame: Any) -> None:
    got = _collected(frame, value=parse("(a + 2 * b) / 4 - small").value(frame.collect_schema()))["value"]
    cycle = (0, 1, 2, None)
    want = [
        None if a is None or b is None or _gone(a + b) or cycle[k % 4] is None else (a + 2 * b) / 4 - (k % 4)
        for k, (a, b) in enumerate(PAIRS)
    ]
    assert [None if _gone(value) else value for value in got] == want


def test_value_has_type_float64(frame: Any) -> None:
    schema = frame.collect_schema()
    texts = ("small", "small + 1", "flag", "price", "a == 1", "word == 'yes'", "missing(a)")
    out = frame.select(**{f"v{k}": parse(text).value(schema) for k, text in enumerate(texts)})
    assert set(out.collect_schema().dtypes()) == {nw.Float64}


def test_missing_counts_nan_and_null_alike(frame: Any) -> None:
    got = _collected(frame, gone=missing("a", frame.collect_schema()))["gone"]
    assert got == [_gone(a) for a, _ in PAIRS]


def test_a_column_of_nulls_only_is_unknown_against_number_and_text() -> None:
    lazy = nw.from_native(pl.LazyFrame({"row": [0, 1], "empty": [None, None]}))
    assert _answers(lazy, "empty == 1") == [None, None]
    assert _answers(lazy, "empty == 'yes'") == [None, None]


def test_names_are_the_columns_needed() -> None:
    assert parse("a == 1 and missing(b) or column('c d') in [1] or c_docs@work == 'no'").names == {
        "a",
        "b",
        "c d",
        "c_docs@work",
    }


def test_names_keep_their_own_spelling() -> None:
    assert parse("an\u0303o == 1").names == {"an\u0303o"}  # Python itself would compose the two characters


def test_an_expression_is_a_value() -> None:
    one = parse("a == 1")
    assert one == parse("a == 1")
    assert hash(one) == hash(parse("a == 1"))
    assert pickle.loads(pickle.dumps(one)) == one
    assert isinstance(one, Expression)


def test_blanks_and_line_ends_are_free() -> None:
    assert parse("  a == 1\n  and b == 2  ").names == {"a", "b"}


REFUSED = [
    ("", "FL-EXPR-01", "empty"),
    ("   ", "FL-EXPR-01", "empty"),
    ("a" * 10_001, "FL-EXPR-01", "10,001 characters"),
    ("a = 1", "FL-EXPR-01", "character 3"),
    ("  a = 1", "FL-EXPR-01", "character 3"),
    ("a == 1 && b == 2", "FL-EXPR-01", "character 9"),
    ("a ==", "FL-EXPR-01", "character 5"),
    ("a == 'x", "FL-EXPR-01", "character 6"),
    ("a == 1) or (b == 1", "FL-EXPR-01", "character 7"),
    ("a == '\\d'", "FL-EXPR-01", "cannot be read"),
    ("a\0 == 1", "FL-EXPR-01", "cannot be read"),
    ("(" * 500 + "a" + ")" * 500, "FL-EXPR-01", "cannot be read"),
    ("not " * 70 + "a", "FL-EXPR-02", "nested more than 60 deep"),
    ("a" + " / (a" * 40 + ")" * 40 + " > 1", "FL-EXPR-02", "more than 50,000 steps"),
    ("(" * 30 + "a" + " == 1)" * 30, "FL-EXPR-02", "more than 50,000 steps"),
    ("(a == 1) & (b == 2)", "FL-EXPR-02", "write and, or"),
    ("x.y == 1", "FL-EXPR-02", 'column("x.y")'),
    ("__import__('os')", "FL-EXPR-02", "only functions"),
    ("a.real", "FL-EXPR-02", "name with a point"),
    ("missing(1)", "FL-EXPR-02", "only functions"),
    ("missing(a, b)", "FL-EXPR-02", "only functions"),
    ("column(a) == 1", "FL-EXPR-02", "only functions"),
    ("a if b else c", "FL-EXPR-02", "character 1"),
    ("[a for a in b]", "FL-EXPR-02", "not part of the grammar"),
    ("(lambda: a)()", "FL-EXPR-02", "only functions"),
    ("(a := 1)", "FL-EXPR-02", "not part of the grammar"),
    ("a[0] == 1", "FL-EXPR-02", "not part of the grammar"),
    ("f'{a}' == 'x'", "FL-EXPR-02", "not part of the grammar"),
    ("a == b'x'", "FL-EXPR-02", "character 6"),
    ("a == 1j", "FL-EXPR-02", "character 6"),
    ("a == None", "FL-EXPR-02", "missing(name)"),
    ("a is None", "FL-EXPR-02", "missing(name)"),
    ("a ** 2 > 1", "FL-EXPR-02", "operator"),
    ("a // 2 == 1", "FL-EXPR-02", "operator"),
    ("+a == 1", "FL-EXPR-02", "not part of the grammar"),
    ("a == 9007199254740993", "FL-EXPR-02", "too large"),
    ("a == 1e999", "FL-EXPR-02", "too large"),
    ("a in 3", "FL-EXPR-02", "list of values"),
    ("a in []", "FL-EXPR-02", "list of values"),
    ("a in [b]", "FL-EXPR-02", "values only"),
    ("a in [1, 'x']", "FL-EXPR-02", "mixes"),
    ("1 in [1]", "FL-EXPR-02", "depends on a column"),
    ("1 == 1", "FL-EXPR-02", "two constants"),
    ("a == 1 + 1", "FL-EXPR-02", "constants only"),
    ("True", "FL-EXPR-02", "names no column"),
    ("2 * a@b == 1", "FL-EXPR-02", "two names"),
]


@pytest.mark.parametrize(("text", "code", "says"), REFUSED)
def test_texts_outside_the_grammar_are_refused(text: str, code: str, says: str) -> None:
    with pytest.raises(ExpressionFault) as caught:
        parse(text)
    assert caught.value.code == code
    assert says in str(caught.value)


def calls_for(text: str, frame: pd.DataFrame) -> int:
    """How many Python calls one answer takes: the work, without a clock."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    expression, table = parse(text), nw.from_native(frame, eager_only=True)
    sys.setprofile(count)
    try:
        table.select(answer=expression.truth(table.schema)[0])
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("text", ["a == 1 or ", "a == 1 and ", "a + ", "a * 2 - "])
def test_work_grows_with_the_length_of_the_text(text: str) -> None:
    """Twice as many parts take twice as many calls; with the square they would take four times as many."""
    frame = pd.DataFrame({"a": [0.0, 1.0, NAN]})
    last = "a == 1"
    once, twice = (calls_for(text * parts + last, frame) for parts in (14, 28))
    assert twice < 2.6 * once


@pytest.mark.parametrize("word", ["and", "or"])
def test_eight_hundred_parts(word: str) -> None:
    frame = pd.DataFrame({"a": [0.0, 1.0, 799.0, NAN]})
    text = f" {word} ".join(f"a!={k}" if word == "and" else f"a=={k}" for k in range(800))
    table = nw.from_native(frame, eager_only=True)
    answer = table.select(answer=parse(text).truth(table.schema)[0])["answer"].to_list()
    assert answer == ([False] * 4 if word == "and" else [True, True, True, False])


UNUSABLE = [
    ("region2 == 1", "FL-EXPR-03", "'region'"),
    ("missing(region2)", "FL-EXPR-03", "'region'"),
    ("word == 1", "FL-EXPR-04", "'word == 1', at character 1"),
    ("region == 'North'", "FL-EXPR-04", "character 1"),
    ("region in ['North']", "FL-EXPR-04", "text"),
    ("word in [1]", "FL-EXPR-04", "text"),
    ("word + 1 > 2", "FL-EXPR-04", "text"),
    ("-word == 1", "FL-EXPR-04", "text"),
    ("word", "FL-EXPR-04", "text"),
    ("word and region == 1", "FL-EXPR-04", "text"),
    ("day == 1", "FL-EXPR-04", "date"),
    ("day == word", "FL-EXPR-04", "date"),
    ("day", "FL-EXPR-04", "date"),
    ("day == 'Tuesday'", "FL-EXPR-06", "is no date"),
    ("day == '2020-03-31T10:00+02:00'", "FL-EXPR-06", "is no date"),
    ("day in ['soon']", "FL-EXPR-06", "is no date"),
    ("zoned > '2020-01-01'", "FL-EXPR-05", "'zoned' is Datetime"),
    ("listed == 1", "FL-EXPR-05", "'listed' is List"),
]


@pytest.mark.parametrize(("text", "code", "says"), UNUSABLE)
def test_expressions_that_do_not_fit_the_columns_are_refused(text: str, code: str, says: str) -> None:
    schema = nw.Schema(
        {
            "region": nw.Int64(),
            "word": nw.String(),
            "day": nw.Date(),
            "zoned": nw.Datetime("us", "UTC"),
            "listed": nw.List(nw.Int64()),
        }
    )
    expression = parse(text)
    with pytest.raises(ExpressionFault) as of_truth:
        expression.truth(schema)
    assert of_truth.value.code == code
    assert says in str(of_truth.value)
    if text in ("word", "day"):
        return  # no truth, but a text or a date, which a derived column may be
    with pytest.raises(ExpressionFault) as of_value:
        expression.value(schema)
    assert of_value.value.code == code


def test_missing_of_an_absent_column_is_refused() -> None:
    with pytest.raises(ExpressionFault, match=r"\[FL-EXPR-03\]"):
        missing("regio", nw.Schema({"region": nw.Int64()}))
