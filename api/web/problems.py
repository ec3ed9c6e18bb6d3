"""Every refusal and failure as RFC 9457 problem+json; the one place where errors become HTTP statuses."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.errors import NoRun, NoSuchResource, NotAcceptable, Unauthorized
from geo.errors import InputError, RunDamaged, ShalgaiError, UnknownName

PROBLEM_JSON = "application/problem+json"

_DAMAGED = "The run is damaged and cannot be served; the server's log tells which file."

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="exports"'}

log = logging.getLogger(__name__)


STATUS: Mapping[type[Exception], HTTPStatus] = {
    NoSuchResource: HTTPStatus.NOT_FOUND,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    UnknownName: HTTPStatus.NOT_FOUND,
    InputError: HTTPStatus.BAD_REQUEST,
    NoRun: HTTPStatus.SERVICE_UNAVAILABLE,
    RunDamaged: HTTPStatus.INTERNAL_SERVER_ERROR,
    ShalgaiError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""An error's status is that of its nearest ancestor in this table."""


def status_of(error: Exception) -> HTTPStatus:
    """HTTP status of an error; 500 for one that was not raised on purpose."""
    for ancestor in type(error).__mro__:
        if ancestor in STATUS:
            return STATUS[ancestor]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem document with an ``about:blank`` type, whose title is the status phrase."""
    body = orjson.dumps(
        {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": _sane(detail)}
    )
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, PROBLEM_JSON)


def _sane(text: str) -> str:
    # a lone surrogate from undecodable bytes cannot be written as UTF-8
    return text.encode("utf-8", "replace").decode("utf-8")


async def _on_error(request: Request, error: Exception) -> Response:
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, NoRun):
        log.error("%s %r: %s", request.method, request.scope["path"], error)
    # where the run's files lie is the operator's business; the log has it
    detail = _DAMAGED if isinstance(error, RunDamaged) else str(error)
    return problem_response(status, detail, _CHALLENGE if status == HTTPStatus.UNAUTHORIZED else None)


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {request.url.path[:200]}. The landing page '/' lists what there is."
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "GET, HEAD")
        detail = f"{request.method} is not possible here. Allowed: {allowed}."
    return problem_response(error.status_code, detail, error.headers)


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    detail = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def crash_response() -> Response:
    """The answer when the program itself failed."""
    return problem_response(
        HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed at this request; its log tells the cause."
    )


def install(app: FastAPI) -> None:
    """Make every error raised on purpose a problem document; `SecurityMiddleware` catches the others."""
    app.add_exception_handler(ShalgaiError, _on_error)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
