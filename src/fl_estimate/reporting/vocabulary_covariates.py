"""The words of models of people on lists, or in one register, with covariates, in English, French and Spanish. Data only."""

from __future__ import annotations

Said = tuple[str, str, str]

_NAMED: dict[str, Said] = {
    "conditional-loglinear": (
        "conditional log-linear model with covariates",
        "modèle log-linéaire conditionnel avec covariables",
        "modelo log-lineal condicional con covariables",
    ),
    "conditional-loglinear-bic": (
        "conditional log-linear model with covariates, chosen by BIC",
        "modèle log-linéaire conditionnel avec covariables, choisi par le BIC",
        "modelo log-lineal condicional con covariables, elegido por el BIC",
    ),
    "conditional-loglinear-aic": (
        "conditional log-linear model with covariates, chosen by AIC",
        "modèle log-linéaire conditionnel avec covariables, choisi par l’AIC",
        "modelo log-lineal condicional con covariables, elegido por el AIC",
    ),
    "doubly-robust-lists": (
        "doubly robust, several lists, with covariates",
        "doublement robuste, plusieurs listes, avec covariables",
        "doblemente robusto, varias listas, con covariables",
    ),
}
_REGISTER: dict[str, Said] = {
    "zero-truncated-poisson": (
        "zero-truncated Poisson regression", "régression de Poisson tronquée à zéro", "regresión de Poisson truncada en cero",
    ),
    "zero-truncated-geometric": (
        "zero-truncated geometric regression", "régression géométrique tronquée à zéro", "regresión geométrica truncada en cero",
    ),
    "zero-truncated-negative-binomial": (
        "zero-truncated negative binomial regression",
        "régression binomiale négative tronquée à zéro",
        "regresión binomial negativa truncada en cero",
    ),
    "one-inflated-poisson": (
        "one-inflated zero-truncated Poisson regression",
        "régression de Poisson tronquée à zéro avec excès de uns",
        "regresión de Poisson truncada en cero con exceso de unos",
    ),
    "one-inflated-geometric": (
        "one-inflated zero-truncated geometric regression",
        "régression géométrique tronquée à zéro avec excès de uns",
        "regresión geométrica truncada en cero con exceso de unos",
    ),
    "one-inflated-negative-binomial": (
        "one-inflated zero-truncated negative binomial regression",
        "régression binomiale négative tronquée à zéro avec excès de uns",
        "regresión binomial negativa truncada en cero con exceso de unos",
    ),
    "generalised-chao": (
        "Chao’s lower bound with covariates", "borne inférieure de Chao avec covariables", "cota inferior de Chao con covariables",
    ),
    "generalised-zelterman": ("Zelterman with covariates", "Zelterman avec covariables", "Zelterman con covariables"),
}  # fmt: skip
METHODS: dict[str, Said] = {
    code: (f"capture–recapture, {said[0]}", f"capture-recapture, {said[1]}", f"captura-recaptura, {said[2]}")
    for code, said in (_NAMED | _REGISTER).items()
}
SOURCES: dict[str, Said] = {
    code: (f"Case lists, {said[0]}", f"Listes de cas, {said[1]}", f"Listas de casos, {said[2]}")
    for code, said in _NAMED.items()
} | {
    code: (f"One register, {said[0]}", f"Un seul registre, {said[1]}", f"Un solo registro, {said[2]}")
    for code, said in _REGISTER.items()
}  # fmt: skip
ASSUMPTIONS: dict[str, Said] = {
    "lists_independent_among_alike": (
        "Among persons alike in {covariates}, being on one list says nothing about being on another.",
        "Parmi les personnes semblables en {covariates}, figurer sur une liste ne dit rien de la présence sur une autre.",
        "Entre personas semejantes en {covariates}, figurar en una lista no dice nada sobre la presencia en otra.",
    ),
    "dependence_among_alike": (
        "Among persons alike in {covariates}, lists depend on each other in these sets only: {terms}.",
        "Parmi les personnes semblables en {covariates}, les listes ne dépendent les unes des autres que dans : {terms}.",
        "Entre personas semejantes en {covariates}, las listas solo dependen unas de otras en: {terms}.",
    ),
    "no_highest_interaction_among_alike": (
        "Among persons alike in {covariates}, there is no interaction of all {lists} lists at once: no data can show it.",
        "Parmi les personnes semblables en {covariates}, il n’y a pas d’interaction des {lists} listes à la fois : aucune donnée ne peut la montrer.",
        "Entre personas semejantes en {covariates} no hay interacción de las {lists} listas a la vez: ningún dato puede mostrarla.",
    ),
    "chances_alike": (
        "Persons alike in what the model knows of them have the same chances to be listed.",
        "Les personnes semblables en ce que le modèle sait d’elles ont les mêmes chances d’être recensées.",
        "Las personas semejantes en lo que el modelo sabe de ellas tienen las mismas probabilidades de figurar.",
    ),
    "lists_blind": (
        "Lists that cannot see some of the persons, as the analyst has stated: {lists}.",
        "Listes qui ne peuvent pas voir certaines personnes, comme l’analyste l’a indiqué : {lists}.",
        "Listas que no pueden ver a algunas personas, como indicó el analista: {lists}.",
    ),
    "covariates_missing_at_random": (
        "Whether a characteristic is missing hangs on the lists and the other characteristics only, not on its value.",
        "L’absence d’une caractéristique ne dépend que des listes et des autres caractéristiques, non de sa valeur.",
        "Que falte una característica depende solo de las listas y de las demás características, no de su valor.",
    ),
    "counts_poisson": (
        "Persons alike come into the register at one constant rate (Poisson).",
        "Les personnes semblables entrent dans le registre à un même rythme constant (Poisson).",
        "Las personas semejantes entran en el registro a un mismo ritmo constante (Poisson).",
    ),
    "counts_geometric": (
        "Persons alike come into the register at rates that follow an exponential distribution (geometric counts).",
        "Les personnes semblables entrent dans le registre à des rythmes de loi exponentielle (effectifs géométriques).",
        "Las personas semejantes entran en el registro a ritmos de distribución exponencial (recuentos geométricos).",
    ),
    "counts_negative_binomial": (
        "Persons alike come into the register at rates that follow a gamma distribution (negative binomial counts).",
        "Les personnes semblables entrent dans le registre à des rythmes de loi gamma (effectifs binomiaux négatifs).",
        "Las personas semejantes entran en el registro a ritmos de distribución gamma (recuentos binomiales negativos).",
    ),
    "counts_alike_given": (
        "What makes persons come more or less often is known of them: {covariates}.",
        "Ce qui fait venir les personnes plus ou moins souvent est connu d’elles : {covariates}.",
        "Lo que hace que las personas vengan más o menos a menudo se conoce de ellas: {covariates}.",
    ),
    "contacts_independent": (
        "The contacts of a person come independently of each other; rates may differ from person to person.",
        "Les contacts d’une personne sont indépendants les uns des autres ; les rythmes peuvent différer entre personnes.",
        "Los contactos de una persona son independientes entre sí; los ritmos pueden diferir entre personas.",
    ),
    "ones_after_first_contact": (
        "Some persons cannot come again after their first contact.",
        "Certaines personnes ne peuvent pas revenir après leur premier contact.",
        "Algunas personas no pueden volver tras su primer contacto.",
    ),
    "ones_of_another_kind": (
        "Some persons with one contact are of another kind, none of whom is missing from the register.",
        "Certaines personnes à un seul contact sont d’une autre sorte, dont aucune ne manque au registre.",
        "Algunas personas con un solo contacto son de otra clase, de la que nadie falta en el registro.",
    ),
    "register_can_hold_everybody": (
        "Every person counted could come into the register; a contact does not change the chance of another.",
        "Toute personne comptée pouvait entrer dans le registre ; un contact ne change pas la chance d’un autre.",
        "Toda persona contada podía entrar en el registro; un contacto no cambia la probabilidad de otro.",
    ),
}
REASONS: dict[str, Said] = {
    "people_rarely_observed": (
        "More than a tenth of the dark figure comes from persons of whom fewer than one in fifty is observed.",
        "Plus d’un dixième du chiffre noir vient de personnes dont moins d’une sur cinquante est observée.",
        "Más de una décima parte de la cifra negra procede de personas de las que se observa menos de una de cada cincuenta.",
    ),
    "dark_figure_unsteady": (
        "The counts hardly say how many persons are unseen: the standard error is more than half of the dark figure.",
        "Les effectifs disent à peine combien de personnes restent invisibles : l’erreur type dépasse la moitié du chiffre noir.",
        "Los recuentos apenas dicen cuántas personas no se ven: el error estándar supera la mitad de la cifra negra.",
    ),
    "counts_no_overdispersion": (
        "The counts vary no more than a Poisson distribution has it: the negative binomial is that distribution here.",
        "Les effectifs ne varient pas plus que selon une loi de Poisson : la binomiale négative s’y réduit ici.",
        "Los recuentos no varían más que según una distribución de Poisson: la binomial negativa se reduce aquí a ella.",
    ),
    "counts_no_inflation": (
        "There is no excess of persons with one contact: the figure is that without inflation.",
        "Il n’y a pas d’excès de personnes à un seul contact : le chiffre est celui sans excès.",
        "No hay exceso de personas con un solo contacto: la cifra es la obtenida sin exceso.",
    ),
    "counts_do_not_fit": (
        "The distribution does not fit the counts (p < 0.01): the figure may be far off.",
        "La loi ne s’ajuste pas aux effectifs (p < 0,01) : le chiffre peut être très éloigné.",
        "La distribución no se ajusta a los recuentos (p < 0,01): la cifra puede estar muy alejada.",
    ),
    "pairs_disagree": (
        "Pairs of lists give numbers that differ by more than chance (p = {p_value}): some lists depend on each other.",
        "Les paires de listes donnent des nombres qui diffèrent plus que par hasard (p = {p_value}) : certaines listes sont dépendantes.",
        "Los pares de listas dan números que difieren más que por azar (p = {p_value}): algunas listas son dependientes.",
    ),
}
COUNTS: dict[str, Said] = {
    "people": ("Persons", "Personnes", "Personas"),
    "times": ("Times in the register", "Nombre de passages dans le registre", "Veces en el registro"),
    "ratio": ("Ratio (y + 1) f(y+1) / f(y)", "Rapport (y + 1) f(y+1) / f(y)", "Razón (y + 1) f(y+1) / f(y)"),
    "poisson": ("Poisson", "Poisson", "Poisson"),
    "geometric": ("geometric", "géométrique", "geométrica"),
    "negative-binomial": ("negative binomial", "binomiale négative", "binomial negativa"),
}
