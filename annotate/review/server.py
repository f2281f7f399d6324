"""The review over HTTP, for one person's browser on this machine; what is asked and answered is `desk`'s.

The server listens on the loopback address only, and answers nobody who does not know its token: the address that is
printed carries it behind a #, which no browser sends anywhere. The page itself, which holds no data, needs none.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import resources
from typing import TYPE_CHECKING, Any

from annotate.errors import AnnotateError, Conflict, NotThere, UsageError
from annotate.records import STANCES
from annotate.review.desk import ORDERS, Json, Review, Wanted

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
PORT = 8642
"""Where the server listens unless another port is asked for, so that a page finds it again after a restart."""
LONGEST_BODY = 100_000
"""Bytes of a request."""
LONGEST_QUEUE = 1000
"""Claims of one answer."""
LONGEST_KEY = 100
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
"""What the page's files are, by their endings; others are not served."""

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""What every answer carries."""


def serve(review: Review, port: int | None = None, *, browser: bool = True, say: Callable[[str], None] = print) -> None:
    """Serve a review until Ctrl-C or SIGTERM, and fold the view then; `say` is told the address, and why it was not.

    UsageError where the port is taken, or the extra is not installed.
    """
    try:
        import uvicorn
    except ImportError:
        raise UsageError("the review needs a web server: pip install 'annotate-stance[review]'") from None

    with _listening(port) as listener:
        at, token = listener.getsockname()[1], secrets.token_urlsafe(24)
        app = application(review, token, at, say)
        address = f"http://127.0.0.1:{at}/#{token}"
        say(address)
        if browser:  # in a thread, since a browser of the terminal's runs until it is left
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, server_header=False, ws="none", timeout_graceful_shutdown=3
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run([listener])


def _listening(port: int | None) -> socket.socket:
    """A socket on the loopback address: on PORT where it is free and no port was asked for, else on any."""
    problem: Exception | None = None
    for choice in (PORT, 0) if port is None else (port,):
        # The protocol is named so that asyncio sends small answers at once: it asks for that of TCP's sockets only.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if os.name != "nt":  # where it would let two servers have one port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, choice))
            listener.listen()
            return listener
        except (OSError, OverflowError) as error:
            listener.close()
            problem = error
    raise UsageError(f"--port {port}: {getattr(problem, 'strerror', None) or problem}; left out, any free one is taken")


def application(review: Review, token: str, port: int, say: Callable[[str], None] = print) -> ASGIApp:
    """The ASGI application, for requests to `port`; `say` is told why the view could not be folded at the end."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        folding = asyncio.create_task(_fold_when_idle(review))
        yield
        if remark := await run_in_threadpool(review.close):
            say(remark)
        folding.cancel()

    handlers = {error: _handler(status) for error, status in STATUSES.items()}
    app = Starlette(
        routes=[*_page(), *_questions(review), *_actions(review)],
        lifespan=lifespan,
        exception_handlers={**handlers, HTTPException: _as_it_says},
        max_body_size=LONGEST_BODY,
    )
    return Guard(app, token, port)


async def _fold_when_idle(review: Review) -> None:
    from starlette.concurrency import run_in_threadpool

    while True:
        await asyncio.sleep(0.5)
        if await run_in_threadpool(lambda: review.wants_folding):
            await run_in_threadpool(review.fold)


# ---- Who is answered ----


class Guard:
    """Answers only what this server's own page asks, and puts HEADERS on every answer."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._bearer = app, f"Bearer {token}".encode()
        self._hosts = {f"{name}:{port}".encode() for name in (LOOPBACK, "localhost")}
        self._origins = {b"http://" + host for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in HEADERS.items())]
            await send(message)

        refused = self._refusal(scope) if scope["type"] == "http" else (400, "no such protocol here", "")
        await (_error(*refused) if refused else self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        """Status, message and remedy for a request that is not answered."""
        given: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            given.setdefault(name, []).append(value)
        host, origin = given.get(b"host", []), given.get(b"origin", [])
        if len(host) != 1 or host[0] not in self._hosts:
            return 421, "this server is not that host", "open the address that annotate review printed"
        if not self._origins.issuperset(origin):
            return 403, "asked by a page of another origin", "open the address that annotate review printed"
        if not scope["path"].startswith("/api/"):
            return None
        if not {b"same-origin", b"none"}.issuperset(given.get(b"sec-fetch-site", [])):
            return 403, "asked by a page of another site", "open the address that annotate review printed"
        (bearer,) = given.get(b"authorization", [b""])[:1]
        if not secrets.compare_digest(bearer, self._bearer):
            return 401, "the token is missing or another one", "open the address that annotate review printed last"
        return None


# ---- What is answered ----


def _error(status: int, error: str, remedy: str = "", **more: Any) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse({"error": error, "remedy": remedy, **more}, status)


STATUSES: dict[type[Exception], int] = {
    NotThere: 404,
    Conflict: 409,
    UsageError: 422,
    AnnotateError: 503,
    OSError: 503,
    Exception: 500,
}
"""What goes wrong → the status that says so; those from 500 on may pass by themselves."""


def _handler(status: int) -> Callable[[Request, Exception], Response]:
    def handle(_request: Request, error: Exception) -> Response:
        if isinstance(error, AnnotateError):
            message, _, remedy = str(error).partition("; ")
            return _error(status, message, remedy)
        if isinstance(error, OSError):
            return _error(status, f"nothing was written: {error.strerror or error}", "mend that; it is tried again")
        return _error(status, "the server failed at this", "it is a mistake in annotate: report what you did")

    return handle


def _as_it_says(_: Request, error: Exception) -> Response:
    """What the framework refuses: a path that leads nowhere, a method that is not for it, a body that is too long."""
    return _error(getattr(error, "status_code", 500), getattr(error, "detail", ""), "it is not what the page asks")


def _page() -> list[BaseRoute]:
    """The files of the page: a fixed set of names, so that no request names a path."""
    from starlette.responses import Response
    from starlette.routing import Route

    files = {file.name: file for file in resources.files("annotate.review").joinpath("page").iterdir()}

    def send(name: str) -> Callable[[Request], Response]:
        kind = TYPES[name.rpartition(".")[2]]
        return lambda _request: Response(files[name].read_bytes(), headers={"content-type": f"{kind}; charset=utf-8"})

    routes: list[BaseRoute] = [Route(f"/{name}", send(name)) for name in files if name.rpartition(".")[2] in TYPES]
    return [*routes, Route("/", send("page.html")), Route("/favicon.ico", lambda _request: Response(status_code=204))]


def _questions(review: Review) -> list[BaseRoute]:
    """What the page asks with GET."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def ask(path: str, find: Callable[[Request], Json]) -> Route:
        async def endpoint(request: Request) -> Response:
            return JSONResponse(await run_in_threadpool(find, request))

        return Route(path, endpoint, methods=["GET"])

    def article(request: Request) -> Json:
        return review.article(request.path_params["id"], request.query_params.get("target", ""))

    return [
        ask("/api/corpus", lambda _: review.corpus()),
        ask("/api/queue", lambda request: review.queue(_wanted(request.query_params))),
        ask("/api/claims/{id}", lambda request: review.claim(request.path_params["id"])),
        ask("/api/articles/{id}", article),
        ask("/api/changes", lambda request: review.changes(_number(request.query_params, "since", 0))),
    ]


def _actions(review: Review) -> list[BaseRoute]:
    """What the page asks with POST."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def act(path: str, do: Callable[[Json], Json]) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return _error(415, "the request is not JSON", "Content-Type: application/json")
            body = _object(await request.body())
            try:
                return JSONResponse(await run_in_threadpool(do, body))
            except Conflict as error:
                about = {"claim": await run_in_threadpool(review.claim, body["claim"])} if "claim" in body else {}
                return _error(409, str(error), "", **about)

        return Route(path, endpoint, methods=["POST"])

    def decide(body: Json) -> Json:
        to = body.get("to")
        texts = (_text(body, name) for name in ("claim", "field", "version", "key"))
        id, name, version, key = texts
        return review.decide(id, name, to if isinstance(to, dict) else _text(body, "to"), version, key)

    return [
        act("/api/decisions", decide),
        act("/api/undo", lambda body: review.undo(_text(body, "key"))),
        act("/api/fold", lambda _: {"progress": review.fold()}),
    ]


def _object(body: bytes) -> Json:
    """The JSON object that a request holds; UsageError where it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise UsageError("the request is not JSON") from None
    if not isinstance(value, dict):
        raise UsageError("the request is no JSON object")
    return value


def _text(body: Json, name: str) -> str:
    """A text of a request; a key is not empty, and no longer than LONGEST_KEY."""
    value = body.get(name)
    if not isinstance(value, str) or (name == "key" and not 0 < len(value) <= LONGEST_KEY):
        raise UsageError(f"{name}: a text is wanted")
    return value


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, "")
    if value and not re.fullmatch("[0-9]{1,12}", value):
        raise UsageError(f"{name}: a whole number is wanted")
    return int(value or default)


def _wanted(given: Mapping[str, str]) -> Wanted:
    """What a queue is to hold; UsageError for what there is not."""
    for name, legal in {"order": ORDERS, "stance": STANCES, "decided": ("yes", "no"), "disputed": ("yes",)}.items():
        if given.get(name, "") not in ("", *legal):
            raise UsageError(f"{name}: one of {', '.join(legal)}")
    texts = {name: given.get(name, "") for name in ("speaker", "stance", "target", "article", "decided", "disputed")}
    limit = min(_number(given, "limit", 100), LONGEST_QUEUE)
    return Wanted(given.get("order") or ORDERS[0], offset=_number(given, "offset", 0), limit=limit, **texts)
