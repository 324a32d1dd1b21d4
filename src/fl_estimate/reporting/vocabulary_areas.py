"""Words of area models beyond the first two: beta-binomial, spatial and temporal effects, EBLUP. English, French, Spanish."""

from __future__ import annotations

Said = tuple[str, str, str]

_EBLUP: dict[str, Said] = {
    "reml": ("REML", "REML", "REML"),
    "ml": ("ML", "ML", "ML"),
    "moment": ("moments", "moments", "momentos"),
    "adjusted-reml": ("adjusted REML", "REML ajusté", "REML ajustado"),
    "adjusted-ml": ("adjusted ML", "ML ajusté", "ML ajustado"),
    "adjusted-reml-yl": (
        "adjusted REML, Yoshimori–Lahiri", "REML ajusté, Yoshimori-Lahiri", "REML ajustado, Yoshimori-Lahiri",
    ),
    "adjusted-ml-yl": ("adjusted ML, Yoshimori–Lahiri", "ML ajusté, Yoshimori-Lahiri", "ML ajustado, Yoshimori-Lahiri"),
    "sar-reml": ("spatial, REML", "spatial, REML", "espacial, REML"),
    "sar-ml": ("spatial, ML", "spatial, ML", "espacial, ML"),
}  # fmt: skip

METHODS: dict[str, Said] = {
    "area-beta-binomial": (
        "hierarchical model of areas: beta-binomial, on effective counts",
        "modèle hiérarchique par domaine : bêta-binomial, sur effectifs effectifs",
        "modelo jerárquico por áreas: beta-binomial, sobre recuentos efectivos",
    ),
    **{
        f"eblup-{name}": (
            f"EBLUP of areas (Fay–Herriot, {said[0]})",
            f"EBLUP par domaine (Fay-Herriot, {said[1]})",
            f"EBLUP por áreas (Fay-Herriot, {said[2]})",
        )
        for name, said in _EBLUP.items()
    },
}

SOURCES: dict[str, Said] = {
    "area-beta-binomial": (
        "Survey by area, beta-binomial model",
        "Enquête par domaine, modèle bêta-binomial",
        "Encuesta por áreas, modelo beta-binomial",
    ),
    **{
        f"eblup-{name}": (
            f"Survey by area, EBLUP ({said[0]})",
            f"Enquête par domaine, EBLUP ({said[1]})",
            f"Encuesta por áreas, EBLUP ({said[2]})",
        )
        for name, said in _EBLUP.items()
    },
}

ASSUMPTIONS: dict[str, Said] = {
    "area_effects_bym2": (
        "Areas differ from what their covariates say by effects that are in part like their neighbours’ and in part their "
        "own ({link} scale, BYM2).",
        "Les domaines s’écartent de ce que disent leurs covariables par des effets en partie semblables à ceux de leurs "
        "voisins, en partie propres (échelle {link}, BYM2).",
        "Las áreas se apartan de lo que dicen sus covariables por efectos en parte similares a los de sus vecinas y en parte "
        "propios (escala {link}, BYM2).",
    ),
    "area_effects_sar": (
        "Areas differ from what their covariates say by effects that follow those of their neighbours ({link} scale, "
        "simultaneous autoregression).",
        "Les domaines s’écartent de ce que disent leurs covariables par des effets qui suivent ceux de leurs voisins "
        "(échelle {link}, autorégression simultanée).",
        "Las áreas se apartan de lo que dicen sus covariables por efectos que siguen a los de sus vecinas (escala {link}, "
        "autorregresión simultánea).",
    ),
    "effects_rw1": (
        "Each time differs from the one before by a normal step ({link} scale, random walk).",
        "Chaque période s’écarte de la précédente par un pas normal (échelle {link}, marche aléatoire).",
        "Cada período se aparta del anterior por un paso normal (escala {link}, paseo aleatorio).",
    ),
    "effects_ar1": (
        "Times differ from what their covariates say by effects whose correlation fades with distance ({link} scale, "
        "first-order autoregression).",
        "Les périodes s’écartent de ce que disent leurs covariables par des effets dont la corrélation décroît avec la "
        "distance (échelle {link}, autorégression d’ordre un).",
        "Los períodos se apartan de lo que dicen sus covariables por efectos cuya correlación decrece con la distancia "
        "(escala {link}, autorregresión de primer orden).",
    ),
    "area_effects_beta": (
        "Shares of areas are drawn from beta distributions around what their covariates say: an area with little data is "
        "drawn towards the others.",
        "Les parts des domaines sont tirées de lois bêta autour de ce que disent leurs covariables : un domaine peu observé "
        "est tiré vers les autres.",
        "Las proporciones de las áreas proceden de distribuciones beta alrededor de lo que dicen sus covariables: un área "
        "con pocos datos se acerca a las demás.",
    ),
    "prior_kappa": (
        "Prior of the precision of areas’ shares: {prior}.",
        "Loi a priori de la précision des parts des domaines : {prior}.",
        "Distribución a priori de la precisión de las proporciones de las áreas: {prior}.",
    ),
    "prior_dependence": (
        "Prior of {name}: {prior}.",
        "Loi a priori de {name} : {prior}.",
        "Distribución a priori de {name}: {prior}.",
    ),
    "benchmarked": (
        "Areas are moved so that together they give the national estimate, taken as known ({value}; rule: {rule}).",
        "Les domaines sont ajustés pour donner ensemble l’estimation nationale, considérée comme connue ({value} ; règle : "
        "{rule}).",
        "Las áreas se ajustan para dar juntas la estimación nacional, tratada como conocida ({value}; regla: {rule}).",
    ),
}

REASONS: dict[str, Said] = {
    "variance_at_boundary": (
        "The variance between areas is estimated as 0: the error of this figure cannot be told.",
        "La variance entre domaines est estimée à 0 : l’erreur de ce chiffre ne peut être donnée.",
        "La varianza entre áreas se estima en 0: el error de esta cifra no puede darse.",
    ),
    "error_after_benchmarking": (
        "The figure was moved to agree with the national one: this method gives no error for it.",
        "Le chiffre a été ajusté au chiffre national : cette méthode n’en donne pas l’erreur.",
        "La cifra se ajustó a la nacional: este método no da su error.",
    ),
    "sampler_energy": (
        "The sampler explored the tails too slowly (energy {bfmi}) for limits that can be relied on.",
        "L’échantillonneur a exploré trop lentement les queues (énergie {bfmi}) pour des limites fiables.",
        "El muestreador exploró las colas con demasiada lentitud (energía {bfmi}) para límites fiables.",
    ),
}

AXES: dict[str, Said] = {
    "direct": ("Direct estimate", "Estimation directe", "Estimación directa"),
    "model": ("Model", "Modèle", "Modelo"),
}
"""Axes of the shrinkage plot."""
