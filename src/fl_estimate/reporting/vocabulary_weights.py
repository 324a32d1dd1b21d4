"""Words of adjusted weights, quantiles, contrasts and standardised estimates, by code. English, French, Spanish."""

from __future__ import annotations

Said = tuple[str, str, str]

QUANTITIES: dict[str, Said] = {
    "quantile": ("Quantile", "Quantile", "Cuantil"),
    "median": ("Median", "Médiane", "Mediana"),
    "difference": ("Difference", "Différence", "Diferencia"),
    "quotient": ("Ratio of two estimates", "Rapport de deux estimations", "Cociente de dos estimaciones"),
    "log_ratio": ("Logarithm of a ratio", "Logarithme d’un rapport", "Logaritmo de un cociente"),
    "log_odds_ratio": (
        "Logarithm of an odds ratio",
        "Logarithme d’un rapport de cotes",
        "Logaritmo de una razón de momios",
    ),
}

TERMS: dict[str, Said] = {
    "0.25": ("lower quartile", "premier quartile", "primer cuartil"),
    "0.5": ("median", "médiane", "mediana"),
    "0.75": ("upper quartile", "troisième quartile", "tercer cuartil"),
}

INTERVALS: dict[str, Said] = {
    "woodruff": ("Woodruff", "Woodruff", "Woodruff"),
    "mean": (
        "share at or below the value",
        "proportion inférieure ou égale à la valeur",
        "proporción igual o inferior al valor",
    ),
}

RULES: dict[str, Said] = {
    "raking": ("raking", "calage par la méthode itérative (raking)", "calibración por raking"),
    "linear": ("regression (GREG)", "calage linéaire (GREG)", "calibración lineal (GREG)"),
    "sinh": ("the hyperbolic sine", "le sinus hyperbolique", "el seno hiperbólico"),
    "math": ("the least value reached", "la plus petite valeur atteinte", "el menor valor alcanzado"),
    "school": ("the middle of two values", "le milieu de deux valeurs", "el punto medio de dos valores"),
    "shah-vaish": ("Shah and Vaish", "Shah et Vaish", "Shah y Vaish"),
}

ASSUMPTIONS: dict[str, Said] = {
    "weights_calibrated": (
        "The weights meet known totals of the population by {margins} ({method}); what these totals explain does not count as "
        "sampling error.",
        "Les poids respectent des totaux connus de la population selon {margins} ({method})\u00a0; ce que ces totaux expliquent ne "
        "compte pas comme erreur d’échantillonnage.",
        "Los pesos cumplen totales conocidos de la población según {margins} ({method}); lo que estos totales explican no cuenta "
        "como error de muestreo.",
    ),
    "weights_trimmed": (
        "Weights were trimmed at {upper} ({rows} persons) and the difference spread over the others; the standard error does not "
        "know of the bias.",
        "Les poids ont été tronqués à {upper} ({rows} personnes) et la différence répartie sur les autres\u00a0; l’erreur type ignore "
        "le biais.",
        "Los pesos se recortaron en {upper} ({rows} personas) y la diferencia se repartió entre los demás; el error estándar no "
        "conoce el sesgo.",
    ),
    "non_response_by_class": (
        "Those who answered ({response_rate}) stand for those who did not, within classes of {columns}.",
        "Les personnes ayant répondu ({response_rate}) représentent celles qui n’ont pas répondu, au sein de classes de {columns}.",
        "Las personas que respondieron ({response_rate}) representan a las que no lo hicieron, dentro de clases de {columns}.",
    ),
    "non_response_by_propensity": (
        "Those who answered ({response_rate}) stand for those who did not, by their propensity to answer given {columns}.",
        "Les personnes ayant répondu ({response_rate}) représentent celles qui n’ont pas répondu, selon leur propension à répondre "
        "sachant {columns}.",
        "Las personas que respondieron ({response_rate}) representan a las que no lo hicieron, según su propensión a responder "
        "dado {columns}.",
    ),
    "quantile_rule": (
        "Quantiles by the rule: {rule}.",
        "Quantiles selon la règle\u00a0: {rule}.",
        "Cuantiles según la regla: {rule}.",
    ),
    "contrast_of_estimates": (
        "Compared by {column}: {compared}, with the covariance of the estimates.",
        "Comparaison selon {column}\u00a0: {compared}, avec la covariance des estimations.",
        "Comparación según {column}: {compared}, con la covarianza de las estimaciones.",
    ),
    "standardised": (
        "Standardised: every domain has the same composition by {column}.",
        "Standardisé\u00a0: tous les domaines ont la même composition selon {column}.",
        "Estandarizado: todos los dominios tienen la misma composición según {column}.",
    ),
}

REASONS: dict[str, Said] = {
    "quantile_beyond_values": (
        "The share of persons below the quantile is so unsure that a limit of the quantile lies beyond all values.",
        "La part des personnes sous le quantile est si incertaine qu’une limite du quantile se trouve au-delà de toutes les "
        "valeurs.",
        "La proporción de personas por debajo del cuantil es tan incierta que un límite del cuantil queda más allá de todos los "
        "valores.",
    ),
    "part_missing": (
        "One of the estimates that this row is made of is missing.",
        "Une des estimations dont cette ligne est faite manque.",
        "Falta una de las estimaciones de las que se compone esta fila.",
    ),
    "contrast_not_defined": (
        "A ratio or a logarithm of these estimates does not exist: one of them is 0, or a proportion of 1.",
        "Le rapport ou le logarithme de ces estimations n’existe pas\u00a0: l’une d’elles est 0, ou une proportion de 1.",
        "El cociente o el logaritmo de estas estimaciones no existe: una de ellas es 0, o una proporción de 1.",
    ),
}

PICTURE: dict[str, Said] = {
    "weight": ("Weight (logarithmic scale)", "Poids (échelle logarithmique)", "Peso (escala logarítmica)"),
    "persons": ("Share of the persons", "Part des personnes", "Proporción de personas"),
    "extreme": (
        "more than six interquartile ranges above the median: {n}",
        "à plus de six écarts interquartiles au-dessus de la médiane\u00a0: {n}",
        "a más de seis rangos intercuartílicos por encima de la mediana: {n}",
    ),
    "deff": ("{weights} (1 + cv² = {deff})", "{weights} (1 + cv² = {deff})", "{weights} (1 + cv² = {deff})"),
    "fifth": ("Mean weight of each fifth", "Poids moyen de chaque cinquième", "Peso medio de cada quintil"),
    "answered": ("Share that answered", "Part ayant répondu", "Proporción que respondió"),
}
"""The picture of weights."""
