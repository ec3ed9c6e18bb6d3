"""The scripts, styles and pictures of the pages."""

from starlette.requests import Request
from starlette.responses import Response

from api.web.parameters import VERSION, Query
from api.web.responses import REVALIDATE, respond
from api.web.state import Operation, service_of

FOREVER = "public, max-age=31536000, immutable"
"""Cache-Control of a file whose address changes with its content."""


async def asset(request: Request, query: Query) -> Response:
    """A script, style or picture of the pages."""
    found = service_of(request).assets.find(request.path_params["file"])
    return await respond(
        request,
        lambda: found.content,
        media_type=found.media_type,
        version=found.digest,
        vary="Accept-Encoding",
        cache=FOREVER if query.get(VERSION) else REVALIDATE,
    )


OPERATIONS = (
    Operation(
        "/maps/assets/{file}",
        "getAsset",
        asset,
        "A file that the pages need",
        "maps",
        (VERSION,),
        {"*/*": {"type": "string", "format": "binary"}},
        refusals=(400,),
    ),
)
