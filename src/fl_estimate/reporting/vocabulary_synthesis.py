"""Words of synthesis: stocks, sums, aggregation, extension, combination, change; verdicts on published figures. EN, FR, ES."""

from __future__ import annotations

Said = tuple[str, str, str]

QUANTITIES: dict[str, Said] = {
    "change_difference": ("Change (difference)", "Variation (différence)", "Cambio (diferencia)"),
    "change_ratio": ("Change (ratio)", "Variation (ratio)", "Cambio (razón)"),
    "change_percent": ("Change in per cent", "Variation en pourcentage", "Cambio en porcentaje"),
}

METHODS: dict[str, Said] = {
    "published": ("published figure", "chiffre publié", "cifra publicada"),
    "sum": ("sum of parts", "somme de parties", "suma de partes"),
    "ratio-of-figures": ("ratio of two figures", "rapport de deux chiffres", "razón de dos cifras"),
    "rate-from-totals": (
        "total of the parts over their population",
        "total des parties rapporté à leur population",
        "total de las partes sobre su población",
    ),
    "stock-in-window": (
        "stock from a flow, years inside the window",
        "stock d’après un flux, années à l’intérieur de la période",
        "stock a partir de un flujo, años dentro del período",
    ),
    "stock-completed": (
        "stock from a flow, completed spells",
        "stock d’après un flux, épisodes achevés",
        "stock a partir de un flujo, episodios completos",
    ),
    "person-time": (
        "average stock from person-time",
        "stock moyen d’après le temps-personne",
        "stock medio a partir del tiempo-persona",
    ),
    "aggregate": (
        "countries added up to regions and the whole",
        "pays additionnés par région et pour l’ensemble",
        "países sumados por región y para el conjunto",
    ),
    "ratio-extension": (
        "extension by the ratio of administrative cases",
        "extension par le rapport des cas administratifs",
        "extensión por la razón de casos administrativos",
    ),
    "reported-to-total": (
        "reported cases extended to all cases",
        "cas signalés étendus à l’ensemble des cas",
        "casos notificados extendidos al total de casos",
    ),
    "combined-fixed": (
        "sources weighted by their precision",
        "sources pondérées par leur précision",
        "fuentes ponderadas por su precisión",
    ),
    "combined-random": (
        "sources weighted by their precision, random effects",
        "sources pondérées par leur précision, effets aléatoires",
        "fuentes ponderadas por su precisión, efectos aleatorios",
    ),
    "change": ("change between two rounds", "variation entre deux éditions", "cambio entre dos ediciones"),
}

SOURCES: dict[str, Said] = {
    "published": ("Published figure", "Chiffre publié", "Cifra publicada"),
    "sum": ("Sum of parts", "Somme des parties", "Suma de las partes"),
    "ratio-of-figures": ("Ratio of two figures", "Rapport de deux chiffres", "Razón de dos cifras"),
    "rate-from-totals": ("Rate from totals", "Taux d’après les totaux", "Tasa a partir de los totales"),
    "stock-in-window": ("Stock from a flow", "Stock d’après un flux", "Stock a partir de un flujo"),
    "stock-completed": ("Stock from a flow", "Stock d’après un flux", "Stock a partir de un flujo"),
    "person-time": ("Survey, person-time", "Enquête, temps-personne", "Encuesta, tiempo-persona"),
    "aggregate": ("Countries added up", "Pays additionnés", "Países sumados"),
    "ratio-extension": ("Extension by ratio", "Extension par rapport", "Extensión por razón"),
    "reported-to-total": ("Reported cases, extended", "Cas signalés, étendus", "Casos notificados, extendidos"),
    "combined-fixed": ("Sources combined", "Sources combinées", "Fuentes combinadas"),
    "combined-random": ("Sources combined", "Sources combinées", "Fuentes combinadas"),
    "change": ("Change", "Variation", "Cambio"),
}

INTERVALS: dict[str, Said] = {
    "garwood": (
        "exact, of Poisson counts",
        "exact, pour des effectifs de Poisson",
        "exacto, para recuentos de Poisson",
    ),
}

ASSUMPTIONS: dict[str, Said] = {
    "published_verified": (
        "A published figure, seen in its document: {source}.",
        "Chiffre publié, vu dans son document : {source}.",
        "Cifra publicada, vista en su documento: {source}.",
    ),
    "published_secondary": (
        "A published figure, seen in another’s copy only: {source}.",
        "Chiffre publié, vu seulement dans une copie de tiers : {source}.",
        "Cifra publicada, vista solo en una copia de terceros: {source}.",
    ),
    "published_unmarked": (
        "A published figure: {source}.",
        "Chiffre publié : {source}.",
        "Cifra publicada: {source}.",
    ),
    "definition_stated": ("Counted as: {definition}.", "Défini comme : {definition}.", "Definido como: {definition}."),
    "instrument_stated": (
        "Asked with: {instrument}.",
        "Recueilli avec : {instrument}.",
        "Recogido con: {instrument}.",
    ),
    "taken_as_known": (
        "A number given without an error is taken as known.",
        "Un nombre donné sans erreur est considéré comme connu.",
        "Un número dado sin error se considera conocido.",
    ),
    "parts_disjoint": (
        "Nobody is counted in two of the parts.",
        "Personne n’est compté dans deux des parties.",
        "Nadie se cuenta en dos de las partes.",
    ),
    "parts_independent": (
        "The errors of the parts are independent: their squares add.",
        "Les erreurs des parties sont indépendantes : leurs carrés s’additionnent.",
        "Los errores de las partes son independientes: sus cuadrados se suman.",
    ),
    "errors_correlated": (
        "The errors of the two figures are taken to have a correlation of {correlation}.",
        "Les erreurs des deux chiffres sont supposées avoir une corrélation de {correlation}.",
        "Se supone que los errores de las dos cifras tienen una correlación de {correlation}.",
    ),
    "stock_in_window": (
        "The average number at any time of a window of {years} years: persons with any spell in it, times the mean years that "
        "they spent inside it, over its length.",
        "Nombre moyen à tout moment d’une période de {years} ans : personnes ayant connu un épisode, multipliées par les années "
        "moyennes passées à l’intérieur, divisées par sa durée.",
        "Número medio en cualquier momento de un período de {years} años: personas con algún episodio, por los años medios "
        "pasados dentro de él, entre su duración.",
    ),
    "stock_completed": (
        "The average number at any time of a window of {years} years, from the mean completed spell of people who enter: steady "
        "inflow, one spell a person.",
        "Nombre moyen à tout moment d’une période de {years} ans, d’après la durée moyenne des épisodes achevés des personnes "
        "entrantes : entrées régulières, un épisode par personne.",
        "Número medio en cualquier momento de un período de {years} años, según la duración media de los episodios completos de "
        "quienes entran: entradas constantes, un episodio por persona.",
    ),
    "person_time": (
        "The average number at any time of a window of {years} years: each person counts with their share of it.",
        "Nombre moyen à tout moment d’une période de {years} ans : chaque personne compte pour la part qu’elle y a passée.",
        "Número medio en cualquier momento de un período de {years} años: cada persona cuenta por la parte pasada en él.",
    ),
    "covered_share": (
        "Surveys cover {percent} % of the population.",
        "Les enquêtes couvrent {percent} % de la population.",
        "Las encuestas cubren el {percent} % de la población.",
    ),
    "countries_exchangeable": (
        "Countries without a survey are taken to be like the surveyed ones of their region; if they are not, the total is biased "
        "and the interval does not show it.",
        "Les pays sans enquête sont supposés semblables aux pays enquêtés de leur région ; sinon, le total est biaisé et "
        "l’intervalle ne le montre pas.",
        "Se supone que los países sin encuesta son como los encuestados de su región; si no lo son, el total está sesgado y el "
        "intervalo no lo muestra.",
    ),
    "between_countries_region": (
        "How far countries differ was estimated in each region.",
        "L’écart entre pays a été estimé dans chaque région.",
        "La diferencia entre países se estimó en cada región.",
    ),
    "between_countries_pooled": (
        "How far countries differ was estimated within regions and taken to be the same in all.",
        "L’écart entre pays a été estimé à l’intérieur des régions et supposé le même dans toutes.",
        "La diferencia entre países se estimó dentro de las regiones y se supone la misma en todas.",
    ),
    "between_countries_given": (
        "How far countries differ was given, not estimated.",
        "L’écart entre pays a été donné, non estimé.",
        "La diferencia entre países fue dada, no estimada.",
    ),
    "countries_without_error": (
        "Countries whose survey has no error of its own (no case was met) count as known: {countries}.",
        "Les pays dont l’enquête n’a pas d’erreur propre (aucun cas rencontré) sont considérés comme connus : {countries}.",
        "Los países cuya encuesta no tiene error propio (ningún caso encontrado) se consideran conocidos: {countries}.",
    ),
    "rounded_at_the_end": (
        "Rounded to multiples of {to} after adding: printed parts need not add up.",
        "Arrondi au multiple de {to} après addition : la somme des parties imprimées peut différer.",
        "Redondeado a múltiplos de {to} después de sumar: las partes impresas pueden no sumar el total.",
    ),
    "detection_odds": (
        "A person in this form is taken to be {odds} times as likely to be on record as one in the form that surveys see.",
        "Une personne dans cette forme est supposée avoir {odds} fois autant de chances d’être enregistrée qu’une personne dans "
        "la forme que voient les enquêtes.",
        "Se supone que una persona en esta forma tiene {odds} veces la probabilidad de estar registrada que otra en la forma "
        "que ven las encuestas.",
    ),
    "case_counts_vary": (
        "Counts of cases vary {factor} times as much as independent events.",
        "Les nombres de cas varient {factor} fois autant que des événements indépendants.",
        "Los números de casos varían {factor} veces lo que varían sucesos independientes.",
    ),
    "reporting_alike": (
        "For one reported person there are taken to be {ratio} in all, everywhere as where surveys were taken.",
        "Pour une personne signalée, on en suppose {ratio} au total, partout comme là où des enquêtes ont été menées.",
        "Por cada persona notificada se suponen {ratio} en total, en todas partes como donde hubo encuestas.",
    ),
    "sources_independent": (
        "The sources are independent of each other.",
        "Les sources sont indépendantes entre elles.",
        "Las fuentes son independientes entre sí.",
    ),
    "sources_counted": (
        "Where a source met no case, all enter as effective counts: as many cases as their relative error says, among the people "
        "looked at.",
        "Lorsqu’une source n’a trouvé aucun cas, toutes entrent comme effectifs effectifs : autant de cas que le dit leur "
        "erreur relative, parmi les personnes observées.",
        "Cuando una fuente no encontró ningún caso, todas entran como recuentos efectivos: tantos casos como indica su error "
        "relativo, entre las personas observadas.",
    ),
    "sources_counted_random": (
        "Where a source met no case, all enter as effective counts that scatter around a common rate; prior of the standard "
        "deviation between them, on the log scale: {prior}.",
        "Lorsqu’une source n’a trouvé aucun cas, toutes entrent comme effectifs effectifs dispersés autour d’un taux commun ; "
        "loi a priori de l’écart type entre elles, sur l’échelle logarithmique : {prior}.",
        "Cuando una fuente no encontró ningún caso, todas entran como recuentos efectivos dispersos en torno a una tasa común; "
        "distribución a priori de la desviación típica entre ellas, en escala logarítmica: {prior}.",
    ),
    "sources_by_people": (
        "Surveys count by the number of people asked, not by their own estimated errors, which with few cases depend on what was found.",
        "Les enquêtes comptent selon le nombre de personnes interrogées, et non selon leurs erreurs estimées, qui, avec peu de cas, "
        "dépendent de ce qui a été trouvé.",
        "Las encuestas cuentan según el número de personas entrevistadas, no según sus errores estimados, que con pocos casos "
        "dependen de lo que se encontró.",
    ),
    "sources_fixed": (
        "All sources measure the same figure.",
        "Toutes les sources mesurent le même chiffre.",
        "Todas las fuentes miden la misma cifra.",
    ),
    "sources_random": (
        "The sources scatter around a common figure by more than their errors.",
        "Les sources se dispersent autour d’un chiffre commun au-delà de leurs erreurs.",
        "Las fuentes se dispersan alrededor de una cifra común más allá de sus errores.",
    ),
    "parts_correlated": (
        "The errors of any two parts are taken to have a correlation of {correlation}.",
        "Les erreurs de deux parties quelconques sont supposées avoir une corrélation de {correlation}.",
        "Se supone que los errores de dos partes cualesquiera tienen una correlación de {correlation}.",
    ),
    "rounds_correlated": (
        "The errors of the two rounds are taken to have a correlation of {correlation}.",
        "Les erreurs des deux éditions sont supposées avoir une corrélation de {correlation}.",
        "Se supone que los errores de las dos ediciones tienen una correlación de {correlation}.",
    ),
}

REASONS: dict[str, Said] = {
    "few_countries_surveyed": (
        "How far countries differ rests on {surveyed} surveyed countries; so that chance does not make it zero, it was estimated "
        "with a penalty at zero.",
        "L’écart entre pays repose sur {surveyed} pays enquêtés ; pour que le hasard ne l’annule pas, il a été estimé avec une "
        "pénalité en zéro.",
        "La diferencia entre países se basa en {surveyed} países encuestados; para que el azar no la anule, se estimó con una "
        "penalización en cero.",
    ),
    "sources_without_cases": (
        "Sources that met no case and are counted in all the same: {sources}.",
        "Sources sans aucun cas, prises en compte malgré tout : {sources}.",
        "Fuentes sin ningún caso, que se tienen en cuenta de todos modos: {sources}.",
    ),
    "figure_without_error": (
        "The figure was published without an error or interval.",
        "Le chiffre a été publié sans erreur ni intervalle.",
        "La cifra se publicó sin error ni intervalo.",
    ),
    "error_not_known": (
        "No error can be given: one of the figures behind it has none.",
        "Aucune erreur ne peut être donnée : l’un des chiffres utilisés n’en a pas.",
        "No puede darse un error: una de las cifras utilizadas no lo tiene.",
    ),
    "sources_differ": (
        "The sources differ by more than chance allows (p = {p}): read them side by side.",
        "Les sources diffèrent plus que le hasard ne le permet (p = {p}) : les lire côte à côte.",
        "Las fuentes difieren más de lo que permite el azar (p = {p}): léanse una junto a otra.",
    ),
    "rounds_differ": (
        "The two rounds do not count the same thing; what differs: {what}.",
        "Les deux éditions ne comptent pas la même chose ; ce qui diffère : {what}.",
        "Las dos ediciones no cuentan lo mismo; difieren en: {what}.",
    ),
}

VERDICTS: dict[str, Said] = {
    "prints_same": ("prints the same", "s’imprime à l’identique", "se imprime igual"),
    "within_rounding": ("within rounding", "dans l’arrondi", "dentro del redondeo"),
    "within_monte_carlo": (
        "within the chance of two runs",
        "dans l’aléa de deux tirages",
        "dentro del azar de dos muestreos",
    ),
    "differs": (
        "this computation does not give the printed figure",
        "ce calcul ne donne pas le chiffre imprimé",
        "este cálculo no da la cifra impresa",
    ),
    "range_wide": (
        "range {width} wide, {share} of the figure",
        "intervalle large de {width}, soit {share} du chiffre",
        "intervalo de amplitud {width}, el {share} de la cifra",
    ),
    "range_of_nought": ("range {width} wide", "intervalle large de {width}", "intervalo de amplitud {width}"),
    "tests_estimated": ("estimated from data", "estimé à partir de données", "estimada a partir de datos"),
    "tests_arithmetic": (
        "arithmetic among printed figures",
        "calcul entre chiffres imprimés",
        "aritmética entre cifras impresas",
    ),
    "tests_identity": ("identity", "identité", "identidad"),
    "tests_nothing": ("not tested", "non testé", "no comprobada"),
    "known_difference": ("not reproduced", "non reproduit", "no reproducida"),
    "unexpected_agreement": (
        "agrees, though marked as not reproducible",
        "concorde, bien que marqué comme non reproductible",
        "concuerda, aunque marcada como no reproducible",
    ),
    "not_computed": ("not computed", "non calculé", "no calculada"),
    "read_otherwise": (
        "the target’s writer computed {value}: check how its formula was read",
        "l’auteur de la cible a calculé {value} : vérifier la lecture de la formule",
        "el autor del objetivo calculó {value}: compruébese la lectura de la fórmula",
    ),
    "source_verified": ("seen in the document", "vu dans le document", "vista en el documento"),
    "source_secondary": ("secondary source", "source secondaire", "fuente secundaria"),
    "source_unmarked": (
        "verification not recorded",
        "vérification non consignée",
        "verificación no registrada",
    ),
    "no_document": ("document not named", "document non indiqué", "documento no indicado"),
    "title": (
        "Published figures, computed again",
        "Chiffres publiés, recalculés",
        "Cifras publicadas, calculadas de nuevo",
    ),
    "rule": (
        "A figure agrees where the range of ours, every printed input moved by half its last digit, meets the printed figure. Where "
        "case lists are the input, the range is the interval of the method, and the value itself must print the same; where "
        "random numbers made both (samplers, bootstrap limits), they may differ by three standard errors of these. What a figure "
        "tests: an estimator on data; arithmetic among printed figures; or, where figures are only added (identity), that a table "
        "adds up.",
        "Un chiffre concorde lorsque l’intervalle du nôtre, chaque donnée imprimée étant déplacée d’une demi-unité de son dernier "
        "chiffre, rencontre le chiffre imprimé. Pour les listes de cas, l’intervalle est celui de la méthode, et la valeur "
        "elle-même doit s’imprimer à l’identique ; si les deux viennent de tirages (échantillonneurs, bornes de bootstrap), elles "
        "peuvent s’écarter de trois erreurs types de ceux-ci. Ce qu’un chiffre vérifie : un estimateur sur des données ; un calcul "
        "entre chiffres imprimés ; ou, lorsque des chiffres sont seulement additionnés (identité), qu’un tableau tombe juste.",
        "Una cifra concuerda cuando el intervalo de la nuestra, moviendo cada dato impreso media unidad de su última cifra, "
        "alcanza la cifra impresa. Con listas de casos, el intervalo es el del método, y el propio valor debe imprimirse igual; si ambos "
        "vienen de números aleatorios (muestreos, límites de bootstrap), pueden diferir en tres errores típicos de estos. Lo que una "
        "cifra comprueba: un estimador sobre datos; aritmética entre cifras impresas; o, cuando solo se suman cifras (identidad), que "
        "una tabla cuadra.",
    ),
    "inputs": ("What went in", "Données utilisées", "Datos utilizados"),
    "head_figure": ("Figure", "Chiffre", "Cifra"),
    "head_printed": ("Printed", "Imprimé", "Impreso"),
    "head_computed": ("Computed", "Calculé", "Calculado"),
    "head_range": ("Range", "Intervalle", "Intervalo"),
    "head_verdict": ("Verdict", "Verdict", "Veredicto"),
    "head_source": ("Printed in", "Imprimé dans", "Impreso en"),
    "head_tables": ("Case lists", "Listes de cas", "Listas de casos"),
    "head_function": ("Computed by", "Calculé par", "Calculado por"),
    "head_reading": ("Read as", "Lu comme", "Leído como"),
    "head_note": ("Note", "Remarque", "Nota"),
    "head_tests": ("What it tests", "Ce qui est vérifié", "Qué se comprueba"),
    "head_strength": ("Strength, as the target says", "Force, selon la cible", "Fuerza, según el objetivo"),
}
"""What is said of a published figure that was computed again, and the heads of the page that shows it."""

DISCREPANCY: dict[str, Said] = {
    "one": (
        "Do they differ by more than chance? χ² = {q}, {df} df, p = {p} (taken as independent)",
        "Diffèrent-ils plus que par hasard ? χ² = {q}, {df} ddl, p = {p} (supposés indépendants)",
        "¿Difieren más que por azar? χ² = {q}, {df} gl, p = {p} (se suponen independientes)",
    ),
    "many": (
        "They differ by more than chance (p < {p}, taken as independent) in {apart} of {domains} domains",
        "Ils diffèrent plus que par hasard (p < {p}, supposés indépendants) dans {apart} domaines sur {domains}",
        "Difieren más que por azar (p < {p}, se suponen independientes) en {apart} de {domains} dominios",
    ),
    "not_independent": (
        "Results of one file are not independent: whether they differ is not tested",
        "Des résultats d’un même fichier ne sont pas indépendants : leur différence n’est pas testée",
        "Resultados de un mismo archivo no son independientes: su diferencia no se prueba",
    ),
    "not_tested": (
        "Fewer than two results with a standard error: whether they differ is not tested",
        "Moins de deux résultats avec une erreur type : leur différence n’est pas testée",
        "Menos de dos resultados con error estándar: su diferencia no se prueba",
    ),
}
"""What `fl.compare` says of how far results differ."""
