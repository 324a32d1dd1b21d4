"""Words of estimates of imputed answers, by code. English, French, Spanish; `vocabulary` takes them in."""

from __future__ import annotations

Said = tuple[str, str, str]

ASSUMPTIONS: dict[str, Said] = {
    "unknown_imputed": (
        "Unknown answers were imputed {m} times from people who answered and are like those who did not in what both answered; the "
        "standard error holds the variance between imputations. This takes answers as missing at random given what was answered: "
        "the bounds beside the figure do not.",
        "Les réponses inconnues ont été imputées {m} fois à partir de personnes ayant répondu et semblables, pour ce que les unes "
        "et les autres ont répondu, à celles qui ne l’ont pas fait ; l’erreur type comprend la variance entre imputations. Cela "
        "suppose que les réponses manquent au hasard, compte tenu de ce qui a été répondu ; les bornes données à côté ne "
        "supposent rien de tel.",
        "Las respuestas desconocidas se imputaron {m} veces a partir de personas que respondieron y que se parecen, en lo que unas "
        "y otras contestaron, a las que no lo hicieron; el error estándar incluye la varianza entre imputaciones. Esto supone que "
        "las respuestas faltan al azar, dado lo que se contestó; los límites que figuran al lado no suponen nada semejante.",
    ),
    "imputed_not_at_random": (
        "What if unknown answers hide more cases, or fewer, than those of people alike? The odds of a case are multiplied by "
        "{refusal} where an answer was refused, {dont_know} where it was not known, {missing} where it is missing and {not_asked} "
        "where the question was not put: an assumption, not a finding.",
        "Et si les réponses inconnues cachaient plus de cas, ou moins, que celles de personnes semblables ? La cote d’un cas est "
        "multipliée par {refusal} en cas de refus, {dont_know} pour « ne sait pas », {missing} si la réponse manque et {not_asked} "
        "si la question n’a pas été posée : une hypothèse, non un résultat.",
        "¿Y si las respuestas desconocidas ocultaran más casos, o menos, que las de personas semejantes? Las probabilidades "
        "relativas (odds) de un caso se multiplican por {refusal} si hubo negativa a responder, {dont_know} si no se sabía, "
        "{missing} si falta la respuesta y {not_asked} si no se hizo la pregunta: un supuesto, no un resultado.",
    ),
    "statistics_pooled": (
        "The statistics of {m} imputations are put together as Li, Meng, Raghunathan and Rubin do.",
        "Les statistiques de {m} imputations sont combinées selon Li, Meng, Raghunathan et Rubin.",
        "Los estadísticos de {m} imputaciones se combinan según Li, Meng, Raghunathan y Rubin.",
    ),
}

REASONS: dict[str, Said] = {
    "imputed_share": (
        "The class of {share}% of the people in scope was imputed; of the information that complete answers would give, "
        "{information}% is missing.",
        "Le classement de {share}\u00a0% des personnes concernées a été imputé ; il manque {information}\u00a0% de l’information "
        "que donneraient des réponses complètes.",
        "Se imputó la clasificación del {share}\u00a0% de las personas consideradas; falta el {information}\u00a0% de la "
        "información que darían respuestas completas.",
    ),
    "imputed_left_open": (
        "Of the people whose answers left their class open, {share}% were left so by the imputation too, and count as no.",
        "Parmi les personnes que leurs réponses ne suffisent pas à classer, l’imputation non plus n’en classe pas {share}\u00a0%, "
        "qui comptent comme non.",
        "De las personas cuyas respuestas no bastan para clasificarlas, tampoco la imputación clasifica al {share}\u00a0%, que "
        "cuentan como no.",
    ),
    "missing_information": (
        "Of the information that complete answers would give, {information}% is missing.",
        "Il manque {information}\u00a0% de l’information que donneraient des réponses complètes.",
        "Falta el {information}\u00a0% de la información que darían respuestas completas.",
    ),
}
