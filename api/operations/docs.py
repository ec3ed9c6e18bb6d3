"""The API to be tried out in the browser."""

from starlette.requests import Request
from starlette.responses import Response

from api.web.negotiation import HTML, media_type
from api.web.parameters import Query
from api.web.responses import respond
from api.web.state import Operation, service_of


async def docs(request: Request, query: Query) -> Response:
    """The page; it reads the OpenAPI document from this server and sends requests to it."""
    offer = media_type(request, None, [HTML])
    page = service_of(request).assets.find("shalgai/docs.html")
    return await respond(request, lambda: page.content, media_type=offer, version=page.digest)


OPERATIONS = (
    Operation("/docs", "getDocs", docs, "The API, to be tried out", "service", (), {HTML: {"type": "string"}}),
)
