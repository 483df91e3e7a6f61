"""The web server of the explorer: a page, and the few calls it makes. It keeps nothing on disk."""
import base64
import errno
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ibgan_plugin.apis.dataset import ShownData, encode_pixels, fit
from ibgan_plugin.explorer import requests
from ibgan_plugin.explorer.guard import Guard
from ibgan_plugin.explorer.models import ExploredModel
from ibgan_plugin.utils.errors import IBGANError

STATIC = Path(__file__).parent / 'static'
#: Files of the page and their types; read once, so that no request names a file.
PAGE = {'': ('index.html', 'text/html'), **{f'static/{name}': (name, kind) for name, kind in (
    ('style.css', 'text/css'), ('pixels.js', 'text/javascript'), ('card.js', 'text/javascript'), ('data.js', 'text/javascript'),
    ('explorer.js', 'text/javascript'), ('server.js', 'text/javascript'))}}
LOOPBACK = ('127.0.0.1', 'localhost', '::1')


class Explorer:
    """Answers the page's calls. One computation at a time: torch uses all cores for it.

    Args:
        models: Shown side by side, at least one.
        data: Whose images are encoded; None for none.
    """

    def __init__(self, models: Sequence[ExploredModel], data: ShownData | None = None) -> None:
        self.models, self.data = list(models), data
        self._lock = threading.Lock()
        self._information: dict[int, Any] = {}

    def routes(self) -> list[Route]:
        """The page and its calls."""
        page = [Route(f'/{path}', _file(STATIC / name, kind)) for path, (name, kind) in PAGE.items()]
        calls: list[tuple[str, Callable, str]] = [
            ('state', self.state, 'GET'), ('models/{model}/follows', self.follows, 'GET'),
            ('models/{model}/decode', self.decode, 'POST'), ('models/{model}/sample', self.sample, 'POST'),
            ('models/{model}/encode', self.encode, 'POST'), ('models/{model}/upload', self.upload, 'POST')]
        return page + [Route(f'/api/{path}', call, methods=[method]) for path, call, method in calls]

    async def state(self, request: Request) -> Response:
        """What there is to explore."""
        return JSONResponse(dict(models=[model.describe() for model in self.models],
                                 data=None if self.data is None else _described(self.data)))

    async def decode(self, request: Request) -> Response:
        """``{"r": [[...], ...]}`` to the pixels of N images, N x S x S x 3 bytes."""
        model, body = self._model(request), await requests.read_json(request)
        r = requests.representations(body.get('r'), model.model.r_dim)
        pixels = await self._compute(model.decode, r)
        return Response(pixels.tobytes(), media_type='application/octet-stream')

    async def sample(self, request: Request) -> Response:
        """``{"seed": n}`` to ``{"r": [...]}`` as the model draws it."""
        model, body = self._model(request), await requests.read_json(request)
        seed = requests.integer(body.get('seed'), 'seed', 1 << 31)
        return JSONResponse(dict(r=await self._compute(model.sample, seed)))

    async def encode(self, request: Request) -> Response:
        """``{"index": n}`` or ``{"factors": [...]}`` to the image, its factors and its representation."""
        model, body = self._model(request), await requests.read_json(request)
        if self.data is None:
            raise requests.RequestError('no data set was loaded', 404)
        if 'factors' in body:
            sizes = () if self.data.grid is None else self.data.grid.sizes
            chosen = requests.integers(body['factors'], 'factors', sizes)
            factors: list[int] | None = chosen
            image = partial(self.data.image_of, chosen)
        else:
            index = requests.integer(body.get('index'), 'index', self.data.length)
            factors, image = self.data.factors_of(index), partial(self.data.image, index)
        answer = await self._compute(lambda: _encoded(model, image()))
        return JSONResponse(dict(answer, factors=factors))

    async def upload(self, request: Request) -> Response:
        """The bytes of an image file to the image as the model sees it and its representation."""
        model, content = self._model(request), await requests.read_body(request, requests.MAX_UPLOAD)
        return JSONResponse(await self._compute(lambda: _encoded(model, requests.uploaded_image(content))))

    async def follows(self, request: Request) -> Response:
        """Which code follows which factor, worked out when it is first asked for."""
        model = self._model(request)
        number = self.models.index(model)
        if number not in self._information and self.data is not None and model.can_encode:
            self._information[number] = await self._compute(self.data.information, model.model)
        found = self._information.get(number)
        if found is None:  # the model can not encode, or no factors are known
            return JSONResponse(dict(codes=None, factors=None, share=None))
        codes = range(model.model.r_dim)
        return JSONResponse(dict(codes=[found.followed(code) for code in codes], share=np.round(found.share, 4).tolist(),
                                 factors=[found.follower(factor) for factor in range(len(found.factor_names))]))

    def _model(self, request: Request) -> ExploredModel:
        """The model whose number the path holds."""
        numbers = {str(number): model for number, model in enumerate(self.models)}
        if request.path_params['model'] not in numbers:
            raise requests.RequestError(f'there is no such model: they have the numbers {", ".join(numbers)}', 404)
        return numbers[request.path_params['model']]

    async def _compute(self, function: Callable, *args: Any) -> Any:
        """Run beside the event loop, one at a time."""
        def alone() -> Any:
            with self._lock:
                return function(*args)
        return await run_in_threadpool(alone)


def make_app(explorer: Explorer, hosts: Sequence[str] | None, token: str | None = None) -> Guard:
    """The web application; see :class:`~ibgan_plugin.explorer.guard.Guard` for ``hosts`` and ``token``."""
    app = Starlette(routes=explorer.routes(), exception_handlers={IBGANError: _bad_request, ClientDisconnect: _gone})
    return Guard(app, hosts, token)


class Service(NamedTuple):
    """A server that is about to run; browsers that come before it does wait."""
    server: uvicorn.Server
    listener: socket.socket
    address: str  # of the page, with the token where one is asked for

    def run(self) -> None:
        """Serve until interrupted, or until ``server.should_exit`` is set."""
        self.server.run(sockets=[self.listener])


def make_service(explorer: Explorer, host: str = '127.0.0.1', port: int = 8900) -> Service:
    """Listen, and make the server.

    Args:
        explorer: What to serve.
        host: Address to listen on. Beyond this machine a token is asked for, made anew each time.
        port: 0 takes any that is free.

    Raises:
        IBGANError: If host and port can not be used.
    """
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    token = None if host in LOOPBACK else secrets.token_urlsafe(16)
    hosts = [f'{_in_url(name)}:{port}' for name in LOOPBACK] if token is None else None
    config = uvicorn.Config(make_app(explorer, hosts, token), log_level='warning', access_log=False, ws='none', lifespan='off',
                            server_header=False, limit_concurrency=64, timeout_keep_alive=5, proxy_headers=False)
    return Service(uvicorn.Server(config), listener, f'http://{_in_url(host)}:{port}/' + (f'#token={token}' if token else ''))


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; browsers that come before the server is up wait."""
    if not 0 <= port < 1 << 16:  # the resolver would take its lower 16 bits
        raise IBGANError(f'port must be from 0 to 65535, got {port}')
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)  # with the protocol: else asyncio leaves Nagle's delay of 40 ms on
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(64)
    except (OSError, OverflowError, UnicodeError) as error:
        way_out = ': choose another with --port' if getattr(error, 'errno', None) == errno.EADDRINUSE else ''
        raise IBGANError(f'host {host!r} and port {port} can not be listened on ({error}){way_out}') from error
    return listener


def _in_url(host: str) -> str:
    """A host as URLs write it."""
    return f'[{host}]' if ':' in host else host


def _file(path: Path, kind: str) -> Callable:
    """A route that answers with a file, read now."""
    content = path.read_bytes()

    async def answer(request: Request) -> Response:
        return Response(content, media_type=kind)

    return answer


def _described(data: ShownData) -> dict[str, Any]:
    """What the page shows of a data set."""
    factors = [] if data.grid is None else [dict(name=name, size=size)
                                            for name, size in zip(data.grid.names, data.grid.sizes, strict=True)]
    return dict(name=data.name, length=data.length, factors=factors)


def _encoded(model: ExploredModel, image: np.ndarray) -> dict[str, Any]:
    """An image as the model sees it, and its representation."""
    if not model.can_encode:
        raise requests.RequestError(f'{model.name} can not encode images')
    seen = fit(image, model.model.image_shape)  # CxSxS
    shown = np.broadcast_to(seen.transpose(1, 2, 0), (*seen.shape[1:], 3))
    return dict(r=encode_pixels(model.model, seen[None])[0].tolist(), height=shown.shape[0], width=shown.shape[1],
                pixels=base64.b64encode(np.ascontiguousarray(shown).tobytes()).decode())


async def _bad_request(request: Request, error: Exception) -> Response:
    """Bad input ends in a message, never in a traceback."""
    return JSONResponse({'error': str(error).encode('ascii', 'backslashreplace').decode()}, getattr(error, 'status', 400))


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody waits for the answer to a request that was broken off."""
    return Response(status_code=400)
