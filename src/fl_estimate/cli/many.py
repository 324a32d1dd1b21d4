"""`fl-estimate batch`, `init` and `schema`: many studies in one call, and what helps to write one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fl_estimate.cli.screen import DONE, FAILED, faults, printing, say, write_new
from fl_estimate.errors import visible
from fl_estimate.neutral import json_text

if TYPE_CHECKING:
    from fl_estimate.study.batch.run import BatchProgress, BatchResult

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set a key over that of the file: publish.rule=fl-rare, estimate[1].by=region, {iso}=BOL …",
    ),
]


def batch(
    target: Annotated[
        str, typer.Argument(metavar="FOLDER | 'GLOB' | TEMPLATE.toml", help="Where the study files are, or a template.")
    ],
    values: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE", help="CSV or TOML, a row for each run of the template: name, and keys that differ."
        ),
    ] = None,
    settings: Set = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Studies side by side; default one a processor, at most 4.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the batch; default out/<name of the target>.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave results of the same inputs alone; with --private, estimates too.")
    ] = False,
    private: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for full values, one folder a study; not for release.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of the page over all studies: en, fr or es.")] = "en",
) -> None:
    """Run many study files, each in a process of its own, and lay what they publish side by side.

    Status 0: all done; 1: something failed, in the table, or the folders together give away what one withholds; 2: a fault before
    anything ran.
    """
    from fl_estimate.study.batch.run import run_batch
    from fl_estimate.study.settings import settings_of

    with faults():
        with _progress() as tell:
            result = run_batch(
                target, values=values, settings=settings_of(settings or ()), jobs=jobs, out=out, resume=resume, private=private,
                language=language, progress=tell,
            )  # fmt: skip
        with printing(result.folder):
            _tell(result, private)
    raise typer.Exit(DONE if result.ok else FAILED)


def _tell(result: BatchResult, private: Path | None) -> None:
    from fl_estimate.reporting.terminal import print_table
    from fl_estimate.study.batch.folder import outcome_lines
    from fl_estimate.study.batch.plan import SUMMARY

    counts: dict[str, int] = {}
    for outcome in result.outcomes:
        counts[outcome.status] = counts.get(outcome.status, 0) + 1
    said = ", ".join(f"{count} {status}" for status, count in counts.items())
    say(f"{len(result.outcomes)} studies in {_time(result.seconds)}: {said}")
    if lines := outcome_lines(result.outcomes):
        print_table(["code", "study", "what", "how to mend it"], lines)
    if len(result.derived):
        say(
            f"figures that are withheld and can be worked out of the folders together: {len(result.derived)}; do not release them as they are"
        )
        rows = [[str(cell) for cell in row] for row in result.derived.to_numpy().tolist()]
        print_table([str(name) for name in result.derived.columns], rows)
    else:
        say("audited together: nothing that is withheld can be worked out")
    say(f"page: {result.folder / SUMMARY / 'batch.html'}")
    if private is not None:
        say(f"not for release: {private}")


def _time(seconds: float) -> str:
    """So many seconds, minutes or hours in words."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar with the studies that run under it, on a terminal; a line for each that has ended, elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line
        return
    from rich.live import Live
    from rich.text import Text

    with Live(Text("reading the studies"), console=console, transient=True, refresh_per_second=4) as live:

        def tell(progress: BatchProgress) -> None:
            if progress.outcome is not None and progress.outcome.status not in ("done", "unchanged"):
                live.console.print(Text(visible(f"{progress.outcome.study}: {progress.outcome.status}")))
            live.update(Text("\n".join(_lines(progress))))

        yield tell


WIDTH = 40


def _lines(progress: BatchProgress) -> list[str]:
    filled = WIDTH * progress.ended // max(progress.total, 1)
    left = "" if progress.seconds_left is None else f", about {_time(progress.seconds_left)} left"
    failed = f", {progress.failed} not done" if progress.failed else ""
    head = f"{'━' * filled}{'╌' * (WIDTH - filled)} {progress.ended}/{progress.total}{failed}{left}"
    return [head, *(visible(f"  {name}: {step}") for name, step in sorted(progress.running.items()))]


def _line(progress: BatchProgress) -> None:
    if progress.outcome is None:
        return
    left = (
        ""
        if progress.seconds_left is None or progress.ended == progress.total
        else f", about {_time(progress.seconds_left)} left"
    )
    outcome = progress.outcome
    say(
        f"{progress.ended}/{progress.total} {outcome.study}: {outcome.status} in {_time(outcome.seconds)}{left}",
        err=True,
    )


def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The study file to write.")] = Path("study.toml"),
    language: Annotated[str, typer.Option(help="Of its comments and of the report: en, fr or es.")] = "en",
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DATA", help="The survey file; a mapping beside it of the same name is taken."),
    ] = None,
) -> None:
    """Write a study file with a comment for every part, to be filled in. Nothing is overwritten."""
    from fl_estimate.study.starter import in_shell, starter

    with faults():
        begun = starter(language, source=source, folder=file.parent, name=file.name)
        write_new(file, begun.text, what="the study file")
        say(f"{file}: fill in what it asks for, then: fl-estimate check {in_shell(str(file))}")
        if begun.draft is not None:
            say(
                f"the mapping is not there yet; draft it: fl-estimate map {in_shell(str(source))} --out {in_shell(str(begun.draft))}"
            )


def schema(
    of: Annotated[str, typer.Argument(metavar="study | mapping", help="Of which file.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Where to write it; printed if not given.")
    ] = None,
) -> None:
    """Give the JSON Schema of study or mapping files (Draft 2020-12), by which editors complete and check them."""
    from fl_estimate.study.json_schema import json_schema

    with faults():
        text = f"{json_text(json_schema(of), indent=2)}\n"
        if out is None:
            say(text, nl=False)
            return
        write_new(out, text, what="the schema")
        say(f"{out}: name it on the first line of a file, #:schema {out.name}")
