"""A coverage report as text, page and file: shares in per cent, names escaped, and what is read is what was saved."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault, FileFault

PEOPLE = fl.datasets.clustered_population(persons=4_000, psus=80, strata=1, areas=4, prevalence=0.05, icc=0.05, seed=2)


@pytest.fixture(scope="module")
def report() -> fl.CoverageReport:
    return fl.simulate_coverage(
        PEOPLE, fl.SampleDesign(strata="area", psu="psu", psus=5, persons=10), "outcome", by="area", samples=6, seed=1,
        estimators={"a|b <i>": "prevalence", "wald": ("prevalence", {"interval": "wald"})},
    )  # fmt: skip


def test_it_is_read_as_it_was_saved(report: fl.CoverageReport, tmp_path: Path) -> None:
    read = fl.CoverageReport.read(report.save(tmp_path / "report.json"))
    pd.testing.assert_frame_equal(read.to_frame(), report.to_frame())
    pd.testing.assert_frame_equal(read.by_class(), report.by_class())
    assert (read.level, read.samples, read.asked, read.version) == (0.95, 6, 6, report.version)
    assert read.settings == report.settings
    assert repr(read) == repr(report)


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    for text in ("{}", "[]", "no json", '{"form": "another"}'):
        other.write_text(text)
        with pytest.raises(FileFault, match="FL-FILE-22"):
            fl.CoverageReport.read(other)
    with pytest.raises(FileFault, match="FL-FILE-01"):
        fl.CoverageReport.read(tmp_path / "absent.json")


def test_the_text_has_a_line_an_estimator(report: fl.CoverageReport) -> None:
    lines = repr(report).splitlines()
    assert "95 % intervals over all domains, 6 samples" in lines[0]
    assert [line.split()[0] for line in lines[2:4]] == ["a\\|b", "wald"]


def test_the_page_escapes_names(report: fl.CoverageReport) -> None:
    page = report._repr_html_()
    assert "<i>" not in page
    assert page.count("<tr>") == 3


def test_markdown_has_a_row_a_class_and_shares_in_per_cent(report: fl.CoverageReport) -> None:
    lines = report.to_markdown(kinds=["domains"], columns=["estimator", "class", "coverage"]).splitlines()
    assert lines[0] == "| estimator | class | coverage |"
    assert len(lines) == 4
    assert lines[3].startswith("| wald | all | ")
    assert lines[3].endswith(" % |")
    assert report.to_markdown("domain").count("\n") == 2 + len(report.table)


def test_copies_leave_the_report_alone(report: fl.CoverageReport) -> None:
    for copy, own in ((report.to_frame(), report.table), (report.by_class(), report.classes)):
        copy.loc[:, "coverage"] = 0.0
        assert (own["coverage"] > 0).any()


def test_the_worst_come_first(report: fl.CoverageReport) -> None:
    assert report.worst(3)["coverage"].is_monotonic_increasing
    assert report.worst(1)["coverage"].item() == report.table["coverage"].min()
    assert len(report.worst(1_000)) == len(report.table)


def test_what_is_not_there_is_refused(report: fl.CoverageReport) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-392"):
        report.worst(0)
    with pytest.raises(EstimateFault, match="FL-EST-393"):
        report.to_markdown("domains")
    with pytest.raises(EstimateFault, match="FL-EST-394"):
        report.to_markdown(columns=["estimator", "covrage"])
