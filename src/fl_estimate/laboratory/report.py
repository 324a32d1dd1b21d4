"""CoverageReport: what a simulation says of every estimator, as a table, as words and as a file. Nothing is simulated here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.errors import EstimateFault, FileFault, bytes_of, is_file, missing_columns, not_one_of, shown
from fl_estimate.laboratory.summary import KEYS
from fl_estimate.neutral import json_text, visible
from fl_estimate.pages.frames import html_text
from fl_estimate.results import storage
from fl_estimate.results.provenance import package_version
from fl_estimate.saved import SavedForm

FORM = SavedForm(kind="coverage report", number=1, again="simulate again and save")
SHARES = (
    "coverage",
    "interval_below",
    "interval_above",
    "refused",
    "flagged",
    "withheld",
    "warned",
    "warned_of_misses",
    "coverage_published",
    "least_coverage",
)
SIGNED = ("relative_bias", "se_bias")
HEADINGS: Mapping[str, str] = {
    "estimator": "estimator", "outcome": "outcome", "term": "term", "bound": "bound", "margin": "domains of", "domain": "domain",
    "kind": "by", "class": "class", "domains": "domains", "samples": "samples", "intervals": "intervals",
    "truth": "truth", "expected_cases": "expected cases",
    "coverage": "coverage", "coverage_error": "± (Monte Carlo)", "interval_below": "interval below the truth",
    "interval_above": "interval above the truth", "least_coverage": "least of a domain", "relative_bias": "relative bias",
    "se_bias": "bias of the SE", "rmse": "RMSE", "mean_width": "mean width", "median_width": "median width",
    "width_ratio": "width / shortest that covers", "refused": "no interval", "flagged": "with caution", "withheld": "withheld",
    "warned": "warned of few units", "warned_of_misses": "of those that miss, warned of few units",
    "coverage_published": "coverage of those published", "sd": "SD over samples", "mean_se": "mean SE", "bias": "bias",
    "mean": "mean", "refusals": "why no interval", "shortest_width": "shortest width that covers", "quantity": "quantity",
}  # fmt: skip
"""What columns are called in a page."""
IN_PAGES = ("estimator", "kind", "class", "intervals", "coverage", "coverage_error", "interval_below", "interval_above", "relative_bias", "se_bias", "width_ratio", "refused", "withheld")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CoverageReport:
    """What a simulation says of estimators: how often their intervals hold the truth, how wide they are, what they refuse.

    Made by `fl.simulate_coverage`. It holds what is true of the population, domain by domain: like a survey's full estimates it
    is for the analyst.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an estimator, outcome and domain; columns in `to_frame`.
    classes : pandas.DataFrame
        One row an estimator, outcome and class of domains; `by_class` is a copy.
    level : float
        Nominal coverage.
    samples, asked : int
        Samples drawn, and asked for; fewer were drawn where the time was up.
    settings : mapping
        Design, seed and arguments, as texts and numbers.
    version : str
        Of fl_estimate.
    """

    table: pd.DataFrame
    classes: pd.DataFrame
    level: float
    samples: int
    asked: int
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: str = field(default_factory=package_version)

    @property
    def complete(self) -> bool:
        """Whether every sample asked for was drawn."""
        return self.samples == self.asked

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table, a row an estimator × outcome × domain.

        `estimator, quantity, outcome, term, bound, margin, domain`; `samples`; `truth`; `expected_cases`, the mean number of
        persons with the outcome in the sample; `coverage` of the samples that have an interval, with its Monte Carlo standard error
        `coverage_error`; `interval_below` and `interval_above`, the shares whose interval lies below or above the truth;
        `refused`, the share without an interval, and `refusals`, the codes that say why; `flagged` and `withheld`, the shares
        that the rule of publication prints with caution, or not as a figure; `warned`, the share of the intervals whose row says that
        its cases stand in few units (``cases_in_few_units``), and `warned_of_misses`, that of the intervals that miss the truth, which
        says whether the warning is where it is needed; `coverage_published`, of those not withheld;
        `mean`, `bias`, `relative_bias`; `sd` over the samples, `mean_se`, `se_bias` (mean_se/sd − 1); `rmse`; `mean_width`,
        `median_width`, `shortest_width` and `width_ratio` (see `fl.simulate_coverage`).
        """
        return self.table.copy()

    def by_class(self) -> pd.DataFrame:
        """A copy of the table by class of domains.

        `kind` and `class`: the nation; all domains; domains by expected cases (under 1, 1–4, 5–9, 10–19, 20 and more); by cases
        met in the sample, which is known to a user, sample by sample; the tenths of domains with the lowest and the highest truth.
        Coverage and other shares are over all intervals of the class; `coverage_error` is between samples; `least_coverage` is
        that of the worst of its domains.
        """
        return self.classes.copy()

    def worst(self, n: int = 10) -> pd.DataFrame:
        """The rows by domain that cover least, the n first; those without any interval before all.

        Raises
        ------
        EstimateFault
            FL-EST-392: n is no whole number above 0.
        """
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise EstimateFault(
                "FL-EST-392", "how many rows to show is not clear", found=shown(n), fix="a whole number: worst(10)"
            )
        order = self.table["coverage"].sort_values(kind="stable", na_position="first").index
        return self.table.loc[order[:n]].reset_index(drop=True)

    def to_markdown(
        self, of: str = "class", *, columns: Sequence[str] | None = None, kinds: Sequence[str] | None = None
    ) -> str:
        """A table as Markdown, for a page: shares in per cent.

        Parameters
        ----------
        of : {"class", "domain"}
        columns : sequence of str, optional
            Those of `by_class`, or of `to_frame`.
        kinds : sequence of str, optional
            Of classes: "nation", "domains", "expected cases", "cases in the sample", "truth".

        Raises
        ------
        EstimateFault
            FL-EST-393: another table; FL-EST-394: a column that is not there.
        """
        if of not in ("class", "domain"):
            raise not_one_of("FL-EST-393", "this table of a coverage report", of, ("class", "domain"))
        frame = self.classes if of == "class" else self.table
        usual = IN_PAGES if of == "class" else ("estimator", "outcome", "domain", "expected_cases", *IN_PAGES[4:])
        chosen = list(usual if columns is None else columns)
        absent = [name for name in chosen if name not in frame.columns]
        if absent:
            raise missing_columns("FL-EST-394", absent, [str(name) for name in frame.columns], EstimateFault)
        if kinds is not None and of == "class":
            frame = frame[frame["kind"].isin(list(kinds))]
        lines = [
            "| " + " | ".join(HEADINGS.get(name, name) for name in chosen) + " |",
            "|" + "|".join("---:" if pd.api.types.is_numeric_dtype(frame[name]) else "---" for name in chosen) + "|",
        ]
        lines += [
            "| " + " | ".join(_cell(name, value) for name, value in zip(chosen, row, strict=True)) + " |"
            for row in frame[chosen].itertuples(index=False)
        ]
        return "\n".join(lines) + "\n"

    def save(self, path: str | Path) -> Path:
        """Write the report to a JSON file, at once or not at all.

        Raises
        ------
        FileFault
            FL-FILE-08: it cannot be written.
        """
        told = {
            "form": FORM.text, "version": self.version, "level": self.level, "samples": self.samples, "asked": self.asked,
            "settings": dict(self.settings), "table": _packed(self.table), "classes": _packed(self.classes),
        }  # fmt: skip
        return storage.write(json_text(told, indent=1).encode(), Path(path))

    @classmethod
    def read(cls, path: str | Path) -> CoverageReport:
        """Read what `save` wrote.

        Raises
        ------
        FileFault
            FL-FILE-01: no such file; FL-FILE-22: it is no coverage report; FL-FILE-25: a newer version wrote it.
        """
        file = Path(path)
        if not is_file(file):
            raise FileFault("FL-FILE-01", "there is no such file", found=str(file), fix="check the path")
        try:
            told = json.loads(bytes_of(file))
            if FORM.number_of(told, file.name) is None:
                raise KeyError("form")
            return cls(
                table=_unpacked(told["table"]), classes=_unpacked(told["classes"]), level=told["level"],
                samples=told["samples"], asked=told["asked"], settings=told["settings"], version=told["version"],
            )  # fmt: skip
        except FileFault:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise FileFault(
                "FL-FILE-22", "this is not a coverage report", found=file.name, fix="give a file that CoverageReport.save wrote"
            ) from error  # fmt: skip

    def _shown(self) -> pd.DataFrame:
        """A row an estimator and outcome: over domains, or the nation where there are none."""
        kinds = set(self.classes["kind"])
        frame = self.classes[self.classes["kind"] == ("domains" if "domains" in kinds else "nation")]
        names = [name for name in KEYS if name == "estimator" or frame[name].nunique() > 1]
        return frame[[*names, *IN_PAGES[4:]]]

    def _title(self) -> str:
        error = 100 * np.sqrt(self.level * (1 - self.level) / max(self.samples, 1))
        what = "over all domains" if "domains" in set(self.classes["kind"]) else "of the nation"
        short = "" if self.complete else f" of {self.asked:,} asked for"
        return (
            f"Coverage of {100 * self.level:g} % intervals {what}, {self.samples:,} samples{short}; "
            f"Monte Carlo error of a single domain ± {error:.1f} points"
        )

    def __repr__(self) -> str:
        frame = self._shown()
        cells = [[HEADINGS.get(name, name) for name in frame.columns]]
        cells += [
            [_cell(name, value) for name, value in zip(frame.columns, row, strict=True)]
            for row in frame.itertuples(index=False)
        ]
        widths = [max(len(row[at]) for row in cells) for at in range(len(frame.columns))]
        numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns]
        lines = [
            "  ".join(text.rjust(width) if right else text.ljust(width) for text, width, right in zip(row, widths, numeric, strict=True)).rstrip()
            for row in cells
        ]  # fmt: skip
        told = [self._title(), *lines, "by_class() has classes of domains, worst() the domains that cover least"]
        return visible("\n".join(told))

    def _repr_html_(self) -> str:
        frame = self._shown()
        head = "".join(f"<th>{html_text(HEADINGS.get(name, name))}</th>" for name in frame.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html_text(_cell(name, value))}</td>" for name, value in zip(frame.columns, row, strict=True)) + "</tr>"
            for row in frame.itertuples(index=False)
        )  # fmt: skip
        return f"<table><caption>{html_text(self._title())}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(name: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if name in SHARES:
        return f"{100 * value:.1f} %"
    if name in SIGNED:
        return f"{100 * value:+.1f} %"
    if name == "coverage_error":
        return f"{100 * value:.1f}"
    if isinstance(value, bool | str):
        return str(value).replace("|", "\\|")
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return f"{value:.2f}" if name in ("width_ratio", "expected_cases") else f"{value:.4g}"


def _packed(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame as JSON has it: NaN is null."""
    rows = [
        [None if isinstance(value, float) and np.isnan(value) else value for value in row]
        for row in frame.astype(object).to_numpy().tolist()
    ]
    return {
        "columns": [str(name) for name in frame.columns],
        "types": [str(kind) for kind in frame.dtypes],
        "rows": rows,
    }


def _unpacked(record: Mapping[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(record["rows"], columns=record["columns"])
    return frame.astype(dict(zip(record["columns"], record["types"], strict=True)))
