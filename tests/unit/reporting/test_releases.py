"""Earlier releases are read from either file of a folder, and what their tables give away together is found by hand-made cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.disclosure.release_audit import derived, half_digit
from fl_estimate.reporting.releases import KnownTable, Release, read_release
from tests.unit.reporting.made import country

GEOGRAPHY = {"district": {"region": {"A": "R", "B": "R", "C": "R", "E": "S"}}}


def row(status: str, cases: float | None, **by: str) -> dict[str, Any]:
    """A published row of 400 people a cell."""
    margin = next(iter(by), "")
    return {
        "quantity": "prevalence", "outcome": "fl", "term": "", "margin": margin, "bound": "", "basis": "respondents",
        "value": float("nan") if cases is None else cases / 400, "se": float("nan"), "n": 400, "cases": cases,
        "publication": status, **by,
    }  # fmt: skip


def release(*rows: dict[str, Any], where: str = "", name: str = "r") -> Release:
    frame = pd.DataFrame(list(rows))
    return Release(name=name, tables=(KnownTable(name="p", where=where, frame=frame),), geography=GEOGRAPHY)


def table(c: str, rest: float) -> Release:
    """A region of `rest` cases beyond those of its district A, its districts B and C not printed."""
    return release(
        row("published", 30 + rest), row("published", 20 + rest, region="R"), row("published", 10, region="S"),
        row("published", 20, district="A"), row("at_most", None, district="B"), row(c, None, district="C"),
        row("published", 10, district="E"),
    )  # fmt: skip


@pytest.mark.parametrize(("rest", "ends"), [(2, (0, 2)), (7, (3, 4)), (8, (4, 4))])
def test_what_is_left_of_a_region_is_found(rest: float, ends: tuple[float, float]) -> None:
    """B and C are 0 to 4 each and add up to the rest."""
    found = derived([table("at_most", rest)])
    assert found["cell"].tolist() == ["district = B", "district = C"]
    assert found[["lower", "upper"]].drop_duplicates().to_numpy().tolist() == [list(ends)]


def test_what_leaves_everything_open_is_not_found() -> None:
    assert derived([table("at_most", 4)]).empty


def test_a_status_tells_that_there_are_enough() -> None:
    """C is withheld for the sake of B: it has 5 cases or more, so that of 8 B has 3 at most; of 9 it may have 4."""
    assert derived([table("not_published", 8)])[["cell", "upper"]].to_numpy().tolist() == [["district = B", 3.0]]
    assert derived([table("not_published", 9)]).empty


def test_two_releases_are_read_together() -> None:
    """What one hides the other prints."""
    first, second = table("at_most", 4), release(row("published", 4, district="B"), name="later")
    assert derived([first]).empty
    assert derived([first, second])["cell"].tolist() == ["district = C"]


def test_who_is_in_one_subpopulation_only() -> None:
    wide = release(row("published", 23), where="age >= 18")
    narrow = release(row("published", 20) | {"n": 300}, where="age >= 25", name="older")
    found = derived([wide, narrow])
    assert found[["what", "lower"]].to_numpy().tolist() == [["cases between", 3.0]]


def test_a_model_row_beside_a_withheld_cell_is_named() -> None:
    model = row("published", 9, district="B") | {"basis": "model", "cases": None}
    given = table("at_most", 4)
    both = Release(
        name="r", tables=(*given.tables, KnownTable(name="m", frame=pd.DataFrame([model]))), geography=GEOGRAPHY
    )
    assert derived([both])["what"].tolist() == ["model"]


def test_a_folder_is_read_from_either_file(tmp_path: Path) -> None:
    published = fl.publish(country())
    published.to_csv(tmp_path / "estimates.csv")
    from_csv = read_release(tmp_path)
    published.to_parquet(tmp_path / "estimates.parquet")
    from_parquet = read_release(tmp_path)
    for one, other in zip(from_csv.tables, from_parquet.tables, strict=True):
        assert one.by == other.by
        for name in ("value", "n", "cases"):
            assert one.frame[name].astype(float).tolist() == pytest.approx(
                other.frame[name].astype(float).tolist(), nan_ok=True
            )


def test_a_damaged_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "estimates.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-PUB-40"):
        read_release(tmp_path)
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-PUB-40"):
        read_release(tmp_path)


@pytest.mark.parametrize(
    ("value", "se", "half"), [(4790.0, 630.0, 5.0), (0.0123, float("nan"), 0.00005), (121.0, float("nan"), 0.5)]
)
def test_half_the_last_digit(value: float, se: float, half: float) -> None:
    assert half_digit(value, se) == pytest.approx(half)
