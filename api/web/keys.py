"""API keys of those who may export, where the operator has set any."""

import hmac
import os

from starlette.requests import Request

from api.errors import Unauthorized
from api.web.requests import PRIVATE
from api.web.state import service_of
from geo.settings import Settings

_BEARER = "bearer "


def export_keys(settings: Settings) -> tuple[bytes, ...] | None:
    """The keys that the settings name, None where exports are open."""
    if settings.export_keys is None:
        return None
    keys = (key.strip() for key in settings.export_keys.get_secret_value().split(","))
    # as the environment has them, whatever the bytes: headers are compared as bytes
    return tuple(os.fsencode(key) for key in keys if key)


def require_export_key(request: Request) -> None:
    """Let the request pass if exports are open or it shows a known key; its answer is then for this client alone.

    Raises
    ------
    Unauthorized
        When keys are set and neither ``X-API-Key`` nor ``Authorization: Bearer`` holds one of them.
    """
    keys = service_of(request).export_keys
    if keys is None:
        return
    shown = request.headers.get("x-api-key", "")
    authorization = request.headers.get("authorization", "")
    if not shown and authorization[: len(_BEARER)].lower() == _BEARER:
        shown = authorization[len(_BEARER) :].strip()
    given = shown.encode("latin-1")
    # every key is compared, in constant time each: neither which nor how much of one fits can be measured
    if not sum(hmac.compare_digest(given, key) for key in keys):
        raise Unauthorized
    request.scope[PRIVATE] = True
