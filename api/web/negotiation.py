"""What the client would rather have: media type and language, from request headers with weights."""

from collections.abc import Sequence

from starlette.requests import Request

from api.errors import BadParameter, NotAcceptable
from api.exports.formats import EXPORTS
from geo.region import LANGUAGES

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
MVT = "application/vnd.mapbox-vector-tile"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"

FORMATS = {
    "json": (JSON, GEOJSON, OPENAPI, SCHEMA),
    "geojson": (GEOJSON,),
    "html": (HTML,),
    "mvt": (MVT,),
    "svg": ("image/svg+xml",),
    **{form.name: (form.media_type,) for form in EXPORTS.values()},
}
"""Values of the `f` parameter and the media types that each stands for."""


def weights(header: str) -> dict[str, float]:
    """Entries of an Accept-like header in lower case, without parameters, with their weights."""
    found: dict[str, float] = {}
    for entry in header.lower().split(",")[:50]:
        word, *parameters = entry.split(";")
        word = word.strip()
        if not word:
            continue
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                try:
                    weight = min(1.0, max(0.0, float(value)))
                except ValueError:
                    weight = 0.0
        found[word] = max(weight, found.get(word, 0.0))
    return found


def media_type(request: Request, chosen: str | None, offered: Sequence[str]) -> str:
    """The media type to answer with: by the `f` parameter, else by the Accept header, else the first offered.

    A client that accepts plain JSON is content with any JSON.

    Raises
    ------
    BadParameter, NotAcceptable
        When the resource has no such representation.
    """
    if chosen is not None:
        for offer in offered:
            if offer in FORMATS[chosen]:
                return offer
        possible = [name for name, types in FORMATS.items() if set(types) & set(offered)]
        raise BadParameter("f", "asks for a format that this resource does not have", "Here: " + ", ".join(possible))
    header = request.headers.get("accept")
    if not header:
        return offered[0]
    accepted = weights(header)
    best, best_weight = offered[0], 0.0
    for offer in offered:
        weight = _weight(offer.partition(";")[0], accepted)
        if weight > best_weight:
            best, best_weight = offer, weight
    if best_weight == 0.0:
        raise NotAcceptable(header, ", ".join(offered))
    return best


def _weight(offer: str, accepted: dict[str, float]) -> float:
    """Weight of a media type by the most specific range that covers it (RFC 9110, 12.5.1)."""
    if offer in accepted:
        return accepted[offer]
    if offer.endswith("+json") and JSON in accepted:
        return accepted[JSON]
    return accepted.get(offer.partition("/")[0] + "/*", accepted.get("*/*", 0.0))


def language(request: Request, chosen: str | None) -> str:
    """The language to answer in: by the `lang` parameter, else by Accept-Language, else the first there is."""
    if chosen is not None:
        return chosen
    header = request.headers.get("accept-language")
    if header:
        wanted = weights(header)
        # sorted is stable: of equal weights the one named first
        for tag in sorted(wanted, key=wanted.__getitem__, reverse=True):
            primary = tag.partition("-")[0]
            if wanted[tag] > 0 and primary in LANGUAGES:
                return primary
    return LANGUAGES[0]
