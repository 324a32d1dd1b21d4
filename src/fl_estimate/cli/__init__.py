"""The command `fl-estimate`: run and check studies, convert files, list frameworks, explain a class.

Exit status: 0 done; 1 an estimate failed (its folder is complete and the manifest names it); 2 a fault found before
estimating, nothing written; 130 interrupted. Errors stand on standard error in full: code, what is wrong, what was found, what to do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fl_estimate.cli.compare import diff, verify
from fl_estimate.cli.many import Set, batch, init, schema
from fl_estimate.cli.screen import DONE, FAILED, FAULT
from fl_estimate.cli.screen import faults as _faults
from fl_estimate.cli.screen import print_on_any_screen as _print_on_any_screen
from fl_estimate.cli.screen import printing as _printing
from fl_estimate.cli.screen import progress as _progress
from fl_estimate.cli.screen import progress_bar as _progress_bar
from fl_estimate.cli.screen import say as _say
from fl_estimate.cli.screen import write_new as _write_new
from fl_estimate.errors import FlError

if TYPE_CHECKING:
    from fl_estimate.study.run import StudyResult

app = typer.Typer(
    name="fl-estimate",
    help="National and regional estimates of forced labour from survey microdata.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """The console entry. Libraries are loaded within it: a process held too short of memory for them says so."""
    from fl_estimate.study.surroundings import is_of_memory, no_memory, require_memory

    _print_on_any_screen()
    try:
        require_memory()
        app()
    except (Exception, KeyboardInterrupt) as error:
        fault = (
            error if isinstance(error, FlError) else no_memory(type(error).__name__) if is_of_memory(error) else None
        )
        if fault is None:
            raise
        _say(str(fault), err=True)
        sys.exit(FAULT)


def _print_version(requested: bool) -> None:
    """Say what to write in a report of a fault: versions and the kind of system, no name of a machine, a person or a path."""
    if not requested:
        return
    import platform

    from fl_estimate.version import package_version

    system = " ".join(part for part in (platform.system(), platform.machine()) if part)
    _say(f"fl_estimate {package_version()}, Python {platform.python_version()}, {system or 'an unknown system'}")
    raise typer.Exit(DONE)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """National and regional estimates of forced labour from survey microdata."""


@app.command()
def run(
    study: Annotated[
        Path, typer.Argument(metavar="STUDY.toml", help="The study file; its paths start from its folder.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Result folder; default out/<stem of the study>.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Leave a result of the same inputs alone.")] = False,
    private: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for full values and the audit, for its owner alone; not for release."),
    ] = None,
    settings: Set = None,
) -> None:
    """Run a study file: estimates, publication, and one folder with tables and a report.

    `fl-estimate methods` lists the kinds of estimate that it may ask for, and their keys.
    """
    from fl_estimate.study.run import run_study
    from fl_estimate.study.settings import settings_of

    with _faults():
        with _progress() as tell:
            given = settings_of(settings or ())
            result = run_study(study, out=out, resume=resume, private=private, progress=tell, settings=given)
        with _printing(result.folder):
            if result.skipped:
                _say(f"unchanged: {result.folder}")
            else:
                _tell_result(result)
                if private is not None:
                    _say(f"not for release: {private}")
    raise typer.Exit(DONE if result.ok else FAILED)


app.command()(batch)
app.command()(init)
app.command()(schema)
app.command()(diff)
app.command()(verify)


@app.command(name="methods")
def list_methods(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="Show the keys of this kind: area, capture_recapture/chao …")
    ] = None,
) -> None:
    """List the kinds of estimate that a study file can ask for, or the keys of one."""
    from fl_estimate.reporting.terminal import print_table
    from fl_estimate.results.methods import methods
    from fl_estimate.study.describe import described, key_lines, summary

    with _faults():
        if kind is None:
            lines = [[str(each.kind), each.name if each.chosen else "", summary(each)] for each in methods().values()]
            print_table(["kind", "method", "what it is"], lines)
            return
        result = described(kind)
        for each in result:
            _say(f"{each.tag.replace('/', ', method ')}: {summary(each)}")
            keys = [[line.name, line.form, line.default] for line in key_lines(each)]
            print_table(["key", "value", "default"], keys)


@app.command(name="audit-release")
def audit_release(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR [DIR…]", help="Result folders, released or about to be.")
    ],
    csv: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the table as a CSV file.")] = None,
) -> None:
    """Find what readers can work out of released folders together: withheld cells that what is printed gives away.

    Folders of different countries are of different people; one that names no country may be of any.

    Status 0: nothing; 1: something, in the table; 2: a folder is no result folder.
    """
    from fl_estimate.pages.frames import csv_text
    from fl_estimate.reporting.releases import read_release
    from fl_estimate.reporting.terminal import print_table
    from fl_estimate.study.batch.tables import Folders, audited

    with _faults():
        result = audited(Folders(releases={str(folder): read_release(folder) for folder in folders}))
        if csv is not None:
            _write_new(csv, csv_text(result))
    if result.empty:
        _say("nothing that is withheld can be worked out")
        return
    print_table(
        [str(name) for name in result.columns],
        [[f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row] for row in result.to_numpy().tolist()],
    )
    raise typer.Exit(FAILED)


@app.command()
def check(
    target: Annotated[Path, typer.Argument(metavar="FILE | STUDY.toml", help="A survey file, or a study file.")],
    mapping: Annotated[
        str | None, typer.Option(metavar="M", help="Mapping of the survey file: a path or a bundled id.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE=FILE", help="The file of another table: households=hh.sav …"),
    ] = None,
    mode: Annotated[
        str, typer.Option(help="normal; strict: warnings are errors; lenient: bad cells are warnings.")
    ] = "normal",
    html: Annotated[Path | None, typer.Option(metavar="PAGE.html", help="Write the report as a page.")] = None,
    settings: Set = None,
) -> None:
    """Check a survey file with its mapping, or a study file with all its inputs. Writes nothing but the page asked for."""
    with _faults():
        if mapping is None and target.suffix.lower() == ".toml":
            from fl_estimate.study.run import check_study
            from fl_estimate.study.settings import settings_of

            with _progress() as tell:
                inputs = check_study(target, progress=tell, settings=settings_of(settings or ()))
            for name, survey in inputs.surveys.items():
                _say(f"{name}: {survey}")
                _tell_weights(inputs.people[name])
                _tell_warnings(survey.report)
        elif mapping is None:
            raise typer.BadParameter("a survey file needs --mapping", param_hint="--mapping")
        else:
            _check_file(target, mapping, _pairs("--table", table), mode, html)
    _say("no faults found")


def _check_file(file: Path, mapping: str, others: dict[str, str] | None, mode: Any, html: Path | None) -> None:
    from fl_estimate.errors import DataFault
    from fl_estimate.indicators.clock import asks_items, require_period
    from fl_estimate.loaders.load import load

    try:
        survey = load({"people": file, **others} if others else file, mapping=mapping, engine="polars", mode=mode)
    except DataFault as fault:
        if html is not None and fault.report is not None:
            _write_page(fault.report, html)
        raise
    _say(str(survey))
    _tell_weights(survey)
    _tell_warnings(survey.report)
    if html is not None:
        _write_page(survey.report, html)
    if asks_items(survey):
        require_period(survey)


def _write_page(report: Any, page: Path) -> None:
    _say(f"report: {report.to_html(page)}")


_Encoding = Annotated[str | None, typer.Option(help="Encoding of texts; found out where it is not given.")]
_Delimiter = Annotated[str | None, typer.Option(help="Of delimited text; found out where it is not given.")]
_Decimal = Annotated[str | None, typer.Option(help="Decimal sign of delimited text, . or ,")]
_HeaderRow = Annotated[int | None, typer.Option(help="Line or row with the column names, from 1.")]
_Sheet = Annotated[str | None, typer.Option(help="Worksheet of a workbook; the first if not given.")]
_Catalogue = Annotated[str | None, typer.Option(help="Format catalogue of a SAS file, in its folder.")]


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="SPSS, Stata, SAS, delimited text or workbook.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="The Parquet file to write.")],
    encoding: _Encoding = None,
    delimiter: _Delimiter = None,
    decimal: _Decimal = None,
    header_row: _HeaderRow = None,
    sheet: _Sheet = None,
    catalogue: _Catalogue = None,
) -> None:
    """Convert a survey file to Parquet: declared missing values become null, their kind stands in <column>@missing."""
    from fl_estimate.loaders.convert import convert as convert_file
    from fl_estimate.loaders.file_table import TextFormat

    written = TextFormat(encoding, delimiter, decimal, header_row, sheet, catalogue)
    with _faults():
        with _progress_bar(f"converting {file.name}") as advance:
            source = convert_file(file, out, written=written, progress=advance)
        _say(f"{out}: {source.n_rows:,} rows of {source.name}")


@app.command(name="map")
def map_file(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The survey file to draft a mapping for.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="MAPPING.toml", help="Where to write it; printed if not given.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(metavar="ID", help="Give a bundled mapping to start from: survey_items, htcds …")
    ] = None,
    encoding: _Encoding = None,
    delimiter: _Delimiter = None,
    header_row: _HeaderRow = None,
    sheet: _Sheet = None,
    catalogue: _Catalogue = None,
) -> None:
    """Draft the mapping of a file from its names and labels in English, French or Spanish, to be reviewed."""
    from fl_estimate.loaders.drafting import draft_mapping
    from fl_estimate.loaders.file_table import TextFormat
    from fl_estimate.loaders.mapping import bundled_text

    if (file is None) == (template is None):
        raise typer.BadParameter("give a file, or --template", param_hint="FILE")
    written = TextFormat(encoding, delimiter, None, header_row, sheet, catalogue)
    with _faults():
        text = draft_mapping(file, written=written) if file is not None else bundled_text(template or "")
        if out is None:
            _say(text, nl=False)
            return
        _write_new(out, text)
    _say(f"{out}: review every line, then: fl-estimate check {file or 'FILE'} --mapping {out}")


@app.command()
def codebook(
    language: Annotated[str, typer.Option(help="en, fr or es; with a territory its numbers and dates: es-MX.")] = "en",
    out: Annotated[Path | None, typer.Option(metavar="BOOK.csv", help="Write it as a CSV file.")] = None,
) -> None:
    """Show the common schema: every variable with its kind, unit, codes and rules."""
    from fl_estimate.pages.frames import csv_text
    from fl_estimate.reporting.terminal import print_table
    from fl_estimate.schema.codebook import codebook as book_of

    with _faults():
        book = book_of(language)
        if out is not None:
            _write_new(out, csv_text(book))
            _say(f"{out}: {len(book)} variables")
            return
    print_table([str(name) for name in book.columns], [[str(cell) for cell in row] for row in book.to_numpy().tolist()])


@app.command()
def frameworks() -> None:
    """List the indicator frameworks that come with the package."""
    from fl_estimate.indicators.framework import frameworks as listed_frameworks
    from fl_estimate.reporting.terminal import print_table

    with _faults():
        table = listed_frameworks()
    print_table(
        [str(name) for name in table.columns], [[str(cell) for cell in row] for row in table.to_numpy().tolist()]
    )


@app.command()
def datasets() -> None:
    """List the data sets that come with the package: synthetic surveys, case lists, published results."""
    from fl_estimate import datasets as bundled
    from fl_estimate.reporting.terminal import print_table

    print_table(
        ["name", "title", "licence"], [[o.name, o.title, o.licence] for o in map(bundled.source, bundled.names())]
    )


@app.command()
def explain(
    framework: Annotated[str, typer.Argument(help="Id of a framework, or the path of a TOML file.")],
    age: Annotated[
        str | None, typer.Option(help="Age in the reference period in years; dk, ref or missing if unknown.")
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM[@PHASE]=ANSWER", help="w_low_no_wage=yes, c_docs@work=experienced …"),
    ] = None,
    default: Annotated[
        str, typer.Option(help="What stands for every answer not given: missing, no, dk, …")
    ] = "missing",
    child: Annotated[list[str] | None, typer.Option(metavar="FIELD=CODE", help="works_for=parents …")] = None,
    state: Annotated[list[str] | None, typer.Option(metavar="FIELD=CODE", help="imposed_by_state=yes …")] = None,
    act: Annotated[str | None, typer.Option(help="Whether there was an act of trafficking.")] = None,
    other_purpose: Annotated[
        str | None, typer.Option(help="Whether there was another purpose of exploitation.")
    ] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="Take the answers from a survey file …")] = None,
    mapping: Annotated[str | None, typer.Option(metavar="M", help="… read with this mapping …")] = None,
    row: Annotated[int | None, typer.Option(metavar="N", help="… of this person, counted from 1.")] = None,
    language: Annotated[str, typer.Option(help="en, fr or es; with a territory its numbers and dates: es-MX.")] = "en",
) -> None:
    """Explain in words how a framework classifies one respondent, and which criteria decide it."""
    with _faults():
        if file is not None:
            told = _explained_row(framework, file, mapping, row)
        elif age is None:
            raise typer.BadParameter("the age in the reference period is needed", param_hint="--age")
        else:
            from fl_estimate.indicators.explain import explain as explain_answers

            years = int(age) if age.isdecimal() else age
            blocks = {"child": _pairs("--child", child), "state": _pairs("--state", state)}
            other = {"default": default, "act": act, "other_purpose": other_purpose}
            told = [explain_answers(_answers(answer or []), framework, age=years, **blocks, **other)]
        _say("\n\n".join(explanation.text(language) for explanation in told))


def _explained_row(framework: str, file: Path, mapping: str | None, row: int | None) -> Sequence[Any]:
    """Explain one person of a survey file, once for each of their jobs."""
    if mapping is None or row is None:
        raise typer.BadParameter("a respondent of a file needs --mapping and --row", param_hint="--file")
    from fl_estimate.loaders.load import load
    from fl_estimate.study.respondent import explain_respondent

    return explain_respondent(load(file, mapping=mapping, engine="polars"), row, framework)


@app.command()
def reproduce(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID | TARGET.toml …]",
            help="Ids of bundled figures, or TOML or JSON files of your own; without any, all bundled figures with their ids.",
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the table as a CSV file.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="PAGE.html", help="Write a page: sources, inputs, and how each was read.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of the table and the page: en, fr or es; es-MX.")] = "en",
) -> None:
    """Compute published figures again from their printed inputs, by a declared formula or a public estimator.

    Status 0: every one marked as reproducible agrees; 1: one does not; 2: an unknown id, or a fault in a file.
    """
    from fl_estimate.reporting.terminal import print_table
    from fl_estimate.reproduce import reproduce as reproduce_targets
    from fl_estimate.reproduce.reproduction import heads, lines, summary

    with _faults():
        result = reproduce_targets(targets or [])
        print_table(heads(language), lines(result, language))
        _say(summary(result, language))
        if csv is not None:
            _say(f"csv: {result.to_csv(csv)}")
        if html is not None:
            _say(f"page: {result.to_html(html, language)}")
    raise typer.Exit(DONE if result.ok else FAILED)


def _tell_result(result: StudyResult) -> None:
    """The national and regional tables, what failed, and where the report lies."""
    if result.published is not None:
        from fl_estimate.reporting.run_folder import tell

        tell(result.published, result.inputs.truth if result.inputs is not None else None)
    for name, error in result.failed.items():
        _say(f"{name} could not be made: {error}", err=True)
    report = result.folder / "report.html"
    _say(f"report: {report}" if report.is_file() else f"result: {result.folder}")


def _tell_weights(survey: Any) -> None:
    from fl_estimate.loaders.weights import describe_weights

    _say(describe_weights(survey.people, survey.design))


def _tell_warnings(report: Any) -> None:
    if report.warnings:
        _say(str(report))


def _answers(given: Sequence[str]) -> dict[str, Any]:
    """ITEM[@PHASE]=ANSWER as `fl.explain` takes it; an item may be given for several phases."""
    answers: dict[str, Any] = {}
    for text in given:
        name, value = _pair("--answer", text)
        item, _, phase = name.partition("@")
        told: Any = f"{value}@{phase}" if phase else value
        if told.replace(".", "", 1).isdecimal():
            answers[item] = float(told) if "." in told else int(told)
        else:
            answers.setdefault(item, []).append(told)
    return answers


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str] | None:
    return dict(_pair(option, text) for text in given) if given else None


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint=option)
    return name.strip(), value.strip()
