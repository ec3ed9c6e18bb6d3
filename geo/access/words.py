"""What the codes of a result mean, in words (English; `geo.i18n` has the other languages).

Reason texts hold ``{placeholders}`` for the numbers of the reason.
"""

CLASS_TEXTS = {
    "served": "served",
    "below_standard": "below the standard",
    "voice_only": "voice only",
    "unserved": "without service",
    "unknown": "not known",
}

BASIS_TEXTS = {
    "measured": "measured",
    "reported": "published report",
    "modelled": "modelled",
    "declared": "declared by the operator",
    "assumed": "assumed radius",
    "prior": "published totals for the region",
}

POPULATION_BASIS_TEXTS = {
    "official": "official estimate",
    "census": "census",
    "tag": "OpenStreetMap, undated",
    "estimate": "our estimate, not published",
}

INDICATOR_TEXTS = {
    "people": "People without service",
    "severity": "Severity of the class",
    "remoteness": "Remoteness",
    "no_emergency_call": "No emergency call",
    "institutions": "Public institutions without service",
}

REASON_TEXTS = {
    "position_unknown": "The position of the place is not known.",
    "nothing_known": "Nothing is known about this place.",
    "reported_served": "A published report says that it is served.",
    "reported_unserved": "A published report says that it has no service.",
    "reported_degraded": "A published report says that service is poor.",
    "mast_planned": "A mast was announced; whether it stands is not known.",
    "technology_not_stated": "The report does not say which generation of mobile service.",
    "old_report": "The report is undated or more than two years old.",
    "conflicting_evidence": "Sources disagree.",
    "no_service_claimed": "No coverage layer claims service here.",
    "measured": "Tests nearby: {count}, the nearest {km} km away; {share} of them meet the standard.",
    "edge_of_coverage": "It lies {km} km from the edge of a coverage area.",
    "weak_signal": "The signal of {dbm} dBm is below the standard's level.",
    "below_speed": "{mbps} Mbit/s is slower than the standard asks.",
    "missing_technology": "Only voice reaches it: 3G or newer is missing.",
    "no_voice": "Internet without mobile voice, so no emergency call.",
    "nearest_served": "The nearest place known to be served is {km} km away.",
    "nearest_site": "The nearest site is {km} km away.",
    "nearest_road": "The nearest road is {km} km away.",
    "blocked_path": (
        "The ground blocks the path from the nearest site: {km} km from the site it stands {m} m above the line of "
        "sight; for a clear link both antennas would have to be {lift_m} m higher."
    ),
    "institutions_without": "Public institutions here: {count}, expected to be without internet: {without}.",
    "population_estimated": "Its population is not published; the estimate is {low} to {high} people.",
    "scenario": "This is a scenario, not an observation.",
}
"""Sentence of every code in `geo.access.reasons.CODES`."""

PRIOR_TEXT = "Nothing is published about this place; the regional totals give a probability of {probability}."
"""Sentence of `nothing_known` where published totals give it a probability."""
