"""Words of poststratified models, misclassification, pooled lists and several sources. English, French, Spanish."""

from __future__ import annotations

Said = tuple[str, str, str]

METHODS: dict[str, Said] = {
    "unit-binomial": (
        "multilevel regression with poststratification, on effective counts of cells",
        "régression multiniveau avec poststratification, sur effectifs effectifs de cellules",
        "regresión multinivel con posestratificación, sobre recuentos efectivos de celdas",
    ),
    "unit-normal": (
        "multilevel regression of persons with poststratification (Battese–Harter–Fuller)",
        "régression multiniveau de personnes avec poststratification (Battese-Harter-Fuller)",
        "regresión multinivel de personas con posestratificación (Battese-Harter-Fuller)",
    ),
    "unit-eblup-reml": (
        "EBLUP from persons (Battese–Harter–Fuller, REML)",
        "EBLUP à partir des personnes (Battese-Harter-Fuller, REML)",
        "EBLUP a partir de personas (Battese-Harter-Fuller, REML)",
    ),
    "unit-eblup-ml": (
        "EBLUP from persons (Battese–Harter–Fuller, ML)",
        "EBLUP à partir des personnes (Battese-Harter-Fuller, ML)",
        "EBLUP a partir de personas (Battese-Harter-Fuller, ML)",
    ),
    "misclassification": (
        "Bayesian correction for missed and false cases",
        "correction bayésienne des cas manqués et des faux cas",
        "corrección bayesiana de casos omitidos y falsos",
    ),
    "rogan-gladen": (
        "Rogan and Gladen’s correction for missed and false cases",
        "correction de Rogan et Gladen des cas manqués et des faux cas",
        "corrección de Rogan y Gladen de casos omitidos y falsos",
    ),
    "lists-pooled": (
        "capture–recapture, log-linear model partially pooled over strata",
        "capture-recapture, modèle log-linéaire partiellement commun aux strates",
        "captura-recaptura, modelo log-lineal parcialmente común a los estratos",
    ),
    "sources-combined": (
        "several sources with stated biases, in one model",
        "plusieurs sources aux biais déclarés, en un seul modèle",
        "varias fuentes con sesgos declarados, en un solo modelo",
    ),
    "source-given": ("a source as given", "une source telle quelle", "una fuente tal como se dio"),
}

SOURCES: dict[str, Said] = {
    "unit-binomial": (
        "Survey, poststratified model", "Enquête, modèle poststratifié", "Encuesta, modelo posestratificado",
    ),
    "unit-normal": (
        "Survey, poststratified model", "Enquête, modèle poststratifié", "Encuesta, modelo posestratificado",
    ),
    "unit-eblup-reml": ("Survey, EBLUP from persons", "Enquête, EBLUP par personnes", "Encuesta, EBLUP por personas"),
    "unit-eblup-ml": (
        "Survey, EBLUP from persons (ML)", "Enquête, EBLUP par personnes (ML)", "Encuesta, EBLUP por personas (ML)",
    ),
    "misclassification": (
        "Survey, corrected for the instrument (Bayesian)",
        "Enquête, corrigée de l’instrument (bayésien)",
        "Encuesta, corregida por el instrumento (bayesiano)",
    ),
    "rogan-gladen": (
        "Survey, corrected for the instrument (Rogan–Gladen)",
        "Enquête, corrigée de l’instrument (Rogan-Gladen)",
        "Encuesta, corregida por el instrumento (Rogan-Gladen)",
    ),
    "lists-pooled": (
        "Case lists, pooled over strata", "Listes de cas, strates mises en commun", "Listas de casos, estratos combinados",
    ),
    "sources-combined": ("Several sources combined", "Plusieurs sources combinées", "Varias fuentes combinadas"),
    "source-given": ("One source", "Une source", "Una fuente"),
}  # fmt: skip

INTERVALS: dict[str, Said] = {
    "highest-density": ("highest density", "plus forte densité", "mayor densidad"),
}

ASSUMPTIONS: dict[str, Said] = {
    "cells_represent_population": (
        "Within cells ({cells}) the persons sampled are like those not sampled.",
        "Au sein des cellules ({cells}), les personnes échantillonnées ressemblent à celles qui ne le sont pas.",
        "Dentro de las celdas ({cells}), las personas de la muestra son como las que no están en ella.",
    ),
    "cells_population_known": (
        "The population of every cell is known without error.",
        "La population de chaque cellule est connue sans erreur.",
        "La población de cada celda se conoce sin error.",
    ),
    "unit_effects": (
        "Effects vary by {terms}, normally distributed; those of one column sum to zero.",
        "Les effets varient selon {terms}, de loi normale ; ceux d’une même colonne ont une somme nulle.",
        "Los efectos varían según {terms}, con distribución normal; los de una misma columna suman cero.",
    ),
    "unit_coefficients": (
        "Coefficients that do not vary: {names}.",
        "Coefficients qui ne varient pas : {names}.",
        "Coeficientes que no varían: {names}.",
    ),
    "unit_effective_design": (
        "Each cell counts as many independent persons as its weights and the design leave; clusters and strata multiply the "
        "variance by {excess}.",
        "Chaque cellule compte autant de personnes indépendantes que le permettent ses poids et le plan ; grappes et strates "
        "multiplient la variance par {excess}.",
        "Cada celda cuenta como tantas personas independientes como permiten sus ponderaciones y el diseño; conglomerados y "
        "estratos multiplican la varianza por {excess}.",
    ),
    "unit_effective_national": (
        "Each cell counts as many independent persons as its weights and the nation’s design effect leave; clusters and strata "
        "multiply the variance by {excess}.",
        "Chaque cellule compte autant de personnes indépendantes que le permettent ses poids et l’effet de plan national ; "
        "grappes et strates multiplient la variance par {excess}.",
        "Cada celda cuenta como tantas personas independientes como permiten sus ponderaciones y el efecto de diseño nacional; "
        "conglomerados y estratos multiplican la varianza por {excess}.",
    ),
    "unit_counts_as_drawn": (
        "Persons within a cell count as drawn independently and with equal chances.",
        "Au sein d’une cellule, les personnes comptent comme tirées indépendamment, à chances égales.",
        "Dentro de una celda, las personas cuentan como extraídas de forma independiente y con igual probabilidad.",
    ),
    "unit_prior": (
        "Prior of {name}: {prior}.", "Loi a priori de {name} : {prior}.", "Distribución a priori de {name}: {prior}.",
    ),
    "unit_new_levels": (
        "Nobody was sampled in these values of {column}; their effects are drawn from the prior: {levels}.",
        "Personne n’a été échantillonné dans ces valeurs de {column} ; leurs effets sont tirés de la loi a priori : {levels}.",
        "No se muestreó a nadie en estos valores de {column}; sus efectos se extraen de la distribución a priori: {levels}.",
    ),
    "misclassification_prior": (
        "What is known of the {name} of the instrument: {prior}.",
        "Ce que l’on sait de l’instrument ({name}) : {prior}.",
        "Lo que se sabe del instrumento ({name}): {prior}.",
    ),
    "prior_prevalence": (
        "Prior of the prevalence: {prior}.",
        "Loi a priori de la prévalence : {prior}.",
        "Distribución a priori de la prevalencia: {prior}.",
    ),
    "one_instrument": (
        "Sensitivity and specificity are the same in every region.",
        "La sensibilité et la spécificité sont les mêmes dans chaque région.",
        "La sensibilidad y la especificidad son las mismas en cada región.",
    ),
    "lists_pooled": (
        "The lists’ coverage and interactions differ between the {strata} strata, normally distributed around common values.",
        "La couverture des listes et leurs interactions diffèrent entre les {strata} strates, de loi normale autour de "
        "valeurs communes.",
        "La cobertura de las listas y sus interacciones difieren entre los {strata} estratos, con distribución normal en torno a "
        "valores comunes.",
    ),
    "source_bias": (
        "Stated bias of {source}, on the log scale or as the share reported: {bias}.",
        "Biais déclaré de {source}, en logarithme ou en part signalée : {bias}.",
        "Sesgo declarado de {source}, en logaritmo o como proporción notificada: {bias}.",
    ),
    "errors_and_biases_independent": (
        "Errors and biases of the sources have nothing to do with each other.",
        "Les erreurs et les biais des sources sont sans lien entre eux.",
        "Los errores y los sesgos de las fuentes no guardan relación entre sí.",
    ),
    "prior_number": (
        "Prior of the number of persons: {prior}.",
        "Loi a priori du nombre de personnes : {prior}.",
        "Distribución a priori del número de personas: {prior}.",
    ),
}  # fmt: skip

REASONS: dict[str, Said] = {
    "zero_not_excluded": (
        "The instrument’s false cases may account for every case: the data do not exclude 0, and go up to {upper} per 1,000.",
        "Les faux cas de l’instrument peuvent expliquer tous les cas : les données n’excluent pas 0 et vont jusqu’à {upper} "
        "pour 1 000.",
        "Los falsos casos del instrumento pueden explicar todos los casos: los datos no excluyen 0 y llegan hasta {upper} por "
        "1.000.",
    ),
    "rogan_gladen_negative": (
        "Below 0: there are fewer cases than the specificity lets through by mistake.",
        "Inférieur à 0 : il y a moins de cas que la spécificité n’en laisse passer par erreur.",
        "Por debajo de 0: hay menos casos que los que la especificidad deja pasar por error.",
    ),
    "specificity_conflict": (
        "The stated specificity would let through more cases than were found, even if there were none (p {p}).",
        "La spécificité déclarée laisserait passer plus de cas qu’il n’en a été trouvé, même s’il n’y en avait aucun (p {p}).",
        "La especificidad declarada dejaría pasar más casos que los hallados, aunque no hubiera ninguno (p {p}).",
    ),
    "importance_weights": (
        "The figures rest on few effective points of the hyper-parameters ({ess}).",
        "Les chiffres reposent sur peu de points effectifs des hyperparamètres ({ess}).",
        "Las cifras dependen de pocos puntos efectivos de los hiperparámetros ({ess}).",
    ),
    "stratum_no_estimate_alone": (
        "The lists of this stratum alone have no estimate under this model: it rests on the other strata.",
        "Les listes de cette seule strate n’ont pas d’estimation sous ce modèle : elle repose sur les autres strates.",
        "Las listas de este estrato por sí solas no tienen estimación con este modelo: se apoya en los demás estratos.",
    ),
    "source_conflict": (
        "This source does not agree with the others, given the biases stated (p {p}).",
        "Cette source ne s’accorde pas avec les autres, compte tenu des biais déclarés (p {p}).",
        "Esta fuente no concuerda con las demás, dados los sesgos declarados (p {p}).",
    ),
    "sources_conflict": (
        "Sources do not agree, given the biases stated: {sources}. The combined figure should not be used before this is "
        "explained.",
        "Des sources ne s’accordent pas, compte tenu des biais déclarés : {sources}. Le chiffre combiné ne doit pas être "
        "utilisé avant explication.",
        "Hay fuentes que no concuerdan, dados los sesgos declarados: {sources}. La cifra combinada no debe usarse antes de "
        "explicarlo.",
    ),
}
