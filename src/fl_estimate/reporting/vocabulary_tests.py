"""The words of tests and of models by domain, by code, in English, French and Spanish; `vocabulary` takes them in."""

from __future__ import annotations

Said = tuple[str, str, str]

QUANTITIES: dict[str, Said] = {
    "p_value": ("p-value", "Valeur p", "Valor p"),
    "t_statistic": ("t", "t", "t"),
    "f_statistic": ("F", "F", "F"),
    "chi_square": ("X²", "X²", "X²"),
    "numerator_df": (
        "Degrees of freedom of the numerator",
        "Degrés de liberté du numérateur",
        "Grados de libertad del numerador",
    ),
    "tested_estimate": ("Estimate tested", "Estimation testée", "Estimación probada"),
    "odds_ratio": ("Odds ratio", "Rapport de cotes", "Razón de momios"),
    "prevalence_ratio": ("Prevalence ratio", "Rapport de prévalences", "Razón de prevalencias"),
    "rate_ratio": ("Rate ratio", "Rapport de taux", "Razón de tasas"),
    "mean_ratio": ("Ratio of means", "Rapport de moyennes", "Razón de medias"),
    "relative_risk_ratio": ("Relative risk ratio", "Rapport de risques relatifs", "Razón de riesgos relativos"),
}

RULES: dict[str, Said] = {
    "F": (
        "Pearson’s X² with Rao and Scott’s second correction",
        "X² de Pearson avec la seconde correction de Rao et Scott",
        "X² de Pearson con la segunda corrección de Rao y Scott",
    ),
    "Chisq": (
        "Pearson’s X² with Rao and Scott’s first correction",
        "X² de Pearson avec la première correction de Rao et Scott",
        "X² de Pearson con la primera corrección de Rao y Scott",
    ),
    "Wald": ("Wald’s test", "test de Wald", "prueba de Wald"),
    "adjWald": (
        "Wald’s test adjusted for few sampling units",
        "test de Wald ajusté pour un petit nombre d’unités primaires",
        "prueba de Wald ajustada por pocas unidades primarias",
    ),
    "lincom": (
        "Pearson’s X² against its own distribution, a sum of scaled F",
        "X² de Pearson rapporté à sa propre loi, une somme de F pondérés",
        "X² de Pearson frente a su propia distribución, una suma de F ponderadas",
    ),
    "saddlepoint": (
        "Pearson’s X² against a saddlepoint approximation of its distribution",
        "X² de Pearson rapporté à une approximation de point-selle de sa loi",
        "X² de Pearson frente a una aproximación de punto de silla de su distribución",
    ),
    "wilcoxon": ("Wilcoxon’s scores", "scores de Wilcoxon", "puntuaciones de Wilcoxon"),
    "van-der-waerden": ("van der Waerden’s scores", "scores de van der Waerden", "puntuaciones de van der Waerden"),
    "median": ("above the median or not", "au-dessus de la médiane ou non", "por encima de la mediana o no"),
}

ASSUMPTIONS: dict[str, Said] = {
    "test_independence": (
        "Test whether {row} and {column} are independent in the population: {rule}.",
        "Test d’indépendance de {row} et {column} dans la population\u00a0: {rule}.",
        "Prueba de independencia de {row} y {column} en la población: {rule}.",
    ),
    "test_mean": (
        "Test whether the mean of {variable} is {value}.",
        "Test de l’hypothèse que la moyenne de {variable} vaut {value}.",
        "Prueba de la hipótesis de que la media de {variable} es {value}.",
    ),
    "test_means": (
        "Test of the mean of {variable} where {group} is {second}, less that where it is {first}; the hypothesis is {value}.",
        "Test de la moyenne de {variable} lorsque {group} vaut {second}, moins celle lorsque {group} vaut {first}\u00a0; hypothèse\u00a0: {value}.",
        "Prueba de la media de {variable} cuando {group} es {second}, menos la de cuando es {first}; la hipótesis es {value}.",
    ),
    "test_ranks": (
        "Test whether {variable} has the same distribution in all groups of {group}, by ranks in the population: {rule}.",
        "Test d’égalité de la distribution de {variable} entre les groupes de {group}, par les rangs dans la population\u00a0: {rule}.",
        "Prueba de igualdad de la distribución de {variable} entre los grupos de {group}, por rangos en la población: {rule}.",
    ),
    "test_wald": (
        "Wald’s test that all coefficients of {terms} are 0.",
        "Test de Wald de la nullité de tous les coefficients de {terms}.",
        "Prueba de Wald de que todos los coeficientes de {terms} son 0.",
    ),
    "test_lrt": (
        "Working likelihood ratio test (Rao and Scott) that all coefficients of {terms} are 0.",
        "Test du rapport de vraisemblance de travail (Rao et Scott) de la nullité de tous les coefficients de {terms}.",
        "Prueba de razón de verosimilitudes de trabajo (Rao y Scott) de que todos los coeficientes de {terms} son 0.",
    ),
    "domains_apart": (
        "Every domain has a fit or a test of its own, with the design of the whole sample; the covariance between domains is not known, so that differences between them are not tested.",
        "Chaque domaine a son propre ajustement ou test, avec le plan de tout l’échantillon\u00a0; la covariance entre domaines n’est pas connue, de sorte que leurs différences ne sont pas testées.",
        "Cada dominio tiene su propio ajuste o prueba, con el diseño de toda la muestra; la covarianza entre dominios no se conoce, de modo que sus diferencias no se prueban.",
    ),
}

REASONS: dict[str, Said] = {
    "model_outcome_constant": (
        "No estimate in this domain: what is compared has a single value there, or too few classes.",
        "Pas d’estimation dans ce domaine\u00a0: ce qui est comparé n’y a qu’une seule valeur, ou trop peu de modalités.",
        "Sin estimación en este dominio: lo que se compara tiene allí un solo valor, o muy pocas clases.",
    ),
    "model_separated": (
        "No estimate in this domain: in some group the outcome is always, or never, met, so that a coefficient has no limit.",
        "Pas d’estimation dans ce domaine\u00a0: dans un groupe, le résultat est toujours, ou jamais, présent, de sorte qu’un coefficient n’a pas de limite.",
        "Sin estimación en este dominio: en algún grupo el resultado se da siempre, o nunca, de modo que un coeficiente no tiene límite.",
    ),
    "model_collinear": (
        "No estimate in this domain: a variable of the model has a single value there, or follows from the others.",
        "Pas d’estimation dans ce domaine\u00a0: une variable du modèle n’y a qu’une valeur, ou se déduit des autres.",
        "Sin estimación en este dominio: una variable del modelo tiene allí un solo valor, o se deduce de las otras.",
    ),
    "model_nobody_counted": (
        "No estimate in this domain: nobody in it has all that is needed.",
        "Pas d’estimation dans ce domaine\u00a0: personne n’y a toutes les réponses nécessaires.",
        "Sin estimación en este dominio: nadie tiene en él todo lo necesario.",
    ),
    "model_no_estimate": (
        "No estimate in this domain ({code}).",
        "Pas d’estimation dans ce domaine ({code}).",
        "Sin estimación en este dominio ({code}).",
    ),
    "covariance_unknown": (
        "The covariance of the estimates that are compared is not known, and so neither is the standard error.",
        "La covariance des estimations comparées n’est pas connue, ni par conséquent l’erreur type.",
        "No se conoce la covarianza de las estimaciones comparadas y, por tanto, tampoco el error estándar.",
    ),
}
