"""Lazy frames are read once, in batches: the bits of a frame in memory, no node that holds the rows, and sums that are kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design import met_labels, read_once, streamed
from fl_estimate.design.small_table import Totals
from fl_estimate.design.totals import as_frame, totals
from fl_estimate.inputs import relation_steps

ROWS = 3_000
DESIGN = fl.Design(weights="w", strata="stratum", psu="psu")
COLUMNS = {"w": nw.col("w"), "y": nw.col("y") == 1, "all": nw.col("w") > 0, "late": nw.col("row") < 2_900}
SUMS: dict[Any, tuple[str, ...]] = {
    "w": ("w",), "wy": ("w", "y"), "all": ("all", "w"), "late": ("late", "w"), "n": ("late",), "both": ("all", "late"),
}  # fmt: skip


def people() -> pl.DataFrame:
    """Answers of 3,000 made-up persons, with keys of every kind; `late` labels come in the last rows only."""
    rng = np.random.default_rng(28)
    text = np.array(["a", "b", "c"])[rng.integers(0, 3, ROWS)].tolist()
    text[-1], text[7] = "late", None
    whole = rng.integers(0, 5, ROWS).tolist()
    whole[-1], whole[-2], whole[9] = 900, -40, None
    items = {
        item: np.array(["no", true, "dk"])[rng.choice(3, ROWS, p=[0.8, 0.15, 0.05])]
        for item, true in {"w_low_no_wage": "yes", "c_docs": "experienced"}.items()
    }
    return pl.DataFrame(
        {
            "row": np.arange(ROWS), "stratum": rng.integers(0, 4, ROWS), "psu": rng.integers(0, 6, ROWS),
            "region": rng.integers(0, 5, ROWS), "age": rng.integers(15, 70, ROWS), "w": rng.uniform(1, 9, ROWS),
            "y": (rng.random(ROWS) < 0.1).astype(np.int8), "text": text, "whole": whole,
            "category": pl.Series(text, dtype=pl.Categorical), "truth": rng.random(ROWS) < 0.5,
            "part": rng.choice([0.5, 3.0], ROWS), "far": rng.choice([-(10**15), 10**15], ROWS),
            **items,
        }
    )  # fmt: skip


def same(one: Totals, other: Totals, *, bits: bool = True) -> None:
    np.testing.assert_array_equal(one.n, other.n)
    for name, key in one.keys.items():
        assert key.levels == other.keys[name].levels
        np.testing.assert_array_equal(key.codes, other.keys[name].codes)
    for name, values in one.sums.items():
        np.testing.assert_allclose(values, other.sums[name], rtol=0 if bits else 1e-12, atol=0)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often an engine is asked for rows, by what asks."""
    found: list[str] = []
    batches, collect, lazy_collect = streamed.read_batches, nw.LazyFrame.collect, pl.LazyFrame.collect

    def read(frame: Any) -> Any:
        found.append("batches")
        return batches(frame)

    def collected(self: Any, *given: Any, **options: Any) -> Any:
        found.append("collect")
        return collect(self, *given, **options)

    def natively(self: Any, *given: Any, **options: Any) -> Any:
        # polars 1 goes this way for every step of a frame in memory
        if sys._getframe(1).f_globals["__name__"] != "polars.dataframe.frame":  # pyright: ignore[reportPrivateUsage]
            found.append("polars")
        return lazy_collect(self, *given, **options)

    monkeypatch.setattr(streamed, "read_batches", read)
    monkeypatch.setattr(nw.LazyFrame, "collect", collected)
    monkeypatch.setattr(pl.LazyFrame, "collect", natively)
    return found


def in_batches_of(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of this many rows, of polars and of DuckDB."""
    monkeypatch.setattr(streamed, "BATCH", 1)
    monkeypatch.setattr(streamed, "PIECE", rows)
    monkeypatch.setattr(relation_steps, "PIECE", rows)


KEYS = [
    ("stratum", "psu"), ("text", "whole"), ("category", "truth"), ("part", "far", "text"), ("whole",), (),
]  # fmt: skip


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("batch", [7, 1_000, 100_000])
def test_batches_give_the_bits_of_a_frame_in_memory(
    keys: tuple[str, ...], batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_batches_of(batch, monkeypatch)
    frame = people()
    memory = totals(as_frame(frame), keys=keys, columns=COLUMNS, sums=SUMS)
    same(memory, totals(as_frame(frame.lazy()), keys=keys, columns=COLUMNS, sums=SUMS))
    relation = duckdb.connect().from_arrow(frame.with_columns(pl.col("category").cast(pl.String)).to_arrow())
    same(memory, totals(as_frame(relation), keys=keys, columns=COLUMNS, sums=SUMS))


@pytest.mark.parametrize(("name", "value"), [("PLACES", 3), ("LABELS", 1), ("APART", 2)])
def test_too_many_labels_are_left_to_the_engine(name: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed if name == "PLACES" else met_labels, name, value)
    in_batches_of(100, monkeypatch)
    frame = people()
    for keys in KEYS[:4]:
        memory = totals(as_frame(frame), keys=keys, columns=COLUMNS, sums=SUMS)
        same(memory, totals(as_frame(frame.lazy()), keys=keys, columns=COLUMNS, sums=SUMS), bits=False)
        relation = duckdb.connect().from_arrow(frame.with_columns(pl.col("category").cast(pl.String)).to_arrow())
        same(memory, totals(as_frame(relation), keys=keys, columns=COLUMNS, sums=SUMS), bits=False)


def test_whole_numbers_that_come_ever_lower_and_higher_keep_their_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    in_batches_of(10, monkeypatch)
    frame = pl.DataFrame({"k": [0, *(sign * i for i in range(1, 300) for sign in (1, -1))], "w": 1.0})
    found = totals(as_frame(frame.lazy()), keys=("k",), columns={"w": nw.col("w")}, sums={"w": ("w",)})
    assert found.keys["k"].levels == tuple(range(-299, 300))
    np.testing.assert_array_equal(found.sums["w"], np.ones(599))


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_missing_and_infinite_values_are_refused(bad: float | None) -> None:
    frame = people().with_columns(w=pl.when(pl.col("row") == 7).then(bad).otherwise(pl.col("w"))).lazy()
    with pytest.raises(fl.FlError, match="FL-EST-03"):
        totals(as_frame(frame), keys=("stratum",), columns=COLUMNS, sums=SUMS)


def test_no_rows() -> None:
    found = totals(as_frame(people().head(0).lazy()), keys=("text", "whole"), columns=COLUMNS, sums=SUMS)
    assert found.n.tolist() == []


# --- one pass over the rows of a study ---------------------------------------------------------------------------


def lazily(engine: str, folder: Path) -> Any:
    path = folder / "people.parquet"
    people().drop("category").write_parquet(path)
    return pl.scan_parquet(path) if engine == "polars" else duckdb.connect().read_parquet(str(path))


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_classes_estimates_and_replicates_are_one_pass(engine: str, tmp_path: Path, passes: list[str]) -> None:
    frame = lazily(engine, tmp_path)
    passes.clear()
    classified = fl.classify(frame, outcomes="forced_labour", short_instrument=True)
    linearised = fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, by="region")
    design = fl.replicate(classified, design=DESIGN, kind="rao-wu", replicates=20, seed=1)
    resampled = fl.estimate_prevalence(classified, "forced_labour", design=design, by="region")
    unknown = classified.coverage.to_frame()["unknown"].sum()
    assert passes == ["batches"]
    memory = fl.classify(people(), outcomes="forced_labour", short_instrument=True)
    assert unknown == memory.coverage.to_frame()["unknown"].sum() > 0
    for found, given in (
        (linearised, DESIGN),
        (resampled, fl.replicate(memory, design=DESIGN, kind="rao-wu", replicates=20, seed=1)),
    ):
        wanted = fl.estimate_prevalence(memory, "forced_labour", design=given, by="region").to_frame()
        np.testing.assert_array_equal(found.to_frame()[["value", "se"]].to_numpy(), wanted[["value", "se"]].to_numpy())


def test_answers_that_are_none_are_refused_by_whoever_looks_first(passes: list[str]) -> None:
    """Until then nobody has seen a row; after it every look is refused again."""
    frame = people().with_columns(
        pl.when(pl.col("row") == 5).then(pl.lit("perhaps")).otherwise("c_docs").alias("c_docs")
    )
    classified = fl.classify(frame.lazy(), outcomes="forced_labour", short_instrument=True)
    assert passes == []
    for _ in range(2):
        with pytest.raises(fl.FlError, match="FL-IND-06"):
            fl.estimate_prevalence(classified, "forced_labour", design=DESIGN)
        with pytest.raises(fl.FlError, match="FL-IND-06"):
            fl.replicate(classified, design=DESIGN, kind="jkn")
        for name in ("people", "rows", "coverage"):
            with pytest.raises(fl.FlError, match="c_docs in 1 rows"):
                getattr(classified, name)
        with pytest.raises(fl.FlError, match="FL-IND-06"):
            fl.estimate_quantile(classified, "age", 0.5, design=DESIGN)


def test_other_sums_are_read_anew_and_the_oldest_are_let_go(passes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    classified = fl.classify(people().lazy(), outcomes="forced_labour", short_instrument=True)
    asked: list[dict[str, Any]] = [{}, {"by": "region"}, {"where": "age >= 30"}, {"unknown": "exclude"}, {"by": "text"}]
    first = [fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, **each).national.se for each in asked]
    assert len(passes) == len(asked)
    again = [fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, **each).national.se for each in asked]
    assert again == first
    assert len(passes) == len(asked)
    monkeypatch.setattr("fl_estimate.inputs.unread_rows.MOST_NUMBERS", 1)
    fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, by="truth")
    assert classified.unread_rows is not None
    assert len(classified.unread_rows.tables) == 1


def test_columns_added_to_the_people_are_read_and_not_taken_from_what_was_kept() -> None:
    classified = fl.classify(people().lazy(), outcomes="forced_labour", short_instrument=True)
    before = fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, by="region").to_frame()
    moved = classified.assign(half=fl.cut("age", [15, 40]))
    assert moved.unread_rows is None
    after = fl.estimate_prevalence(moved, "forced_labour", design=DESIGN, by="region").to_frame()
    np.testing.assert_array_equal(before["value"], after["value"])


def test_an_expression_that_does_not_say_all_of_itself_is_not_kept() -> None:
    spelled = read_once.totals_key(("k",), {"w": nw.col("w")}, {"w": ("w",)})
    assert spelled == read_once.totals_key(("k",), {"w": nw.col("w")}, {"w": ("w",)})
    assert spelled is not None
    hidden = nw.col("w").map_batches(lambda column: column)
    assert read_once.totals_key(("k",), {"w": hidden}, {"w": ("w",)}) is None


def test_the_query_holds_no_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of polars' streaming engine that gather all rows are drawn in this colour; such as a median of a group."""
    asked: list[pl.LazyFrame] = []
    batches = streamed.read_batches
    monkeypatch.setattr(streamed, "read_batches", lambda frame: (asked.append(frame.to_native()), batches(frame))[1])
    frame = lazily("polars", tmp_path)
    for given in (frame, frame.with_columns(pl.col("w_low_no_wage", "c_docs").cast(pl.Categorical))):
        classified = fl.classify(given, outcomes="forced_labour", short_instrument=True)
        fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, by=["region", "text"], where="age > 20")
        fl.estimate_total(given, "y", design=fl.Design(weights="w", strata="stratum", psu="psu", expands=True))
    gathers = frame.group_by("region").agg(pl.col("w").median())
    drawn = [
        one.show_graph(engine="streaming", plan_stage="physical", raw_output=True) or "" for one in (*asked, gathers)
    ]
    held = ['fillcolor="0.0 0.3 1.0"' in text.split("subgraph", 1)[0] for text in drawn]
    assert len(held) == 5
    assert held == [False] * 4 + [True]


def test_the_examples_of_the_benchmark_agree_with_a_frame_in_memory(tmp_path: Path) -> None:
    """The study that benchmarks/scale.py times is the same on polars and DuckDB, from categories and from texts."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("scale", Path(__file__).parents[3] / "benchmarks" / "scale.py")
    assert spec is not None
    assert spec.loader is not None
    scale: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scale)
    path = tmp_path / "people.parquet"
    scale.write_rows(path, 4_000)
    found = {
        (engine, kind): scale.study(scale.opened(engine, path, *scale.STUDIES[kind]), scale.STUDIES[kind][0])
        for engine in ("polars", "duckdb")
        for kind in ("nested", "texts")
    }
    assert len({tuple(each) for each in found.values()}) == 1
