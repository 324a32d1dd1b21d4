"""Words of sensitivity analyses: delta adjustment, tipping points, undercoverage, proxies, steps. English, French, Spanish."""

from __future__ import annotations

Said = tuple[str, str, str]

QUANTITIES: dict[str, Said] = {
    "scenario_prevalence": (
        "Prevalence by scenario",
        "Taux de prévalence par scénario",
        "Tasa de prevalencia por escenario",
    ),
    "scenario_total": (
        "Number of persons by scenario",
        "Nombre de personnes par scénario",
        "Número de personas por escenario",
    ),
    "undercoverage_prevalence": (
        "Prevalence with people outside the frame",
        "Taux de prévalence, personnes hors base de sondage comprises",
        "Tasa de prevalencia, incluidas las personas fuera del marco muestral",
    ),
    "undercoverage_total": (
        "Number of persons, with people outside the frame",
        "Nombre de personnes, hors base de sondage comprises",
        "Número de personas, incluidas las que están fuera del marco muestral",
    ),
    "step_prevalence": (
        "Prevalence after each step of adjustment",
        "Taux de prévalence après chaque étape de redressement",
        "Tasa de prevalencia después de cada paso de ajuste",
    ),
    "step_change": (
        "Change by a step of adjustment",
        "Variation due à une étape de redressement",
        "Variación debida a un paso de ajuste",
    ),
    "tipping_point": ("Tipping point", "Point de bascule", "Punto de inflexión"),
}

COLUMNS: dict[str, Said] = {
    "is_proxy": ("Who answered", "Auteur de la réponse", "Quién respondió"),
    "reason": ("Why the answer is unknown", "Motif de la non-réponse", "Motivo de la falta de respuesta"),
}

VALUES: dict[str, dict[str, Said]] = {
    "group": {"all": ("all groups", "tous les groupes", "todos los grupos")},
    "is_proxy": {
        "0": ("The person", "La personne elle-même", "La propia persona"),
        "1": ("Somebody else", "Une autre personne", "Otra persona"),
    },
    "reason": {
        "refusal": ("refusal", "refus", "negativa a responder"),
        "dont_know": ("don’t know", "ne sait pas", "no sabe"),
        "missing": ("missing", "réponse manquante", "respuesta faltante"),
        "not_asked": (
            "not asked because of a filter",
            "question non posée en raison d’un filtre",
            "pregunta no formulada debido a un filtro",
        ),
    },
}

METHODS: dict[str, Said] = {
    "delta-adjusted": (
        "delta-adjusted multiple imputation",
        "imputation multiple avec ajustement delta",
        "imputación múltiple con ajuste delta",
    ),
    "tipping-point": ("tipping-point analysis", "analyse du point de bascule", "análisis del punto de inflexión"),
    "undercoverage": (
        "scenario of undercoverage of the frame",
        "scénario de sous-couverture de la base de sondage",
        "escenario de subcobertura del marco muestral",
    ),
}

SOURCES: dict[str, Said] = {
    "delta-adjusted": ("Survey, delta-adjusted", "Enquête, ajustement delta", "Encuesta, ajuste delta"),
    "tipping-point": ("Survey, tipping point", "Enquête, point de bascule", "Encuesta, punto de inflexión"),
    "undercoverage": (
        "Survey, with people outside the frame",
        "Enquête, personnes hors base de sondage comprises",
        "Encuesta, incluidas las personas fuera del marco muestral",
    ),
}

TERMS: dict[str, Said] = {
    "none_hide_a_case": (
        "no unknown answer hides a case",
        "aucune réponse inconnue ne cache un cas",
        "ninguna respuesta desconocida oculta un caso",
    ),
    "all_hide_a_case": (
        "every unknown answer hides a case",
        "toute réponse inconnue cache un cas",
        "toda respuesta desconocida oculta un caso",
    ),
    "odds_needed": (
        "odds multiplied by",
        "cotes multipliées par",
        "probabilidades (odds) multiplicadas por",
    ),
    "share_needed": (
        "share of cases among the unknown answers that this needs",
        "part de cas que cela suppose parmi les réponses inconnues",
        "proporción de casos entre las respuestas desconocidas que esto supone",
    ),
    "share_imputed": (
        "share of cases imputed among the unknown answers",
        "part de cas imputée parmi les réponses inconnues",
        "proporción de casos imputada entre las respuestas desconocidas",
    ),
    "standardised": ("same composition", "même composition", "misma composición"),
    "if_all_answered_themselves": (
        "if all had answered for themselves",
        "si chaque personne avait répondu elle-même",
        "si cada persona hubiera respondido por sí misma",
    ),
    "design_weights": ("design weights", "poids de sondage", "pesos de diseño"),
    "nonresponse_adjusted": (
        "weights adjusted for non-response",
        "poids corrigés de la non-réponse",
        "pesos ajustados por falta de respuesta",
    ),
    "trimmed": ("trimmed weights", "poids tronqués", "pesos recortados"),
    "calibrated": ("calibrated weights", "poids calés", "pesos calibrados"),
    "unknown_counted_as_no": (
        "unknown answers counted as no",
        "réponses inconnues comptées comme non",
        "respuestas desconocidas contadas como no",
    ),
    "imputed": ("unknown answers imputed", "réponses inconnues imputées", "respuestas desconocidas imputadas"),
    "change": ("change", "variation\u00a0", "variación"),
    "bounds": (
        "bounds over the unknown answers",
        "bornes selon les réponses inconnues",
        "cotas según las respuestas desconocidas",
    ),
}

INTERVALS: dict[str, Said] = {
    "inverted": (
        "where the interval of the curve reaches the value",
        "là où l’intervalle de la courbe atteint la valeur",
        "donde el intervalo de la curva alcanza el valor",
    ),
}

ASSUMPTIONS: dict[str, Said] = {
    "missing_at_random_but_for_delta": (
        "Unknown answers are imputed as if missing at random given the answers there are (×1), then the odds that they hide a case "
        "are multiplied. No answer tells which multiple is right; the ends of the curve hold whatever it is.",
        "Les réponses inconnues sont imputées comme manquantes au hasard étant donné les réponses obtenues (×1), puis les cotes "
        "qu’elles cachent un cas sont multipliées. Aucune réponse ne dit quel multiplicateur est le bon\u00a0; les extrémités de la "
        "courbe valent quel qu’il soit.",
        "Las respuestas desconocidas se imputan como faltantes al azar dadas las respuestas obtenidas (×1), y después se multiplican "
        "las probabilidades (odds) de que oculten un caso. Ninguna respuesta dice qué multiplicador es el correcto; los extremos "
        "de la curva valen sea cual sea.",
    ),
    "delta_by_reason": (
        "Each line shifts the answers that are unknown for one reason and leaves the others missing at random.",
        "Chaque ligne déplace les réponses inconnues pour un motif et laisse les autres manquantes au hasard.",
        "Cada línea desplaza las respuestas desconocidas por un motivo y deja las demás como faltantes al azar.",
    ),
    "tipping_target": (
        "The figure to be reached: {times} times the estimate with answers missing at random.",
        "Le chiffre à atteindre\u00a0: {times} fois l’estimation avec réponses manquantes au hasard.",
        "La cifra que se ha de alcanzar: {times} veces la estimación con respuestas faltantes al azar.",
    ),
    "tipping_value": (
        "The figure to be reached: {value}.",
        "Le chiffre à atteindre\u00a0: {value}.",
        "La cifra que se ha de alcanzar: {value}.",
    ),
    "outside_size_known": (
        "How many people are outside the frame is taken as known, and their prevalence as a stated multiple (×) of that inside; the "
        "intervals hold the sampling error of the people covered only.",
        "Le nombre de personnes hors de la base de sondage est pris comme connu, et leur prévalence comme un multiple donné (×) de "
        "celle des personnes couvertes\u00a0; les intervalles ne contiennent que l’erreur d’échantillonnage de ces dernières.",
        "El número de personas fuera del marco muestral se toma como conocido, y su prevalencia como un múltiplo dado (×) de la de "
        "las personas cubiertas; los intervalos solo contienen el error muestral de estas últimas.",
    ),
    "outside_frame": (
        "Outside the frame: {share} % of all people.",
        "Hors base de sondage\u00a0: {share}\u00a0% de l’ensemble des personnes.",
        "Fuera del marco muestral: {share}\u00a0% del conjunto de las personas.",
    ),
    "outside_group": (
        "Outside the frame, {group}: {share} % of all people.",
        "Hors base de sondage, {group}\u00a0: {share}\u00a0% de l’ensemble des personnes.",
        "Fuera del marco muestral, {group}: {share}\u00a0% del conjunto de las personas.",
    ),
    "answered_alike": (
        "Who answers for whom is taken to depend on the classes compared only ({classes}); a difference may come from the answers or "
        "from the people.",
        "On suppose que répondre soi-même ou non ne dépend que des classes comparées ({classes})\u00a0; une différence peut venir des "
        "réponses ou des personnes.",
        "Se supone que quién responde por quién depende solo de las clases comparadas ({classes}); una diferencia puede deberse a las "
        "respuestas o a las personas.",
    ),
    "answered_alike_at_all": (
        "Own and proxy answers are compared as they are; a difference may come from the answers or from the people.",
        "Les réponses directes et par procuration sont comparées telles quelles\u00a0; une différence peut venir des réponses ou des "
        "personnes.",
        "Las respuestas propias y las de terceros se comparan tal cual; una diferencia puede deberse a las respuestas o a las personas.",
    ),
    "steps_not_independent": (
        "All steps are estimates of one sample: a change has an error of its own, smaller than the intervals of the steps suggest.",
        "Toutes les étapes sont des estimations d’un même échantillon\u00a0: une variation a sa propre erreur, plus faible que les "
        "intervalles des étapes ne le laissent penser.",
        "Todos los pasos son estimaciones de una misma muestra: una variación tiene su propio error, menor de lo que sugieren los "
        "intervalos de los pasos.",
    ),
}

REASONS: dict[str, Said] = {
    "more_cases_than_people": (
        "With this multiple more people outside the frame would be cases than there are.",
        "Avec ce multiplicateur, il y aurait plus de cas hors de la base de sondage que de personnes.",
        "Con este multiplicador habría más casos fuera del marco muestral que personas.",
    ),
    "tipping_beyond_all": (
        "The figure cannot be reached: it is higher even than if every unknown answer hid a case.",
        "Le chiffre ne peut être atteint\u00a0: il dépasse celui que l’on aurait si toute réponse inconnue cachait un cas.",
        "La cifra no puede alcanzarse: supera la que se tendría si toda respuesta desconocida ocultara un caso.",
    ),
    "tipping_below_none": (
        "The figure cannot be reached: it is lower even than if no unknown answer hid a case.",
        "Le chiffre ne peut être atteint\u00a0: il est inférieur à celui que l’on aurait si aucune réponse inconnue ne cachait un cas.",
        "La cifra no puede alcanzarse: es inferior a la que se tendría si ninguna respuesta desconocida ocultara un caso.",
    ),
    "tipping_beyond_curve": (
        "The odds would have to be multiplied by more than {odds}, the last point of the curve.",
        "Il faudrait multiplier les cotes par plus de {odds}, dernier point de la courbe.",
        "Habría que multiplicar las probabilidades (odds) por más de {odds}, el último punto de la curva.",
    ),
    "tipping_below_curve": (
        "The odds would have to be multiplied by less than {odds}, the first point of the curve.",
        "Il faudrait multiplier les cotes par moins de {odds}, premier point de la courbe.",
        "Habría que multiplicar las probabilidades (odds) por menos de {odds}, el primer punto de la curva.",
    ),
    "step_without_error": (
        "The replicate weights are of the last step; this one has no error of its own.",
        "Les poids répliqués sont ceux de la dernière étape\u00a0; celle-ci n’a pas d’erreur propre.",
        "Los pesos replicados son los del último paso; este no tiene un error propio.",
    ),
}

PICTURE: dict[str, Said] = {
    "odds": (
        "Odds that an unknown answer hides a case, over those with answers missing at random (logarithmic scale)",
        "Cotes qu’une réponse inconnue cache un cas, rapportées à celles de réponses manquantes au hasard (échelle logarithmique)",
        "Probabilidades (odds) de que una respuesta desconocida oculte un caso, sobre las de respuestas faltantes al azar (escala "
        "logarítmica)",
    ),
    "none": ("none", "aucune", "ninguna"),
    "all": ("all", "toutes", "todas"),
    "at_random": ("missing at random", "manquantes au hasard", "faltantes al azar"),
    "relative": (
        "Prevalence outside the frame over that inside",
        "Taux de prévalence hors de la base de sondage, rapporté à celui des personnes couvertes",
        "Tasa de prevalencia fuera del marco muestral sobre la de las personas cubiertas",
    ),
    "band": ("band: {level} interval", "bande\u00a0: intervalle à {level}", "banda: intervalo del {level}"),
    "changed": ("change", "variation", "variación"),
    "every": ("all reasons", "tous motifs", "todos los motivos"),
}
"""The picture of a curve."""
