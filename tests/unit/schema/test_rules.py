"""Proves that each rule finds the rows that break it and no others, on every engine, and never shows an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest

from fl_estimate.schema import rules
from fl_estimate.schema.rules import Check, CheckedRows
from fl_estimate.schema.validate import KEPT, Fault
from fl_estimate.schema.variables import TABLES

NAN = float("nan")


CONNECTION = duckdb.connect()  # one for all: relations of two connections cannot be joined


def _duckdb(frame: pl.DataFrame) -> Any:
    return CONNECTION.from_arrow(frame.to_arrow())


ENGINES: dict[str, Callable[[pl.DataFrame], Any]] = {
    "pandas": lambda frame: frame.to_pandas(),
    "pandas pyarrow": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
    "polars": lambda frame: frame,
    "polars lazy": lambda frame: frame.lazy(),
    "duckdb": _duckdb,
}


@pytest.fixture(params=ENGINES)
def rows(request: pytest.FixtureRequest) -> Callable[..., CheckedRows]:
    def build(table: str = "people", record: str | None = None, **columns: Any) -> CheckedRows:
        frame = pl.DataFrame({"row": range(len(next(iter(columns.values())))), **columns}, strict=False)
        return CheckedRows(table=table, frame=nw.from_native(ENGINES[request.param](frame)), row="row", record=record)

    return build


def _found(rows: CheckedRows, checks: list[Check]) -> dict[tuple[str, str], tuple[int, ...]]:
    return {(fault.variable, fault.value_class): fault.rows for fault in rules.find(rows, checks)}


def _values(rows: CheckedRows) -> dict[tuple[str, str], tuple[int, ...]]:
    return _found(rows, rules.value_checks(TABLES[rows.table], rows.frame.collect_schema()))


def test_code_lists_limits_and_keys(rows: Callable[..., CheckedRows]) -> None:
    got = _values(
        rows(
            person_id=["a", "b", None, "d"],
            sex=[1, 4, None, 3],
            age_interview=[0, 120, 121, -1],
            urban=["urban", None, "town", "rural"],
            hours_week=[168.0, NAN, None, 168.5],
        )
    )
    assert got == {
        ("person_id", "missing"): (2,),
        ("sex", "not in the code list"): (1,),
        ("age_interview", "outside 0 to 120"): (2, 3),
        ("urban", "not in the code list"): (2,),
        ("hours_week", "outside 0 to 168"): (3,),
    }


def test_item_columns_of_jobs(rows: Callable[..., CheckedRows]) -> None:
    columns: dict[str, Any] = {
        "job_id": ["1", "2", "3"],
        "person_id": ["a", "b", "c"],
        "w_hazard": ["yes", "perhaps", None],
        "c_docs@work": ["threatened", "nearly", "not_asked"],
        "pay_amount": [0.0, -1.0, None],
    }
    assert _values(rows(table="jobs", **columns)) == {
        ("w_hazard", "not in the code list"): (1,),
        ("c_docs@work", "not in the code list"): (1,),
        ("pay_amount", "below 0"): (1,),
    }


def test_a_job_belongs_to_a_person_or_to_a_relative(rows: Callable[..., CheckedRows]) -> None:
    got = _values(
        rows(
            table="jobs",
            job_id=["1", "2", "3", "4"],
            person_id=["a", None, "c", None],
            relative_id=[None, "r", "s", None],
        )
    )
    assert got == {("person_id or relative_id", "both or neither"): (2, 3)}


def test_weights_are_numbers_and_none_is_negative(rows: Callable[..., CheckedRows]) -> None:
    weights = [1.0, 0.0, -2.0, None, NAN, float("inf"), float("-inf")]
    frame = rows(w=weights)
    got = _found(frame, rules.weight_checks("w", frame.frame.collect_schema()))
    assert got == {
        ("w", "zero: no respondent, counted in no figure"): (1,),
        ("w", "negative"): (2,),
        ("w", "missing"): (3, 4),
        ("w", "infinite"): (5, 6),
    }


def test_design_columns_are_there_in_every_row(rows: Callable[..., CheckedRows]) -> None:
    frame = rows(w=[1.0, 2.0], h=["x", None], ea=[None, 7], N=[0.0, 10.0], t=["a", "b"])
    checks, faults = rules.design_checks(
        weights="w", strata="h", stages=("ea",), fpc=("N", "t"), schema=frame.frame.collect_schema()
    )
    assert _found(frame, checks) == {
        ("h", "missing"): (1,),
        ("ea", "missing"): (0,),
        ("N", "zero or negative"): (0,),
    }
    assert [(fault.variable, fault.value_class) for fault in faults] == [("t", "not numbers")]


def test_strata_with_one_sampling_unit(rows: Callable[..., CheckedRows]) -> None:
    frame = rows(h=[1, 1, 2, 2, 3, None], ea=["a", "b", "a", "a", "c", "z"])
    (fault,) = rules.single_unit_strata(frame, "h", "ea")
    assert (fault.variable, fault.count, fault.rows) == ("h", 3, (2, 3, 4))


def test_strata_with_one_row_where_rows_are_the_units(rows: Callable[..., CheckedRows]) -> None:
    (fault,) = rules.single_unit_strata(rows(h=[1, 1, 2]), "h", None)
    assert fault.rows == (2,)


def test_strata_with_two_units_are_no_fault(rows: Callable[..., CheckedRows]) -> None:
    assert rules.single_unit_strata(rows(h=[1, 1], ea=["a", "b"]), "h", "ea") == ()


def test_keys_that_occur_twice(rows: Callable[..., CheckedRows]) -> None:
    frame = rows(record="person_id", person_id=["a", "b", "a", None, None])
    (fault,) = rules.duplicates(frame, "person_id")
    assert (fault.count, fault.rows, fault.records) == (2, (0, 2), ("a", "a"))
    assert rules.duplicates(rows(person_id=["a", "b"]), "person_id") == ()


def test_keys_that_name_no_row_of_the_other_table(rows: Callable[..., CheckedRows]) -> None:
    jobs = rows(table="jobs", person_id=["a", "x", None])
    people = rows(person_id=["a", "b"])
    (fault,) = rules.unmatched(jobs, "person_id", people.frame, "person_id", other_table="people")
    assert fault == Fault(
        table="jobs", variable="person_id", rule="key of people", value_class="not in people", count=1, rows=(1,)
    )
    warning = rules.unmatched(people, "person_id", jobs.frame, "person_id", other_table="jobs", severity="warning")
    assert [(fault.rows, fault.severity) for fault in warning] == [((1,), "warning")]


def test_a_lazy_table_is_compared_with_one_in_memory() -> None:
    lazy = CheckedRows(table="jobs", frame=nw.from_native(pl.LazyFrame({"row": [0], "person_id": ["x"]})), row="row")
    eager = nw.from_native(pl.DataFrame({"person_id": ["a"]}))
    assert rules.unmatched(lazy, "person_id", eager, "person_id", other_table="people")[0].count == 1
    in_memory = CheckedRows(
        table="jobs", frame=nw.from_native(pl.DataFrame({"row": [0], "person_id": ["x"]})), row="row"
    )
    assert rules.unmatched(in_memory, "person_id", eager.lazy(), "person_id", other_table="people")[0].count == 1


def test_every_row_is_counted_and_so_many_are_listed() -> None:
    frame = pl.DataFrame({"row": range(KEPT + 500), "sex": [9] * (KEPT + 500)})
    people = CheckedRows(table="people", frame=nw.from_native(frame), row="row")
    (fault,) = rules.find(people, rules.value_checks(TABLES["people"], people.frame.collect_schema()))
    assert (fault.count, len(fault.rows)) == (KEPT + 500, KEPT)


def test_nothing_to_check_is_no_fault(rows: Callable[..., CheckedRows]) -> None:
    assert rules.find(rows(a=[1]), []) == ()


def test_columns_that_must_be_there_and_kinds_of_values() -> None:
    schema = nw.Schema(
        {
            "hh_id": nw.Int64(),
            "sex": nw.String(),
            "urban": nw.Int64(),
            "age_interview": nw.Float64(),
            "migrant_status": nw.Categorical(),
        }
    )
    faults = rules.column_faults(TABLES["people"], schema, 0)
    assert {(fault.variable, fault.value_class) for fault in faults} == {
        ("person_id", "the table is empty"),
        ("person_id", "the column is not there"),
        ("hh_id", "not text"),
        ("sex", "not numbers"),
        ("urban", "numbers or dates where codes of the list are expected"),
    }
    (owner,) = rules.column_faults(TABLES["jobs"], nw.Schema({"job_id": nw.String()}), None)
    assert owner.variable == "person_id or relative_id"


def test_no_fault_shows_an_answer() -> None:
    frame = pl.DataFrame({"row": [0], "urban": ["my secret"], "w_hazard": ["my secret"], "job_id": ["1"]})
    for table in ("people", "jobs"):
        checked = CheckedRows(table=table, frame=nw.from_native(frame), row="row")
        faults = rules.find(checked, rules.value_checks(TABLES[table], checked.frame.collect_schema()))
        assert faults
        assert "secret" not in repr(faults)


@pytest.mark.parametrize("kind", ["category", "string[pyarrow]"])
def test_codes_may_be_categories(kind: str) -> None:
    native = pd.DataFrame({"row": [0, 1], "urban": pd.Series(["urban", "town"], dtype=kind)})
    people = CheckedRows(table="people", frame=nw.from_native(native), row="row")
    assert _values(people) == {("urban", "not in the code list"): (1,)}
