"""Words of models of areas at several times. English, French, Spanish."""

from __future__ import annotations

Said = tuple[str, str, str]

_SPATIAL: dict[str, Said] = {
    "": ("", "", ""),
    "sar-": ("spatial, ", "spatial, ", "espacial, "),
}
_TEMPORAL: dict[str, Said] = {
    "": ("areas and times", "domaines et périodes", "áreas y períodos"),
    "ar1-": ("areas and times, AR1", "domaines et périodes, AR1", "áreas y períodos, AR1"),
}


def _eblups(before: Said) -> dict[str, Said]:
    return {
        f"eblup-{spatial}panel-{temporal}{method}": (
            f"{before[0]} ({space[0]}{times[0]}, {method.upper()})",
            f"{before[1]} ({space[1]}{times[1]}, {method.upper()})",
            f"{before[2]} ({space[2]}{times[2]}, {method.upper()})",
        )
        for spatial, space in _SPATIAL.items()
        for temporal, times in _TEMPORAL.items()
        for method in ("reml", "ml")
    }


METHODS: dict[str, Said] = _eblups(
    (
        "EBLUP, Fay–Herriot by area and time",
        "EBLUP, Fay-Herriot par domaine et période",
        "EBLUP, Fay-Herriot por área y período",
    )
)
SOURCES: dict[str, Said] = _eblups(
    ("Survey by area and time, EBLUP", "Enquête par domaine et période, EBLUP", "Encuesta por área y período, EBLUP")
)

ASSUMPTIONS: dict[str, Said] = {
    "panel_effects_independent": (
        "Beside an effect of its own at all times, an area has one at each time, which is independent of the others ({link} scale).",
        "Outre un effet propre à toutes les périodes, un domaine en a un à chaque période, indépendant des autres (échelle "
        "{link}).",
        "Además de un efecto propio en todos los períodos, un área tiene uno en cada período, independiente de los demás (escala "
        "{link}).",
    ),
    "panel_effects_ar1": (
        "Beside an effect of its own at all times, an area has one at each time, whose correlation fades from one time to the "
        "next ({link} scale, first-order autoregression).",
        "Outre un effet propre à toutes les périodes, un domaine en a un à chaque période, dont la corrélation décroît d’une "
        "période à l’autre (échelle {link}, autorégression d’ordre un).",
        "Además de un efecto propio en todos los períodos, un área tiene uno en cada período, cuya correlación decrece de un "
        "período a otro (escala {link}, autorregresión de primer orden).",
    ),
    "panel_effects_rw1": (
        "Beside an effect of its own at all times, an area differs at each time from the time before by a normal step ({link} "
        "scale, random walk).",
        "Outre un effet propre à toutes les périodes, un domaine s’écarte à chaque période de la précédente par un pas normal "
        "(échelle {link}, marche aléatoire).",
        "Además de un efecto propio en todos los períodos, un área se aparta en cada período del anterior por un paso normal "
        "(escala {link}, paseo aleatorio).",
    ),
    "prior_sigma_time": (
        "Prior of the standard deviation of an area’s times: {prior}.",
        "Loi a priori de l’écart-type des périodes d’un domaine : {prior}.",
        "Distribución a priori de la desviación típica de los períodos de un área: {prior}.",
    ),
}

REASONS: dict[str, Said] = {
    "panel_error_not_given": (
        "By area and time this method gives no error that could be relied on.",
        "Par domaine et période, cette méthode ne donne pas d’erreur fiable.",
        "Por área y período, este método no da un error fiable.",
    ),
}
