"""How often a study file reads the rows of its people: once to load them and check them, once for all estimates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from fl_estimate.design import summed_together
from fl_estimate.errors import FlError
from fl_estimate.study.run import check_study, figures_of

ROWS = 900
MAPPING = """
id = "passes"
[people]
person_id = "id"
sex = "sex"
age_interview = "age"
[jobs]
from = "people"
w_low_no_wage = "paid"
c_docs = "papers"
[reference_period]
start = 2023-01-01
end = 2023-12-31
[design]
weights = "w"
strata = "stratum"
psu = "psu"
expands = true
"""
ESTIMATES: list[dict[str, Any]] = [
    {"kind": "prevalence", "outcome": "forced_labour", "by": [["region"], ["sex"]]},
    {"kind": "prevalence", "outcome": "forced_labour", "by": [["sex"]]},
    {"kind": "prevalence", "outcome": "forced_labour", "by": [["region"]], "unknown": "bounds"},
    {"kind": "prevalence", "outcome": "forced_labour", "by": [["district"]], "unknown": "exclude"},
    {"kind": "total", "outcome": "forced_labour", "by": [["region"]]},
    {"kind": "total", "outcome": "older", "where": "sex == 2"},
    {"kind": "mean", "variable": "income", "by": [["region"]]},
]  # fmt: skip


def people() -> pl.DataFrame:
    """Made-up answers of 900 persons; districts lie in regions."""
    rng = np.random.default_rng(28)
    district = rng.integers(0, 8, ROWS)
    return pl.DataFrame(
        {
            "id": [f"p{row}" for row in range(ROWS)], "stratum": rng.integers(0, 3, ROWS), "psu": rng.integers(0, 6, ROWS),
            "district": district, "region": [f"r{each // 3}" for each in district], "sex": rng.integers(1, 3, ROWS),
            "age": rng.integers(18, 70, ROWS), "w": rng.uniform(100, 900, ROWS), "income": rng.uniform(0, 99, ROWS),
            "branch": rng.choice(["farm", "home", "mine"], ROWS), "paid": rng.choice(["no", "yes", "dk"], ROWS, p=[0.6, 0.35, 0.05]),
            "papers": rng.choice(["no", "experienced", "dk"], ROWS, p=[0.6, 0.35, 0.05]),
        }
    )  # fmt: skip


def study(folder: Path, engine: str, frame: pl.DataFrame | None = None, *, classify: bool = True) -> Path:
    home = folder / engine
    home.mkdir()
    (people() if frame is None else frame).write_parquet(home / "people.parquet")
    (home / "people.toml").write_text(MAPPING, encoding="utf-8")
    lines = [
        'title = "Passes"',
        f'[source.people]\nfile = "people.parquet"\nmapping = "people.toml"\nengine = "{engine}"',
    ]
    lines += ['[source.people.derived]\nolder = "age_interview > 40"']
    lines += ['[classify]\nframework = "icls2018_adult"\nshort_instrument = true'] if classify else []
    for position, entry in enumerate(ESTIMATES):
        if classify or entry.get("outcome") != "forced_labour":
            keys = "\n".join(f"{key} = {str(value) if key == 'by' else repr(value)}" for key, value in entry.items())
            lines.append(f'[[estimate]]\nname = "e{position}"\n{keys}'.replace("'", '"'))
    path = home / "study.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Passes:
    """What engines were asked, each question of rows once: how often the file is scanned by it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, int]] = []
        self._inside = False
        for name in ("collect", "collect_batches"):
            self._watch(monkeypatch, pl.LazyFrame, name, lambda given: pl.LazyFrame.explain(given[0]))
        self._watch(monkeypatch, pl, "collect_all", lambda given: pl.explain_all(given[0]))
        for name in ("to_arrow_reader", "to_arrow_table", "fetchall", "df", "pl"):
            self._watch(
                monkeypatch,
                duckdb.DuckDBPyRelation,
                name,
                lambda given: given[0].explain().replace("PARQUET_SCAN", "SCAN"),
            )

    def _watch(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, plan: Any) -> None:
        real = getattr(owner, name)

        def asked(*given: Any, **options: Any) -> Any:
            scans = 0 if self._inside else plan(given).count("SCAN")
            # A frame in memory is scanned as "DF", and is no file.
            if scans:
                self.asked.append((name, scans))
            before, self._inside = self._inside, True
            try:
                return real(*given, **options)
            finally:
                self._inside = before

        monkeypatch.setattr(owner, name, asked)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    return Passes(monkeypatch)


def rows_of(path: Path) -> dict[str, pd.DataFrame]:
    published = figures_of(path)
    assert published is not None
    return {table.name: table.frame.assign(hidden=np.asarray(table.hidden)) for table in published.tables}


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    return rows_of(study(tmp_path_factory.mktemp("memory"), "pandas"))


BATCHES = {"polars": [("collect_batches", 2)], "duckdb": [("collect_batches", 1), ("to_arrow_reader", 3)]}
"""People and jobs are two tables of the one file. DuckDB reads people a second time, for the ages of those whose jobs they are; what it
reads is the one source of the question that polars is asked."""


@pytest.mark.pinned("polars")  # polars 1 reads a file again for each part of one question: same figures, more scans
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_study_reads_its_people_once_to_load_them_and_once_for_all_estimates(
    engine: str, tmp_path: Path, in_memory: dict[str, pd.DataFrame], passes: Passes
) -> None:
    found = rows_of(study(tmp_path, engine))
    assert passes.asked == [("collect_all", 2), *BATCHES[engine]]
    assert found.keys() == in_memory.keys()
    for name, table in found.items():
        # What is hidden is hidden alike: the audit knew which districts lie in which regions.
        pd.testing.assert_frame_equal(table, in_memory[name], rtol=1e-12)


@pytest.mark.pinned("polars")  # polars 1 reads a file again for each part of one question: same figures, more scans
def test_values_of_a_text_outcome_are_asked_for_once_and_a_survey_without_classes_is_read_as_often(
    tmp_path: Path, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [{"kind": "prevalence", "outcome": "branch", "by": [["sex"]]}, {"kind": "total", "outcome": "branch"}]
    monkeypatch.setattr(f"{__name__}.ESTIMATES", [*ESTIMATES, *more])
    rows_of(study(tmp_path, "polars", classify=False))
    assert passes.asked == [("collect_all", 1), ("collect_batches", 1), ("collect_batches", 1)]


def test_cells_that_are_no_answers_are_told_once_whichever_pass_met_them(tmp_path: Path) -> None:
    frame = people().with_columns(papers=pl.when(pl.col("id") == "p7").then(pl.lit("perhaps")).otherwise("papers"))
    for engine in ("pandas", "polars", "duckdb"):
        with pytest.raises(FlError) as raised:
            check_study(study(tmp_path, engine, frame))
        assert str(raised.value).count("c_docs") == 1
        assert "perhaps" not in str(raised.value)


def test_what_cannot_be_summed_together_is_asked_alone(
    tmp_path: Path, in_memory: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[int] = []
    real = summed_together.totals_together
    monkeypatch.setattr(
        "fl_estimate.design.read_once.totals_together",
        lambda frame, asked: [None if at % 2 else table for at, table in enumerate(real(frame, asked))],
    )
    monkeypatch.setattr("fl_estimate.design.read_once.totals", _noting(alone))
    found = rows_of(study(tmp_path, "polars"))
    assert alone
    for name, table in found.items():
        pd.testing.assert_frame_equal(table, in_memory[name], rtol=1e-12)


def _noting(alone: list[int]) -> Any:
    from fl_estimate.design.totals import totals

    def asked(*given: Any, **options: Any) -> Any:
        alone.append(1)
        return totals(*given, **options)

    return asked
