"""Count what publication of the sample studies costs in cells, and write the table of docs/explanation/disclosure.md.

python scripts/disclosure_price.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import fl_estimate as fl
from fl_estimate.results.provenance import package_version

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "explanation" / "disclosure_price_table.md"
STUDIES = {"household survey": "study.toml", "returned migrants": "migrants_study.toml"}


def lines(name: str, file: str) -> list[list[str]]:
    """One line a table of respondents that is not printed in full: rows, what becomes of them, and the respondents behind what is withheld for others' sake."""
    with tempfile.TemporaryDirectory() as folder:
        result = fl.run_study(ROOT / "data" / "sample" / file, out=Path(folder) / "out")
    found: list[list[str]] = []
    if result.published is None:
        return found
    for table in result.published.tables:
        frame = table.frame
        frame = frame[frame["basis"].eq("respondents")]
        support = result.estimates[table.name].support
        few = support.cases < result.published.rule.min_cases
        small = few | ~(support.respondents >= result.published.rule.min_n)
        if not len(frame) or frame["publication"].eq("published").all():
            continue
        withheld = frame["publication"].eq("not_published").to_numpy(dtype=bool)
        others = withheld & ~small[frame.index]
        n = result.estimates[table.name].to_frame()["n"].loc[frame.index].astype(float)
        of_margin = frame["margin"].ne("").to_numpy(dtype=bool)
        share = n[others].sum() / max(n[of_margin].sum(), 1.0)
        found.append([
            name, table.name, f"{len(frame)}", f"{frame['publication'].eq('published').sum()}",
            f"{frame['publication'].isin(['at_most', 'fewer_than']).sum()}", f"{(withheld & ~others).sum()}", f"{others.sum()}",
            f"{100 * share:.1f} %",
        ])  # fmt: skip
    return found


def main() -> None:
    head = [
        "study",
        "table",
        "rows",
        "figures",
        "at most U",
        "withheld by the rule",
        "withheld to protect",
        "of its respondents",
    ]
    rows = [head, ["---"] * len(head), *(line for name, file in STUDIES.items() for line in lines(name, file))]
    text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    made = f"Made by `make disclosure-price` from data/sample; fl_estimate {package_version()}."
    TABLE.write_text(f"{text}\n\n{made}\n", encoding="utf-8")
    print(f"docs/explanation/{TABLE.name}\n{text}")


if __name__ == "__main__":
    main()
