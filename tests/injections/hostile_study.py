"""A study in which every text that a user can write is hostile: names of columns, labels, titles, notes, sources, files, lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl
from tests.injections.texts import ALL, FORMULAS, MARKUP, MATHEMATICS, MISLEADING, RAN, STEERING

NAME = f"=1+1 <img src=x onerror=document.title='{RAN}'> $x$ \u202e\x1b[2J"
"""For what may be of any characters, but has to be short."""
EVERY = " ".join(text for text in ALL if len(text) < 200)
LABELS: tuple[str, ...] = tuple(_ for _ in ALL if not any(0xD800 <= ord(one) < 0xE000 for one in _))
"""For what stands in TOML, which has no halves of characters."""


def quoted(text: str) -> str:
    """As TOML has it, written here and not by the library."""
    whole = "".join(one for one in text if not 0xD800 <= ord(one) < 0xE000)
    return '"' + "".join(one if one.isalnum() else f"\\U{ord(one):08X}" for one in whole) + '"'


def people(labels: Sequence[str]) -> pd.DataFrame:
    """120 people and three or more cases for each label."""
    parts: list[pd.DataFrame] = []
    for code in range(1, len(labels) + 1):
        at = pd.RangeIndex(120)
        answer = [1 if row % (9 + code % 7) == 0 else 2 for row in at]
        parts.append(
            pd.DataFrame({
                "ID": [f"{code}-{row}" for row in at], "REG": code, "EA": [f"{code}-{row // 12}" for row in at], "W": 100.0 + at % 7,
                "AGE": 20, NAME: [NAME if row % 2 else "-8" for row in at], "Q2": answer, "Q3": answer,
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def mapping(labels: Sequence[str]) -> str:
    values = ", ".join(f'"{code}" = {quoted(label)}' for code, label in enumerate(labels, start=1))
    return f"""
id = "hostile"
title = {quoted(EVERY)}
citation = {quoted(EVERY)}
licence = {quoted(EVERY)}
population = {quoted(EVERY[:900])}

[reference_period]
kind = "12m"
start = 2023-01-01
end = 2024-01-01

[people]
person_id = "ID"
region = "REG"
stratum = "REG"
psu = "EA"
weight_person = "W"
age_interview = "AGE"

[jobs]
from = "people"
person_id = "ID"
age_at_start = "AGE"
w_low_no_wage = {{ column = "Q2", recode = "answers" }}
c_docs = {{ column = "Q3", recode = "coercion" }}

[recodes]
answers = {{ "1" = "yes", "2" = "no" }}
coercion = {{ "1" = "experienced", "2" = "no" }}

[labels.region]
title = {quoted(NAME)}
values = {{ {values} }}

[labels.forced_labour]
title = {quoted(EVERY[:1200])}

[design]
weights = "weight_person"
strata = "stratum"
psu = "psu"
expands = true
"""


def study(data: str, lists: str, names: Sequence[str]) -> str:
    listed = ", ".join(map(quoted, names))
    return f"""
title = {{ en = {quoted(EVERY)}, fr = {quoted(EVERY)} }}

[source.{quoted(NAME)}]
file = {quoted(data)}
mapping = "hostile_mapping.toml"

[classify]
framework = "icls2018_adult"
short_instrument = true

[[estimate]]
kind = "prevalence"
name = {quoted(NAME)}
outcome = "forced_labour"
by = [["region"], [{quoted(NAME)}]]
title = {quoted(EVERY[:1500])}
note = {quoted(EVERY)}

[[estimate]]
kind = "capture_recapture"
name = {quoted("lists " + NAME)}
file = {quoted(lists)}
lists = [{listed}]
method = "loglinear"
note = {quoted(EVERY)}

[publish]
languages = ["en", "fr"]
"""


def write(folder: Path, labels: Sequence[str] = LABELS) -> Path:
    """Write everything to a folder and give the path of the study."""
    data, lists = "=1+1 <img src=x onerror=1> $x$ \u202e\x1b[2J;people.csv", "@SUM(1) <b> lists.csv"
    people(labels).to_csv(folder / data, index=False)
    names = [FORMULAS[0] + "</text>", f"[red]{MARKUP[0]}", "-1+1\x1b[31m\u202e"]
    counts = pd.DataFrame(
        [(1, 0, 0, 90), (0, 1, 0, 80), (0, 0, 1, 60), (1, 1, 0, 30), (1, 0, 1, 25), (0, 1, 1, 22), (1, 1, 1, 12)],
        columns=[*names, "count"],
    )
    counts.to_csv(folder / lists, index=False)
    (folder / "hostile_mapping.toml").write_text(mapping(labels), encoding="utf-8")
    path = folder / "hostile.toml"
    path.write_text(study(data, lists, names), encoding="utf-8")
    return path


def estimates() -> fl.Estimates:
    """A result of a frame, with every text as a class; words may be anything Python has, halves of characters among it."""
    from dataclasses import replace

    from fl_estimate.inputs.wording import ColumnWords, SurveyWording
    from tests.unit.reporting.made import estimates as made

    words = SurveyWording(
        title={"*": EVERY}, note={"*": EVERY}, population={"*": EVERY},
        columns={NAME: ColumnWords(title={"*": EVERY}, values={"code": {"*": EVERY}})},
    )  # fmt: skip
    rows: list[dict[str, Any]] = [{NAME: text} for text in (*LABELS, "code")]
    result = made({}, *rows, by=(NAME,), outcome=NAME)
    return replace(result, wording=words, population=EVERY, reference_period=EVERY)


def labels_of_a_file() -> dict[str, str]:
    """Codes and labels of one column, as a file of SPSS or Stata holds them: short, and without NUL."""
    kept = (*FORMULAS, *STEERING, *MATHEMATICS, *MARKUP, *MISLEADING)
    plain = [text.replace("\x00", "")[:100] for text in kept if not any(0xD800 <= ord(one) < 0xE000 for one in text)]
    return {str(code): text for code, text in enumerate(plain, start=1)}
