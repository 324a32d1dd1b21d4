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
    "area-binomial": (
        "hierarchical model of areas: logit-normal, on effective counts",
        "modèle hiérarchique par domaine : logit-normal, sur effectifs effectifs",
        "modelo jerárquico por áreas: logit-normal, sobre recuentos efectivos",
    ),
    "area-clustered": (
        "hierarchical model of areas: logit-normal, on clustered counts",
        "modèle hiérarchique par domaine : logit-normal, sur effectifs en grappes",
        "modelo jerárquico por áreas: logit-normal, sobre recuentos por conglomerados",
    ),
    "area-normal": (
        "hierarchical model of areas (Fay–Herriot)",
        "modèle hiérarchique par domaine (Fay-Herriot)",
        "modelo jerárquico por áreas (Fay-Herriot)",
    ),
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
    "area-clustered": (
        "Survey by area, hierarchical model",
        "Enquête par domaine, modèle hiérarchique",
        "Encuesta por áreas, modelo jerárquico",
    ),
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
    "area_effects_exchangeable": (
        "Areas differ from what their covariates say by effects that are drawn from one normal distribution ({link} scale): "
        "an area with little data is drawn towards the others.",
        "Les domaines s’écartent de ce que disent leurs covariables par des effets tirés d’une même loi normale (échelle "
        "{link}) : un domaine peu observé est tiré vers les autres.",
        "Las áreas se apartan de lo que dicen sus covariables por efectos de una misma distribución normal (escala {link}): "
        "un área con pocos datos se acerca a las demás.",
    ),
    "area_covariates": (
        "Covariates of the areas, taken as known without error: {covariates}.",
        "Covariables des domaines, considérées comme connues sans erreur : {covariates}.",
        "Covariables de las áreas, tratadas como conocidas sin error: {covariates}.",
    ),
    "covariates_standardised": (
        "Covariates are standardised, so that the priors of their slopes have the same meaning for all.",
        "Les covariables sont centrées et réduites, afin que les lois a priori de leurs pentes aient le même sens pour toutes.",
        "Las covariables están estandarizadas, para que las distribuciones a priori de sus pendientes signifiquen lo mismo "
        "para todas.",
    ),
    "area_variances_known": (
        "The sampling variances of the areas are taken as known, though they are estimated.",
        "Les variances d’échantillonnage des domaines sont considérées comme connues, bien qu’elles soient estimées.",
        "Las varianzas muestrales de las áreas se tratan como conocidas, aunque son estimadas.",
    ),
    "effective_counts": (
        "Each area counts as many independent respondents as its sample is worth: respondents divided by the design effect, "
        "which is taken as known.",
        "Chaque domaine compte autant de répondants indépendants que son échantillon en vaut : répondants divisés par "
        "l’effet de plan, considéré comme connu.",
        "Cada área cuenta tantos informantes independientes como vale su muestra: informantes divididos por el efecto del "
        "diseño, que se trata como conocido.",
    ),
    "effective_counts_pooled": (
        "Each area counts as many independent respondents as its sample is worth: respondents divided by one design effect of "
        "all areas ({deff}), made larger because it is itself estimated (effective degrees of freedom: {df}).",
        "Chaque domaine compte autant de répondants indépendants que son échantillon en vaut : répondants divisés par un effet "
        "de plan commun à tous les domaines ({deff}), augmenté parce qu’il est lui-même estimé (degrés de liberté effectifs : "
        "{df}).",
        "Cada área cuenta tantos informantes independientes como vale su muestra: informantes divididos por un efecto del diseño "
        "común a todas las áreas ({deff}), aumentado porque él mismo es una estimación (grados de libertad efectivos: {df}).",
    ),
    "effective_counts_national": (
        "Each area counts as many independent respondents as its sample is worth: respondents divided by the design effect of "
        "the whole country ({deff}), made larger because it is itself estimated (effective degrees of freedom: {df}).",
        "Chaque domaine compte autant de répondants indépendants que son échantillon en vaut : répondants divisés par l’effet "
        "de plan de l’ensemble du pays ({deff}), augmenté parce qu’il est lui-même estimé (degrés de liberté effectifs : {df}).",
        "Cada área cuenta tantos informantes independientes como vale su muestra: informantes divididos por el efecto del diseño "
        "de todo el país ({deff}), aumentado porque él mismo es una estimación (grados de libertad efectivos: {df}).",
    ),
    "clustered_counts": (
        "Cases of an area come together in clusters, as its design effect says, which is taken as known: beta-binomial counts.",
        "Les cas d’un domaine se présentent en grappes, comme l’indique son effet de plan, considéré comme connu : effectifs "
        "bêta-binomiaux.",
        "Los casos de un área se presentan en conglomerados, como indica su efecto del diseño, que se trata como conocido: recuentos "
        "beta-binomiales.",
    ),
    "clustered_counts_pooled": (
        "Cases of an area come together in clusters (beta-binomial counts), as one design effect of all areas says ({deff}), made "
        "larger because it is itself estimated (effective degrees of freedom: {df}).",
        "Les cas d’un domaine se présentent en grappes (effectifs bêta-binomiaux), comme l’indique un effet de plan commun à tous les "
        "domaines ({deff}), augmenté parce qu’il est lui-même estimé (degrés de liberté effectifs : {df}).",
        "Los casos de un área se presentan en conglomerados (recuentos beta-binomiales), como indica un efecto del diseño común a todas "
        "las áreas ({deff}), aumentado porque él mismo es una estimación (grados de libertad efectivos: {df}).",
    ),
    "clustered_counts_national": (
        "Cases of an area come together in clusters (beta-binomial counts), as the design effect of the whole country says ({deff}), "
        "made larger because it is itself estimated (effective degrees of freedom: {df}).",
        "Les cas d’un domaine se présentent en grappes (effectifs bêta-binomiaux), comme l’indique l’effet de plan de l’ensemble du pays "
        "({deff}), augmenté parce qu’il est lui-même estimé (degrés de liberté effectifs : {df}).",
        "Los casos de un área se presentan en conglomerados (recuentos beta-binomiales), como indica el efecto del diseño de todo el país "
        "({deff}), aumentado porque él mismo es una estimación (grados de libertad efectivos: {df}).",
    ),
    "prior_sigma": (
        "Prior of the standard deviation between areas: {prior}.",
        "Loi a priori de l’écart type entre domaines : {prior}.",
        "Distribución a priori de la desviación estándar entre áreas: {prior}.",
    ),
    "prior_intercept": (
        "Prior of the intercept: {prior}.",
        "Loi a priori de la constante : {prior}.",
        "Distribución a priori de la constante: {prior}.",
    ),
    "prior_slopes": (
        "Prior of the slopes of covariates: {prior}.",
        "Loi a priori des pentes des covariables : {prior}.",
        "Distribución a priori de las pendientes de las covariables: {prior}.",
    ),
    "deff_pooled": (
        "Areas whose design effect cannot be estimated ({areas}) are given the pooled one of areas with enough cases ({deff}).",
        "Les domaines dont l’effet de plan ne peut être estimé ({areas}) reçoivent celui, commun, des domaines ayant assez "
        "de cas ({deff}).",
        "Las áreas cuyo efecto del diseño no puede estimarse ({areas}) reciben el común de las áreas con casos suficientes "
        "({deff}).",
    ),
    "deff_national": (
        "Areas whose design effect cannot be estimated ({areas}) are given that of the whole country ({deff}).",
        "Les domaines dont l’effet de plan ne peut être estimé ({areas}) reçoivent celui de l’ensemble du pays ({deff}).",
        "Las áreas cuyo efecto del diseño no puede estimarse ({areas}) reciben el de todo el país ({deff}).",
    ),
    "deff_one": (
        "No design effect is known for some areas ({areas}): their respondents are taken as drawn independently.",
        "Aucun effet de plan n’est connu pour certains domaines ({areas}) : leurs répondants sont considérés comme tirés "
        "indépendamment.",
        "No se conoce el efecto del diseño de algunas áreas ({areas}): sus informantes se tratan como extraídos de forma "
        "independiente.",
    ),
    "few_areas": (
        "With few areas ({areas}) how far they differ is in good part what the prior says.",
        "Avec peu de domaines ({areas}), leurs différences reflètent en bonne partie la loi a priori.",
        "Con pocas áreas ({areas}), cuánto difieren depende en buena parte de la distribución a priori.",
    ),
    "area_population_known": (
        "The national figure weighs the areas by their population, taken as known.",
        "Le chiffre national pondère les domaines par leur population, considérée comme connue.",
        "La cifra nacional pondera las áreas por su población, tratada como conocida.",
    ),
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
    "benchmarked_with_error": (
        "Areas are moved so that together they give the national estimate, whose own error is carried ({value}; rule: {rule}).",
        "Les domaines sont ajustés pour donner ensemble l’estimation nationale, dont l’erreur est reportée ({value} ; règle : "
        "{rule}).",
        "Las áreas se ajustan para dar juntas la estimación nacional, cuyo error se traslada ({value}; regla: {rule}).",
    ),
    "benchmarked": (
        "Areas are moved so that together they give the national estimate, taken as known ({value}; rule: {rule}).",
        "Les domaines sont ajustés pour donner ensemble l’estimation nationale, considérée comme connue ({value} ; règle : "
        "{rule}).",
        "Las áreas se ajustan para dar juntas la estimación nacional, tratada como conocida ({value}; regla: {rule}).",
    ),
}

REASONS: dict[str, Said] = {
    "area_without_sample": (
        "Nobody was interviewed here: the figure comes from the model alone.",
        "Personne n’a été interrogé ici : le chiffre vient du seul modèle.",
        "Aquí no se entrevistó a nadie: la cifra procede solo del modelo.",
    ),
    "area_without_cases": (
        "No case was met in the sample here: the figure comes from the model.",
        "Aucun cas dans l’échantillon ici : le chiffre vient du modèle.",
        "Ningún caso en la muestra aquí: la cifra procede del modelo.",
    ),
    "sampler_rhat": (
        "The chains of the sampler did not agree (R-hat {rhat}): do not use this figure.",
        "Les chaînes de l’échantillonneur ne concordent pas (R-hat {rhat}) : ne pas utiliser ce chiffre.",
        "Las cadenas del muestreador no concuerdan (R-hat {rhat}): no use esta cifra.",
    ),
    "sampler_ess": (
        "The sampler gave too few effective draws ({ess}) for limits that can be relied on.",
        "L’échantillonneur a donné trop peu de tirages effectifs ({ess}) pour des limites fiables.",
        "El muestreador dio muy pocas extracciones efectivas ({ess}) para límites fiables.",
    ),
    "sampler_divergences": (
        "The sampler met {divergences} divergences: a part of the posterior may be missing.",
        "L’échantillonneur a rencontré {divergences} divergences : une partie de la loi a posteriori peut manquer.",
        "El muestreador encontró {divergences} divergencias: puede faltar una parte de la distribución a posteriori.",
    ),
    "area_variance_smoothed": (
        "The sampling variance here is estimated as 0, or not at all: it is taken from the other areas.",
        "La variance d’échantillonnage est ici estimée à 0, ou pas du tout : elle est reprise des autres domaines.",
        "La varianza muestral se estima aquí en 0, o no se estima: se toma de las otras áreas.",
    ),
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
