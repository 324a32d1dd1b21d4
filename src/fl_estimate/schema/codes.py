"""Code lists of the common schema: the codes a variable may hold. Which variable holds which stands in `variables`."""

from __future__ import annotations

UNKNOWN_ANSWERS: tuple[str, ...] = ("dk", "ref", "missing", "not_asked")
BINARY: tuple[str, ...] = ("yes", "no", *UNKNOWN_ANSWERS)
COERCION: tuple[str, ...] = ("experienced", "threatened", "witnessed", "yes", "no", *UNKNOWN_ANSWERS)
"""``yes`` where the question did not tell what was done, threatened or seen apart."""
PHASES: tuple[str, ...] = ("recruitment", "work", "leave")

YES_NO: tuple[str, ...] = ("yes", "no")
SEX: tuple[int, ...] = (1, 2, 3)
"""1 male, 2 female, 3 other or not stated."""
URBAN: tuple[str, ...] = ("urban", "rural")
MIGRANT: tuple[str, ...] = ("native", "international migrant", "return migrant", "internal migrant")
RELATION: tuple[str, ...] = ("partner", "parent", "child", "sibling", "grandparent", "grandchild", "other")
ICSE_18_A: tuple[int, ...] = (11, 12, 21, 22, 30, 41, 42, 43, 44, 51)
"""Status at work, ICSE-18-A (20th ICLS resolution I, 2018): employers 11 12, independent workers without employees
21 22, dependent contractors 30, employees 41 to 44, contributing family workers 51."""
COST_ITEMS: tuple[str, ...] = (
    *("agency_fee", "subagent_fee", "visa", "passport", "medical", "insurance", "skills_test", "training"),
    *("equipment", "transport_international", "transport_domestic", "lodging", "permit_clearance"),
    *("contract_approval", "deposit_bond", "bribe", "loan_interest", "other", "total"),
)
"""What recruitment cost money for; total: all of it in one sum, where a survey asked no items."""
PRECISION: tuple[str, ...] = ("day", "month", "year")
"""How much of a date is known; the date itself is then the first day of the month or year."""
PERIODS: tuple[str, ...] = ("hour", "day", "week", "fortnight", "month", "quarter", "year")
"""What an amount of pay is for."""
EMPLOYER_TYPE: tuple[str, ...] = (
    *("household", "private firm", "agency", "state authority", "armed forces", "armed group", "relative"),
    *("other", "dk", "ref", "missing"),
)
STATUS_ON_ARRIVAL: tuple[str, ...] = ("regular", "irregular", "unknown")
DOCUMENT_HELD_BY: tuple[str, ...] = ("self", "employer", "recruiter", "other")
RECRUITER: tuple[str, ...] = (
    *("none", "agency_licensed", "agency_unlicensed", "subagent", "employer", "relative_friend", "public"),
    *("other", "dk", "ref", "missing"),
)

STATE_EXCEPTION: tuple[str, ...] = ("E1", "E2", "E3", "E4", "E5", "none", "no", *UNKNOWN_ANSWERS)
"""The five exceptions of C029 Art. 2(2), in its order."""
STATE_C105: tuple[str, ...] = ("a", "b", "c", "d", "e", "none", "no", *UNKNOWN_ANSWERS)
"""The five purposes of C105 Art. 1."""
STATE_CONDITIONS: tuple[str, ...] = (
    *("state_purely_military", "state_normal_civic", "state_convicted_in_court", "state_public_supervision"),
    *("state_not_placed_privately", "state_real_emergency", "state_strictly_required", "state_minor_service"),
    *("state_direct_interest", "state_consulted"),
)
"""What the exceptions of C029 Art. 2(2) ask for, one question each."""
CHILD_WORKS_FOR: tuple[str, ...] = ("third_party", "parents", "self", "none", "no", *UNKNOWN_ANSWERS)
CHILD_COERCION_BY: tuple[str, ...] = ("third_party", "parents", "none", "no", *UNKNOWN_ANSWERS)
CHILD_COERCION_TARGET: tuple[str, ...] = ("child", "parents", "none", "no", *UNKNOWN_ANSWERS)
CHILD_WFCL: tuple[str, ...] = ("none", "slavery", "forced", "armed_conflict", "cse", "illicit", "no", *UNKNOWN_ANSWERS)
