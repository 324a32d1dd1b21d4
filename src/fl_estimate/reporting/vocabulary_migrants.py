"""Words of surveys of migrants: recruitment cost, corridors, recruiters, branches of work. English, French, Spanish."""

from __future__ import annotations

Said = tuple[str, str, str]

OUTCOMES: dict[str, Said] = {
    "recruitment_cost_share": (
        "recruitment cost in months of earnings",
        "coût de recrutement en mois de gains",
        "costo de contratación en meses de ingresos",
    ),
    "over_three_months": (
        "recruitment cost above three months of earnings",
        "coût de recrutement supérieur à trois mois de gains",
        "costo de contratación superior a tres meses de ingresos",
    ),
}

COLUMNS: dict[str, Said] = {
    "origin": ("Country of origin", "Pays d’origine", "País de origen"),
    "destination": ("Country of destination", "Pays de destination", "País de destino"),
    "corridor": ("Corridor", "Corridor", "Corredor"),
    "recruiter": ("Recruiter", "Recruteur", "Reclutador"),
    "isic4": ("Branch of work", "Branche d’activité", "Rama de actividad"),
}

VALUES: dict[str, dict[str, Said]] = {
    "recruiter": {
        "none": ("None", "Aucun", "Ninguno"),
        "agency_licensed": ("Licensed agency", "Agence agréée", "Agencia autorizada"),
        "agency_unlicensed": ("Unlicensed agency", "Agence non agréée", "Agencia no autorizada"),
        "subagent": ("Sub-agent", "Sous-agent", "Subagente"),
        "employer": ("Employer", "Employeur", "Empleador"),
        "relative_friend": ("Relative or friend", "Parent ou ami", "Pariente o amigo"),
        "public": ("Public employment service", "Service public de l’emploi", "Servicio público de empleo"),
        "other": ("Other", "Autre", "Otro"),
    },
    # ISIC Rev.4 sections, shortened
    "isic4": {
        "A": ("Agriculture, fishing (A)", "Agriculture, pêche (A)", "Agricultura, pesca (A)"),
        "B": ("Mining (B)", "Industries extractives (B)", "Minas y canteras (B)"),
        "C": ("Manufacturing (C)", "Industrie manufacturière (C)", "Industria manufacturera (C)"),
        "D": ("Energy (D)", "Énergie (D)", "Energía (D)"),
        "E": ("Water, waste (E)", "Eau, déchets (E)", "Agua, desechos (E)"),
        "F": ("Construction (F)", "Construction (F)", "Construcción (F)"),
        "G": ("Trade (G)", "Commerce (G)", "Comercio (G)"),
        "H": ("Transport, storage (H)", "Transport, entreposage (H)", "Transporte, almacenamiento (H)"),
        "I": ("Hotels, restaurants (I)", "Hébergement, restauration (I)", "Alojamiento, comidas (I)"),
        "J": ("Information, communication (J)", "Information, communication (J)", "Información, comunicaciones (J)"),
        "K": ("Finance, insurance (K)", "Finance, assurance (K)", "Finanzas, seguros (K)"),
        "L": ("Real estate (L)", "Immobilier (L)", "Actividades inmobiliarias (L)"),
        "M": ("Professional services (M)", "Services spécialisés (M)", "Servicios profesionales (M)"),
        "N": ("Support services (N)", "Services de soutien (N)", "Servicios de apoyo (N)"),
        "O": ("Public administration (O)", "Administration publique (O)", "Administración pública (O)"),
        "P": ("Education (P)", "Enseignement (P)", "Enseñanza (P)"),
        "Q": ("Health, social work (Q)", "Santé, action sociale (Q)", "Salud, asistencia social (Q)"),
        "R": ("Arts, recreation (R)", "Arts, loisirs (R)", "Arte, recreación (R)"),
        "S": ("Other services (S)", "Autres services (S)", "Otros servicios (S)"),
        "T": ("Domestic work (T)", "Travail domestique (T)", "Trabajo doméstico (T)"),
        "U": ("International bodies (U)", "Organisations internationales (U)", "Organismos internacionales (U)"),
    },
}
