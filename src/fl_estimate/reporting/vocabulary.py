"""The words themselves, in English, French and Spanish, by code. Data only; `words` says them.

ILO terms are those of texts of the ILO in the three languages; statistical terms are the usual ones of offices.
A parameter stands in braces; `words.say` puts it in, written as the language writes numbers.
"""

from __future__ import annotations

from typing import Any

from fl_estimate.reporting import (
    vocabulary_appraisal,
    vocabulary_areas,
    vocabulary_cells,
    vocabulary_covariates,
    vocabulary_design,
    vocabulary_imputed,
    vocabulary_linkage,
    vocabulary_lists,
    vocabulary_migrants,
    vocabulary_models,
    vocabulary_panels,
    vocabulary_sensitivity,
    vocabulary_synthesis,
    vocabulary_tests,
    vocabulary_time,
    vocabulary_weights,
)

Said = tuple[str, str, str]
"""English, French, Spanish."""

QUANTITIES: dict[str, Said] = {
    "prevalence": ("Prevalence", "Taux de prévalence", "Tasa de prevalencia"),
    "total": ("Number of persons", "Nombre de personnes", "Número de personas"),
    "mean": ("Mean", "Moyenne", "Media"),
    "ratio": ("Ratio", "Ratio", "Razón"),
    "variance": ("Variance", "Variance", "Varianza"),
    "prevalence per 1,000": (
        "Prevalence per 1,000",
        "Taux de prévalence pour 1\u202f000",
        "Tasa de prevalencia por cada 1.000",
    ),
    "persons": ("Number of persons", "Nombre de personnes", "Número de personas"),
    "population_size": ("Population size", "Taille de la population", "Tamaño de la población"),
    "dark_figure": (
        "Dark figure (on no list)",
        "Chiffre noir (sur aucune liste)",
        "Cifra negra (en ninguna lista)",
    ),
}

OUTCOMES: dict[str, Said] = {
    "forced_labour": ("forced labour", "travail forcé", "trabajo forzoso"),
    "forced_labour_wide": (
        "forced labour, wide reading",
        "travail forcé, lecture large",
        "trabajo forzoso, lectura amplia",
    ),
    "forced_labour_narrow": (
        "forced labour, narrow reading",
        "travail forcé, lecture étroite",
        "trabajo forzoso, lectura estricta",
    ),
    "forced_labour_one_fact": (
        "forced labour by unpaid wages alone, told as involuntary work and as penalty",
        "travail forcé par le seul salaire impayé, cité comme travail involontaire et comme peine",
        "trabajo forzoso solo por el salario impagado, contado como trabajo involuntario y como pena",
    ),
    "forced_labour_one_fact_debt": (
        "forced labour by a debt alone, told as involuntary work and as penalty",
        "travail forcé par la seule dette, citée comme travail involontaire et comme peine",
        "trabajo forzoso solo por la deuda, contada como trabajo involuntario y como pena",
    ),
    "forced_labour_one_fact_leaving": (
        "forced labour by no freedom to leave alone, told as involuntary work and as penalty",
        "travail forcé par la seule impossibilité de partir, citée comme travail involontaire et comme peine",
        "trabajo forzoso solo por la imposibilidad de irse, contada como trabajo involuntario y como pena",
    ),
    "forced_marriage": ("forced marriage", "mariage forcé", "matrimonio forzoso"),
    "state_imposed_forced_labour": (
        "state-imposed forced labour",
        "travail forcé imposé par l’État",
        "trabajo forzoso impuesto por el Estado",
    ),
    "trafficking": ("trafficking in persons", "traite des personnes", "trata de personas"),
}

COLUMNS: dict[str, Said] = {
    "region": ("Region", "Région", "Región"),
    "district": ("District", "District", "Distrito"),
    "sex": ("Sex", "Sexe", "Sexo"),
    "age": ("Age", "Âge", "Edad"),
    "age_group": ("Age group", "Groupe d’âge", "Grupo de edad"),
    "urban": ("Urban or rural", "Milieu de résidence", "Área de residencia"),
    "migrant": ("Migrant", "Migrant", "Migrante"),
    "migrant_status": ("Migration status", "Statut migratoire", "Condición migratoria"),
}

VALUES: dict[str, dict[str, Said]] = {
    "sex": {
        "male": ("Men", "Hommes", "Hombres"),
        "female": ("Women", "Femmes", "Mujeres"),
        "1": ("Men", "Hommes", "Hombres"),
        "2": ("Women", "Femmes", "Mujeres"),
        "3": ("Other or not stated", "Autre ou non déclaré", "Otro o no declarado"),
    },
    "urban": {
        "urban": ("Urban", "Urbain", "Urbana"),
        "rural": ("Rural", "Rural", "Rural"),
    },
    "migrant": {
        "0": ("No", "Non", "No"),
        "1": ("Yes", "Oui", "Sí"),
    },
    "migrant_status": {
        "native": ("Native", "Autochtones", "Nativos"),
        "internal migrant": ("Internal migrants", "Migrants internes", "Migrantes internos"),
        "international migrant": ("International migrants", "Migrants internationaux", "Migrantes internacionales"),
        "return migrant": ("Returned migrants", "Migrants de retour", "Migrantes retornados"),
    },
}
"""Codes of by-columns of the common schema. They are said only where every value of a column is among them."""

METHODS: dict[str, Said] = {
    "taylor": ("Taylor linearisation", "linéarisation de Taylor", "linealización de Taylor"),
    "replicates": ("replicates", "réplications", "réplicas"),
    "petersen": (
        "capture–recapture, Petersen",
        "capture-recapture, Petersen",
        "captura-recaptura, Petersen",
    ),
    "chapman": ("capture–recapture, Chapman", "capture-recapture, Chapman", "captura-recaptura, Chapman"),
    "loglinear-poisson": (
        "capture–recapture, log-linear model (Poisson)",
        "capture-recapture, modèle log-linéaire (Poisson)",
        "captura-recaptura, modelo log-lineal (Poisson)",
    ),
    "loglinear-multinomial": (
        "capture–recapture, log-linear model (multinomial)",
        "capture-recapture, modèle log-linéaire (multinomial)",
        "captura-recaptura, modelo log-lineal (multinomial)",
    ),
}

SOURCES: dict[str, Said] = {
    "taylor": ("Survey, design-weighted", "Enquête, pondérée selon le plan", "Encuesta, ponderada según el diseño"),
    "unweighted": ("Survey, unweighted", "Enquête, non pondérée", "Encuesta, sin ponderar"),
    "replicates": (
        "Survey, design-weighted, replicates",
        "Enquête, pondérée selon le plan, réplications",
        "Encuesta, ponderada según el diseño, réplicas",
    ),
    "petersen": ("Two case lists, Petersen", "Deux listes de cas, Petersen", "Dos listas de casos, Petersen"),
    "chapman": ("Two case lists, Chapman", "Deux listes de cas, Chapman", "Dos listas de casos, Chapman"),
    "loglinear-poisson": ("Case lists, log-linear", "Listes de cas, log-linéaire", "Listas de casos, log-lineal"),
    "loglinear-multinomial": (
        "Case lists, log-linear, multinomial",
        "Listes de cas, log-linéaire, multinomial",
        "Listas de casos, log-lineal, multinomial",
    ),
    "area-binomial": (
        "Survey by area, hierarchical model",
        "Enquête par domaine, modèle hiérarchique",
        "Encuesta por áreas, modelo jerárquico",
    ),
    "area-normal": (
        "Survey by area, Fay–Herriot",
        "Enquête par domaine, Fay-Herriot",
        "Encuesta por áreas, Fay-Herriot",
    ),
}
"""Methods as labels of rows, where several stand in one table: what was asked or counted first, then how."""

TERMS: dict[str, Said] = {
    "main": ("lists independent", "listes indépendantes", "listas independientes"),
    "two-way": ("every pair dependent", "toutes les paires dépendantes", "todos los pares dependientes"),
}
"""Models of case lists that have a name; others are written as their terms."""

INTERVALS: dict[str, Said] = {
    "korn-graubard": ("Korn–Graubard", "Korn-Graubard", "Korn-Graubard"),
    "beta": ("beta (Clopper–Pearson)", "bêta (Clopper-Pearson)", "beta (Clopper-Pearson)"),
    "logit": ("logit", "logit", "logit"),
    "xlogit": ("logit", "logit", "logit"),
    "wilson": ("Wilson", "Wilson", "Wilson"),
    "arcsine": ("arcsine", "arc sinus", "arcoseno"),
    "jeffreys": ("Jeffreys", "Jeffreys", "Jeffreys"),
    "likelihood": ("likelihood", "vraisemblance", "verosimilitud"),
    "wald": ("Wald", "Wald", "Wald"),
    "log": ("logarithmic", "logarithmique", "logarítmico"),
    "profile": ("profile likelihood", "vraisemblance profilée", "verosimilitud perfilada"),
    "equal-tailed": (
        "posterior quantiles (equal-tailed)",
        "quantiles a posteriori (queues égales)",
        "cuantiles a posteriori (colas iguales)",
    ),
    "calibrated": (
        "posterior quantiles (calibrated for areas of extreme rates; from 0 where no case was met)",
        "quantiles a posteriori (calibrés pour les zones aux taux extrêmes ; à partir de 0 là où aucun cas n’a été observé)",
        "cuantiles a posteriori (calibrados para las áreas de tasas extremas; desde 0 donde no se observó ningún caso)",
    ),
}

MEASURES: dict[str, Said] = {
    "stock": ("at any given point in time", "à tout moment", "en cualquier momento dado"),
    "flow": ("over the reference period", "sur la période de référence", "en el período de referencia"),
}

RULES: dict[str, Said] = {
    "error": ("they are an error", "ils constituent une erreur", "constituyen un error"),
    "remove": (
        "they add nothing to the variance",
        "ils n’ajoutent rien à la variance",
        "no aportan nada a la varianza",
    ),
    "certainty": (
        "taken as drawn with certainty, they add nothing to the variance",
        "considérées comme tirées avec certitude, elles n’ajoutent rien à la variance",
        "tratadas como seleccionadas con certeza, no aportan nada a la varianza",
    ),
    "adjust": (
        "their distance is taken from the mean over all units",
        "leur écart est mesuré par rapport à la moyenne de toutes les unités",
        "su distancia se mide respecto de la media de todas las unidades",
    ),
    "average": (
        "they are given the average contribution of the other strata",
        "elles reçoivent la contribution moyenne des autres strates",
        "reciben la contribución media de los demás estratos",
    ),
    "collapse": (
        "each is merged with the stratum that follows",
        "chacune est fusionnée avec la strate suivante",
        "cada uno se une al estrato siguiente",
    ),
    "effective": (
        "those of the variance itself, by Satterthwaite, at most primary units minus strata",
        "ceux de la variance elle-même, d’après Satterthwaite, au plus unités primaires moins strates",
        "los de la propia varianza, según Satterthwaite, a lo sumo unidades primarias menos estratos",
    ),
    "domain": (
        "primary units minus strata, counted among those with a respondent in the domain",
        "unités primaires moins strates, comptées parmi celles qui ont un répondant dans le domaine",
        "unidades primarias menos estratos, contados entre los que tienen un informante en el dominio",
    ),
    "brewer": ("Brewer’s approximation", "approximation de Brewer", "aproximación de Brewer"),
    "overton": ("Overton’s approximation", "approximation d’Overton", "aproximación de Overton"),
    "hr": ("Hartley and Rao’s approximation", "approximation de Hartley et Rao", "aproximación de Hartley y Rao"),
    "ht": ("estimator of Horvitz and Thompson", "estimateur de Horvitz et Thompson", "estimador de Horvitz y Thompson"),
    "yg": ("estimator of Yates and Grundy", "estimateur de Yates et Grundy", "estimador de Yates y Grundy"),
    "rank": (
        "the rank of the replicate weights minus one",
        "le rang des pondérations de réplication moins un",
        "el rango de las ponderaciones de réplica menos uno",
    ),
    "design": (
        "primary units minus strata of the whole sample",
        "unités primaires moins strates de l’échantillon entier",
        "unidades primarias menos estratos de la muestra completa",
    ),
}

ASSUMPTIONS: dict[str, Said] = {
    "taylor_linearisation": (
        "Variances by Taylor linearisation, from the totals of the primary sampling units within strata.",
        "Variances par linéarisation de Taylor, à partir des totaux des unités primaires au sein des strates.",
        "Varianzas por linealización de Taylor, a partir de los totales de las unidades primarias en cada estrato.",
    ),
    "replicate_variance": (
        "Variances from {replicates} replicates ({kind}).",
        "Variances à partir de {replicates} réplications ({kind}).",
        "Varianzas a partir de {replicates} réplicas ({kind}).",
    ),
    "unequal_probabilities": (
        "Primary units were drawn with unequal probabilities without replacement: {rule}.",
        "Les unités primaires ont été tirées à probabilités inégales sans remise : {rule}.",
        "Las unidades primarias se extrajeron con probabilidades desiguales sin reemplazo: {rule}.",
    ),
    "two_phases": (
        "Persons were drawn in two phases; the variances of both are added up.",
        "Les personnes ont été tirées en deux phases ; les variances des deux sont additionnées.",
        "Las personas se extrajeron en dos fases; se suman las varianzas de ambas.",
    ),
    "with_replacement_first_stage": (
        "Primary units are taken as drawn with replacement: without finite population correction.",
        "Les unités primaires sont considérées comme tirées avec remise : sans correction de population finie.",
        "Las unidades primarias se tratan como extraídas con reemplazo: sin corrección por población finita.",
    ),
    "later_stages_ignored": (
        "Later stages of sampling are not modelled: their variance is contained in that between primary units.",
        "Les degrés suivants du sondage ne sont pas modélisés : leur variance est comprise dans celle entre unités "
        "primaires.",
        "Las etapas posteriores del muestreo no se modelan: su varianza está contenida en la existente entre unidades "
        "primarias.",
    ),
    "finite_population_correction": (
        "Finite population corrections are applied at the stages for which the design gives them.",
        "Les corrections de population finie sont appliquées aux degrés pour lesquels le plan les donne.",
        "Se aplican correcciones por población finita en las etapas para las que el diseño las proporciona.",
    ),
    "single_psu_rule": (
        "Strata with a single primary unit ({strata}): {rule}.",
        "Strates à une seule unité primaire ({strata}) : {rule}.",
        "Estratos con una sola unidad primaria ({strata}): {rule}.",
    ),
    "df_rule": (
        "Degrees of freedom: {rule}.",
        "Degrés de liberté : {rule}.",
        "Grados de libertad: {rule}.",
    ),
    "older_file": (
        "Read from a file that version {version} of fl_estimate saved. It does not say on how many respondents a figure rests, so "
        "that none of them is published.",
        "Lu dans un fichier enregistré par la version {version} de fl_estimate. Il ne dit pas sur combien de répondants repose un "
        "chiffre ; aucun n’est donc publié.",
        "Leído de un archivo guardado por la versión {version} de fl_estimate. No dice en cuántos encuestados se basa una cifra, "
        "por lo que no se publica ninguna.",
    ),
    "unknown_as_no": (
        "{Units} whose class is undetermined do not count as cases; their weighted share is given beside the estimate.",
        "{Units} au classement indéterminé : hors des cas ; leur part pondérée figure à côté de l’estimation.",
        "{Units} de clasificación indeterminada no cuentan como casos; su proporción ponderada figura junto a la estimación.",
    ),
    "unknown_excluded": (
        "{Units} whose answer is unknown are left out as outside the domain; the design of the whole sample is kept.",
        "{Units} dont la réponse est inconnue : hors du domaine ; le plan de l’échantillon entier est conservé.",
        "{Units} cuya respuesta se desconoce quedan fuera del dominio; se conserva el diseño de la muestra completa.",
    ),
    "unknown_bounds": (
        "Two figures a cell, according to whether {none_or_all} whose class is undetermined are counted as cases, and an "
        "interval for the true figure whatever their class is (Imbens and Manski).",
        "Deux chiffres par cellule, selon que l’on compte {none_or_all} au classement indéterminé parmi les cas, et un "
        "intervalle pour le chiffre vrai quel que soit leur classement (Imbens et Manski).",
        "Dos cifras por celda, según se cuente {none_or_all} de clasificación indeterminada como casos, y un intervalo para la "
        "cifra verdadera sea cual sea su clasificación (Imbens y Manski).",
    ),
    "not_asked_whether_agreed": (
        "The survey did not ask whether what these criteria of {framework} describe was known and agreed; they count for "
        "everybody who reports them: {parts}.",
        "L’enquête n’a pas demandé si ce que décrivent ces critères du cadre {framework} était connu et convenu ; ils "
        "comptent pour tous ceux qui les déclarent : {parts}.",
        "La encuesta no preguntó si lo que describen estos criterios del marco {framework} era conocido y acordado; "
        "cuentan para todas las personas que los declaran: {parts}.",
    ),
    "recalled_parts": (
        "Parts of the framework {framework} are recalled or are this project’s reading, and were not read in the "
        "document: {parts}.",
        "Des parties du cadre {framework} sont citées de mémoire ou relèvent de la lecture de ce projet, et n’ont pas été "
        "lues dans le document : {parts}.",
        "Partes del marco {framework} se citan de memoria o son lectura de este proyecto, y no se leyeron en el "
        "documento: {parts}.",
    ),
    "simple_random_sample": (
        "The design names neither strata nor primary units: each row of the file is taken as drawn independently.",
        "Le plan ne donne ni strates ni unités primaires : chaque ligne du fichier est considérée comme tirée indépendamment.",
        "El diseño no indica estratos ni unidades primarias: cada fila del archivo se trata como extraída de forma independiente.",
    ),
    "deff_reference": (
        "Design effects are against simple random sampling with replacement of the same size.",
        "Les effets de plan se rapportent à un sondage aléatoire simple avec remise de même taille.",
        "Los efectos del diseño se refieren a un muestreo aleatorio simple con reemplazo del mismo tamaño.",
    ),
    "subpopulation": (
        "Subpopulation: {where}. The design of the whole sample is kept.",
        "Sous-population : {where}. Le plan de l’échantillon entier est conservé.",
        "Subpoblación: {where}. Se conserva el diseño de la muestra completa.",
    ),
    "items_not_in_instrument": (
        "The questionnaire did not ask about these items, which lie outside the operational definition: {items}.",
        "Le questionnaire ne portait pas sur ces éléments, qui sont hors de la définition opérationnelle : {items}.",
        "El cuestionario no preguntó por estos elementos, que quedan fuera de la definición operativa: {items}.",
    ),
}

REASONS: dict[str, Said] = {
    "no_rows": (
        "This cell is empty in the sample.",
        "Cette cellule est vide dans l’échantillon.",
        "Esta celda está vacía en la muestra.",
    ),
    "zero_cases": (
        "No case was met in the sample; the figure is the upper limit of the interval.",
        "Aucun cas dans l’échantillon ; le chiffre est la limite supérieure de l’intervalle.",
        "Ningún caso en la muestra; la cifra es el límite superior del intervalo.",
    ),
    "all_cases": (
        "Every {one} is a case; the interval is one-sided.",
        "Chaque {one} est un cas ; l’intervalle est unilatéral.",
        "Cada {one} es un caso; el intervalo es unilateral.",
    ),
    "df_not_positive": (
        "Too few primary units for an interval.",
        "Trop peu d’unités primaires pour un intervalle.",
        "Muy pocas unidades primarias para un intervalo.",
    ),
    "interval_outside_range": (
        "The symmetric interval goes beyond the possible range.",
        "L’intervalle symétrique dépasse les valeurs possibles.",
        "El intervalo simétrico rebasa los valores posibles.",
    ),
    "interval_not_defined": (
        "This kind of interval has no value here: {kind}.",
        "Ce type d’intervalle n’a pas de valeur ici : {kind}.",
        "Este tipo de intervalo no tiene valor aquí: {kind}.",
    ),
    "variance_negative": (
        "The variance estimator gave a negative number: no standard error.",
        "L’estimateur de la variance a donné un nombre négatif : pas d’erreur type.",
        "El estimador de la varianza dio un número negativo: sin error estándar.",
    ),
    "cases_in_few_units": (
        "The cases stand in few primary units: the interval, which counts all units that were asked, tends to be too narrow, "
        "above all upwards.",
        "Les cas se trouvent dans un petit nombre d’unités primaires : l’intervalle, qui compte toutes les unités "
        "enquêtées, tend à être trop étroit, surtout vers le haut.",
        "Los casos se encuentran en pocas unidades primarias: el intervalo, que cuenta todas las unidades encuestadas, tiende a "
        "ser demasiado estrecho, sobre todo hacia arriba.",
    ),
    "replicates_made_up": (
        "{replicates} of {of} replicates have this cell empty and were left out; the variance is the mean over the others.",
        "{replicates} réplications sur {of} laissent cette cellule vide et ont été écartées ; la variance est la moyenne sur "
        "les autres.",
        "{replicates} de {of} réplicas dejan vacía esta celda y se omitieron; la varianza es la media de las demás.",
    ),
    "replicates_without_value": (
        "{replicates} of {of} replicates have this cell empty and were left out.",
        "{replicates} réplications sur {of} laissent cette cellule vide et ont été écartées.",
        "{replicates} de {of} réplicas dejan vacía esta celda y se omitieron.",
    ),
    "census": (
        "Every unit was taken: no sampling error.",
        "Toutes les unités ont été enquêtées : pas d’erreur d’échantillonnage.",
        "Se tomaron todas las unidades: sin error de muestreo.",
    ),
}


FLAGS: dict[str, Said] = {
    "published": ("published", "publié", "publicado"),
    "not_published": ("not published", "non publié", "no publicado"),
    "at_most": ("at most {upper}", "au plus {upper}", "a lo sumo {upper}"),
    "fewer_than": ("fewer than {upper}", "moins de {upper}", "menos de {upper}"),
    "cv": (
        "coefficient of variation above {cv}",
        "coefficient de variation supérieur à {cv}",
        "coeficiente de variación superior al {cv}",
    ),
    "df": (
        "fewer than {df} degrees of freedom",
        "moins de {df} degrés de liberté",
        "menos de {df} grados de libertad",
    ),
    "sampler": ("the sampler did not do well", "l’échantillonneur a mal fonctionné", "el muestreador no funcionó bien"),
    "model": ("the model does not hold", "le modèle ne convient pas", "el modelo no se sostiene"),
    "use_with_caution": ("use with caution", "à utiliser avec prudence", "usar con precaución"),
}

_TOPICS = (
    vocabulary_appraisal,
    vocabulary_areas,
    vocabulary_cells,
    vocabulary_covariates,
    vocabulary_design,
    vocabulary_imputed,
    vocabulary_linkage,
    vocabulary_lists,
    vocabulary_migrants,
    vocabulary_models,
    vocabulary_panels,
    vocabulary_sensitivity,
    vocabulary_synthesis,
    vocabulary_tests,
    vocabulary_time,
    vocabulary_weights,
)
_JOINED: dict[str, dict[str, Any]] = {
    "QUANTITIES": QUANTITIES,
    "OUTCOMES": OUTCOMES,
    "COLUMNS": COLUMNS,
    "VALUES": VALUES,
    "METHODS": METHODS,
    "SOURCES": SOURCES,
    "TERMS": TERMS,
    "INTERVALS": INTERVALS,
    "RULES": RULES,
    "ASSUMPTIONS": ASSUMPTIONS,
    "REASONS": REASONS,
    "FLAGS": FLAGS,
}
for _topic in _TOPICS:
    for _name, _words in _JOINED.items():
        _more: dict[str, Any] = getattr(_topic, _name, {})
        if _twice := _words.keys() & _more.keys():
            # The later words would take the place of the earlier in silence.
            raise ValueError(f"{_name} of {_topic.__name__} are said elsewhere too: {', '.join(sorted(_twice))}")
        _words.update(_more)
APPRAISAL = {**vocabulary_appraisal.APPRAISAL, **vocabulary_linkage.APPRAISAL}
