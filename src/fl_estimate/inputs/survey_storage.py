"""A survey on disk: a folder with a Parquet file for each table, and survey.json with design, period, labels and report."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from fl_estimate.errors import FileFault, is_file, is_folder
from fl_estimate.inputs.design_storage import design_from_json, design_to_json
from fl_estimate.inputs.engines import MODULES, engine_of, require_engine, scanned, write_rows
from fl_estimate.inputs.parquet_pages import require_page_headers
from fl_estimate.inputs.survey_parts import Labels, ReferencePeriod, Source, SurveyParts
from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.neutral import json_text
from fl_estimate.saved import SavedForm
from fl_estimate.schema.validate import Fault, ValidationReport

RECIPE = "survey.json"
WRITTEN_BY = "fl_estimate.SurveyData"
FORM = SavedForm(kind="survey", number=1, again="load the survey again from its file and save")
"""Those before 0.2.0 do not say their form; it is this one."""


def save(data: SurveyParts, folder: Path) -> Path:
    """Write to `folder` at once or not at all."""
    _require_room(folder)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".survey-") as scratch:
            part = Path(scratch) / folder.name
            part.mkdir()
            kinds = {name: _write(table, part / f"{name}.parquet") for name, table in data.tables.items()}
            recipe = json_text(_recipe(data, kinds), indent=1)
            (part / RECIPE).write_text(recipe, encoding="utf-8", newline="\n")
            if folder.exists():
                shutil.rmtree(folder)
            part.replace(folder)
    except OSError as error:
        raise FileFault(
            "FL-FILE-08",
            "the survey cannot be written",
            found=f"{folder.name}: {error.strerror or error}",
            fix="choose a folder that can be written to",
        ) from error
    return folder


def _require_room(folder: Path) -> None:
    ours = (folder / RECIPE).is_file()
    if folder.is_file() or (folder.is_dir() and not ours and any(folder.iterdir())):
        raise FileFault(
            "FL-FILE-08",
            "the survey cannot be written",
            found=f"{folder.name} holds something else",
            fix="choose a folder that is new or empty",
        )


def _write(table: Any, path: Path) -> str:
    """Write a table, and say what it is: pandas, polars, lazy (polars), or the name of another engine."""
    polars = import_module("polars")
    if isinstance(table, polars.LazyFrame):
        table.sink_parquet(path)
        return "lazy"
    if isinstance(table, polars.DataFrame):
        table.write_parquet(path)
        return "polars"
    if (engine := engine_of(table)) in MODULES:
        write_rows(table, path)
        return engine
    if ordered_categories(table):
        polars_of(table).write_parquet(path)
    else:
        table.to_parquet(path, index=False)
    return "pandas"


def _recipe(data: SurveyParts, kinds: dict[str, str]) -> dict[str, Any]:
    period = data.reference_period
    return {
        "written_by": WRITTEN_BY,
        **FORM.stamp(),
        "tables": kinds,
        "design": None if data.design is None else design_to_json(data.design),
        "sources": {name: asdict(source) for name, source in data.sources.items()},
        "reference_period": None
        if period is None
        else {
            "kind": period.kind,
            "start": _iso(period.start),
            "end": _iso(period.end),
            "months": period.months,
            "before": period.before,
        },
        "population": data.population,
        "mapping": data.mapping,
        "report": [asdict(fault) for fault in data.report.faults],
        "labels": {
            name: {
                "variables": dict(labels.variables),
                # pairs, for a key of JSON is always a text
                "values": {column: list(map(list, codes.items())) for column, codes in labels.values.items()},
                "valid": {column: list(codes) for column, codes in labels.valid.items()},
            }
            for name, labels in data.labels.items()
        },
        "wording": data.wording.to_dict(),
        "totals": {
            name: dict(each) if not isinstance(each, float | int) else each for name, each in data.totals.items()
        },
    }


def _iso(date: dt.date | None) -> str | None:
    return date.isoformat() if date else None


def read_parts(folder: Path, engine: str | None) -> dict[str, Any]:
    """Read what `save` wrote, as the parts of a survey by name.

    Raises
    ------
    FileFault
        FL-FILE-01: no such folder; FL-FILE-11: not a survey that was saved; FL-FILE-25: a newer version wrote it.
    """
    if not is_folder(folder):
        raise FileFault("FL-FILE-01", "there is no such file", found=str(folder), fix="name the folder of the survey")
    if not is_file(folder / RECIPE):
        raise _no_survey(folder)
    try:
        recipe = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
        if recipe["written_by"] != WRITTEN_BY or FORM.number_of(recipe, folder.name, unnumbered=1) is None:
            raise _no_survey(folder)
        # A name of a table is one of ours, and never a way out of the folder.
        if "people" not in recipe["tables"] or not all(name.isidentifier() for name in recipe["tables"]):
            raise _no_survey(folder)
        kinds = {name: engine or kind for name, kind in recipe["tables"].items()}
        tables = {
            name: _table(folder / f"{name}.parquet", kind) for name, kind in kinds.items() if kind not in MODULES
        } | _tables_of_engines(folder, kinds)
        return tables | _rest(recipe)
    except FileFault:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        raise _no_survey(folder) from None


def _no_survey(folder: Path) -> FileFault:
    return FileFault(
        "FL-FILE-11", "this is not a survey that was saved", found=folder.name,
        fix="name a folder that SurveyData.save wrote, with all its files",
    )  # fmt: skip


def _rest(recipe: dict[str, Any]) -> dict[str, Any]:
    """Everything of a survey but its tables."""
    period = recipe["reference_period"]
    return {
        "design": None if recipe["design"] is None else design_from_json(recipe["design"]),
        "sources": {name: Source(**source) for name, source in recipe["sources"].items()},
        "reference_period": None if period is None else _period(period),
        "population": recipe["population"],
        "mapping": recipe["mapping"],
        "report": ValidationReport(tuple(_fault(each) for each in recipe["report"])),
        "labels": {name: _labels(labels) for name, labels in recipe["labels"].items()},
        "wording": SurveyWording.from_dict(recipe.get("wording", {})),
        "totals": recipe["totals"],
    }


def _period(kept: dict[str, Any]) -> ReferencePeriod:
    return ReferencePeriod(
        kind=kept["kind"],
        start=_date(kept["start"]),
        end=_date(kept["end"]),
        months=kept.get("months"),
        before=kept.get("before", ""),
    )


def _labels(kept: dict[str, Any]) -> Labels:
    return Labels(
        variables=kept["variables"],
        values={column: dict(map(tuple, pairs)) for column, pairs in kept["values"].items()},
        valid={column: tuple(codes) for column, codes in kept.get("valid", {}).items()},
    )


def _tables_of_engines(folder: Path, kinds: dict[str, str]) -> dict[str, Any]:
    """Tables that an engine beside pandas and polars holds, all of one engine by its one connection."""
    found: dict[str, Any] = {}
    for engine in dict.fromkeys(kind for kind in kinds.values() if kind in MODULES):
        require_engine(engine)
        paths = {name: folder / f"{name}.parquet" for name, kind in kinds.items() if kind == engine}
        if missing := [path.name for path in paths.values() if not path.exists()]:
            raise FileNotFoundError(missing[0])
        found |= scanned(paths, engine)
    return found


def _table(path: Path, kind: str) -> Any:
    polars = import_module("polars")
    if not path.exists():
        raise FileNotFoundError(path.name)
    if path.is_dir():  # Dask and Spark write a folder of files
        files = sorted(path.glob("*.parquet"))
        if not files:
            raise FileNotFoundError(path.name)
        lazy = polars.scan_parquet(files, glob=False)
        return lazy if kind != "pandas" else pandas_of(lazy.collect())
    require_page_headers(path, import_module("pyarrow.parquet").read_metadata(path))
    try:
        if kind == "pandas":
            return pandas_of(polars.read_parquet(path, glob=False))
        read = polars.read_parquet if kind == "polars" else polars.scan_parquet
        return read(path, glob=False)
    # On broken pages polars panics, which is no Exception.
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException):
        raise ValueError(path.name) from None


def pandas_of(frame: Any) -> Any:
    """Give a polars frame as pandas; whole numbers and Booleans keep their nulls, classes their order.

    As numpy columns the first would become fractions and objects; of an Enum polars before 2 tells nobody that it has an order.
    """
    arrow, pandas, polars = import_module("pyarrow"), import_module("pandas"), import_module("polars")
    kinds = {arrow.int64(): pandas.Int64Dtype(), arrow.bool_(): pandas.BooleanDtype()}
    made = frame.to_pandas(types_mapper=kinds.get, date_as_object=False)
    for name, dtype in frame.schema.items():
        if isinstance(dtype, polars.Enum) and not made[name].dtype.ordered:
            made[name] = made[name].cat.set_categories(dtype.categories.to_list(), ordered=True)
    return made


def ordered_categories(frame: Any) -> dict[str, list[str]]:
    """The classes of each ordered categorical of texts in a pandas frame, in their order."""
    pandas = import_module("pandas")
    of = {
        name: list(dtype.categories)
        for name, dtype in frame.dtypes.items()
        if isinstance(dtype, pandas.CategoricalDtype) and dtype.ordered
    }
    return {name: classes for name, classes in of.items() if all(isinstance(each, str) for each in classes)}


def polars_of(frame: Any) -> Any:
    """Give a pandas frame as polars; ordered categories of texts are an Enum, which keeps their order."""
    polars = import_module("polars")
    made = polars.from_pandas(frame)
    return made.with_columns(
        polars.col(name).cast(polars.String).cast(polars.Enum(classes))
        for name, classes in ordered_categories(frame).items()
    )


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _fault(kept: dict[str, Any]) -> Fault:
    rest = {name: value for name, value in kept.items() if name not in ("rows", "records")}
    return Fault(rows=tuple(kept["rows"]), records=tuple(kept["records"]), **rest)
