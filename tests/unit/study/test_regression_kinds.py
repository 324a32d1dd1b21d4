"""Kinds regression, test and contrast of a study file: the figures of the calls, tables in three languages, faults before estimating."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from tests.unit.study.made import assert_same_rows, write

HEAD = """\
[source.people]
file = "people.csv"
mapping = "people.toml"

[classify]
framework = "icls2018_adult"
short_instrument = true
"""
ENTRIES = {
    "by region": 'kind = "prevalence"\noutcome = "forced_labour"\nby = [["region"], ["sex"]]\n',
    "apart": 'kind = "contrast"\nestimates = "by region"\nbetween = { region = "overall" }\n',
    "of sexes": 'kind = "contrast"\nestimates = "by region"\nbetween = { sex = [2, 1] }\nscale = "ratio"\n',
    "weighed": 'kind = "contrast"\nestimates = "by region"\nbetween = { region = ["North", "South", "East"] }\nweights = [1, -0.5, -0.5]\n',
    "risk": 'kind = "regression"\nmethod = "regress"\nformula = "case ~ C(sex) + age_interview"\nlevel = 0.9\n',
    "odds": 'kind = "regression"\nmethod = "effect_ratios"\nmodel = "risk"\n',
    "effects": 'kind = "regression"\nmethod = "marginal_effects"\nmodel = "risk"\nvariables = ["sex"]\ncovariance_of = "separate"\n',
    "means": 'kind = "regression"\nmethod = "marginal_means"\nmodel = "risk"\nby = "sex"\n',
    "described": 'kind = "regression"\nmethod = "predict"\nmodel = "risk"\nat = { sex = [1, 2], age_interview = 30 }\nscale = "link"\n',
    "needed": 'kind = "test"\nmethod = "term_test"\nmodel = "risk"\nterm = "C(sex)"\nstatistic = "lrt"\n',
    "together": 'kind = "test"\nmethod = "independence_test"\nrow = "case"\ncolumn = "region"\nstatistic = "adjWald"\n',
    "older": 'kind = "test"\nmethod = "t_test"\nvariable = "age_interview"\ngroup = "sex"\nby = "region"\nvalue = 1.5\n',
    "ranked": 'kind = "test"\nmethod = "rank_test"\nvariable = "age_interview"\ngroup = "region"\nscore = "median"\n',
    "forms": 'kind = "regression"\nmethod = "regress_multinomial"\nformula = "region ~ age_interview"\nreference = "South"\nwhere = "age_interview < 60"\n',
    "steps": 'kind = "regression"\nmethod = "regress_ordinal"\nformula = "region ~ C(sex)"\norder = ["North", "South", "East", "West"]\nlink = "probit"\n',
}  # fmt: skip


def calls(people: Any) -> dict[str, Any]:
    """The same in Python."""
    by = fl.estimate_prevalence(people, "forced_labour", by=[["region"], ["sex"]])
    risk = fl.regress(people, "case ~ C(sex) + age_interview", level=0.9)
    return {
        "by region": by,
        "apart": fl.contrast(by, {"region": "overall"}),
        "of sexes": fl.contrast(by, {"sex": (2, 1)}, scale="ratio"),
        "weighed": fl.contrast(by, {"region": ("North", "South", "East")}, weights=[1, -0.5, -0.5]),
        "risk": risk,
        "odds": fl.effect_ratios(risk),
        "effects": fl.marginal_effects(risk, ["sex"], covariance_of="separate"),
        "means": fl.marginal_means(risk, "sex"),
        "described": fl.predict(risk, {"sex": [1, 2], "age_interview": 30}, scale="link"),
        "needed": fl.term_test(risk, "C(sex)", method="lrt").rows,
        "together": fl.independence_test(people, "case", "region", statistic="adjWald").rows,
        "older": fl.t_test(people, "age_interview", "sex", by="region", value=1.5),
        "ranked": fl.rank_test(people, "age_interview", "region", score="median").rows,
        "forms": fl.regress_multinomial(
            people, "region ~ age_interview", reference="South", where="age_interview < 60"
        ),
        "steps": fl.regress_ordinal(people, "region ~ C(sex)", order=["North", "South", "East", "West"], link="probit"),
    }


def study(entries: dict[str, str], *, languages: str = '["en"]') -> str:
    text = "".join(f'\n[[estimate]]\nname = "{name}"\n{entry}' for name, entry in entries.items())
    return f"{HEAD}{text}\n[publish]\nlanguages = {languages}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("kinds")
    found = fl.run_study(write(folder, study=study(ENTRIES, languages='["en", "fr", "es"]')), out=folder / "out")
    survey = fl.load(folder / "people.csv", mapping=folder / "people.toml")
    return found, calls(fl.classify(survey, "icls2018_adult", short_instrument=True))


@pytest.mark.parametrize("name", ENTRIES)
def test_the_figures_are_those_of_the_call(made: tuple[Any, dict[str, Any]], name: str) -> None:
    found, directly = made[0].estimates[name], made[1][name]
    assert_same_rows(found.to_frame(), directly.to_frame(), rtol=1e-12)
    assert found.assumptions == directly.assumptions
    assert found.reasons == directly.reasons
    assert found.provenance.arguments == directly.provenance.arguments


def test_a_table_of_tests_has_one_line_a_test(made: tuple[Any, dict[str, Any]]) -> None:
    html = (made[0].folder / "report.html").read_text(encoding="utf-8")
    assert "hypothesis test" in html
    assert "Degrees of freedom" in html
    test = made[1]["needed"].frame.set_index("quantity")["value"]
    assert f"X² = {test['chi_square']:.3g}" in html
    french = (made[0].folder / "report.fr.html").read_text(encoding="utf-8")
    assert "North − ensemble" in french
    assert "test d’hypothèse" in french
    assert "Rapport de cotes" in french
    assert "North − conjunto" in (made[0].folder / "report.es.html").read_text(encoding="utf-8")


def test_p_values_are_of_full_figures(made: tuple[Any, dict[str, Any]]) -> None:
    frame = made[0].published.to_frame()
    told = made[1]["risk"].coefficients()
    printed = frame[frame["estimate"] == "risk"]["p"].to_numpy(dtype=float)
    assert printed == pytest.approx(told["p"].to_numpy(dtype=float), abs=5e-5)
    assert frame[frame["estimate"] == "by region"]["p"].isna().all()
    # A coefficient near 0 is not imprecise because it is near 0.
    assert not frame[frame["estimate"].isin(["risk", "apart"])]["caution"].str.contains("cv").any()


def test_a_contrast_goes_with_its_parts(tmp_path: Path) -> None:
    """A rule that asks for more people than one region has: that region goes, and what is compared with it."""
    entries = {name: ENTRIES[name] for name in ("by region", "apart")}
    entries["by region"] += "where = \"region != 'West' or age_interview < 30\"\n"
    entries["pairs"] = 'kind = "contrast"\nestimates = "by region"\nbetween = { region = "pairwise" }\n'
    folder = write(tmp_path, study=study(entries))
    plain = fl.run_study(folder, out=tmp_path / "plain").estimates["by region"].frame
    regions = plain[plain["margin"] == "region"].set_index("region")
    small = str(regions["n"].idxmin())
    least = int(regions["n"].drop(small).min())
    assert int(regions["n"].min()) < least
    text = folder.read_text(encoding="utf-8").replace(
        "[publish]\n", f"[publish]\nrule = {{ min_n = {least}, min_cases = 1 }}\n"
    )
    folder.write_text(text, encoding="utf-8")
    published = fl.run_study(folder, out=tmp_path / "strict").published
    assert published is not None
    shown = published.to_frame()
    gone = set(shown[(shown["estimate"] == "by region") & (shown["publication"] == "not_published")]["region"].dropna())
    assert small in gone
    assert len(gone) < 4
    for name in ("apart", "pairs"):
        rows = shown[shown["estimate"] == name]
        rests = rows["term"].map(lambda term, gone=gone: bool(set(str(term).split(" − ")) & gone))
        assert rests.any()
        assert (rows.loc[rests, "publication"] == "not_published").all()
        assert rows.loc[rests, ["value", "se", "lower", "upper", "p"]].isna().all(axis=None)


FAULTS = {
    "model of another kind": ("odds", 'kind = "regression"\nmethod = "effect_ratios"\nmodel = "by region"\n', "FL-STUDY", "'by region' is of kind prevalence"),
    "column not compared": ("apart", 'kind = "contrast"\nestimates = "by region"\nbetween = { district = "overall" }\n', "FL-STUDY", "not by this column"),
    "later estimate": ("apart", 'kind = "contrast"\nestimates = "by regoin"\nbetween = { region = "overall" }\n', "FL-STUDY", "did you mean 'by region'"),
    "column of a formula": ("risk", 'kind = "regression"\nmethod = "regress"\nformula = "case ~ C(sexe)"\n', "FL-STUDY-05", "did you mean 'sex'"),
    "formula": ("risk", 'kind = "regression"\nmethod = "regress"\nformula = "case ~ C(sex"\n', "FL-EST-220", "formula"),
    "no method": ("risk", 'kind = "regression"\nformula = "case ~ sex"\n', "FL-STUDY", "method"),
    "no family": ("risk", 'kind = "regression"\nmethod = "regress"\nformula = "case ~ sex"\nfamily = "gauss"\n', "FL-STUDY", "family"),
    "constant outcome": ("risk", 'kind = "regression"\nmethod = "regress"\nformula = "case ~ sex"\nwhere = "case == 1"\n', "FL-EST-221", ""),
    "groups": ("older", 'kind = "test"\nmethod = "t_test"\nvariable = "age_interview"\ngroup = "region"\n', "FL-EST-232", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_check_finds_what_would_stop_the_run(name: str, tmp_path: Path) -> None:
    entry, text, code, said = FAULTS[name]
    from fl_estimate.study.run import check_study

    path = write(tmp_path, study=study({"by region": ENTRIES["by region"], entry: text}))
    with pytest.raises(fl.FlError) as caught:
        check_study(path)
    assert code in str(caught.value)
    assert said in str(caught.value)
