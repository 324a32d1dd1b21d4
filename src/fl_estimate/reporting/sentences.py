"""Heads, captions and sentences of tables, pictures and reports, in English, French and Spanish. Data only."""

from __future__ import annotations

from fl_estimate.reporting.vocabulary import Said

HEADS: dict[str, Said] = {
    "interval": (
        "{level} confidence interval",
        "Intervalle de confiance à {level}",
        "Intervalo de confianza del {level}",
    ),
    "interval.credible": (
        "{level} credible interval",
        "Intervalle de crédibilité à {level}",
        "Intervalo de credibilidad del {level}",
    ),
    "interval.mixed": ("{level} interval", "Intervalle à {level}", "Intervalo del {level}"),
    "interval.envelope": (
        "Envelope of {level} intervals",
        "Enveloppe des intervalles à {level}",
        "Envolvente de intervalos del {level}",
    ),
    "p": ("p", "p", "p"),
    "statistic": ("Statistic", "Statistique", "Estadístico"),
    "freedom": ("Degrees of freedom", "Degrés de liberté", "Grados de libertad"),
    "tested": ("Estimate", "Estimation", "Estimación"),
    "unit.p_value": ("p-value", "Valeur p", "Valor p"),
    "intercept": ("Intercept", "Constante", "Constante"),
    "test": ("Hypothesis test", "Test d’hypothèse", "Prueba de hipótesis"),
    "whole": ("all", "ensemble", "conjunto"),
    "cv": ("CV", "CV", "CV"),
    "undetermined": ("Undetermined", "Indéterminé", "Indeterminado"),
    "n": ("Respondents", "Répondants", "Informantes"),
    "observed": ("Persons observed", "Personnes observées", "Personas observadas"),
    "cases": ("Cases", "Cas", "Casos"),
    "deff": ("Design effect", "Effet de plan", "Efecto del diseño"),
    "effective_n": ("Effective respondents", "Répondants effectifs", "Informantes efectivos"),
    "effective_size": ("Effective sample size", "Taille effective de l’échantillon", "Tamaño efectivo de la muestra"),
    "truth": ("True value", "Valeur vraie", "Valor verdadero"),
    "nation": ("Whole country", "Ensemble du pays", "Todo el país"),
    "missing": ("Not stated", "Non déclaré", "No declarado"),
    "estimate": ("Estimate", "Estimation", "Estimación"),
    "bound": ("Undetermined counted", "Indéterminés comptés", "Indeterminados contados"),
    "bound.lower": ("none", "aucun", "ninguno"),
    "bound.upper": ("all", "tous", "todos"),
    "bound.identified": ("any number", "un nombre quelconque", "un número cualquiera"),
    "bound.imputed": ("imputed", "imputés", "imputados"),
    "unit.prevalence.thousand": (
        "Prevalence per 1,000",
        "Taux de prévalence pour 1\u202f000",
        "Tasa de prevalencia por cada 1.000",
    ),
    "unit.prevalence.percent": ("Prevalence, %", "Taux de prévalence, en\u00a0%", "Tasa de prevalencia, en\u00a0%"),
    "unit.total": ("Number of persons", "Nombre de personnes", "Número de personas"),
    "unit.months": ("Person-months", "Mois-personnes", "Meses-persona"),
    "unit.mean": ("Mean", "Moyenne", "Media"),
    "unit.ratio": ("Ratio", "Ratio", "Razón"),
    "lifetime": ("lifetime", "vie entière", "toda la vida"),
    "rolling": (
        "the {months} months before the interview",
        "les {months} mois précédant l’entretien",
        "los {months} meses anteriores a la entrevista",
    ),
    "the month before the interview": (
        "the month before the interview",
        "le mois précédant l’entretien",
        "el mes anterior a la entrevista",
    ),
    "by_join": (" and ", " et ", " y "),
    "among": ("among {n} {sample}", "parmi {n} {sample}", "entre {n} {sample}"),
    "unweighted": ("unweighted", "non pondéré", "sin ponderar"),
    "range": ("{lower} to {upper}", "{lower} à {upper}", "{lower} a {upper}"),
    "caption": ("{outcome}: {quantity}", "{outcome}\u00a0: {quantity}", "{outcome}: {quantity}"),
    "caption_by": (
        "{outcome}: {quantity}, by {by}",
        "{outcome}\u00a0: {quantity}, par {by}",
        "{outcome}: {quantity}, por {by}",
    ),
    "several_methods": ("several methods side by side", "plusieurs méthodes côte à côte", "varios métodos lado a lado"),
    "table": ("Table {number}.", "Tableau {number}.", "Cuadro {number}."),
    "figure": ("Figure {number}.", "Figure {number}.", "Gráfico {number}."),
    "page": (
        "Every method side by side, and what each supposes: {name}",
        "Toutes les méthodes côte à côte, et ce que chacune suppose\u00a0: {name}",
        "Todos los métodos lado a lado, y lo que supone cada uno: {name}",
    ),
    "map": ("Map {number}.", "Carte {number}.", "Mapa {number}."),
    "legend.limit": (
        "upper limit only: few cases or none",
        "limite supérieure seule\u00a0: peu de cas ou aucun",
        "solo límite superior: pocos casos o ninguno",
    ),
    "no_estimate": ("no estimate", "pas d’estimation", "sin estimación"),
    "legend.interval": (
        "estimate with its {level} confidence interval",
        "estimation et son intervalle de confiance à {level}",
        "estimación con su intervalo de confianza del {level}",
    ),
    "legend.interval.credible": (
        "estimate with its {level} credible interval",
        "estimation et son intervalle de crédibilité à {level}",
        "estimación con su intervalo de credibilidad del {level}",
    ),
    "legend.interval.envelope": (
        "envelope of {level} intervals of several methods",
        "enveloppe des intervalles à {level} de plusieurs méthodes",
        "envolvente de intervalos del {level} de varios métodos",
    ),
    "legend.interval.mixed": (
        "estimate with its {level} interval",
        "estimation et son intervalle à {level}",
        "estimación con su intervalo del {level}",
    ),
    "legend.bounds": (
        "from none to all of the undetermined counted, with {level} confidence limits",
        "d’aucun à tous les indéterminés comptés, avec limites de confiance à {level}",
        "de ninguno a todos los indeterminados contados, con límites de confianza del {level}",
    ),
}

SECTIONS: dict[str, Said] = {
    "title": (
        "{outcome}: national and regional estimates",
        "{outcome}\u00a0: estimations nationales et régionales",
        "{outcome}: estimaciones nacionales y regionales",
    ),
    "title_plain": ("Survey estimates", "Estimations d’enquête", "Estimaciones de la encuesta"),
    "national": ("The national figure", "Le chiffre national", "La cifra nacional"),
    "estimates": ("Estimates", "Estimations", "Estimaciones"),
    "methods": ("Methods and assumptions", "Méthodes et hypothèses", "Métodos y supuestos"),
    "publication": ("What is published", "Ce qui est publié", "Qué se publica"),
    "provenance": ("Provenance", "Provenance", "Procedencia"),
    "failed": ("Estimates that could not be made", "Estimations impossibles", "Estimaciones que no se pudieron hacer"),
    "population": ("Population", "Population", "Población"),
    "reference_period": ("Reference period", "Période de référence", "Período de referencia"),
    "measure": ("Measure", "Mesure", "Medida"),
    "method": ("Method", "Méthode", "Método"),
    "interval": ("Interval", "Intervalle", "Intervalo"),
    "definition": ("Definition", "Définition", "Definición"),
    "source": ("Source", "Source", "Fuente"),
    "sha256": ("SHA-256", "SHA-256", "SHA-256"),
    "versions": ("Software", "Logiciels", "Programas"),
    "fingerprint": ("Fingerprint of the run", "Empreinte du calcul", "Huella del cálculo"),
    "estimate": ("Estimate", "Estimation", "Estimación"),
    "notes": ("Notes", "Notes", "Notas"),
}

STATES: dict[str, Said] = {
    "forced_labour": (
        "in forced labour",
        "en situation de travail forcé",
        "en situación de trabajo forzoso",
    ),
    "forced_labour_stock": (
        "in forced labour on the reference day",
        "en situation de travail forcé au jour de référence",
        "en situación de trabajo forzoso en el día de referencia",
    ),
}

SENTENCES: dict[str, Said] = {
    # What is said of whom and when goes into the sentence; the words of the data stand in marks, for they are not translated.
    "in_population": (
        "In the population “{population}”, {sentence}",
        "Dans la population «\u00a0{population}\u00a0», {sentence}",
        "En la población «{population}», {sentence}",
    ),
    "are": ("are", "sont", "están"),
    "were": ("were", "étaient", "estaban"),
    "when": (
        " (reference period: {period})",
        " (période de référence\u00a0: {period})",
        " (período de referencia: {period})",
    ),
    "prevalence.thousand": (
        "An estimated {value} of every 1,000 {units} {are} {state}{when}.",
        "On estime que {value} {units} sur 1\u202f000 {are} {state}{when}.",
        "Se estima que {value} de cada 1.000 {units} {are} {state}{when}.",
    ),
    "prevalence.percent": (
        "An estimated {value} {of} {are} {state}{when}.",
        "On estime que {value} {of} {are} {state}{when}.",
        "Se estima que el {value} {of} {are} {state}{when}.",
    ),
    "prevalence.total": (
        "That is about {value} {units} ({range}).",
        "Cela représente environ {value} {units} ({range}).",
        "Son alrededor de {value} {units} ({range}).",
    ),
    "plain": (
        "{outcome}, {quantity}: {value}.",
        "{outcome}, {quantity}\u00a0: {value}.",
        "{outcome}, {quantity}: {value}.",
    ),
    "interval": (
        "The {level} confidence interval runs from {lower} to {upper}.",
        "L’intervalle de confiance à {level} va de {lower} à {upper}.",
        "El intervalo de confianza del {level} va de {lower} a {upper}.",
    ),
    "bounds.thousand": (
        "Between {lower} and {upper} of every 1,000 {units} {are} {state}{when}, according to whether {none_or_all} "
        "whose class is undetermined are counted.",
        "Entre {lower} et {upper} {units} sur 1\u202f000 {are} {state}{when}, selon que l’on compte {none_or_all} "
        "au classement indéterminé.",
        "Entre {lower} y {upper} de cada 1.000 {units} {are} {state}{when}, según se cuente {none_or_all} "
        "de clasificación indeterminada.",
    ),
    "bounds.percent": (
        "Between {lower} and {upper} {of} {are} {state}{when}, according to whether {none_or_all} whose "
        "class is undetermined are counted.",
        "Entre {lower} et {upper} {of} {are} {state}{when}, selon que l’on compte {none_or_all} au "
        "classement indéterminé.",
        "Entre el {lower} y el {upper} {of} {are} {state}{when}, según se cuente {none_or_all} "
        "de clasificación indeterminada.",
    ),
    "bounds.plain": (
        "{outcome}, {quantity}: between {lower} and {upper}, according to whether {none_or_all} whose class "
        "is undetermined are counted.",
        "{outcome}, {quantity}\u00a0: entre {lower} et {upper}, selon que l’on compte {none_or_all} au "
        "classement indéterminé.",
        "{outcome}, {quantity}: entre {lower} y {upper}, según se cuente {none_or_all} de clasificación indeterminada.",
    ),
    "bounds.identified": (
        "Whatever the unknown answers are, the {level} confidence interval runs from {lower} to {upper}.",
        "Quelles que soient les réponses inconnues, l’intervalle de confiance à {level} va de {lower} à {upper}.",
        "Sean cuales sean las respuestas desconocidas, el intervalo de confianza del {level} va de {lower} a {upper}.",
    ),
    "bounds.interval": (
        "With sampling error ({level} confidence) the range is {lower} to {upper}.",
        "Avec l’erreur d’échantillonnage (confiance de {level}), la fourchette va de {lower} à {upper}.",
        "Con el error de muestreo (confianza del {level}), el rango va de {lower} a {upper}.",
    ),
    "cases": (
        "The survey met {cases} cases among {n} {sample}.",
        "L’enquête a trouvé {cases} cas parmi {n} {sample}.",
        "La encuesta encontró {cases} casos entre {n} {sample}.",
    ),
    "respondents": (
        "It rests on {n} {sample}.",
        "Ce chiffre repose sur {n} {sample}.",
        "La cifra se basa en {n} {sample}.",
    ),
    "fewer_than": (
        "No case was met among {n} {sample}: the figure is below {upper} ({unit}; upper limit of the {level} "
        "confidence interval).",
        "Aucun cas parmi {n} {sample}\u00a0: le chiffre est inférieur à {upper} ({unit}\u00a0; limite supérieure de "
        "l’intervalle de confiance à {level}).",
        "Ningún caso entre {n} {sample}: la cifra es inferior a {upper} ({unit}; límite superior del intervalo de "
        "confianza del {level}).",
    ),
    "at_most": (
        "From 0 to {most} cases were met among {n} {sample}, too few for a figure: it is at most {upper} ({unit}; upper "
        "limit of a {level} confidence interval for {most} cases).",
        "De 0 à {most} cas ont été trouvés parmi {n} {sample}, trop peu pour donner un chiffre\u00a0: il est au plus de "
        "{upper} ({unit}\u00a0; limite supérieure d’un intervalle de confiance à {level} pour {most} cas).",
        "Se encontraron de 0 a {most} casos entre {n} {sample}, muy pocos para dar una cifra: es a lo sumo de {upper} "
        "({unit}; límite superior de un intervalo de confianza del {level} para {most} casos).",
    ),
    "unweighted": (
        "Unweighted: every {one} counts the same, and the figure is of the sample.",
        "Non pondéré\u00a0: chaque {one} compte autant, et le chiffre porte sur l’échantillon.",
        "Sin ponderar: cada {one} cuenta lo mismo, y la cifra es de la muestra.",
    ),
    "not_published": (
        "The national figure is not published: too little stands behind it.",
        "Le chiffre national n’est pas publié\u00a0: trop peu d’observations le fondent.",
        "La cifra nacional no se publica: se basa en muy pocas observaciones.",
    ),
    "undetermined": (
        "For {share} of the population in scope the answers do not settle the class.",
        "Pour {share} de la population visée, les réponses ne permettent pas de trancher.",
        "Para el {share} de la población de interés las respuestas no permiten decidir.",
    ),
    "all_counted": (
        "Counting {all} as cases gives {value} ({range}).",
        "En comptant {all} comme des cas, on obtient {value} ({range}).",
        "Si se cuenta {all} como casos, se obtiene {value} ({range}).",
    ),
    "imputed": (
        "If those who did not answer are like people who gave the same other answers, it is {value} ({range}).",
        "Si les personnes qui n’ont pas répondu ressemblent à celles qui ont donné les mêmes autres réponses, c’est {value} ({range}).",
        "Si quienes no respondieron se parecen a las personas que dieron las mismas otras respuestas, es {value} ({range}).",
    ),
    "truth": (
        "The country is made up, so the truth is known: {truth} ({unit}).",
        "Le pays est fictif, la vérité est donc connue\u00a0: {truth} ({unit}).",
        "El país es ficticio, de modo que se conoce la verdad: {truth} ({unit}).",
    ),
    "truth_covered": (
        "The intervals of {covered} of the {rows} published figures with a known true value contain it.",
        "Les intervalles de {covered} des {rows} chiffres publiés dont la valeur vraie est connue la contiennent.",
        "Los intervalos de {covered} de las {rows} cifras publicadas con valor verdadero conocido lo contienen.",
    ),
    "rule": (
        "A figure is not published where fewer than {n} {sample}, from 1 to {most} cases, or fewer than {df} degrees "
        "of freedom stand behind it, or where it has no interval; the other quantities of the same cell are then withheld "
        "too.",
        "Un chiffre n’est pas publié s’il repose sur moins de {n} {sample}, sur 1 à {most} cas ou sur moins de {df} "
        "degrés de liberté, ou s’il n’a pas d’intervalle\u00a0; les autres quantités de la même cellule sont alors "
        "également retenues.",
        "Una cifra no se publica si se basa en menos de {n} {sample}, en 1 a {most} casos o en menos de {df} grados de "
        "libertad, o si carece de intervalo; tampoco se publican entonces las demás cantidades de la misma celda.",
    ),
    "rule_without_cases": (
        "A figure is not published where fewer than {n} {sample} stand behind it, or where it has no interval; the other "
        "quantities of the same cell are then withheld too.",
        "Un chiffre n’est pas publié s’il repose sur moins de {n} {sample} ou s’il n’a pas d’intervalle ; les autres "
        "quantités de la même cellule sont alors également retenues.",
        "Una cifra no se publica si se basa en menos de {n} {sample} o si carece de intervalo; tampoco se publican "
        "entonces las demás cantidades de la misma celda.",
    ),
    "rule_effective_n": (
        "Nor where the {sample} are worth fewer than {n} drawn independently.",
        "Ni si l’échantillon équivaut à moins de {n} {sample} en tirage indépendant.",
        "Tampoco si la muestra equivale a menos de {n} {sample} en extracción independiente.",
    ),
    "rule_psus": (
        "Nor where the cases stand in fewer than {n} primary units.",
        "Ni si les cas se trouvent dans moins de {n} unités primaires.",
        "Tampoco si los casos se encuentran en menos de {n} unidades primarias.",
    ),
    "rule_df_effective": (
        "Nor where the variance rests on fewer than {df} effective degrees of freedom.",
        "Ni si la variance repose sur moins de {df} degrés de liberté effectifs.",
        "Tampoco si la varianza se basa en menos de {df} grados de libertad efectivos.",
    ),
    "rule_width": (
        "Nor where the interval is wider than {most} times the figure.",
        "Ni si l’intervalle est plus large que {most} fois le chiffre.",
        "Tampoco si el intervalo es más ancho que {most} veces la cifra.",
    ),
    "rule_sure_width": (
        "An interval of a prevalence no wider than {width} is enough all the same.",
        "Un intervalle de prévalence d’au plus {width} suffit néanmoins.",
        "Un intervalo de prevalencia de a lo sumo {width} basta en todo caso.",
    ),
    "rule_zero": (
        "Where no case was met among at least {n} {sample}, the upper limit is printed: “fewer than”.",
        "Lorsqu’aucun cas n’a été trouvé parmi au moins {n} {sample}, la limite supérieure est imprimée\u00a0: "
        "«\u00a0moins de\u00a0».",
        "Cuando no se encontró ningún caso entre al menos {n} {sample}, se imprime el límite superior: «menos de».",
    ),
    "rule_caution": (
        "† Use with caution: coefficient of variation above {cv}, or fewer than {df} degrees of freedom.",
        "† À utiliser avec prudence\u00a0: coefficient de variation supérieur à {cv}, ou moins de {df} degrés de liberté.",
        "† Usar con precaución: coeficiente de variación superior al {cv}, o menos de {df} grados de libertad.",
    ),
    "rule_caution_noted": (
        "† Use with caution: coefficient of variation above {cv}, fewer than {df} degrees of freedom, or a model or sampler that "
        "did not do well, as the notes say.",
        "† À utiliser avec prudence\u00a0: coefficient de variation supérieur à {cv}, moins de {df} degrés de liberté, ou modèle "
        "ou échantillonneur défaillant, comme le disent les notes.",
        "† Usar con precaución: coeficiente de variación superior al {cv}, menos de {df} grados de libertad, o un modelo o "
        "muestreador que no funcionó bien, como dicen las notas.",
    ),
    "protecting": (
        "Of these, {rows} are withheld to protect others: without them, a figure that the rule withholds could be worked out "
        "from what is printed.",
        "Parmi eux, {rows} sont retenus pour en protéger d’autres\u00a0: sans cela, un chiffre que la règle retient pourrait "
        "être déduit de ce qui est imprimé.",
        "De ellas, {rows} se retienen para proteger a otras: sin ello, una cifra que la regla retiene podría deducirse de lo "
        "que se imprime.",
    ),
    "audit_late": (
        "The check of what can be worked out was ended after {seconds} seconds: every figure tied to one that had not been checked "
        "by then is withheld.",
        "La vérification de ce qui peut être déduit a été arrêtée au bout de {seconds} secondes\u00a0: tout chiffre lié à un "
        "chiffre qui n’avait pas encore été vérifié est retenu.",
        "La comprobación de lo que puede deducirse se detuvo a los {seconds} segundos: se retiene toda cifra vinculada a una que "
        "aún no se había comprobado.",
    ),
    "protecting_none": (
        "It was checked that none of them can be worked out from what is printed; no further figure had to be withheld.",
        "On a vérifié qu’aucun d’eux ne peut être déduit de ce qui est imprimé\u00a0; aucun autre chiffre n’a dû être retenu.",
        "Se ha comprobado que ninguna de ellas puede deducirse de lo que se imprime; no fue necesario retener otras.",
    ),
    "rule_at_most": (
        "A figure is not published where fewer than {n} {sample} or fewer than {df} degrees of freedom stand behind it, or "
        "where it has no interval; the other quantities of the same cell are then withheld too. Where 0 to {most} cases were "
        "met, whichever of these, only an upper limit is printed: “at most”.",
        "Un chiffre n’est pas publié s’il repose sur moins de {n} {sample} ou sur moins de {df} degrés de liberté, ou s’il "
        "n’a pas d’intervalle\u00a0; les autres quantités de la même cellule sont alors également retenues. Lorsque 0 à {most} "
        "cas ont été trouvés, quel qu’en soit le nombre, seule une limite supérieure est imprimée\u00a0: «\u00a0au "
        "plus\u00a0».",
        "Una cifra no se publica si se basa en menos de {n} {sample} o en menos de {df} grados de libertad, o si carece de "
        "intervalo; tampoco se publican entonces las demás cantidades de la misma celda. Cuando se encontraron de 0 a {most} "
        "casos, sea cual sea su número, solo se imprime un límite superior: «a lo sumo».",
    ),
    "rule_model": (
        "A figure is not published where fewer than {n} {sample}, from 0 to {most} cases, or fewer than {df} degrees of "
        "freedom stand behind it, or where it has no interval; where there is a figure of a model, it stands in its place.",
        "Un chiffre n’est pas publié s’il repose sur moins de {n} {sample}, sur 0 à {most} cas ou sur moins de {df} degrés de "
        "liberté, ou s’il n’a pas d’intervalle\u00a0; lorsqu’il existe un chiffre issu d’un modèle, celui-ci le remplace.",
        "Una cifra no se publica si se basa en menos de {n} {sample}, en 0 a {most} casos o en menos de {df} grados de "
        "libertad, o si carece de intervalo; si existe una cifra de un modelo, esta ocupa su lugar.",
    ),
    "rule_parts": (
        "A figure that is made of several parts is judged by the smallest of them.",
        "Un chiffre composé de plusieurs parties est jugé d’après la plus petite d’entre elles.",
        "Una cifra compuesta de varias partes se juzga por la menor de ellas.",
    ),
    "few_cases": (
        "“At most”: 0 to {most} cases were met; whichever it was, the same upper limit is printed, one that holds for {most}. "
        "A figure that rests on few cases stands here partly because the sample came out high there: read alone, such figures "
        "overstate.",
        "«\u00a0Au plus\u00a0»\u00a0: 0 à {most} cas ont été trouvés\u00a0; quel qu’en soit le nombre, la même limite "
        "supérieure est imprimée, celle qui vaut pour {most}. Un chiffre fondé sur peu de cas figure ici en partie parce que "
        "l’échantillon y a donné une valeur élevée\u00a0: lus seuls, ces chiffres surestiment.",
        "«A lo sumo»: se encontraron de 0 a {most} casos; sea cual sea su número, se imprime el mismo límite superior, el que "
        "vale para {most}. Una cifra basada en pocos casos figura aquí en parte porque la muestra dio allí un valor alto: leídas "
        "por sí solas, esas cifras sobrestiman.",
    ),
    "withheld": (
        "{hidden} of {rows} figures are not published.",
        "{hidden} chiffres sur {rows} ne sont pas publiés.",
        "{hidden} de {rows} cifras no se publican.",
    ),
    "undetermined_head.unweighted": (
        "Undetermined: share of the sample in scope whose class the answers do not settle. CV: coefficient of variation.",
        "Indéterminé\u00a0: part de l’échantillon visé que les réponses ne permettent pas de classer. "
        "CV\u00a0: coefficient de variation.",
        "Indeterminado: proporción de la muestra de interés que las respuestas no permiten clasificar. "
        "CV: coeficiente de variación.",
    ),
    "undetermined_head": (
        "Undetermined: weighted share of the population in scope whose class the answers do not settle. "
        "CV: coefficient of variation.",
        "Indéterminé\u00a0: part pondérée de la population visée que les réponses ne permettent pas de classer. "
        "CV\u00a0: coefficient de variation.",
        "Indeterminado: proporción ponderada de la población de interés que las respuestas no permiten clasificar. "
        "CV: coeficiente de variación.",
    ),
    "definition": (
        "Persons are classified by {title} ({id}).",
        "Les personnes sont classées selon {title} ({id}).",
        "Las personas se clasifican según {title} ({id}).",
    ),
    "assumed_by_each": (
        "{table} lays results of several methods side by side: each row holds under the assumptions of its own method.",
        "{table} présente les résultats de plusieurs méthodes côte à côte\u00a0: chaque ligne vaut sous les hypothèses de "
        "sa propre méthode.",
        "{table} presenta los resultados de varios métodos lado a lado: cada fila vale bajo los supuestos de su propio "
        "método.",
    ),
    "rows": ("{rows} rows", "{rows} lignes", "{rows} filas"),
}
