"""A run that is taken up again takes the estimates that did not change from its private folder, and publishes as a fresh run does."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fl_estimate as fl
from fl_estimate.study.config import read_study
from fl_estimate.study.kept import KEPT, KeptEstimates
from fl_estimate.study.run import run_study
from tests.unit.study.made import people, write

STUDY = """\
[source.people]
file = "people.csv"
mapping = "people.toml"

[[estimate]]
name = "share"
kind = "ratio"
numerator = "case"
denominator = "one"
by = "region"

[[estimate]]
name = "mean"
kind = "mean"
variable = "case"

[[estimate]]
name = "north and south"
kind = "contrast"
estimates = "share"
between = { region = ["North", "South"] }

[publish]
languages = ["en"]
"""
ALL = ("share", "mean", "north and south")
FIGURES = ("estimates.csv", "estimates.parquet", "report.html")


class Run:
    """Runs of one study, each into a folder of its own, over one private folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write(folder)

    def __call__(
        self, out: str, *, resume: bool = True, study: str = STUDY, private: str = "private"
    ) -> fl.StudyResult:
        (self.folder / "small.toml").write_text(study, encoding="utf-8")
        own = self.folder / private if private else None
        return run_study(self.folder / "small.toml", out=self.folder / out, private=own, resume=resume)

    def same(self, one: str, other: str) -> bool:
        """Whether two folders hold the same bytes."""
        return all((self.folder / one / n).read_bytes() == (self.folder / other / n).read_bytes() for n in FIGURES)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that kept its estimates."""
    run = Run(tmp_path_factory.mktemp("kept"))
    assert run("fresh", resume=False).taken == ()
    return run


def test_all_are_taken_where_nothing_changed_and_the_folder_is_the_same(first: Run) -> None:
    assert first("again").taken == ALL
    assert first.same("fresh", "again")


def test_none_is_taken_without_the_private_folder_or_without_being_asked(first: Run) -> None:
    assert first("plain", private="").taken == ()
    assert first.same("fresh", "plain")
    shutil.copytree(first.folder / "private", first.folder / "unasked")
    assert first("plain", resume=False, private="unasked").taken == ()


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        ('variable = "case"', 'variable = "case"\nlevel = 0.9', ("share", "north and south")),
        # What is made of an estimate that changed is made again.
        pytest.param('denominator = "one"', 'denominator = "one"\nlevel = 0.9', ("mean",), marks=pytest.mark.slow),
        # The weights are others: every estimate of people.
        pytest.param('mapping = "people.toml"', 'mapping = "people.toml"\npopulation_size = 90000', (), marks=pytest.mark.slow),
        # Publication is done anew, and is no reason to estimate anew.
        pytest.param('languages = ["en"]', 'languages = ["fr"]', ALL, marks=pytest.mark.slow),
        ('languages = ["en"]', 'rule = { min_n = 300 }', ALL),
    ],
)  # fmt: skip
def test_what_changed_is_made_again_and_the_result_is_that_of_a_fresh_run(
    first: Run, before: str, after: str, taken: tuple[str, ...]
) -> None:
    study = STUDY.replace(before, after)
    shutil.rmtree(first.folder / "copy", ignore_errors=True)
    shutil.copytree(first.folder / "private", first.folder / "copy")
    assert first("changed", study=study, private="copy").taken == taken
    first("changed_fresh", study=study, private="", resume=False)
    assert first.same("changed", "changed_fresh")


def test_a_quantile_beside_them_makes_estimates_of_people_again(first: Run) -> None:
    """Weights are then on a grid on which sums over units are exact, and the last digits kept are those of another."""
    quantile = '[[estimate]]\nname = "median"\nkind = "quantile"\nvariable = "age_interview"\n\n[publish]'
    result = first("quantile", study=STUDY.replace("[publish]", quantile))
    assert result.ok
    assert not result.taken


@pytest.mark.slow
def test_data_that_changed_are_estimated_again(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run("fresh", resume=False)
    people().assign(W=1.0).to_csv(tmp_path / "people.csv", index=False)
    assert run("changed").taken == ()


@pytest.mark.slow
def test_what_is_damaged_or_of_no_estimate_is_not_taken(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run("fresh", resume=False)
    kept = sorted((tmp_path / "private" / KEPT).iterdir())
    assert len(kept) == 3
    for place in kept:
        (place / "made.parquet").write_bytes(b"no parquet")
    alien = tmp_path / "private" / KEPT / "0123456789abcdef"
    alien.mkdir()
    assert run("again").taken == ()
    assert not alien.exists()
    assert run.same("fresh", "again")


def test_draws_come_back_and_what_would_not_is_not_kept(tmp_path: Path) -> None:
    write(tmp_path)
    made = fl.estimate_mean(people(), "Q1", design=fl.Design(weights="W", strata="STR", psu="EA"))
    (tmp_path / "small.toml").write_text(STUDY, encoding="utf-8")
    share, mean, _ = read_study(tmp_path / "small.toml").config.estimate
    drawn = replace(made, draws=np.random.default_rng(1).normal(size=(50, len(made))))
    strange = replace(made, draws=np.array([["a"]]))
    kept = KeptEstimates(folder=tmp_path / KEPT, keys={"share": "1", "mean": "2"}, take_them=True)
    kept.keep(share, drawn, drawn)
    kept.keep(mean, strange, strange)
    found = kept.take(share)
    assert found is not None
    assert np.array_equal(found[0].draws, drawn.draws)
    assert found[0].frame.equals(drawn.frame)
    assert kept.take(mean) is None
    assert KeptEstimates(folder=tmp_path / KEPT, keys={"share": "other"}, take_them=True).take(share) is None
