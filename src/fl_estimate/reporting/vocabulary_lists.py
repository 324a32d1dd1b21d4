"""The words of capture-recapture's later members, by code, in English, French and Spanish; `vocabulary` takes them in."""

from __future__ import annotations

Said = tuple[str, str, str]


def _chosen(english: str, french: str, spanish: str) -> dict[str, Said]:
    """The two likelihoods of a way of choosing a model."""
    likelihoods = {"poisson": ("Poisson", "Poisson", "Poisson"), "multinomial": ("multinomial",) * 3}
    return {
        key: (f"{english} ({said[0]})", f"{french} ({said[1]})", f"{spanish} ({said[2]})")
        for key, said in likelihoods.items()
    }


_WAYS: dict[str, dict[str, Said]] = {
    "stepwise": _chosen(
        "log-linear model chosen step by step",
        "modèle log-linéaire choisi pas à pas",
        "modelo log-lineal elegido paso a paso",
    ),
    "aic-p": _chosen(
        "log-linear model chosen by AIC and p",
        "modèle log-linéaire choisi par AIC et p",
        "modelo log-lineal elegido por AIC y p",
    ),
    "bic": _chosen(
        "log-linear model chosen by BIC",
        "modèle log-linéaire choisi par BIC",
        "modelo log-lineal elegido por BIC",
    ),
}
_OTHER: dict[str, Said] = {
    "chao": ("Chao’s lower bound", "borne inférieure de Chao", "cota inferior de Chao"),
    "zelterman": ("Zelterman", "Zelterman", "Zelterman"),
    "closed": ("closed population model", "modèle de population fermée", "modelo de población cerrada"),
    "closed-bias-corrected": (
        "closed population model, bias-corrected",
        "modèle de population fermée, corrigé du biais",
        "modelo de población cerrada, con corrección del sesgo",
    ),
    "sensitivity": (
        "log-linear model with a stated interaction",
        "modèle log-linéaire avec une interaction donnée",
        "modelo log-lineal con una interacción dada",
    ),
}
_NAMED: dict[str, Said] = _OTHER | {
    f"{way}-{likelihood}": said for way, both in _WAYS.items() for likelihood, said in both.items()
}

METHODS: dict[str, Said] = {
    code: (f"capture–recapture, {said[0]}", f"capture-recapture, {said[1]}", f"captura-recaptura, {said[2]}")
    for code, said in _NAMED.items()
}
SOURCES: dict[str, Said] = {
    code: (f"Case lists, {said[0]}", f"Listes de cas, {said[1]}", f"Listas de casos, {said[2]}")
    for code, said in _NAMED.items()
}
INTERVALS: dict[str, Said] = {
    "bca": ("bootstrap (BCa)", "bootstrap (BCa)", "bootstrap (BCa)"),
    "percentile": ("bootstrap percentiles", "percentiles du bootstrap", "percentiles del bootstrap"),
    "percentile-and-model": (
        "bootstrap percentiles, and the limits of the model chosen where they are wider",
        "percentiles du bootstrap, et limites du modèle retenu lorsqu’elles sont plus larges",
        "percentiles del bootstrap, y límites del modelo elegido cuando son más amplios",
    ),
    "bca-fixed-n": (
        "bootstrap (BCa) of as many persons as were observed",
        "bootstrap (BCa) d’autant de personnes qu’observé",
        "bootstrap (BCa) de tantas personas como las observadas",
    ),
    "percentile-fixed-n": (
        "bootstrap percentiles of as many persons as were observed",
        "percentiles du bootstrap d’autant de personnes qu’observé",
        "percentiles del bootstrap de tantas personas como las observadas",
    ),
    "transformed-logit": ("transformed logit", "logit transformé", "logit transformado"),
}
ASSUMPTIONS: dict[str, Said] = {
    "lists_independent": (
        "Being on one list says nothing about being on another.",
        "Figurer sur une liste ne dit rien de la présence sur une autre.",
        "Figurar en una lista no dice nada sobre la presencia en otra.",
    ),
    "dependence_between_lists": (
        "Lists depend on each other as these terms say: {terms}.",
        "Les listes dépendent les unes des autres selon ces termes : {terms}.",
        "Las listas dependen unas de otras según estos términos: {terms}.",
    ),
    "no_highest_interaction": (
        "There is no interaction of all {lists} lists at once: no data can show it.",
        "Il n’y a pas d’interaction des {lists} listes à la fois : aucune donnée ne peut la montrer.",
        "No hay interacción de las {lists} listas a la vez: ningún dato puede mostrarla.",
    ),
    "closed_population": (
        "The population is closed: nobody entered or left it while the lists were kept.",
        "La population est fermée : personne n’y est entré ni n’en est sorti pendant la tenue des listes.",
        "La población es cerrada: nadie entró ni salió de ella mientras se llevaban las listas.",
    ),
    "perfect_linkage": (
        "Persons are recognised on every list without error.",
        "Les personnes sont reconnues sur chaque liste sans erreur.",
        "Las personas se reconocen en todas las listas sin error.",
    ),
    "terms_minus_infinity": (
        "Nobody shares these lists, so their terms are estimated at minus infinity: {terms}.",
        "Personne n’est sur ces listes à la fois ; leurs termes sont estimés à moins l’infini : {terms}.",
        "Nadie está en estas listas a la vez; sus términos se estiman en menos infinito: {terms}.",
    ),
    "interval_given_model": (
        "The interval takes the model as known: the choice of the model is not part of it.",
        "L’intervalle considère le modèle comme connu : le choix du modèle n’y est pas compris.",
        "El intervalo considera conocido el modelo: la elección del modelo no está incluida.",
    ),
    "lower_bound_heterogeneity": (
        "A lower bound if persons differ in their chance of being listed and lists do not avoid each other.",
        "Borne inférieure si les personnes diffèrent par leur chance d’être recensées et si les listes ne s’évitent pas.",
        "Cota inferior si las personas difieren en su probabilidad de figurar y las listas no se evitan.",
    ),
    "heterogeneity_form": (
        "Persons differ in their chance of being listed in a stated form, which the data hardly test: {form}.",
        "Les personnes diffèrent par leur chance d’être recensées sous une forme donnée, peu vérifiable : {form}.",
        "Las personas difieren en su probabilidad de figurar según una forma dada, poco verificable: {form}.",
    ),
    "lists_alike": (
        "Every list has the same chance of naming a person.",
        "Chaque liste a la même chance de recenser une personne.",
        "Cada lista tiene la misma probabilidad de registrar a una persona.",
    ),
    "behaviour_after_capture": (
        "The chance of being recorded changes once, after the first time; first records fall as persons are used up.",
        "La chance d’être enregistré change une fois, après la première ; les premiers enregistrements s’épuisent.",
        "La probabilidad de registro cambia una vez, tras el primero; los primeros registros se agotan.",
    ),
    "interaction_stated": (
        "The strength of these interactions is stated, not estimated: {terms}.",
        "La force de ces interactions est donnée, non estimée : {terms}.",
        "La fuerza de estas interacciones se fija, no se estima: {terms}.",
    ),
    "model_chosen_by_data": (
        "The data chose the model; other models fit nearly as well and can give other numbers.",
        "Les données ont choisi le modèle ; d’autres s’ajustent presque aussi bien et peuvent donner d’autres nombres.",
        "Los datos eligieron el modelo; otros se ajustan casi igual de bien y pueden dar otras cifras.",
    ),
}
REASONS: dict[str, Said] = {
    "no_overlap": (
        "Nobody is on both lists: the value is biased low.",
        "Personne n’est sur les deux listes : la valeur est biaisée vers le bas.",
        "Nadie está en ambas listas: el valor está sesgado a la baja.",
    ),
    "interval_below_observed": (
        "The lower limit is below the number of persons observed.",
        "La limite inférieure est inférieure au nombre de personnes observées.",
        "El límite inferior es menor que el número de personas observadas.",
    ),
    "profile_upper_not_found": (
        "The likelihood does not fall far enough for an upper limit.",
        "La vraisemblance ne baisse pas assez pour donner une limite supérieure.",
        "La verosimilitud no desciende lo suficiente para dar un límite superior.",
    ),
    "people_differ_fits_better": (
        "A model in which persons differ in their chance of being listed describes the lists better (BIC) than the pairs of lists "
        "chosen: this figure and its interval suppose that they do not.",
        "Un modèle où les personnes diffèrent par leur probabilité de figurer sur une liste décrit mieux les listes (BIC) que les "
        "paires de listes retenues : ce chiffre et son intervalle supposent qu’elles ne diffèrent pas.",
        "Un modelo en que las personas difieren en su probabilidad de figurar en una lista describe mejor las listas (BIC) que los "
        "pares de listas elegidos: esta cifra y su intervalo suponen que no difieren.",
    ),
    "people_differ_fits_too": (
        "Lists that do not depend on each other but see some persons more easily than others describe these lists too, and leave "
        "room for numbers outside this interval: dependence of every pair of lists is one reading among several.",
        "Des listes indépendantes les unes des autres, mais qui voient plus facilement certaines personnes, décrivent aussi ces "
        "listes et admettent des chiffres hors de cet intervalle : la dépendance de toutes les paires n’est qu’une lecture parmi "
        "d’autres.",
        "Unas listas independientes entre sí, pero que ven a unas personas más fácilmente que a otras, también describen estas "
        "listas y admiten cifras fuera de este intervalo: la dependencia de todos los pares es solo una lectura entre varias.",
    ),
    "poor_fit": (
        "The model does not describe the lists (goodness of fit: p at most {p}): do not rely on its figure or interval.",
        "Le modèle ne décrit pas les listes (qualité d’ajustement : p au plus {p}) : ni le chiffre ni l’intervalle n’est fiable.",
        "El modelo no describe las listas (bondad de ajuste: p como máximo {p}): ni la cifra ni el intervalo son fiables.",
    ),
    "selection_blocked": (
        "These pairs of lists overlap otherwise than the model says, but no model that takes them in has an estimate: {pairs}.",
        "Ces paires de listes se recoupent autrement que ne le dit le modèle, mais aucun modèle qui les admet n’a d’estimation : "
        "{pairs}.",
        "Estos pares de listas se solapan de otro modo que el que dice el modelo, pero ningún modelo que los admita tiene "
        "estimación: {pairs}.",
    ),
    "lists_nested": (
        "Everybody on one list is on another too ({pairs}): such lists do not tell how many persons are on none.",
        "Toutes les personnes d’une liste sont aussi sur une autre ({pairs}) : de telles listes ne disent pas combien de personnes "
        "ne sont sur aucune.",
        "Todas las personas de una lista están también en otra ({pairs}): tales listas no dicen cuántas personas no están en "
        "ninguna.",
    ),
    "bootstrap_limit_is_extreme_draw": (
        "A limit rests on the few most extreme bootstrap draws: it moves with their number.",
        "Une limite repose sur les quelques tirages bootstrap les plus extrêmes : elle varie avec leur nombre.",
        "Un límite depende de los pocos sorteos bootstrap más extremos: varía con su número.",
    ),
    "bootstrap_draws_failed": (
        "More than 5 % of the bootstrap draws had no estimate and were left out.",
        "Plus de 5 % des tirages bootstrap n’avaient pas d’estimation et ont été écartés.",
        "Más del 5 % de los sorteos bootstrap carecían de estimación y se excluyeron.",
    ),
}
