"""Words of ways of drawing a sample beyond the first ones, by code. English, French, Spanish; `vocabulary` takes them in."""

from __future__ import annotations

Said = tuple[str, str, str]

ASSUMPTIONS: dict[str, Said] = {
    "two_phases_apart": (
        "Persons were drawn in two phases; the variance of each is computed by itself, which is exact where the first phase "
        "is a simple random sample.",
        "Les personnes ont été tirées en deux phases ; la variance de chacune est calculée séparément, ce qui est exact "
        "lorsque la première phase est un sondage aléatoire simple.",
        "Las personas se extrajeron en dos fases; la varianza de cada una se calcula por separado, lo que es exacto cuando "
        "la primera fase es un muestreo aleatorio simple.",
    ),
}
