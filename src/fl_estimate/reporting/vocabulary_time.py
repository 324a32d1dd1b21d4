"""Words for time: outcomes on a day and months in them, and how the time and the age of a survey were read."""

from __future__ import annotations

Said = tuple[str, str, str]

OUTCOMES: dict[str, Said] = {
    "forced_labour_stock": (
        "forced labour on the reference day",
        "travail forcé au jour de référence",
        "trabajo forzoso en el día de referencia",
    ),
    "forced_labour_wide_stock": (
        "forced labour on the reference day, wide reading",
        "travail forcé au jour de référence, lecture large",
        "trabajo forzoso en el día de referencia, lectura amplia",
    ),
    "forced_labour_narrow_stock": (
        "forced labour on the reference day, narrow reading",
        "travail forcé au jour de référence, lecture étroite",
        "trabajo forzoso en el día de referencia, lectura estricta",
    ),
    "forced_labour_months": (
        "months in forced labour in the reference period",
        "mois de travail forcé pendant la période de référence",
        "meses de trabajo forzoso en el período de referencia",
    ),
    "entered_as_child": (
        "forced labour entered before the age of 18",
        "travail forcé commencé avant 18 ans",
        "trabajo forzoso iniciado antes de los 18 años",
    ),
}

COLUMNS: dict[str, Said] = {
    "age_at_start": ("Age when the work began", "Âge au début du travail", "Edad al comenzar el trabajo"),
    "entered_as_child": (
        "Entered before the age of 18",
        "Entrée avant 18 ans",
        "Entrada antes de los 18 años",
    ),
}

ASSUMPTIONS: dict[str, Said] = {
    "time_from_question": (
        "The file has no dates of the work: that it lies in the reference period is taken from the question.",
        "Le fichier ne contient pas de dates du travail : son appartenance à la période de référence résulte de la question.",
        "El archivo no tiene fechas del trabajo: su pertenencia al período de referencia se toma de la pregunta.",
    ),
    "stock_from_question": (
        "Whether the work goes on at the interview is taken from the question.",
        "La poursuite du travail au moment de l’entretien résulte de la question.",
        "Si el trabajo continúa en el momento de la entrevista se toma de la pregunta.",
    ),
    "age_in_period": (
        "The age is that on the days of the reference period; whoever turned 18 in it is of both age groups.",
        "L’âge est celui des jours de la période de référence ; qui y a atteint 18 ans est compté dans les deux groupes d’âge.",
        "La edad es la de los días del período de referencia; quien cumplió 18 años en él es de ambos grupos de edad.",
    ),
    "age_at_interview": (
        "The age at the interview stands for the age in the reference period.",
        "L’âge au moment de l’entretien tient lieu d’âge pendant la période de référence.",
        "La edad en el momento de la entrevista se toma como edad en el período de referencia.",
    ),
    "stock_on_day": (
        "Persons in the class on the reference day: {day}.",
        "Personnes dans la classe au jour de référence : {day}.",
        "Personas en la clase en el día de referencia: {day}.",
    ),
}
