"""Make data/sample again: the synthetic surveys, lists, districts, outlines, mappings and truths. Same seed, same values.

``--rounds FOLDER`` writes two earlier rounds of the survey beside the sample, and the study of all three.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from fl_estimate.datasets.case_lists import DEPENDENT_PAIRS, CaseLists, make_case_lists
from fl_estimate.datasets.catalogue import LISTS_SEED, SURVEY_SEED
from fl_estimate.datasets.country import SEED, Population, Survey, make_population, survey, truth
from fl_estimate.datasets.country_mapping import household_toml
from fl_estimate.datasets.country_rounds import ROUNDS, STUDY, round_frame, round_mapping, round_survey, round_truth
from fl_estimate.datasets.geography import DISTRICTS, PER_REGION, REGIONS, feature_collection, outlines
from fl_estimate.datasets.migrants_mapping import migrants_toml
from fl_estimate.datasets.migrants_survey import FILES, draw_migrants, migrant_frames
from fl_estimate.datasets.office_files import VARIABLES, OfficeVariable, districts_frame, household_frame
from fl_estimate.datasets.returned_migrants import MIGRANTS_SEED, Migrants, make_migrants, migrants_truth
from fl_estimate.datasets.toml_text import toml_text

TARGET = Path(__file__).resolve().parents[1] / "data" / "sample"
OUTLINES_SEED = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Everything in data/sample, in memory."""

    population: Population
    survey: Survey
    household: pd.DataFrame
    lists: CaseLists
    districts: pd.DataFrame
    maps: dict[str, dict[str, Any]]
    truth: dict[str, Any]
    migrants: dict[str, pd.DataFrame]
    migrants_truth: dict[str, Any]


def make() -> Sample:
    """Make the country, its survey and its lists."""
    population = make_population()
    surveyed = survey(population, SURVEY_SEED)
    lists = make_case_lists(population, LISTS_SEED)
    migrants = make_migrants(population)
    interviewed = draw_migrants(population, migrants, SURVEY_SEED)
    return Sample(
        population=population,
        survey=surveyed,
        household=household_frame(surveyed),
        lists=lists,
        districts=districts_frame(population),
        maps=maps(),
        truth=truth_file(population, surveyed, lists),
        migrants=migrant_frames(population, migrants, interviewed),
        migrants_truth=migrants_truth_file(migrants, len(interviewed.chosen)),
    )


def maps() -> dict[str, dict[str, Any]]:
    """Give the outlines as GeoJSON; a district names its region too."""
    regions, districts = outlines(np.random.default_rng(OUTLINES_SEED))
    region_of = {name: REGIONS[index // PER_REGION] for index, name in enumerate(DISTRICTS)}
    return {
        "regions": feature_collection(regions, "region"),
        "districts": feature_collection(districts, "district", region=region_of),
    }


def truth_file(population: Population, surveyed: Survey, lists: CaseLists) -> dict[str, Any]:
    """Put together what is known of the country, and how the sample and the lists were drawn from it."""
    return {
        "framework": "icls2018_adult",
        "population": "adults (18 and over) living in households",
        "seed": SEED,
        **truth(population),
        "lists": {
            "seed": LISTS_SEED,
            "population_size": lists.population_size,
            "listed": lists.listed,
            "dark_figure": lists.dark_figure,
            "dependent_pairs": [list(pair) for pair in DEPENDENT_PAIRS],
        },
        "survey": {
            "seed": SURVEY_SEED,
            "respondents": len(surveyed.sample.respondent),
            "respondents_in_forced_labour": int(population.forced_labour[surveyed.sample.respondent].sum()),
        },
    }


def migrants_truth_file(migrants: Migrants, interviewed: int) -> dict[str, Any]:
    """Put together what is known of the returned migrants."""
    return {
        "framework": "icls2018_adult + sdg_10_7_1",
        "population": "adults who came back from work abroad, by their most recent episode",
        "seed": MIGRANTS_SEED,
        **migrants_truth(migrants),
        "survey": {"seed": SURVEY_SEED, "interviewed": interviewed},
    }


def write(sample: Sample, folder: Path) -> Iterator[Path]:
    """Write all files; gives each path when it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    yield _write_sav(sample.household, folder / "household.sav")
    path = folder / "household.parquet"
    sample.household.to_parquet(path, index=False, compression="zstd", compression_level=15)
    yield path
    frames = {"lists": sample.lists.counts, "list_records": sample.lists.records, "districts": sample.districts}
    for name, frame in frames.items():
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False, lineterminator="\n")
        yield path
    for name, collection in sample.maps.items():
        yield _write_text(folder / f"{name}.geojson", json.dumps(collection, separators=(",", ":")))
    yield _write_text(folder / "truth.json", json.dumps(sample.truth, indent=1))
    yield _write_text(folder / "household.toml", household_toml())
    for name, frame in sample.migrants.items():
        yield _write_dta(frame, folder / ("migrants.dta" if name == "people" else f"migrants_{name}.dta"), FILES[name])
    yield _write_text(folder / "migrants_truth.json", json.dumps(sample.migrants_truth, indent=1))
    yield _write_text(folder / "migrants.toml", migrants_toml())


def _write_text(path: Path, text: str) -> Path:
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    return path


def _write_sav(frame: pd.DataFrame, path: Path) -> Path:
    """Write the file as SPSS would (zlib-compressed), with labels and user-missing codes."""
    rows: Any = frame  # pyreadstat's own type for a pandas frame is narrower than the frame
    labels: dict[str, dict[int | float, str]] = {
        variable.name: dict(variable.values.items()) for variable in VARIABLES if variable.values
    }
    pyreadstat.write_sav(
        rows,
        path,
        file_label="Synthetic household survey",
        column_labels={variable.name: variable.label for variable in VARIABLES},
        variable_value_labels=labels,
        missing_ranges={variable.name: list(variable.missing) for variable in VARIABLES if variable.missing},
        variable_measure={variable.name: variable.kind for variable in VARIABLES},
        variable_format=dict.fromkeys(("HHWGT", "WEIGHT"), "F10.4"),
        compress=True,
    )
    return path


def _write_dta(frame: pd.DataFrame, path: Path, variables: Sequence[OfficeVariable]) -> Path:
    """Write the file as Stata would, with labels of variables and values; it carries no time of day."""
    labels: Any = {variable.name: dict(variable.values) for variable in variables if variable.values}
    frame.to_stata(
        path,
        write_index=False,
        version=118,
        time_stamp=dt.datetime(2026, 1, 1),
        variable_labels={variable.name: variable.label for variable in variables},
        value_labels=labels,
    )
    return path


def write_rounds(folder: Path) -> Iterator[Path]:
    """Write three rounds of the survey with their mappings and truths, and the study of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for year in ROUNDS:
        surveyed = round_survey(year, SURVEY_SEED)
        path = folder / f"household_{year}.parquet"
        round_frame(surveyed, year).to_parquet(path, index=False, compression="zstd")
        yield path
        yield _write_text(folder / f"household_{year}.toml", toml_text(round_mapping(year)))
        yield _write_text(folder / f"truth_{year}.json", json.dumps(round_truth(surveyed), indent=1))
    yield _write_text(folder / "rounds.toml", STUDY)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rounds"]:
        for made in write_rounds(Path(sys.argv[2])):
            print(f"{made.name}  {made.stat().st_size:,} bytes")
        sys.exit()
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    for written in write(make(), target):
        print(f"{written.name}  {written.stat().st_size:,} bytes")
