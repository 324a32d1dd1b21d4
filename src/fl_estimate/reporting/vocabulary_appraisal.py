"""The words of appraisals of case lists: heads, sentences, warnings, in English, French and Spanish. Data only."""

from __future__ import annotations

Said = tuple[str, str, str]

_NAMED: dict[str, Said] = {
    "average-decomposable": ("average over decomposable graphs", "moyenne sur les graphes décomposables", "promedio sobre grafos descomponibles"),
    "latent-class": ("latent classes", "classes latentes", "clases latentes"),
    "threshold": ("Bayesian thresholding", "seuillage bayésien", "umbralización bayesiana"),
    "doubly-robust": ("doubly robust, with covariates", "doublement robuste, avec covariables", "doblemente robusto, con covariables"),
    "plug-in": ("plug-in, with covariates", "par substitution, avec covariables", "por sustitución, con covariables"),
    "appraisal": ("envelope of several methods", "enveloppe de plusieurs méthodes", "envolvente de varios métodos"),
}  # fmt: skip
METHODS: dict[str, Said] = {
    code: (f"capture–recapture, {said[0]}", f"capture-recapture, {said[1]}", f"captura-recaptura, {said[2]}")
    for code, said in _NAMED.items()
}
INTERVALS: dict[str, Said] = {
    "envelope": (
        "from the least lower to the greatest upper limit over several methods",
        "de la plus petite limite inférieure à la plus grande limite supérieure de plusieurs méthodes",
        "del menor límite inferior al mayor límite superior de varios métodos",
    ),
    "stated-range": (
        "over a stated range of odds ratios",
        "sur une plage donnée de rapports de cotes",
        "sobre un rango dado de razones de momios",
    ),
}
ASSUMPTIONS: dict[str, Said] = {
    "decomposable_dependence": (
        "Lists depend on each other in one of the patterns that decomposable graphs can show; all are weighed.",
        "Les listes dépendent les unes des autres selon un graphe décomposable ; tous sont pondérés.",
        "Las listas dependen unas de otras según algún grafo descomponible; todos se ponderan.",
    ),
    "prior_population": (
        "Before the data, the number of persons N has weight 1/N.",
        "Avant les données, le nombre de personnes N a un poids de 1/N.",
        "Antes de los datos, el número de personas N tiene un peso de 1/N.",
    ),
    "prior_population_given": (
        "The weight of each number of persons before the data was given by the analyst.",
        "Le poids de chaque nombre de personnes avant les données a été donné par l’analyste.",
        "El peso de cada número de personas antes de los datos lo dio el analista.",
    ),
    "prior_dirichlet": (
        "Before the data, each history counts as {delta} persons.",
        "Avant les données, chaque historique compte pour {delta} personne.",
        "Antes de los datos, cada historial cuenta como {delta} personas.",
    ),
    "latent_classes": (
        "Persons fall into at most {classes} classes; within a class the lists are independent.",
        "Les personnes forment au plus {classes} classes ; dans une classe, les listes sont indépendantes.",
        "Las personas forman como máximo {classes} clases; dentro de una clase las listas son independientes.",
    ),
    "prior_classes": (
        "The concentration of the classes has a gamma prior of shape {shape} and rate {rate}.",
        "La concentration des classes a une loi a priori gamma de forme {shape} et de taux {rate}.",
        "La concentración de las clases tiene una distribución previa gamma de forma {shape} y tasa {rate}.",
    ),
    "prior_interactions": (
        "Before the data, interactions of lists are standard normal on the logarithmic scale.",
        "Avant les données, les interactions des listes suivent une loi normale centrée réduite sur l’échelle logarithmique.",
        "Antes de los datos, las interacciones de las listas son normales estándar en escala logarítmica.",
    ),
    "prior_interactions_flat": (
        "Before the data, every strength of an interaction of lists weighs the same.",
        "Avant les données, toute force d’interaction des listes a le même poids.",
        "Antes de los datos, cualquier fuerza de interacción de las listas pesa lo mismo.",
    ),
    "lists_independent_given": (
        "The two lists are independent among persons alike in: {covariates}.",
        "Les deux listes sont indépendantes parmi les personnes semblables en : {covariates}.",
        "Las dos listas son independientes entre personas semejantes en: {covariates}.",
    ),
}
REASONS: dict[str, Said] = {
    "saturated_graph_weight": (
        "The graph that joins all lists has {share} % of the weight: its dark figure comes from the prior alone.",
        "Le graphe qui relie toutes les listes a {share} % du poids : son chiffre noir vient de la seule loi a priori.",
        "El grafo que une todas las listas tiene el {share} % del peso: su cifra negra viene solo de la distribución previa.",
    ),
    "grid_end_matters": (
        "However large the numbers of persons looked at, larger ones still change the limits: the lists set no upper end.",
        "Si grands que soient les nombres examinés, de plus grands changent encore les limites : pas de borne supérieure.",
        "Por grandes que sean los números examinados, otros mayores aún cambian los límites: no hay cota superior.",
    ),
    "posterior_moments_unsettled": (
        "The mean moves with the largest number of persons looked at: the figure is the median; there is no standard error.",
        "La moyenne varie avec le plus grand nombre examiné : le chiffre est la médiane ; pas d’erreur type.",
        "La media varía con el mayor número examinado: la cifra es la mediana; no hay error estándar.",
    ),
    "chances_at_margin": (
        "For more than 5 % of the persons the chance to be on both lists is next to nothing: the figure leans on few.",
        "Pour plus de 5 % des personnes, la chance d’être sur les deux listes est quasi nulle : le chiffre repose sur peu.",
        "Para más del 5 % de las personas la probabilidad de figurar en ambas listas es casi nula: la cifra depende de pocas.",
    ),
    "learner_not_converged": (
        "The learner of the chances did not come to its end.",
        "L’apprentissage des probabilités n’a pas abouti.",
        "El aprendizaje de las probabilidades no llegó a su fin.",
    ),
    "everybody_observed": (
        "By this estimate nobody is missing from both lists.",
        "D’après cette estimation, personne ne manque aux deux listes.",
        "Según esta estimación, nadie falta en ambas listas.",
    ),
    "odds_ratios_not_stated": (
        "Two lists do not tell whether they depend on each other: no figure without a stated range of odds ratios.",
        "Deux listes ne disent pas si elles dépendent l’une de l’autre : pas de chiffre sans plage donnée de rapports de cotes.",
        "Dos listas no dicen si dependen una de otra: sin un rango dado de razones de momios no hay cifra.",
    ),
    "range_of_odds_ratios": (
        "No single figure: the range holds for the stated odds ratios of the two lists, which the lists cannot test.",
        "Pas de chiffre unique : la plage vaut pour les rapports de cotes donnés, que les listes ne peuvent pas tester.",
        "Sin cifra única: el rango vale para las razones de momios dadas, que las listas no pueden comprobar.",
    ),
    "envelope_without_value": (
        "No single figure: the methods differ, and the lists do not say which is right.",
        "Pas de chiffre unique : les méthodes diffèrent, et les listes ne disent pas laquelle a raison.",
        "Sin cifra única: los métodos difieren y las listas no dicen cuál acierta.",
    ),
}
NAMES: dict[str, Said] = {
    "independence": ("Independent lists", "Listes indépendantes", "Listas independientes"),
    "two_way": ("All pairs of lists", "Toutes les paires de listes", "Todos los pares de listas"),
    "stepwise": ("Pairs chosen step by step", "Paires choisies pas à pas", "Pares elegidos paso a paso"),
    "bic": ("Pairs chosen by BIC", "Paires choisies par BIC", "Pares elegidos por BIC"),
    "differ_poisson": (
        "People differ (Poisson form)",
        "Personnes différentes (forme de Poisson)",
        "Personas distintas (forma de Poisson)",
    ),
    "differ_normal": (
        "People differ (normal form)",
        "Personnes différentes (forme normale)",
        "Personas distintas (forma normal)",
    ),
    "differ_gamma": (
        "People differ (gamma form)",
        "Personnes différentes (forme gamma)",
        "Personas distintas (forma gamma)",
    ),
    "decomposable": ("Average over graphs", "Moyenne sur les graphes", "Promedio sobre grafos"),
    "latent_class": ("Classes of persons", "Classes de personnes", "Clases de personas"),
    "threshold": ("Bayesian thresholding", "Seuillage bayésien", "Umbralización bayesiana"),
    "lower_bound": ("Chao’s lower bound", "Borne inférieure de Chao", "Cota inferior de Chao"),
}
SUPPOSED: dict[str, Said] = {
    "independence": (
        "Being on one list makes being on another neither more nor less likely.",
        "Être sur une liste ne rend ni plus ni moins probable d’être sur une autre.",
        "Figurar en una lista no hace ni más ni menos probable figurar en otra.",
    ),
    "two_way": (
        "Pairs of lists may refer people to each other or avoid each other; three lists never act together.",
        "Deux listes peuvent s’adresser des personnes ou s’éviter ; jamais trois ensemble.",
        "Dos listas pueden remitirse personas o evitarse; nunca tres a la vez.",
    ),
    "stepwise": (
        "Only the pairs that the data show clearly depend on each other; all others are independent.",
        "Seules les paires que les données montrent nettement dépendent l’une de l’autre ; les autres sont indépendantes.",
        "Solo dependen entre sí los pares que los datos muestran claramente; los demás son independientes.",
    ),
    "bic": (
        "The model with the best balance of fit and simplicity is right; near rivals are not.",
        "Le modèle au meilleur équilibre entre ajustement et simplicité est le bon ; ses proches rivaux non.",
        "El modelo con mejor equilibrio entre ajuste y sencillez es el correcto; sus rivales cercanos no.",
    ),
    "differ_poisson": (
        "Some persons are easier to see than others on every list alike; how they differ is taken to be Poisson.",
        "Certaines personnes sont plus faciles à voir, sur toutes les listes ; leurs différences suivent une loi de Poisson.",
        "Algunas personas son más fáciles de ver, en todas las listas; sus diferencias siguen una ley de Poisson.",
    ),
    "differ_normal": (
        "Some persons are easier to see than others on every list alike; how they differ is taken to be normal.",
        "Certaines personnes sont plus faciles à voir, sur toutes les listes ; leurs différences suivent une loi normale.",
        "Algunas personas son más fáciles de ver, en todas las listas; sus diferencias siguen una ley normal.",
    ),
    "differ_gamma": (
        "Some persons are easier to see than others on every list alike; how they differ is taken to be gamma.",
        "Certaines personnes sont plus faciles à voir, sur toutes les listes ; leurs différences suivent une loi gamma.",
        "Algunas personas son más fáciles de ver, en todas las listas; sus diferencias siguen una ley gamma.",
    ),
    "decomposable": (
        "One of the patterns of dependence that factorise is right; each counts by how well it predicts.",
        "Un des schémas de dépendance qui se factorisent est le bon ; chacun compte selon sa prédiction.",
        "Uno de los patrones de dependencia factorizables es correcto; cada uno cuenta según su predicción.",
    ),
    "latent_class": (
        "Persons differ in kind; among persons of one kind the lists are independent.",
        "Les personnes sont de types différents ; dans un type, les listes sont indépendantes.",
        "Las personas son de tipos distintos; dentro de un tipo las listas son independientes.",
    ),
    "threshold": (
        "Only pairs whose dependence stands out from chance are kept.",
        "Seules sont gardées les paires dont la dépendance dépasse le hasard.",
        "Solo se conservan los pares cuya dependencia supera el azar.",
    ),
    "lower_bound": (
        "Some persons are harder to see than others, and no list avoids another.",
        "Certaines personnes sont plus difficiles à voir, et aucune liste n’en évite une autre.",
        "Algunas personas son más difíciles de ver, y ninguna lista evita a otra.",
    ),
}
RULED_OUT: dict[str, Said] = {
    "only_a_bound": ("a bound, not an estimate", "une borne, pas une estimation", "una cota, no una estimación"),
    "limit_missing": ("has no upper limit", "sans limite supérieure", "sin límite superior"),
    "fits_much_worse": ("fits these lists far worse than another", "s’ajuste bien moins qu’une autre", "se ajusta mucho peor que otro"),
    "does_not_fit": ("does not fit these lists", "ne s’ajuste pas à ces listes", "no se ajusta a estas listas"),
    "lists_nested": ("one list holds another", "une liste en contient une autre", "una lista contiene a otra"),
    "dependence_unknown": (
        "supposes what two lists cannot tell",
        "suppose ce que deux listes ne peuvent pas dire",
        "supone lo que dos listas no pueden decir",
    ),
    "chains_disagree": ("the sampler found several answers", "l’échantillonneur a trouvé plusieurs réponses", "el muestreador halló varias respuestas"),
    "prior_decides": ("its answer comes from the prior", "sa réponse vient de la loi a priori", "su respuesta viene de la distribución previa"),
    "bootstrap_fails": ("too many resamples without an answer", "trop de rééchantillons sans réponse", "demasiadas remuestras sin respuesta"),
    "refused": ("cannot be estimated from these lists", "non estimable à partir de ces listes", "no estimable con estas listas"),
}  # fmt: skip
WARNED: dict[str, Said] = {
    "two_lists_only": (
        "There are two lists only: whether they depend on each other cannot be tested at all.",
        "Il n’y a que deux listes : leur dépendance ne peut pas du tout être testée.",
        "Solo hay dos listas: no puede comprobarse en absoluto si dependen una de otra.",
    ),
    "lists_nested": (
        "Everybody on one list is on another too ({pairs}). Such lists do not tell how many persons are on none: leave out the "
        "list that takes in the others.",
        "Toutes les personnes d’une liste sont aussi sur une autre ({pairs}). De telles listes ne disent pas combien de personnes "
        "ne sont sur aucune : retirez la liste qui reprend les autres.",
        "Todas las personas de una lista están también en otra ({pairs}). Tales listas no dicen cuántas personas no están en "
        "ninguna: excluya la lista que recoge a las demás.",
    ),
    "lists_empty": (
        "Nobody is on these lists: {lists}.",
        "Personne n’est sur ces listes : {lists}.",
        "Nadie está en estas listas: {lists}.",
    ),
    "selection_blocked": (
        "These pairs of lists overlap otherwise than the models say, but no model that takes them in has an estimate: {pairs}.",
        "Ces paires de listes se recoupent autrement que ne le disent les modèles, mais aucun modèle qui les admet n’a "
        "d’estimation : {pairs}.",
        "Estos pares de listas se solapan de otro modo que el que dicen los modelos, pero ningún modelo que los admita tiene "
        "estimación: {pairs}.",
    ),
    "few_on_two_lists": (
        "Only {people} persons ({share} % of those observed) are on two lists or more. Everything rests on them.",
        "Seules {people} personnes ({share} % des personnes observées) sont sur deux listes ou plus. Tout repose sur elles.",
        "Solo {people} personas ({share} % de las observadas) figuran en dos listas o más. Todo depende de ellas.",
    ),
    "pairs_without_overlap": (
        "Pairs of lists that share nobody: {pairs} ({names}). Whether they avoid each other, or too few were seen, is open.",
        "Paires de listes sans personne en commun : {pairs} ({names}). S’évitent-elles, ou a-t-on vu trop peu ?",
        "Pares de listas sin nadie en común: {pairs} ({names}). Si se evitan o se vio a muy pocos, no se sabe.",
    ),
    "pairs_without_overlap_unnamed": (
        "Some pairs of lists share nobody. Whether they avoid each other, or too few were seen, is open.",
        "Certaines paires de listes n’ont personne en commun. S’évitent-elles, ou a-t-on vu trop peu ?",
        "Algunos pares de listas no tienen a nadie en común. Si se evitan o se vio a muy pocos, no se sabe.",
    ),
    "counts_look_rounded": (
        "All counts are multiples of five: they may have been rounded, which these methods do not know.",
        "Tous les effectifs sont des multiples de cinq : ils ont pu être arrondis, ce que ces méthodes ignorent.",
        "Todos los recuentos son múltiplos de cinco: pueden estar redondeados, lo que estos métodos ignoran.",
    ),
    "counts_fractional": (
        "Some counts are fractions, from uncertain record linkage; its uncertainty is in no interval.",
        "Certains effectifs sont fractionnaires (appariement incertain) ; cette incertitude n’est dans aucun intervalle.",
        "Algunos recuentos son fracciones (enlace incierto); esa incertidumbre no está en ningún intervalo.",
    ),
    "period_long": (
        "The lists cover {years} years: persons came and went, while the methods suppose that nobody does.",
        "Les listes couvrent {years} ans : des personnes sont entrées et sorties, ce que les méthodes excluent.",
        "Las listas abarcan {years} años: hubo entradas y salidas, que los métodos excluyen.",
    ),
    "no_admissible_method": (
        "No method gives an estimate that may be used.",
        "Aucune méthode ne donne d’estimation utilisable.",
        "Ningún método da una estimación utilizable.",
    ),
    "methods_disagree": (
        "The largest estimate is {times} times the smallest: the answer is the choice of method.",
        "La plus grande estimation est {times} fois la plus petite : la réponse est le choix de la méthode.",
        "La mayor estimación es {times} veces la menor: la respuesta es la elección del método.",
    ),
    "mostly_unseen": (
        "By one method there are {times} times as many persons as were observed: nearly all of the figure is assumption.",
        "Selon une méthode, il y a {times} fois plus de personnes qu’observé : le chiffre est presque tout hypothèse.",
        "Según un método hay {times} veces más personas que las observadas: la cifra es casi toda supuesto.",
    ),
    "chains_disagree": (
        "A sampler did not settle (R-hat {rhat}): the lists allow several quite different answers.",
        "Un échantillonneur ne s’est pas stabilisé (R-hat {rhat}) : les listes admettent plusieurs réponses très différentes.",
        "Un muestreador no se estabilizó (R-hat {rhat}): las listas admiten varias respuestas muy distintas.",
    ),
    "envelope_may_be_narrow": (
        "The envelope may be too narrow: a method that did not settle, and is not counted, ranges from {lower} to {upper}.",
        "L’enveloppe peut être trop étroite : une méthode non stabilisée, non comptée, va de {lower} à {upper}.",
        "La envolvente puede ser demasiado estrecha: un método no estabilizado, no contado, va de {lower} a {upper}.",
    ),
    "bootstrap_fails": (
        "{share} % of the resamples have no estimate: slightly different lists would give no answer.",
        "{share} % des rééchantillons n’ont pas d’estimation : des listes un peu différentes ne donneraient rien.",
        "El {share} % de las remuestras carece de estimación: listas algo distintas no darían respuesta.",
    ),
    "grid_end_matters": (
        "Averaging over graphs has no upper end: larger numbers always stay possible.",
        "La moyenne sur les graphes n’a pas de borne : de plus grands nombres restent toujours possibles.",
        "El promedio sobre grafos no tiene cota: siempre siguen siendo posibles números mayores.",
    ),
    "bound_above_methods": (
        "The lower bound lies above a whole interval: such a figure needs lists that avoid each other. Ask whether they do.",
        "La borne inférieure dépasse tout un intervalle : un tel chiffre suppose des listes qui s’évitent. Est-ce le cas ?",
        "La cota inferior supera todo un intervalo: tal cifra supone listas que se evitan. Pregunte si es así.",
    ),
    "methods_without_answer": (
        "Methods that have no answer for these lists: {methods}.",
        "Méthodes sans réponse pour ces listes : {methods}.",
        "Métodos sin respuesta para estas listas: {methods}.",
    ),
    "models_fit_alike": (
        "{models} models fit nearly alike and give from {lower} to {upper} persons.",
        "{models} modèles s’ajustent presque pareil et donnent de {lower} à {upper} personnes.",
        "{models} modelos se ajustan casi igual y dan de {lower} a {upper} personas.",
    ),
    "known_lists_missed_low": (
        "Tried on lists whose size is known, methods came out too low beyond chance: {methods}.",
        "Essayées sur des listes de taille connue, des méthodes ont donné trop peu, au-delà du hasard : {methods}.",
        "Probados en listas de tamaño conocido, hay métodos que quedaron por debajo más allá del azar: {methods}.",
    ),
    "known_lists_missed": (
        "Tried on lists whose size is known, methods missed beyond chance: {methods}.",
        "Essayées sur des listes de taille connue, des méthodes se sont trompées au-delà du hasard : {methods}.",
        "Probados en listas de tamaño conocido, hay métodos que erraron más allá del azar: {methods}.",
    ),
    "not_levelled_off": (
        "The estimate is still moving as more of the people observed are added.",
        "L’estimation bouge encore quand on ajoute des personnes observées.",
        "La estimación sigue moviéndose al añadir personas observadas.",
    ),
    "one_person_matters": (
        "One person more or less on the lists moves the estimate by {people} persons.",
        "Une personne de plus ou de moins sur les listes déplace l’estimation de {people} personnes.",
        "Una persona más o menos en las listas mueve la estimación en {people} personas.",
    ),
}
PAGE: dict[str, Said] = {
    "title": (
        "What case lists can tell, and what they cannot",
        "Ce que les listes de cas disent, et ne disent pas",
        "Lo que dicen y lo que no dicen las listas de casos",
    ),
    "no_interval": ("no interval", "sans intervalle", "sin intervalo"),
    "no_upper": ("{lower} or more", "{lower} ou plus", "{lower} o más"),
    "no_lower": ("up to {upper}", "jusqu’à {upper}", "hasta {upper}"),
    "observed": ("persons observed", "personnes observées", "personas observadas"),
    "envelope": ("persons in all: the envelope", "personnes au total : l’enveloppe", "personas en total: la envolvente"),
    "over": (
        "over {methods} methods, each with its {level} interval",
        "sur {methods} méthodes, chacune avec son intervalle à {level}",
        "sobre {methods} métodos, cada uno con su intervalo del {level}",
    ),
    "lead": (
        "{n} persons are on the lists. How many are on none was not seen by anybody. By what is assumed of them, the total "
        "lies between {lower} and {upper}. The lists do not say which assumption is right, so no single figure is given.",
        "{n} personnes sont sur les listes. Personne n’a vu combien ne sont sur aucune. Selon l’hypothèse, le total est "
        "entre {lower} et {upper}. Les listes ne disent pas quelle hypothèse est juste : aucun chiffre unique n’est donné.",
        "{n} personas figuran en las listas. Nadie vio cuántas no figuran en ninguna. Según el supuesto, el total está "
        "entre {lower} y {upper}. Las listas no dicen qué supuesto es correcto: no se da una cifra única.",
    ),
    "over_ratios": (
        "if the odds ratio of the two lists is {low} to {high}; ends of {level} intervals",
        "si le rapport de cotes des deux listes va de {low} à {high} ; bornes d’intervalles à {level}",
        "si la razón de momios de las dos listas va de {low} a {high}; extremos de intervalos del {level}",
    ),
    "range": ("persons in all: a range", "personnes au total : une plage", "personas en total: un rango"),
    "lead_two": (
        "{n} persons are on the two lists. How many are on neither hangs on whether the lists depend on each other, which two "
        "lists cannot tell. If their odds ratio is {low} to {high}, as is supposed here, the total lies between {lower} and {upper}.",
        "{n} personnes sont sur les deux listes. Combien ne sont sur aucune dépend du lien entre les listes, que deux listes ne "
        "peuvent pas dire. Si leur rapport de cotes va de {low} à {high}, comme on le suppose ici, le total est entre {lower} et "
        "{upper}.",
        "{n} personas figuran en las dos listas. Cuántas no figuran en ninguna depende de la relación entre las listas, que dos "
        "listas no pueden decir. Si su razón de momios va de {low} a {high}, como aquí se supone, el total está entre {lower} y "
        "{upper}.",
    ),
    "lead_two_none": (
        "{n} persons are on the two lists. How many are on neither hangs on whether the lists depend on each other, which two "
        "lists cannot tell: no total is given without a stated range of odds ratios. The curve shows what it would be.",
        "{n} personnes sont sur les deux listes. Combien ne sont sur aucune dépend du lien entre les listes, que deux listes ne "
        "peuvent pas dire : pas de total sans plage donnée de rapports de cotes. La courbe montre ce qu’il serait.",
        "{n} personas figuran en las dos listas. Cuántas no figuran en ninguna depende de la relación entre las listas, que dos "
        "listas no pueden decir: sin un rango dado de razones de momios no se da un total. La curva muestra cuál sería.",
    ),
    "lead_none": (
        "{n} persons are on the lists. No method gives an estimate of the others that may be used.",
        "{n} personnes sont sur les listes. Aucune méthode ne donne d’estimation utilisable des autres.",
        "{n} personas figuran en las listas. Ningún método da una estimación utilizable de las demás.",
    ),
    "known": ("What is known", "Ce qui est connu", "Lo que se sabe"),
    "assumed": ("What is assumed", "Ce qui est supposé", "Lo que se supone"),
    "known_text": (
        "Every person on a list, and which lists each is on. {several} persons are on two lists or more: the whole estimate "
        "rests on how they overlap.",
        "Chaque personne sur une liste, et sur lesquelles. {several} personnes sont sur deux listes ou plus : toute "
        "l’estimation repose sur leurs recoupements.",
        "Cada persona en una lista, y en cuáles. {several} personas figuran en dos listas o más: toda la estimación "
        "depende de cómo se solapan.",
    ),
    "assumed_text": (
        "That people on no list relate to the lists as the method says. No data can test this. Also: nobody enters or "
        "leaves the population in the period, records of one person are always recognised, and everybody listed is a case.",
        "Que les personnes sur aucune liste se comportent comme le dit la méthode. Aucune donnée ne peut le tester. De plus : "
        "personne n’entre ni ne sort pendant la période, les fiches d’une personne sont reconnues, toute personne listée est un cas.",
        "Que quienes no figuran en ninguna lista se comportan como dice el método. Ningún dato puede comprobarlo. Además: nadie "
        "entra ni sale en el período, los registros de una persona se reconocen y toda persona listada es un caso.",
    ),
    "warnings": ("Read this first", "À lire d’abord", "Léase primero"),
    "methods": ("Every method side by side", "Toutes les méthodes côte à côte", "Todos los métodos lado a lado"),
    "methods_caption": (
        "Estimates with their intervals. Hollow: not counted in the envelope.",
        "Estimations et intervalles. Creux : non compté dans l’enveloppe.",
        "Estimaciones con sus intervalos. Hueco: no se cuenta en la envolvente.",
    ),
    "overlaps": ("How the lists overlap", "Comment les listes se recoupent", "Cómo se solapan las listas"),
    "overlaps_caption": (
        "Persons by the lists that they are on; dots show which.",
        "Personnes selon leurs listes ; les points montrent lesquelles.",
        "Personas según sus listas; los puntos muestran cuáles.",
    ),
    "sensitivity": ("If two lists depend on each other", "Si deux listes dépendent l’une de l’autre", "Si dos listas dependen una de otra"),
    "sensitivity_caption": (
        "Persons in all, if one pair that the stepwise model takes to be independent is not. Above 1 the two refer people to "
        "each other; below 1 they avoid each other.",
        "Personnes au total, si une paire que le modèle pas à pas croit indépendante ne l’est pas. Au-dessus de 1 les deux "
        "s’adressent des personnes ; au-dessous elles s’évitent.",
        "Personas en total, si un par que el modelo paso a paso toma por independiente no lo es. Por encima de 1 se remiten "
        "personas; por debajo se evitan.",
    ),
    "sensitivity_text": (
        "For example: if {pair} were not independent, the total would be {lower} with an odds ratio of {low}, and {upper} with "
        "{high}, in place of {value}. The lists cannot tell which.",
        "Par exemple : si {pair} n’étaient pas indépendantes, le total serait de {lower} avec un rapport de cotes de {low}, et de "
        "{upper} avec {high}, au lieu de {value}. Les listes ne peuvent pas dire lequel.",
        "Por ejemplo: si {pair} no fueran independientes, el total sería {lower} con una razón de momios de {low}, y {upper} con "
        "{high}, en lugar de {value}. Las listas no pueden decir cuál.",
    ),
    "provenance": ("Where this comes from", "Provenance", "Procedencia"),
    "odds": ("odds ratio of the pair (1: independent)", "rapport de cotes de la paire (1 : indépendance)", "razón de momios del par (1: independencia)"),
    "changes": ("If the lists were a little different", "Si les listes étaient un peu différentes", "Si las listas fueran algo distintas"),
    "changes_text": (
        "The stepwise model on changed lists. A figure that can be relied on hardly moves.",
        "Le modèle pas à pas sur des listes modifiées. Un chiffre fiable ne bouge guère.",
        "El modelo paso a paso en listas modificadas. Una cifra fiable apenas se mueve.",
    ),
    "leave_one_list": ("One list left out", "Une liste retirée", "Una lista excluida"),
    "merge_two_lists": ("Two lists taken as one", "Deux listes réunies", "Dos listas unidas"),
    "leave_one_person": ("One person left out (largest changes)", "Une personne retirée (plus grands écarts)", "Una persona excluida (mayores cambios)"),
    "trajectory": ("Only a part of the persons observed", "Une partie seulement des personnes observées", "Solo una parte de las personas observadas"),
    "models": ("Models that fit nearly alike", "Modèles presque aussi bons", "Modelos casi igual de buenos"),
    "models_text": (
        "Log-linear models within 6 of the best BIC: the lists hardly tell them apart.",
        "Modèles log-linéaires à moins de 6 du meilleur BIC : les listes ne les distinguent guère.",
        "Modelos log-lineales a menos de 6 del mejor BIC: las listas apenas los distinguen.",
    ),
    "consistency": ("Tried where the answer is known", "Essai où la réponse est connue", "Prueba donde la respuesta se conoce"),
    "consistency_text": (
        "The persons of one list, whose number is known, estimated from the other lists.",
        "Les personnes d’une liste, au nombre connu, estimées à partir des autres listes.",
        "Las personas de una lista, de número conocido, estimadas con las otras listas.",
    ),
    "head.method": ("Method", "Méthode", "Método"),
    "head.supposed": ("It supposes", "Elle suppose", "Supone"),
    "head.value": ("Estimate", "Estimation", "Estimación"),
    "head.interval": ("Interval", "Intervalle", "Intervalo"),
    "head.counted": ("In the envelope", "Dans l’enveloppe", "En la envolvente"),
    "head.changed": ("Lists", "Listes", "Listas"),
    "head.history": ("Person on", "Personne sur", "Persona en"),
    "head.change": ("Change", "Écart", "Cambio"),
    "head.share": ("Share kept", "Part gardée", "Parte conservada"),
    "head.times": ("Persons in all per person observed (quartiles)", "Personnes au total par personne observée (quartiles)", "Personas en total por persona observada (cuartiles)"),
    "head.terms": ("Pairs that depend on each other", "Paires dépendantes", "Pares dependientes"),
    "head.list": ("List", "Liste", "Lista"),
    "head.known": ("Known", "Connu", "Conocido"),
    "head.covers": ("Interval holds it", "L’intervalle le contient", "El intervalo la contiene"),
    "term.main": ("none", "aucune", "ninguno"),
    "term.two-way": ("all", "toutes", "todos"),
    "and": (" and ", " et ", " y "),
    "yes": ("yes", "oui", "sí"),
    "no": ("no", "non", "no"),
    "rule": (
        "Histories of fewer than {least} persons, or of none, are shown alike; none of them can be worked out from what is shown.",
        "Les historiques de moins de {least} personnes, ou d’aucune, sont indiqués de la même façon ; aucun ne peut se déduire de "
        "ce qui est montré.",
        "Los historiales de menos de {least} personas, o de ninguna, se indican del mismo modo; ninguno puede deducirse de lo que "
        "se muestra.",
    ),
    "rule_more": (
        "Small counts are withheld (×), and others with which they could be worked out.",
        "Les petits effectifs sont masqués (×), ainsi que d’autres qui permettraient de les déduire.",
        "Se ocultan (×) los recuentos pequeños y otros con los que podrían deducirse.",
    ),
    "from_counts": (
        "Tables that are calculated from all counts (odds ratios, changed lists, models) are not shown: a reader could find "
        "the hidden counts with them. Estimates have two digits.",
        "Les tableaux calculés à partir de tous les effectifs (rapports de cotes, listes modifiées, modèles) ne sont pas "
        "montrés : un lecteur pourrait en déduire les effectifs masqués. Les estimations ont deux chiffres.",
        "No se muestran las tablas calculadas con todos los recuentos (razones de momios, listas modificadas, modelos): con "
        "ellas un lector podría hallar los recuentos ocultos. Las estimaciones tienen dos cifras.",
    ),
    "source": ("Lists", "Listes", "Listas"),
    "hash": ("Content hash", "Empreinte du contenu", "Huella del contenido"),
    "made_by": ("Made by", "Produit par", "Producido por"),
}  # fmt: skip
APPRAISAL: dict[str, Said] = {
    **PAGE,
    **{f"name.{code}": said for code, said in NAMES.items()},
    **{f"supposed.{code}": said for code, said in SUPPOSED.items()},
    **{f"why.{code}": said for code, said in RULED_OUT.items()},
    **{f"warned.{code}": said for code, said in WARNED.items()},
}
SOURCES: dict[str, Said] = NAMES | {
    code: (f"Case lists, {said[0]}", f"Listes de cas, {said[1]}", f"Listas de casos, {said[2]}")
    for code, said in _NAMED.items()
}
