"""Words of ways of drawing a sample beyond the first ones, by code. English, French, Spanish; `vocabulary` takes them in."""

from __future__ import annotations

Said = tuple[str, str, str]

ASSUMPTIONS: dict[str, Said] = {
    "unweighted": (
        "Unweighted: every {one} counts the same. The figures are of the sample; they speak of the population only if "
        "all of it was equally likely to be drawn and to answer.",
        "Non pondéré\u00a0: chaque {one} compte autant. Les chiffres portent sur l’échantillon\u00a0; ils ne valent pour la "
        "population que si toutes ses unités avaient la même probabilité d’être tirées et de répondre.",
        "Sin ponderar: cada {one} cuenta lo mismo. Las cifras son de la muestra; solo valen para la población si todas sus "
        "unidades tenían la misma probabilidad de ser seleccionadas y de responder.",
    ),
    "zero_weights": (
        "Rows with a weight of zero (not interviewed or not eligible): {rows}. They are counted in no figure, and their primary "
        "units stay in the design.",
        "Lignes de poids nul (non enquêtées ou non éligibles)\u00a0: {rows}. Elles n’entrent dans aucun chiffre, et leurs unités "
        "primaires restent dans le plan.",
        "Filas con peso igual a cero (no entrevistadas o no elegibles): {rows}. No entran en ninguna cifra, y sus unidades "
        "primarias siguen en el diseño.",
    ),
    "two_phases_apart": (
        "Persons were drawn in two phases; the variance of each is computed by itself, which is exact where the first phase "
        "is a simple random sample.",
        "Les personnes ont été tirées en deux phases ; la variance de chacune est calculée séparément, ce qui est exact "
        "lorsque la première phase est un sondage aléatoire simple.",
        "Las personas se extrajeron en dos fases; la varianza de cada una se calcula por separado, lo que es exacto cuando "
        "la primera fase es un muestreo aleatorio simple.",
    ),
}
