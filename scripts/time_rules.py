"""Write what each rule of time and age moves on the sample: docs/explanation/time_and_age_table.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

import fl_estimate as fl

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"
TARGET = ROOT / "docs" / "explanation" / "time_and_age_table.md"
DATES = ("start", "start_precision", "end", "end_precision", "ongoing", "months_in_period")
HEAD = (
    "| rule | persons | 95 % interval | cases | undetermined | against the default |",
    "|---|---:|---:|---:|---:|---:|",
)


def without(data: fl.SurveyData, table: str, *columns: str) -> fl.SurveyData:
    """The survey as if these columns had not been asked."""
    frame: Any = getattr(data, table)
    return replace(data, **{table: frame.drop(*columns, strict=False)})


def by_year(data: fl.SurveyData) -> fl.SurveyData:
    """The survey as if months had not been asked: the years of beginning and end alone."""
    jobs: Any = data.jobs
    years = [pl.col(name).dt.truncate("1y").alias(name) for name in ("start", "end")]
    known = [
        pl.when(pl.col(f"{name}_precision").is_not_null()).then(pl.lit("year")).alias(f"{name}_precision")
        for name in ("start", "end")
    ]
    return replace(data, jobs=jobs.with_columns(*years, *known))


def begun_as_adult(data: fl.SurveyData) -> fl.SurveyData:
    """The survey without the spells that began before 18: as if the age at the start decided."""
    jobs: Any = data.jobs
    return replace(data, jobs=jobs.filter(pl.col("age_at_start") >= 18))


def rules() -> list[tuple[str, fl.Estimates]]:
    """The total under each rule, the default first."""
    data = fl.load(SAMPLE / "household.parquet", mapping=SAMPLE / "household.toml", engine="polars")
    default = fl.classify(data)

    def flow(changed: fl.SurveyData) -> fl.Estimates:
        return fl.estimate_total(fl.classify(changed), "forced_labour")

    people = nw.from_native(default.people)
    children = people.with_columns(
        ((nw.col("forced_labour") == 1) & (nw.col("age_at_start") < 18)).fill_null(False).cast(nw.Int64).alias("child")
    )
    entered = fl.estimate_total(replace(default, people=children.to_native()), "child")
    return [
        ("at any time in 2023, by dates and the age on the day (default)", fl.estimate_total(default, "forced_labour")),
        ("on the last day of 2023 (stock)", fl.estimate_total(default, "forced_labour_stock")),
        ("dates left aside: every spell of the file counts", flow(without(data, "jobs", *DATES))),
        ("years of beginning and end known, months not", flow(by_year(data))),
        ("whether it goes on not asked", flow(without(data, "jobs", "ongoing"))),
        (
            "age at the interview alone, no date of birth",
            flow(without(data, "people", "birth_date", "birth_date_precision")),
        ),
        ("age at the start decides: spells begun before 18 left out", flow(begun_as_adult(data))),
        ("of the default, those who entered before 18", entered),
    ]


def main() -> None:
    """Compute, print and write the table."""
    found = [(words, fl.publish(made).to_frame().iloc[0]) for words, made in rules()]
    default = float(found[0][1]["value"])
    lines: list[str] = list(HEAD)
    for position, (words, row) in enumerate(found):
        moved = "" if position in (0, len(found) - 1) else f"{float(row['value']) - default:+,.0f}"
        undetermined = "" if row["undetermined"] != row["undetermined"] else f"{float(row['undetermined']):.2%}"
        lines.append(
            f"| {words} | {float(row['value']):,.0f} | {float(row['lower']):,.0f}–{float(row['upper']):,.0f} "
            f"| {float(row['cases']):.0f} | {undetermined} | {moved} |"
        )
    text = "\n".join(lines) + "\n"
    TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
