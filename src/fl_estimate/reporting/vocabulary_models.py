"""The words of regression, tests and multiple imputation, by code, in English, French and Spanish; `vocabulary` takes them in."""

from __future__ import annotations

Said = tuple[str, str, str]

QUANTITIES: dict[str, Said] = {
    "coefficient": ("Coefficient", "Coefficient", "Coeficiente"),
    "marginal_effect": ("Average marginal effect", "Effet marginal moyen", "Efecto marginal medio"),
    "predicted_mean": ("Predicted mean", "Moyenne prédite", "Media predicha"),
    "linear_predictor": ("Linear predictor", "Prédicteur linéaire", "Predictor lineal"),
    "marginal_mean": ("Adjusted mean", "Moyenne ajustée", "Media ajustada"),
}

METHODS: dict[str, Said] = {
    "multiple-imputation": ("multiple imputation", "imputation multiple", "imputación múltiple"),
}

ASSUMPTIONS: dict[str, Said] = {
    "model_binomial": (
        "Regression of a 0/1 outcome (logistic unless another link is said) weighted to the population; the variance allows for any dispersion.",
        "Régression d’une variable binaire (logistique sauf autre lien indiqué), pondérée à la population ; la variance admet toute dispersion.",
        "Regresión de una variable binaria (logística salvo que se indique otro enlace), ponderada a la población; la varianza admite cualquier dispersión.",
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
    "model_fractions": (
        "Regression of a share, by the score of a binomial model, weighted to the population; the variance allows for any dispersion.",
        "Régression d’une part, par le score d’un modèle binomial, pondérée à la population ; la variance admet toute dispersion.",
        "Regresión de una proporción, por el score de un modelo binomial, ponderada a la población; la varianza admite cualquier dispersión.",
    ),
    "model_gamma": (
        "Gamma regression weighted to the population; the variance allows for any dispersion.",
        "Régression gamma pondérée à la population ; la variance admet toute dispersion.",
        "Regresión gamma ponderada a la población; la varianza admite cualquier dispersión.",
    ),
    "model_inverse_gaussian": (
        "Inverse Gaussian regression weighted to the population; the variance allows for any dispersion.",
        "Régression inverse-gaussienne pondérée à la population ; la variance admet toute dispersion.",
        "Regresión gaussiana inversa ponderada a la población; la varianza admite cualquier dispersión.",
    ),
    "model_negative_binomial": (
        "Negative binomial regression weighted to the population; the variance of a mean μ is μ + {alpha} μ².",
        "Régression binomiale négative pondérée à la population ; la variance d’une moyenne μ est μ + {alpha} μ².",
        "Regresión binomial negativa ponderada a la población; la varianza de una media μ es μ + {alpha} μ².",
    ),
    "model_ordinal": (
        "Cumulative model (link {link}) of the ordered classes {classes}, weighted to the population: each slope is the same at all thresholds.",
        "Modèle cumulatif (lien {link}) des modalités ordonnées {classes}, pondéré à la population : chaque pente est la même à tous les seuils.",
        "Modelo acumulativo (enlace {link}) de las clases ordenadas {classes}, ponderado a la población: cada pendiente es la misma en todos los umbrales.",
    ),
    "model_multinomial": (
        "Multinomial logits against {reference}, weighted to the population.",
        "Logits multinomiaux par rapport à {reference}, pondérés à la population.",
        "Logits multinomiales frente a {reference}, ponderados a la población.",
    ),
    "model_link": (
        "The link of the model is {link}.",
        "Le lien du modèle est {link}.",
        "El enlace del modelo es {link}.",
    ),
    "model_offset": (
        "The linear predictor holds {offset} with a coefficient of 1.",
        "Le prédicteur linéaire comprend {offset} avec un coefficient de 1.",
        "El predictor lineal incluye {offset} con un coeficiente de 1.",
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
    "effects_of_all": (
        "An effect is the mean over the persons counted of what the model says of each: of a class, everybody in it against everybody in the first; of a number, per unit.",
        "Un effet est la moyenne, sur les personnes comptées, de ce que le modèle dit de chacune : d’une modalité, toutes dans celle-ci contre toutes dans la première ; d’un nombre, par unité.",
        "Un efecto es la media, sobre las personas contadas, de lo que el modelo dice de cada una: de una clase, todas en ella frente a todas en la primera; de un número, por unidad.",
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
