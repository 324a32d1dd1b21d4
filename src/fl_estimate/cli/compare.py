"""`fl-estimate diff` and `verify`: what changed between two results and why, and whether one is as its run left it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fl_estimate.cli.screen import DONE, FAILED, faults, progress, say


def diff(
    before: Annotated[Path, typer.Argument(metavar="DIR1", help="The earlier result folder.")],
    after: Annotated[Path, typer.Argument(metavar="DIR2", help="The later one.")],
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Exchange one input at a time, and say what each moved.")
    ] = False,
    inputs: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Where --rerun looks for input files; may be given again.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the tables as CSV files.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="PAGE.html", help="Write a page.")] = None,
    language: Annotated[str, typer.Option(help="Of tables and page: en, fr or es; es-MX.")] = "en",
) -> None:
    """Say which published figures changed between two result folders, by how much, and which inputs differ.

    Status 0: no figure changed; 1: some did; 2: a folder is no result folder, or nothing can be run again.
    """
    from fl_estimate.reporting.terminal import print_table
    from fl_estimate.study.diff import diff as compare_results
    from fl_estimate.study.differences import counted, tables

    with faults():
        with progress() as tell:
            result = compare_results(before, after, rerun=rerun, inputs=inputs or (), progress=tell)
        for title, heads, rows in tables(result, language):
            say(title)
            if rows:
                print_table(heads, rows)
        say(counted(result, language))
        if csv is not None:
            say(f"csv: {result.to_csv(csv)}")
        if html is not None:
            say(f"page: {result.to_html(html, language)}")
    raise typer.Exit(DONE if result.same else FAILED)


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result folder.")],
    study: Annotated[Path | None, typer.Option(metavar="STUDY.toml", help="Its study file, if not found.")] = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Run the study again, and compare byte by byte.")] = False,
    private: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The private folder of the run, for its key.")
    ] = None,
) -> None:
    """Check that a result folder is as its run left it, its inputs unchanged, and on request that a new run gives the same.

    Status 0: it is; 1: something is changed, missing or comes out otherwise; 2: no result folder, or it cannot be run again.
    """
    from fl_estimate.reporting.terminal import print_table
    from fl_estimate.study.verify import lines, summary
    from fl_estimate.study.verify import verify as verify_result

    with faults():
        with progress() as tell:
            result = verify_result(folder, study=study, rerun=rerun, private=private, progress=tell)
        print_table(["part", "name", "verdict", "note"], lines(result))
        say(summary(result))
    raise typer.Exit(DONE if result.ok else FAILED)
