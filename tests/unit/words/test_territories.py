"""Proves that a tag such as es-MX is taken wherever es is: the words are those of Spanish, numbers those of Mexico."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.cli import app
from fl_estimate.reporting.formats.html import report
from fl_estimate.reporting.renderers import formats
from fl_estimate.words.catalogue import catalogue
from fl_estimate.words.languages import LANGUAGES
from fl_estimate.words.say import say
from tests.unit.reporting.made import country, estimates
from tests.unit.reporting.test_maps import collection
from tests.unit.study.test_labels import STUDY, write

MAPPED = STUDY.replace('languages = ["fr", "en"]', "LANGUAGES")
RUNNER = CliRunner()


def mexican(spanish: str) -> str:
    """Spanish as Mexico writes it: a point before decimals, no space before the per cent sign."""
    return re.sub(r"(?<=\d),(?=\d)", ".", spanish).replace("\u00a0%", "%")


def told(page: str) -> str:
    """The words of a page: no style, no drawing."""
    page = re.sub(r"<style.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", "\n", page).replace('lang="es"', "")


def test_a_report_differs_from_the_spanish_one_by_decimals_and_per_cent_alone() -> None:
    published = fl.publish(country())
    spanish, mexico = (told(report(published, language=tag)) for tag in ("es", "es-MX"))
    assert mexico == mexican(spanish) != spanish
    assert "11.4" in mexico
    assert "11\u202f400" in mexico
    assert '<html lang="es-MX">' in report(published, language="es-MX")


@pytest.mark.parametrize("tag", ["es-MX", "fr-CA"])
def test_every_format_is_written_in_a_territory(tag: str, tmp_path: Path) -> None:
    published = fl.publish(country())
    for name, each in formats().items():
        options = {"geojson": collection()} if name == "map" else {}
        for ending in each.endings:
            assert published.to(name, tmp_path / f"{name}{ending}", tag, **options).stat().st_size > 100
    text = published.to("text", tmp_path / "t.txt", tag).read_text(encoding="utf-8")
    of_language = published.to("text", tmp_path / "l.txt", tag[:2]).read_text(encoding="utf-8")
    assert ("11.4" in text) == tag.startswith("es")
    assert len(text.splitlines()) == len(of_language.splitlines())
    assert published.table(tag).as_raw_html()


def test_axes_and_words_of_pictures() -> None:
    made = estimates(
        {"value": 0.0123, "lower": 0.0081, "upper": 0.0156, "se": 0.0018},
        *({"region": name, "value": value, "lower": value / 2, "upper": 2 * value} for name, value in (("a", 0.01), ("b", 0.0025))),
        by=("region",),
    )  # fmt: skip

    def texts(tag: str) -> list[str]:
        figure: Any = made.plot(language=tag)
        figure.canvas.draw()
        return [text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text") and each.get_text())]

    spanish, mexico = texts("es"), texts("es-MX")
    assert mexico == [mexican(text) for text in spanish]
    assert any(re.search(r"\d\.\d", text) for text in mexico)


def test_the_page_of_case_lists() -> None:
    counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [1450, 80, 10]})
    histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    appraisal = cr.appraise(histories.about(reference_period="2013-01-01 to 2013-12-31"), seed=1)
    spanish, mexico = (told(fl.appraisal_page(appraisal, language=tag)) for tag in ("es", "es-MX"))
    assert mexico == mexican(spanish) != spanish
    assert "Del 1 de enero al 31 de diciembre de 2013" in spanish


def test_a_study_takes_territories_and_their_texts(tmp_path: Path) -> None:
    titled = MAPPED.replace(
        'title = { fr = "Papiers', 'title = { es = "Papeles", es-MX = "Papeles de México", fr = "Papiers'
    )
    study = titled.replace("LANGUAGES", 'languages = ["es-MX", "es", "fr-BE"]')
    fl.run_study(write(tmp_path, study=study), out=tmp_path / "out")
    mexico, spain, belgium = (
        (tmp_path / "out" / name).read_text(encoding="utf-8") for name in ("report.html", "report.es.html", "report.fr-BE.html")
    )  # fmt: skip
    assert "<title>Papeles de México</title>" in mexico
    assert "<title>Papeles</title>" in spain
    assert "Papiers retenus dans les ménages" in belgium
    assert "Ménages du pays" in belgium
    assert re.search(r"\d\.\d", told(mexico))
    assert not re.search(r"\d,\d", told(mexico))


def test_a_study_refuses_a_territory_that_is_none(tmp_path: Path) -> None:
    path = write(tmp_path, study=MAPPED.replace("LANGUAGES", 'languages = ["es-QX"]'))
    with pytest.raises(fl.FlError, match=r"publish\.languages: .*es-QX"):
        fl.run_study(path, out=tmp_path / "out")


def test_commands_take_territories() -> None:
    for arguments in (
        ["explain", "icls2018_adult", "--age", "30", "--language", "es-MX"],
        ["codebook", "--language", "es-MX"],
    ):
        spanish = RUNNER.invoke(app, [*arguments[:-1], "es"])
        mexico = RUNNER.invoke(app, arguments)
        assert mexico.exit_code == 0, mexico.output
        assert mexico.output == spanish.output
    refused = RUNNER.invoke(app, ["explain", "icls2018_adult", "--age", "30", "--language", "es-QX"])
    assert refused.exit_code == 2
    assert "FL-IND-14" in refused.output


def test_labels_of_results_follow_the_language_of_a_tag(tmp_path: Path) -> None:
    study = MAPPED.replace("LANGUAGES", 'languages = ["fr"]').replace(
        '{ en = "South" }', '{ en = "South", es = "Sur" }'
    )
    result = fl.run_study(write(tmp_path, study=study), out=tmp_path / "out").estimates["prevalence_1"]
    frames = [set(result.to_frame(language=tag)["region"].dropna()) for tag in ("es", "es-MX")]
    assert frames[0] == frames[1]
    assert "Sur" in frames[0]


@pytest.mark.parametrize("tag", [*LANGUAGES, "pt-PT", "es-MX"])
def test_what_is_counted_has_a_form_for_every_number_also_where_it_is_said_in_english(tag: str) -> None:
    counted = {key: text for key, text in catalogue("en").items() if text.counted}
    assert counted
    for (family, code), text in counted.items():
        for value in (0, 1, 2, 5, 1.5, 1_000_000):
            written = say(family, code, tag, **{text.counted: value})
            if (family, code) not in catalogue(tag[:2]) and tag.startswith("pt"):
                assert written.split()[-1] == say(family, code, "en", **{text.counted: value}).split()[-1]
