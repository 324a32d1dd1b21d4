"""Write what each reading of the definition moves on the sample: docs/explanation/what_counts_table.<language>.md."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl
from fl_estimate.words.numbers import number, percent
from fl_estimate.words.say import say

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
    "es": ("Lectura", "Por 1000 adultos", "Intervalo del 95 %", "Personas", "Casos", "Indeterminados", "Respecto de la lectura por defecto"),
}  # fmt: skip


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

    def figure_of(value: float, digits: int) -> str:
        return number(value, digits, language) if value == value else "–"

    lines = ["| " + " | ".join(HEADS[language]) + " |", "| :-- " + "| --: " * (len(HEADS[language]) - 1) + "|"]
    default = figures[0]["persons"]
    for reading, figure in zip(READINGS, figures, strict=True):
        moved = figure["persons"] - default
        change = (
            ""
            if reading == READINGS[0] or "one_fact" in reading
            else f"{'+' if moved > 0 else ''}{figure_of(moved, 0)}"
        )
        cells = (
            say("outcome", reading, language),
            figure_of(1000 * figure["value"], 1),
            f"{figure_of(1000 * figure['lower'], 1)}–{figure_of(1000 * figure['upper'], 1)}",
            figure_of(figure["persons"], 0),
            figure_of(figure["cases"], 0),
            "–" if math.isnan(figure["undetermined"]) else percent(figure["undetermined"], 1, language),
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
