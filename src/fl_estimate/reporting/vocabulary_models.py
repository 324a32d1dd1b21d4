"""The words of regression, tests and multiple imputation, by code, in English, French and Spanish; `vocabulary` takes them in."""

from __future__ import annotations

Said = tuple[str, str, str]

QUANTITIES: dict[str, Said] = {
    "coefficient": ("Coefficient", "Coefficient", "Coeficiente"),
    "marginal_mean": ("Adjusted mean", "Moyenne ajustée", "Media ajustada"),
}

METHODS: dict[str, Said] = {
    "multiple-imputation": ("multiple imputation", "imputation multiple", "imputación múltiple"),
}

ASSUMPTIONS: dict[str, Said] = {
    "model_binomial": (
        "Logistic regression weighted to the population; the variance allows for any dispersion.",
        "Régression logistique pondérée à la population ; la variance admet toute dispersion.",
        "Regresión logística ponderada a la población; la varianza admite cualquier dispersión.",
    ),
    "model_gaussian": (
        "Linear regression weighted to the population.",
        "Régression linéaire pondérée à la population.",
        "Regresión lineal ponderada a la población.",
    ),
    "model_poisson": (
        "Log-linear regression weighted to the population; the variance allows for any dispersion.",
        "Régression log-linéaire pondérée à la population ; la variance admet toute dispersion.",
        "Regresión log-lineal ponderada a la población; la varianza admite cualquier dispersión.",
    ),
    "model_complete_rows": (
        "Persons who lack any variable of the model are left out of it.",
        "Les personnes pour lesquelles une variable du modèle manque en sont exclues.",
        "Las personas a las que falta alguna variable del modelo quedan fuera de él.",
    ),
    "model_levels_left_out": (
        "Classes of {variable} that nobody counted has are left out: {values}.",
        "Les modalités de {variable} que personne n’a sont omises : {values}.",
        "Se omiten las clases de {variable} que nadie tiene: {values}.",
    ),
    "imputed_several_times": (
        "Missing answers were imputed {m} times; the standard error holds the variance between imputations.",
        "Les réponses manquantes ont été imputées {m} fois ; l’erreur type comprend la variance entre imputations.",
        "Las respuestas faltantes se imputaron {m} veces; el error estándar incluye la varianza entre imputaciones.",
    ),
}

REASONS: dict[str, Said] = {
    "model_replicates_lost": (
        "{replicates} of {of} replicates have no estimate of the model and were left out.",
        "{replicates} réplications sur {of} ne donnent pas d’estimation du modèle et ont été écartées.",
        "{replicates} de {of} réplicas no dan estimación del modelo y se omitieron.",
    ),
    "pooled_without_error": (
        "Some imputation has no standard error here, so that the pooled result has none.",
        "Une imputation n’a pas d’erreur type ici : le résultat combiné n’en a pas non plus.",
        "Alguna imputación no tiene error estándar aquí, de modo que el resultado combinado tampoco lo tiene.",
    ),
}

PLAN_AXES: tuple[Said, Said] = (
    ("interviews in a domain", "entretiens par domaine", "entrevistas por dominio"),
    ("expected limits", "limites attendues", "límites esperados"),
)
PLAN_LINES: Said = (
    "prevalence {p}, design effect {deff}",
    "prévalence {p}, effet de plan {deff}",
    "prevalencia {p}, efecto de diseño {deff}",
)
