"""A file that is there and may not be read, or goes while it is read, is said by a code that names it and no path of the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.laboratory.report import CoverageReport
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.formats import delimited
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.truth import read_truth
from fl_estimate.reproduce import reproduce
from fl_estimate.study.run import check_study

READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "x.csv": ("FL-FILE-56", read_table),
    "x.parquet": ("FL-FILE-56", read_table),
    "x.xlsx": ("FL-FILE-56", read_table),
    "x.sav": ("FL-FILE-56", read_table),
    "lists.csv": ("FL-FILE-56", lambda path: fl.load_lists(path, lists=["a", "b"])),
    "study.toml": ("FL-FILE-56", check_study),
    "mapping.toml": ("FL-FILE-56", lambda path: fl.load(path.parent / "sound.csv", mapping=path)),
    "rule.toml": ("FL-FILE-56", fl.SuppressionRule.read),
    "framework.toml": ("FL-IND-02", fl.Framework.read),
    "target.toml": ("FL-STUDY-30", lambda path: reproduce([path])),
    "map.geojson": ("FL-FILE-56", read_areas),
    "truth.json": ("FL-FILE-56", read_truth),
    "coverage.json": ("FL-FILE-56", CoverageReport.read),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_may_not_be_read_is_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root everything may be read, so the refusal of the system is put in its place."""
    (tmp_path / "sound.csv").write_text("a,b\n1,2\n")
    file = tmp_path / name
    file.write_text("x = 1\n")
    before = {"open": Path.open, "read_bytes": Path.read_bytes}

    def refusing(what: str) -> Callable[..., Any]:
        def refused(self: Path, *given: Any, **named: Any) -> Any:
            if self.name == name:
                raise PermissionError(13, "Permission denied", str(self))
            return before[what](self, *given, **named)

        return refused

    for what in before:
        monkeypatch.setattr(Path, what, refusing(what))
    code, read = READERS[name]
    with pytest.raises(fl.FlError, match=code) as met:
        read(file)
    assert name in met.value.found
    assert str(tmp_path) not in str(met.value)


@pytest.mark.parametrize("ending", [".csv", ".sav"])
def test_a_file_that_goes_while_it_is_read_is_said(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"people{ending}"
    people: Any = pd.DataFrame({"a": [1.0, 2.0]})
    people.to_csv(file, index=False) if ending == ".csv" else pyreadstat.write_sav(people, file)
    module: Any = delimited
    if ending == ".sav":
        from fl_estimate.loaders import files

        module = files
    before = module.source_of

    def gone(path: Path, *given: Any) -> Any:
        path.unlink()
        return before(path, *given)

    monkeypatch.setattr(module, "source_of", gone)
    with pytest.raises(fl.FlError, match="FL-FILE-56"):
        read_table(file)
