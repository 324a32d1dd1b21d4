"""Words of the units that are counted: persons, households, enterprises … English, French, Spanish. Data only.

Of each unit: `number` (head of a total), `n` (head of the rows in the sample), `units` (after a number), `of` (after a share),
`none_or_all` (of the undetermined), `all` (the same, all counted), `sample` (behind the number in the sample), `one` (of these).
"""

from __future__ import annotations

Said = tuple[str, str, str]

UNITS: dict[str, dict[str, Said]] = {
    "persons": {
        "number": ("Number of persons", "Nombre de personnes", "Número de personas"),
        "n": ("Respondents", "Répondants", "Informantes"),
        "units": ("persons", "personnes", "personas"),
        "of": ("of persons", "des personnes", "de las personas"),
        "none_or_all": ("none or all of the persons", "aucune ou toutes les personnes", "a ninguna o a todas las personas"),
        "all": ("all of these persons", "toutes ces personnes", "a todas estas personas"),
        "sample": ("respondents", "répondants", "informantes"),
        "one": ("respondent", "répondant", "informante"),
    },
    "households": {
        "number": ("Number of households", "Nombre de ménages", "Número de hogares"),
        "n": ("Households interviewed", "Ménages enquêtés", "Hogares entrevistados"),
        "units": ("households", "ménages", "hogares"),
        "of": ("of households", "des ménages", "de los hogares"),
        "none_or_all": ("none or all of the households", "aucun ou tous les ménages", "ninguno o todos los hogares"),
        "all": ("all of these households", "tous ces ménages", "todos estos hogares"),
        "sample": ("households interviewed", "ménages enquêtés", "hogares entrevistados"),
        "one": ("household interviewed", "ménage enquêté", "hogar entrevistado"),
    },
    "enterprises": {
        "number": ("Number of enterprises", "Nombre d’entreprises", "Número de empresas"),
        "n": ("Enterprises surveyed", "Entreprises enquêtées", "Empresas encuestadas"),
        "units": ("enterprises", "entreprises", "empresas"),
        "of": ("of enterprises", "des entreprises", "de las empresas"),
        "none_or_all": ("none or all of the enterprises", "aucune ou toutes les entreprises", "ninguna o todas las empresas"),
        "all": ("all of these enterprises", "toutes ces entreprises", "todas estas empresas"),
        "sample": ("enterprises surveyed", "entreprises enquêtées", "empresas encuestadas"),
        "one": ("enterprise surveyed", "entreprise enquêtée", "empresa encuestada"),
    },
    "children": {
        "number": ("Number of children", "Nombre d’enfants", "Número de niños y niñas"),
        "n": ("Children in the sample", "Enfants de l’échantillon", "Niños y niñas de la muestra"),
        "units": ("children", "enfants", "niños y niñas"),
        "of": ("of children", "des enfants", "de los niños y niñas"),
        "none_or_all": ("none or all of the children", "aucun ou tous les enfants", "a ninguno o a todos los niños y niñas"),
        "all": ("all of these children", "tous ces enfants", "a todos estos niños y niñas"),
        "sample": ("children in the sample", "enfants de l’échantillon", "niños y niñas de la muestra"),
        "one": ("child in the sample", "enfant de l’échantillon", "niño o niña de la muestra"),
    },
    "episodes": {
        "number": ("Number of episodes", "Nombre d’épisodes", "Número de episodios"),
        "n": ("Episodes told", "Épisodes relatés", "Episodios relatados"),
        "units": ("episodes", "épisodes", "episodios"),
        "of": ("of episodes", "des épisodes", "de los episodios"),
        "none_or_all": ("none or all of the episodes", "aucun ou tous les épisodes", "ninguno o todos los episodios"),
        "all": ("all of these episodes", "tous ces épisodes", "todos estos episodios"),
        "sample": ("episodes told", "épisodes relatés", "episodios relatados"),
        "one": ("episode told", "épisode relaté", "episodio relatado"),
    },
    "cases": {
        "number": ("Number of cases", "Nombre de cas", "Número de casos"),
        "n": ("Case records", "Dossiers", "Expedientes"),
        "units": ("cases", "cas", "casos"),
        "of": ("of cases", "des cas", "de los casos"),
        "none_or_all": ("none or all of the cases", "aucun ou tous les cas", "ninguno o todos los casos"),
        "all": ("all of these cases", "tous ces cas", "todos estos casos"),
        "sample": ("case records", "dossiers", "expedientes"),
        "one": ("case record", "dossier", "expediente"),
    },
    "jobs": {
        "number": ("Number of jobs", "Nombre d’emplois", "Número de empleos"),
        "n": ("Jobs in the sample", "Emplois de l’échantillon", "Empleos de la muestra"),
        "units": ("jobs", "emplois", "empleos"),
        "of": ("of jobs", "des emplois", "de los empleos"),
        "none_or_all": ("none or all of the jobs", "aucun ou tous les emplois", "ninguno o todos los empleos"),
        "all": ("all of these jobs", "tous ces emplois", "todos estos empleos"),
        "sample": ("jobs in the sample", "emplois de l’échantillon", "empleos de la muestra"),
        "one": ("job in the sample", "emploi de l’échantillon", "empleo de la muestra"),
    },
}  # fmt: skip
"""The unit of a survey, by its code."""
