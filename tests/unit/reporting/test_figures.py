"""Pictures: every printed figure is drawn and written, withheld ones are hatched and named, nothing global is touched."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import fl_estimate as fl
from fl_estimate.reporting.pictures.drawing import inline_svg, svg
from fl_estimate.reporting.pictures.figures import draw
from fl_estimate.reporting.truth import Truth
from tests.unit.reporting.made import country, estimates


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_figures_are_written_beside_their_lines() -> None:
    written = texts(fl.plot(fl.publish(country())))
    for expected in (
        "Whole country",
        "11.4 (8.1–15.6)",
        "at most 16",
        "20.0\u2009† (9.0–41.0)",
        "not published",
        "Women",
    ):
        assert expected in written, expected


def test_withheld_rows_are_hatched_and_not_drawn() -> None:
    from matplotlib.patches import Rectangle

    figure = draw(
        fl.publish(estimates({"n": 9000, "cases": 90}, {"region": "W", "df": 1, "value": 0.5, "upper": 0.9})).tables
    )
    (axes,) = figure.axes
    assert [patch.get_hatch() for patch in axes.findobj(Rectangle) if patch.get_hatch()] == ["////"]
    assert axes.get_xlim()[1] < 0.05 * 1000  # the withheld upper limit does not stretch the axis


def test_the_analyst_sees_everything() -> None:
    assert "123 (99–199)" in texts(fl.plot(country()["prevalence_1"]))


def test_several_results_stand_under_each_other() -> None:
    figure = fl.plot(list(country().values()), language="fr")
    assert len(figure.axes) == 2
    assert "Travail forcé\u00a0: nombre de personnes, par région" in texts(figure)


def test_bounds_are_one_line() -> None:
    made = estimates(
        {"bound": "lower", "cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.004},
        {"bound": "upper", "value": 0.02, "upper": 0.03},
        {"region": "N", "bound": "lower", "cases": 2},
        {"region": "N", "bound": "upper"},
    )
    written = texts(draw(fl.publish(made, rule=fl.SuppressionRule(few_cases="withheld")).tables))
    assert "0.0 to 20.0 (0.0–30.0)" in written
    assert written.count("not published") == 1


def test_a_caution_is_hollow_and_truth_is_drawn() -> None:
    truth = Truth(values={("prevalence", "forced_labour", frozenset()): 0.0123})
    figure = draw(fl.publish(estimates({"df": 7}, {"region": "N"})).tables, truth=truth)
    (axes,) = figure.axes
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_markerfacecolor() == "#ffffff" for line in points] == [True, False]
    diamonds: list[Any] = [line.get_xdata() for line in axes.lines if line.get_marker() == "D"]
    assert [float(across[0]) for across in diamonds] == [12.3]
    assert any("true value" in text for text in texts(figure))


@pytest.mark.parametrize("language", ["en", "fr", "es", "es-MX", "pt"])
def test_the_words_under_the_axis_lie_within_the_picture(language: str) -> None:
    """The second line of a legend, as bounds with a truth have in Spanish, was cut off below."""
    made = estimates({"bound": "lower", "value": 0.01}, {"bound": "upper", "value": 0.02})
    truth = Truth(values={("prevalence", "forced_labour", frozenset()): 0.0123})
    tables = fl.publish(made).tables
    lines = set[int]()
    for figure in (
        draw(tables, language=language, truth=truth),
        draw([*tables, *tables], language=language, truth=truth),
    ):
        figure.draw_without_rendering()
        bottom = [axes.xaxis.label.get_window_extent().y0 for axes in figure.axes]
        assert min(bottom) >= 0
        lines |= {axes.get_xlabel().count("\n") for axes in figure.axes}
    assert lines == {1} or language not in ("es", "es-MX")


def test_upper_limits_may_run_out_of_the_axis() -> None:
    made = estimates({}, {"region": "N", "cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.5})
    (axes,) = draw(fl.publish(made, rule=fl.SuppressionRule(few_cases="withheld")).tables).axes
    assert axes.get_xlim()[1] < 100
    assert any(line.get_marker() == ">" for line in axes.lines)


def test_a_mean_far_from_zero_is_not_drawn_from_zero() -> None:
    made = estimates({"value": 44.0, "se": 0.5, "lower": 43.0, "upper": 45.0, "cases": None}, quantity="mean")
    (axes,) = fl.plot(made).axes
    assert axes.get_xlim()[0] > 40


def test_svg_is_the_same_each_time_and_names_no_host_inside_a_page() -> None:
    tables = fl.publish(country()).tables
    first, second = (svg(draw(tables), "a") for _ in range(2))
    assert first == second
    inside = inline_svg(draw(tables), "a", 'a "label" & more')
    assert "http" not in inside
    assert inside.startswith('<svg viewBox="')
    assert 'aria-label="a &quot;label&quot; &amp; more"' in inside
    ids = re.findall(r'id="(\w+)"', inline_svg(draw(tables), "b", "x"))
    shared = {name for name in re.findall(r'id="(\w+)"', inside) if re.fullmatch(r"[a-z]\w*[0-9a-f]{8,}", name)} & set(
        ids
    )
    assert shared == set()


@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_written_as(ending: str, start: bytes, tmp_path: Path) -> None:
    path = fl.publish(country()).plot(tmp_path / f"figure{ending}")
    assert path.read_bytes().startswith(start)


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-12"):
        fl.publish(country()).plot(tmp_path / "figure.gif")


def test_settings_of_the_session_are_left_alone() -> None:
    before = dict(mpl.rcParams)
    svg(fl.plot(country()["prevalence_1"]), "a")
    assert dict(mpl.rcParams) == before


def test_pyplot_is_never_loaded() -> None:
    code = (
        "import sys; from tests.unit.reporting.made import country; import fl_estimate as fl; "
        "fl.plot(country()['prevalence_1']); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_a_figure_shows_itself_in_a_notebook() -> None:
    """IPython asks an object for `_repr_png_`; without pyplot nothing else would draw it."""
    figure: Any = fl.plot(fl.publish(country()))
    assert figure._repr_png_().startswith(b"\x89PNG")
