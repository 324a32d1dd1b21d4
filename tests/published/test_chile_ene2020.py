"""Chile's labour force survey, January-March 2020: a real file gives R survey's figures, however it is read.

R survey 4.4.2 on ene.sav: svydesign(~conglomerado, strata = ~estrato_unico, weights = ~fact_cal, nest = TRUE) with
options(survey.lonely.psu = "certainty"); svymean, svytotal, svyratio, svyby; svyciprop(method = "beta").
The Instituto Nacional de Estadísticas published 8.2 % as the quarter's unemployment rate.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl

CLOSE = 1e-9
SHARE = {"value": 0.04148707426527, "se": 0.001100215772893, "df": 3983}
BETA = {"lower": 0.0393554869933669, "upper": 0.0437002518641761}
REGIONS = {
    1: {"value": 0.0366289634724037, "se": 0.00484866344700508},
    16: {"value": 0.0370167691355448, "se": 0.00360974172794287},
}
TOTAL = {"value": 801804.7956911606, "se": 22612.0943682111}
RATE = {"value": 0.08228509097361655, "se": 0.00212906344018458}
DESIGN = fl.Design(weights="fact_cal", strata="estrato_unico", psu="conglomerado", single_psu="certainty", expands=True)
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "ene2020.toml"


@pytest.fixture(scope="session", params=["sav", "dta"])
def file(request: pytest.FixtureRequest, real_data: Path) -> Path:
    return real_data / "chile_ene2020" / f"ene.{request.param}"


def agree(estimates: fl.Estimates, expected: dict[str, float]) -> None:
    row = estimates.to_frame().iloc[0]
    for name, figure in expected.items():
        assert row[name] == pytest.approx(figure, rel=CLOSE), name


def check(people: Any, design: fl.Design | None) -> None:
    share = fl.estimate_prevalence(people, "unemployed", design=design, by="region", interval="beta", df="domain")
    assert int(share.national.to_frame()["n"].iloc[0]) == 87_842
    agree(share.national, {**SHARE, **BETA})
    for region, figures in REGIONS.items():
        agree(share.select(region=region), figures)
    agree(fl.estimate_total(people, "unemployed", design=design), TOTAL)
    rate = fl.estimate_ratio(people, "unemployed", "labour_force", design=design)
    agree(rate, RATE)
    assert round(100 * float(rate.to_frame()["value"].iloc[0]), 1) == 8.2


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_through_the_bundled_mapping(file: Path, engine: Any) -> None:
    survey = fl.load(file, mapping="ene2020", engine=engine)
    assert survey.report.ok
    check(survey, None)


def test_on_a_bare_frame(file: Path) -> None:
    import pyreadstat

    read: Any = pyreadstat.read_sav if file.suffix == ".sav" else pyreadstat.read_dta
    people: pd.DataFrame = read(str(file))[0]
    activity = people["cae_especifico"]
    check(people.assign(unemployed=activity.isin([8, 9]), labour_force=activity.between(1, 9)), DESIGN)


def test_the_study_of_the_docs(file: Path, tmp_path: Path) -> None:
    study = tmp_path / "ene2020.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    study.write_text(text.replace('"ene.sav"', json.dumps(str(file))), encoding="utf-8")
    result = fl.run_study(study, out=tmp_path / "out")
    assert result.ok
    agree(result.estimates["share"].national, {**SHARE, **BETA})
    agree(result.estimates["number"].national, TOTAL)
    agree(result.estimates["unemployment rate"].national, RATE)
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "estimates.csv", "estimates.parquet", "manifest.json", "report.html"
    }  # fmt: skip
