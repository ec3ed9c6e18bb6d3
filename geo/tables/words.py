"""The closed vocabularies of the canonical columns."""

from enum import StrEnum


class Technology(StrEnum):
    """Access technology; ``unspecified`` is mobile service whose generation the source does not state."""

    G2 = "2g"
    G3 = "3g"
    G4 = "4g"
    G5 = "5g"
    FTTH = "ftth"
    FWA = "fwa"
    XDSL = "xdsl"
    SATELLITE = "satellite"
    UNSPECIFIED = "unspecified"


class Basis(StrEnum):
    """What a piece of evidence rests on, the most trusted first."""

    MEASURED = "measured"
    REPORTED = "reported"
    MODELLED = "modelled"
    DECLARED = "declared"
    ASSUMED = "assumed"
    PRIOR = "prior"


class ServiceClass(StrEnum):
    """What a settlement has. Where nothing is known it is ``unknown``, never ``unserved``."""

    SERVED = "served"
    BELOW_STANDARD = "below_standard"
    VOICE_ONLY = "voice_only"
    UNSERVED = "unserved"
    UNKNOWN = "unknown"


class PopulationBasis(StrEnum):
    """Where a population comes from; ``estimate`` was not published and is ours."""

    OFFICIAL = "official"
    CENSUS = "census"
    TAG = "tag"
    ESTIMATE = "estimate"


class SettlementKind(StrEnum):
    """Kinds of place in the KATO classifier."""

    CITY = "city"
    TOWN = "town"
    SETTLEMENT = "settlement"
    VILLAGE = "village"
    STATION = "station"
    SIDING = "siding"


class FacilityKind(StrEnum):
    """Kinds of public institution."""

    SCHOOL = "school"
    KINDERGARTEN = "kindergarten"
    CLINIC = "clinic"
    HOSPITAL = "hospital"
    PHARMACY = "pharmacy"
    AKIMAT = "akimat"
    POST = "post"
    POLICE = "police"
    FIRE_STATION = "fire_station"
    LIBRARY = "library"
    OTHER = "other"


class ReportStatus(StrEnum):
    """What a published report says of a place."""

    SERVED = "served"
    DEGRADED = "degraded"
    UNSERVED = "unserved"
    PLANNED = "planned"


UNSPECIFIED_OPERATOR = "unspecified"
"""Operator of evidence that names none."""
