"""The data sets by name: what each is, where it comes from, and how it is made. None is read from the network."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.datasets.case_lists import LISTS, make_case_lists
from fl_estimate.datasets.country import make_population, survey, truth
from fl_estimate.datasets.country_mapping import household_mapping
from fl_estimate.datasets.country_rounds import ROUNDS, YEAR, round_frame, round_mapping, round_survey
from fl_estimate.datasets.families import families_mapping, make_families
from fl_estimate.datasets.migrants_mapping import migrants_mapping
from fl_estimate.datasets.migrants_survey import draw_migrants, migrant_frames
from fl_estimate.datasets.office_files import districts_frame, household_frame
from fl_estimate.datasets.returned_migrants import make_migrants
from fl_estimate.datasets.victims import SEED as VICTIMS_SEED
from fl_estimate.datasets.victims import SIZE as VICTIMS
from fl_estimate.datasets.victims import Victims, draw_victims
from fl_estimate.errors import FileFault, not_one_of
from fl_estimate.inputs.histories import CaptureHistories

if TYPE_CHECKING:
    import pandas as pd

    from fl_estimate.inputs.survey_data import SurveyData

SURVEY_SEED = 1
"""Seed of the survey in data/sample."""
LISTS_SEED = 1
"""Seed of the case lists in data/sample."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a data set comes from.

    Attributes
    ----------
    name, title : str
        Its name for `load`, and what it is.
    source : str
        Who made it, from what.
    licence : str
        SPDX identifier of the licence it may be used under.
    """

    name: str
    title: str
    source: str
    licence: str

    def __str__(self) -> str:
        return f"{self.title}. {self.source} Licence: {self.licence}."


def load(name: str) -> Any:
    """Load a data set that comes with the library.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    SurveyData, CaptureHistories or pandas.DataFrame
        ``country_household``, its earlier rounds ``country_household_2021`` and ``country_household_2022``, ``country_families`` and ``country_migrants`` are SurveyData, ready for `fl.classify`;
        counts of case lists are CaptureHistories; the others are frames. Published results (``ilo2012``, ``gems2022``,
        ``nepal2018`` …) have one row a printed figure, with `source` and `source_status`: verified (seen in the
        document), secondary (in another's copy) or unverified.

    Raises
    ------
    FileFault
        FL-FILE-20: there is no data set of this name.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> print(fl.datasets.load("country_truth").loc[0, "forced_labour"])
    5516
    """
    return _entry(name).make()


def names() -> list[str]:
    """List the data sets.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> "uk_2013_6" in fl.datasets.names()
    True
    """
    return sorted(_entries())


def source(name: str) -> Origin:
    """Say where a data set comes from.

    Raises
    ------
    FileFault
        FL-FILE-20: there is no data set of this name.
    """
    entry = _entry(name)
    return Origin(name=name, title=entry.title, source=entry.source, licence=entry.licence)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    title: str
    make: Callable[[], Any]
    source: str = "Made by fl_estimate.datasets.country with a fixed seed; the country and its names do not exist."
    licence: str = "BSD-3-Clause"


def _entry(name: str) -> _Entry:
    if name not in _entries():
        raise not_one_of("FL-FILE-20", "this data set", name, names(), FileFault)
    return _entries()[name]


@cache
def _entries() -> dict[str, _Entry]:
    """The made-up data sets, and the published tables of tables/sources.toml."""
    folder = resources.files("fl_estimate.datasets") / "tables"
    tables = tomllib.loads((folder / "sources.toml").read_text(encoding="utf-8"))
    published = {
        name: _Entry(
            title=entry["title"],
            source=entry["source"],
            licence=entry["licence"],
            make=partial(_published, name, tuple(entry["lists"])),
        )
        for name, entry in tables.items()
    }
    return {**_SYNTHETIC, **published, **_results()}


def _results() -> dict[str, _Entry]:
    """Published results, one row a printed figure, of published/sources.toml."""
    folder = resources.files("fl_estimate.datasets") / "published"
    told = tomllib.loads((folder / "sources.toml").read_text(encoding="utf-8"))
    return {
        name: _Entry(
            title=entry["title"], source=entry["source"], licence=entry["licence"], make=partial(_result_table, name)
        )
        for name, entry in told.items()
    }


def _result_table(name: str) -> pd.DataFrame:
    """Read a table of published results; texts stay texts, an empty cell is an empty text but in `value`."""
    import pandas as pd

    with (resources.files("fl_estimate.datasets") / "published" / f"{name}.csv").open(encoding="utf-8") as file:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    if "value" in frame:
        frame["value"] = pd.to_numeric(frame["value"])
    return frame


def _published(name: str, lists: tuple[str, ...]) -> CaptureHistories:
    import pandas as pd

    with (resources.files("fl_estimate.datasets") / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
        return CaptureHistories.from_counts(pd.read_csv(file), lists=lists)


def _household() -> SurveyData:
    return _through_files({"people": household_frame(survey(make_population(), SURVEY_SEED))}, household_mapping())


def _round(year: int) -> SurveyData:
    frame = round_frame(round_survey(year, SURVEY_SEED), year)
    return _through_files({"people": frame}, round_mapping(year))


def _migrants() -> SurveyData:
    population = make_population()
    migrants = make_migrants(population)
    frames = migrant_frames(population, migrants, draw_migrants(population, migrants, SURVEY_SEED))
    return _through_files({**frames, "jobs": frames["episodes"]}, migrants_mapping())


def _families() -> SurveyData:
    return _through_files(make_families(make_population()).files, families_mapping())


def _through_files(frames: Mapping[str, pd.DataFrame], mapping: dict[str, Any]) -> SurveyData:
    """Write a survey down as the office's files and read it with its mapping: the way any survey comes in."""
    from fl_estimate.loaders.load import load as load_survey  # pydantic and the file readers come with it

    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{name}.parquet" for name in frames}
        for name, frame in frames.items():
            frame.to_parquet(paths[name], index=False)
        return load_survey(paths, mapping=mapping)


def _lists() -> CaptureHistories:
    return CaptureHistories.from_counts(make_case_lists(make_population(), LISTS_SEED).counts, lists=LISTS)


def _list_records() -> pd.DataFrame:
    return make_case_lists(make_population(), LISTS_SEED).records


def _victims() -> Victims:
    import numpy as np

    return draw_victims(VICTIMS, np.random.default_rng(VICTIMS_SEED))


def _districts() -> pd.DataFrame:
    return districts_frame(make_population())


def _truth() -> pd.DataFrame:
    """Lay the true counts out as a frame: `margin` empty for the nation, else the column that `value` is of.

    The flow of the period; the stock, the months and those who entered as children are in truth.json.
    """
    import pandas as pd

    counted = truth(make_population())
    rows = [{"margin": "", "value": "", **counted.pop("national")}]
    for margin, cells in counted.items():
        rows += [{"margin": margin, "value": value, **cell} for value, cell in cells.items()]
    return pd.DataFrame(rows)[["margin", "value", "adults", "forced_labour", "prevalence"]]


_VICTIMS = "Made by fl_estimate.datasets.victims with a fixed seed, in the shape of the Dutch estimates of 2010-2015; nobody in it exists."
_SYNTHETIC: dict[str, _Entry] = {
    "country_household": _Entry(title="Synthetic country: household survey with a module on work", make=_household),
    **{
        f"country_household_{year}": _Entry(
            title=f"Synthetic country: the same survey two rounds earlier, in {year}" if year == YEAR - 2
            else f"Synthetic country: the same survey one round earlier, in {year}",
            make=partial(_round, year),
        )
        for year in ROUNDS if year < YEAR
    },
    "country_migrants": _Entry(
        title="Synthetic country: survey of returned migrants, with episodes and costs", make=_migrants
    ),
    "country_families": _Entry(
        title="Synthetic country: households with one to three adults interviewed, children and relatives",
        make=_families,
    ),
    "country_lists": _Entry(title="Synthetic country: five case lists, as counts of capture histories", make=_lists),
    "country_list_records": _Entry(title="Synthetic country: five case lists, a row a person", make=_list_records),
    "country_districts": _Entry(title="Synthetic country: districts with covariates and adults", make=_districts),
    "country_truth": _Entry(title="Synthetic country: true numbers of adults in forced labour", make=_truth),
    "victims_on_lists": _Entry(
        title="Made-up victims on five lists, a row a person, with year, sex and form (missing where one list alone knows them)",
        source=_VICTIMS, make=lambda: _victims().recorded,
    ),
    "victims_truth": _Entry(
        title="Made-up victims: how many there are, on a list or not, by year, and by sex and form",
        source=_VICTIMS, make=lambda: _victims().truth,
    ),
}  # fmt: skip
