"""The words of lists with errors of linkage, of people whom no list can meet, of overlaps of pairs and of averages over models."""

from __future__ import annotations

Said = tuple[str, str, str]

_NAMED: dict[str, Said] = {
    "linkage-corrected": (
        "two lists, corrected for errors of linkage",
        "deux listes, corrigées des erreurs d’appariement",
        "dos listas, con corrección de errores de vinculación",
    ),
    "linkage-loglinear": (
        "log-linear model, corrected for errors of linkage",
        "modèle log-linéaire, corrigé des erreurs d’appariement",
        "modelo log-lineal, con corrección de errores de vinculación",
    ),
    "linkage-draws": (
        "pooled over draws of the links",
        "combinaison de tirages des appariements",
        "combinación de sorteos de los vínculos",
    ),
    "average-hierarchical": (
        "average over hierarchical log-linear models",
        "moyenne sur les modèles log-linéaires hiérarchiques",
        "promedio sobre los modelos log-lineales jerárquicos",
    ),
    "pairwise": ("overlaps of pairs of lists", "recoupements de paires de listes", "solapamientos de pares de listas"),
}
METHODS: dict[str, Said] = {
    code: (f"capture–recapture, {said[0]}", f"capture-recapture, {said[1]}", f"captura-recaptura, {said[2]}")
    for code, said in _NAMED.items()
}
SOURCES: dict[str, Said] = {
    code: (f"Case lists, {said[0]}", f"Listes de cas, {said[1]}", f"Listas de casos, {said[2]}")
    for code, said in _NAMED.items()
}
ASSUMPTIONS: dict[str, Said] = {
    "everyone_can_be_listed": (
        "Everyone can be listed: whoever no list could ever meet is not part of the figure.",
        "Toute personne peut figurer sur une liste : celles qu’aucune liste ne pourrait atteindre ne sont pas comptées.",
        "Toda persona puede figurar en una lista: quienes ninguna lista podría alcanzar no forman parte de la cifra.",
    ),
    "share_unlistable_stated": (
        "Of all persons, from {least} to {most} % could never be on any list: this share is stated, not estimated.",
        "De {least} à {most} % des personnes ne pourraient figurer sur aucune liste : part donnée, non estimée.",
        "Del {least} al {most} % de las personas no podría figurar en ninguna lista: proporción fijada, no estimada.",
    ),
    "linkage_rates_stated": (
        "Of the true links between lists {missed} % were missed; of the persons without one {false_links} % were linked with "
        "somebody else. These rates are stated.",
        "{missed} % des vrais appariements entre listes ont été manqués ; {false_links} % des personnes sans appariement "
        "ont été appariées à quelqu’un d’autre. Ces taux sont donnés.",
        "El {missed} % de los vínculos verdaderos entre listas no se detectó; el {false_links} % de las personas sin vínculo se "
        "vinculó con otra persona. Estas tasas se fijan.",
    ),
    "records_fail_alone": (
        "A record that is not recognised is not recognised on any other list, and records fail independently of each other.",
        "Une fiche qui n’est pas reconnue ne l’est sur aucune autre liste, et les fiches échouent indépendamment.",
        "Un registro que no se reconoce no se reconoce en ninguna otra lista, y los registros fallan de forma independiente.",
    ),
    "links_drawn": (
        "Who is whom was drawn {draws} times from the probabilities of the links; the interval holds this doubt.",
        "L’identité des personnes a été tirée {draws} fois selon les probabilités d’appariement ; l’intervalle en tient compte.",
        "La identidad de las personas se sorteó {draws} veces según las probabilidades de vínculo; el intervalo lo incluye.",
    ),
    "hierarchical_dependence": (
        "Lists depend on each other as some hierarchical log-linear model says, of up to {order} lists at once; all are weighed.",
        "Les listes dépendent les unes des autres selon un modèle log-linéaire hiérarchique, de {order} listes à la fois au "
        "plus ; tous sont pondérés.",
        "Las listas dependen unas de otras según algún modelo log-lineal jerárquico, de {order} listas a la vez como máximo; "
        "todos se ponderan.",
    ),
    "weights_bic": (
        "Models are weighed by BIC, which stands for a prior worth one person.",
        "Les modèles sont pondérés par le BIC, qui équivaut à une loi a priori valant une personne.",
        "Los modelos se ponderan por el BIC, que equivale a una distribución previa que vale una persona.",
    ),
    "weights_laplace": (
        "Before the data, interactions of lists are normal about 0 with standard deviation {deviation} on the logarithmic scale.",
        "Avant les données, les interactions des listes sont normales autour de 0, d’écart type {deviation} sur l’échelle "
        "logarithmique.",
        "Antes de los datos, las interacciones de las listas son normales en torno a 0, con desviación típica {deviation} en "
        "escala logarítmica.",
    ),
    "models_alike_before_data": (
        "Before the data, every model weighs the same.",
        "Avant les données, tous les modèles ont le même poids.",
        "Antes de los datos, todos los modelos pesan lo mismo.",
    ),
    "model_sizes_alike_before_data": (
        "Before the data, every number of interactions weighs the same.",
        "Avant les données, tous les nombres d’interactions ont le même poids.",
        "Antes de los datos, todos los números de interacciones pesan lo mismo.",
    ),
}
REASONS: dict[str, Said] = {
    "linkage_draws_failed": (
        "More than 5 % of the linkages drawn had no estimate and were left out.",
        "Plus de 5 % des appariements tirés n’avaient pas d’estimation et ont été écartés.",
        "Más del 5 % de las vinculaciones sorteadas carecía de estimación y se excluyó.",
    ),
    "posterior_tail_long": (
        "A long tail of few models makes mean and standard error: use the median; there is no standard error.",
        "La longue queue de quelques modèles fait la moyenne et l’erreur type : utiliser la médiane ; pas d’erreur type.",
        "La larga cola de unos pocos modelos determina la media y el error estándar: use la mediana; no hay error estándar.",
    ),
    "model_search_cut_short": (
        "The search was cut short after {models} models: others may weigh something too.",
        "La recherche a été arrêtée après {models} modèles : d’autres peuvent aussi avoir un poids.",
        "La búsqueda se detuvo tras {models} modelos: otros también pueden tener peso.",
    ),
    "model_chains_apart": (
        "Chains over models do not agree (the weight of an interaction is known to ± {share} points): use with caution.",
        "Les chaînes sur les modèles divergent (poids d’une interaction connu à ± {share} points) : à utiliser avec prudence.",
        "Las cadenas sobre modelos no concuerdan (peso de una interacción conocido a ± {share} puntos): úsese con cautela.",
    ),
    "overlaps_disagree": (
        "The pairs of lists do not agree (p = {p}): the lists are not independent, and overlaps of pairs do not tell how.",
        "Les paires de listes ne concordent pas (p = {p}) : les listes ne sont pas indépendantes, sans que l’on sache comment.",
        "Los pares de listas no concuerdan (p = {p}): las listas no son independientes, y no se sabe de qué modo.",
    ),
    "observed_not_known": (
        "How many persons are on any list is not known: between {least} and {most}.",
        "On ne sait pas combien de personnes figurent sur une liste au moins : entre {least} et {most}.",
        "No se sabe cuántas personas figuran en al menos una lista: entre {least} y {most}.",
    ),
}
APPRAISAL: dict[str, Said] = {
    "assumed_listed": (
        "And everyone can be listed: people whom no list could ever meet are not part of any of these figures.",
        "Et toute personne peut figurer sur une liste : celles qu’aucune liste ne pourrait atteindre ne sont dans aucun de ces "
        "chiffres.",
        "Y toda persona puede figurar en una lista: quienes ninguna lista podría alcanzar no están en ninguna de estas cifras.",
    ),
    "linkage": (
        "If records of one person were not recognised",
        "Si des fiches d’une même personne n’ont pas été reconnues",
        "Si no se reconocieron registros de una misma persona",
    ),
    "linkage_text": (
        "Every method takes the links between lists for perfect. A link that is missed makes one person two, and the figure too "
        "large. This is the number of persons if some were missed; the lists cannot tell how many.",
        "Chaque méthode suppose des appariements parfaits. Un appariement manqué compte une personne deux fois, et le chiffre est "
        "trop grand. Voici le nombre de personnes si certains ont été manqués ; les listes ne disent pas combien.",
        "Todos los métodos suponen vínculos perfectos. Un vínculo no detectado convierte a una persona en dos y la cifra resulta "
        "demasiado grande. Este es el número de personas si faltaron algunos; las listas no dicen cuántos.",
    ),
    "linkage_caption": (
        "Persons in all, by the share of links that were missed, with the interval.",
        "Personnes au total, selon la part d’appariements manqués, avec l’intervalle.",
        "Personas en total, según la proporción de vínculos no detectados, con su intervalo.",
    ),
    "missed_rate": (
        "links missed, % (0: perfect linkage)",
        "appariements manqués, % (0 : appariement parfait)",
        "vínculos no detectados, % (0: vinculación perfecta)",
    ),
    "false_rate": ("false links", "faux appariements", "vínculos falsos"),
    "unlistable": (
        "If some people could be on no list",
        "Si des personnes ne pouvaient figurer sur aucune liste",
        "Si algunas personas no pudieran figurar en ninguna lista",
    ),
    "unlistable_text": (
        "No overlap of lists tells of people on whom no list looks. With a stated share of them, the envelope would be:",
        "Aucun recoupement ne dit rien des personnes que nulle liste ne recherche. Avec une part donnée, l’enveloppe serait :",
        "Ningún solapamiento informa sobre quienes ninguna lista busca. Con una proporción dada, la envolvente sería:",
    ),
    "head.missed": ("Links missed", "Appariements manqués", "Vínculos no detectados"),
    "head.unlistable": (
        "Persons who can be on no list",
        "Personnes hors de toute liste",
        "Personas fuera de toda lista",
    ),
    "head.envelope": (
        "Persons in all: the envelope",
        "Personnes au total : l’enveloppe",
        "Personas en total: la envolvente",
    ),
}
