"""Write what each reading of the definition moves on the sample: docs/explanation/what_counts_table.<language>.md."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl
from fl_estimate.reporting.words import say

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "explanation"
READINGS = (
    "forced_labour",
    "forced_labour_wide",
    "forced_labour_narrow",
    "forced_labour_one_fact",
    "forced_labour_one_fact_debt",
    "forced_labour_one_fact_leaving",
)
HEADS = {
    "en": ("Reading", "Per 1,000 adults", "95% interval", "Persons", "Cases", "Undetermined", "Against the default"),
    "fr": ("Lecture", "Pour 1 000 adultes", "Intervalle à 95 %", "Personnes", "Cas", "Indéterminés", "Par rapport à la lecture par défaut"),
    "es": ("Lectura", "Por 1.000 adultos", "Intervalo del 95 %", "Personas", "Casos", "Indeterminados", "Respecto de la lectura por defecto"),
}  # fmt: skip
MARKS = {"en": (".", ","), "fr": (",", "\u202f"), "es": (",", ".")}
"""Decimal mark and mark of thousands."""


def rows() -> list[dict[str, float]]:
    """The figures of every reading on data/sample, in full, the default one first.

    Nobody of that country exists. Of a real one `publish` withholds a reading that differs from another by a few people.
    """
    folder = ROOT / "data" / "sample"
    survey = fl.load(folder / "household.parquet", mapping=folder / "household.toml", engine="polars")
    people = fl.classify(survey, outcomes=list(READINGS))
    shares = fl.estimate_prevalence(people, list(READINGS))
    totals = fl.estimate_total(people, list(READINGS))
    full: Any = pd.concat([shares.to_frame(), totals.to_frame()]).set_index(["quantity", "outcome"])
    found: list[dict[str, float]] = []
    for reading in READINGS:
        share, total = full.loc[("prevalence", reading)], full.loc[("total", reading)]
        found.append(
            {
                **{name: _figure(share[name]) for name in ("value", "lower", "upper", "cases", "undetermined")},
                "persons": _figure(total["value"]),
            }
        )
    return found


def _figure(value: Any) -> float:
    """A missing number is not a number."""
    return math.nan if pd.isna(value) else float(value)


def table(figures: list[dict[str, float]], language: str) -> str:
    """One table in Markdown; a value that is none is a dash."""
    decimal, thousands = MARKS[language]

    def number(value: float, digits: int) -> str:
        if value != value:
            return "–"
        return f"{value:,.{digits}f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)

    percent = "%" if language == "en" else "\u202f%"
    lines = ["| " + " | ".join(HEADS[language]) + " |", "| :-- " + "| --: " * (len(HEADS[language]) - 1) + "|"]
    default = figures[0]["persons"]
    for reading, figure in zip(READINGS, figures, strict=True):
        moved = figure["persons"] - default
        change = (
            "" if reading == READINGS[0] or "one_fact" in reading else f"{'+' if moved > 0 else ''}{number(moved, 0)}"
        )
        cells = (
            say("outcome", reading, language),
            number(1000 * figure["value"], 1),
            f"{number(1000 * figure['lower'], 1)}–{number(1000 * figure['upper'], 1)}",
            number(figure["persons"], 0),
            number(figure["cases"], 0),
            "–" if math.isnan(figure["undetermined"]) else number(100 * figure["undetermined"], 1) + percent,
            change,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the table in every language."""
    figures = rows()
    for language in HEADS:
        (TARGET / f"what_counts_table.{language}.md").write_text(table(figures, language), encoding="utf-8")


if __name__ == "__main__":
    main()
